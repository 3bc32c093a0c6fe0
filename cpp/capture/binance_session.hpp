// What a recording of Binance's streams keeps of several connections, and which depth
// snapshots it still needs so that books can be made of it. No socket and no clock:
// messages and times in, verdicts and wants out.
//
// Copies. All connections may carry the same streams. Of each message the first copy is
// kept; one with the update id or trade id that another connection has brought on the
// same stream is repeated. Messages that have no such id are told apart by their text.
//
// Snapshots. A symbol wants one once its first change of depth is there, or after
// kQuiet without any. The snapshot is of use where the unbroken chain of changes in the
// file begins at or before it; an older one is refused and asked for again. A break in
// the chain (spot: U is not the last u + 1; futures: pu is not the last u) is a gap:
// counted, named, and answered by another snapshot. The reader that such a file is made
// for, BinanceDecoder, follows the same rules.
//
// Trades. Their ids count up by one: those that are left out are missing.
//
// Single-threaded; allocates.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/types.hpp"
#include "capture/recent_ids.hpp"

namespace pyscalp::capture {

struct BinanceFields;

/// Kinds of messages, as they are counted.
enum class StreamKind : std::uint8_t { kDepth, kTicker, kTrade, kAggregate, kOther };
inline constexpr int kStreamKinds = 5;

/// A break in a symbol's chain of changes of depth.
struct DepthGap {
  std::string symbol;
  std::uint64_t after = 0;   ///< update id that the chain ended with
  std::uint64_t before = 0;  ///< the one that what came next follows on
};

class BinanceSession {
 public:
  static constexpr MonoNanos kQuiet = seconds(3);
  static constexpr MonoNanos kRequestInterval = milliseconds(500);
  static constexpr MonoNanos kFirstBackoff = seconds(1);
  static constexpr MonoNanos kLongestBackoff = seconds(60);
  /// Gaps that are named; the others are only counted.
  static constexpr std::size_t kMostGaps = 10'000;

  struct Counters {
    std::uint64_t kinds[kStreamKinds] = {};  ///< messages that are kept
    std::uint64_t repeated = 0;
    std::uint64_t undecodable = 0;  ///< no JSON object; kept all the same
    std::uint64_t gaps = 0;
    std::uint64_t trades_missing = 0;
    std::uint64_t snapshots_asked = 0;
    std::uint64_t snapshots_kept = 0;
    std::uint64_t snapshots_failed = 0;  ///< no answer, no snapshot, or too old
  };

  /// `symbols` as the venue writes them, in capitals; `futures`: changes of depth name
  /// the one before (pu). Without `depth` no snapshot is wanted.
  BinanceSession(bool futures, std::vector<std::string> symbols, bool depth);

  /// Whether to keep a message; `connection` is any number.
  bool on_message(int connection, std::string_view text, MonoNanos now);
  /// The streams are there, so that what is quiet may be asked for.
  void on_up(MonoNanos now);
  /// Messages that were to be kept could not be: every chain is broken.
  void on_lost(MonoNanos now);
  /// The venue has asked for this connection to be made anew; once.
  bool take_renewal(int connection);

  /// The place of the symbol whose snapshot is to be asked for now, one at a time.
  std::optional<std::size_t> take_snapshot_request(MonoNanos now);
  /// Whether to keep the answer.
  bool on_snapshot(std::size_t symbol, std::string_view text, MonoNanos now);
  void on_snapshot_failed(std::size_t symbol, MonoNanos now);
  /// No snapshot is asked for before this time.
  void hold_snapshots(MonoNanos until) { next_request_ = until; }

  const std::vector<std::string>& symbols() const { return names_; }
  /// Whether the file as it is now ends with this symbol's book, or needs none.
  bool whole(std::size_t symbol) const {
    return !depth_ || symbols_[symbol].phase == Phase::kWhole;
  }
  bool whole() const;
  const std::vector<DepthGap>& gaps() const { return gaps_; }
  const Counters& counters() const { return counters_; }

 private:
  enum class Phase : std::uint8_t {
    kWanting,
    kAsked,
    kWhole,  ///< a snapshot is there that the chain is about, or that it waits for
  };
  struct Symbol {
    std::uint64_t begins = 0;    ///< update id that the chain's first change follows on
    std::uint64_t last = 0;      ///< update id of its last change; 0: none yet
    std::uint64_t snapshot = 0;  ///< id of one that no change has followed on yet
    std::uint64_t trades[2] = {};  ///< last id of trade and aggTrade
    Phase phase = Phase::kWanting;
    MonoNanos due{};
    int in_vain = 0;  ///< snapshots in a row
  };

  Symbol* find(std::string_view name);
  void take_depth(Symbol& of, const BinanceFields& fields, MonoNanos now);
  void take_trade(std::uint64_t& last, std::uint64_t id);
  void broken(Symbol& of, std::uint64_t before, MonoNanos now);
  void in_vain(Symbol& of, MonoNanos now);

  const bool futures_;
  const bool depth_;
  std::vector<std::string> names_;
  std::vector<Symbol> symbols_;
  std::unordered_map<std::string, RecentIds> streams_;  ///< by the stream's name
  std::string key_;
  std::vector<int> renewals_;
  std::vector<DepthGap> gaps_;
  std::optional<MonoNanos> up_since_;
  MonoNanos next_request_{};
  std::size_t next_symbol_ = 0;
  Counters counters_;
};

}  // namespace pyscalp::capture
