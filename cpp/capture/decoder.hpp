// What the decoders of recorded files share: bytes are pushed in, in chunks cut
// anywhere, and MarketEvents are appended to a vector.
//
// Not thread-safe. Memory is bounded: a decoder holds at most one record that a chunk
// cut (its format's limit) besides the table of instruments. The events do not depend
// on how the bytes were cut.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bytes.hpp"
#include "event/market_event.hpp"

namespace pyscalp::capture {

using Events = std::vector<event::MarketEvent>;

/// Which number means which symbol.
class Instruments {
 public:
  /// `number` is called `symbol` from here on.
  void name(std::uint32_t number, std::string_view symbol) {
    symbols_[number] = std::string(symbol);
    numbers_[std::string(symbol)] = number;
  }
  /// The number of `symbol`; a new one is the lowest above `base` that is free.
  std::uint32_t number_of(std::string_view symbol, std::uint32_t base = 0);
  const std::map<std::uint32_t, std::string>& symbols() const { return symbols_; }

 private:
  std::map<std::uint32_t, std::string> symbols_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

struct Counters {
  std::uint64_t bytes = 0;        ///< taken in, after unpacking
  std::uint64_t messages = 0;     ///< of the format: messages, records, rows, lines
  std::uint64_t events = 0;       ///< given, before any choice of instruments
  std::uint64_t undecodable = 0;  ///< of a known type but malformed; no event
  std::array<std::uint64_t, 256> unknown_types{};  ///< by type; no event
  std::uint64_t gaps = 0;                          ///< times the sequence stepped ahead
  std::uint64_t missing = 0;   ///< messages that the gaps lack, where that is known
  std::uint64_t restarts = 0;  ///< times a feed began anew; a kClear says so
  /// More that only one format knows, by name.
  std::map<std::string, std::uint64_t> more;
};

class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Takes the next bytes of the file and appends their events to `out`. After a
  /// failure it does nothing.
  void feed(Bytes chunk, Events& out);
  /// The file ends here: gives what waited for more, and notes a cut record.
  void finish(Events& out);

  /// Events of other instruments are left out from here on; those of instrument 0
  /// always pass. By symbol, as soon as the symbol is known.
  void choose(std::unordered_set<std::string> symbols,
              std::unordered_set<std::uint32_t> numbers);

  const Instruments& instruments() const { return instruments_; }
  const Counters& counters() const { return counters_; }
  /// Why nothing more can be decoded, as the end of a sentence; empty if all is well.
  const std::string& failure() const { return failure_; }
  /// Where in the (unpacked) file the failure or the cut record begins.
  std::uint64_t failed_at() const { return failed_at_; }
  /// True once `finish` found that the last record is not whole.
  bool cut() const { return cut_; }
  /// How many units of MarketEvent::qty make one share, contract or coin.
  std::int64_t qty_scale() const { return qty_scale_; }

 protected:
  /// Decodes whole records from the front of `bytes` and returns how many bytes they
  /// took; what is left comes again with more behind it.
  virtual std::size_t decode(Bytes bytes, Events& out) = 0;
  /// Gives what waited for the next record; `rest` is the record that is not whole.
  virtual void end(Bytes rest, Events& out);

  /// Appends one event, unless its instrument was not chosen.
  void give(const event::MarketEvent& event, Events& out) {
    ++counters_.events;
    if (wanted(event.instrument)) out.push_back(event);
  }
  bool wanted(std::uint32_t instrument) const {
    return !chosen_ || instrument == 0 || chosen_numbers_.count(instrument) != 0;
  }
  void name(std::uint32_t number, std::string_view symbol);
  /// The number of `symbol`, which is a new one where it has none above `base`.
  std::uint32_t number_of(std::string_view symbol, std::uint32_t base = 0);
  void fail(std::string why, std::uint64_t at) {
    if (!failure_.empty()) return;
    failure_ = std::move(why);
    failed_at_ = at;
  }
  bool failed() const { return !failure_.empty(); }
  /// Place in the file of the first byte that `decode` was given.
  std::uint64_t offset() const { return offset_; }

  Counters counters_;
  std::int64_t qty_scale_ = 1;
  bool cut_ = false;
  std::uint64_t cut_at_ = UINT64_MAX;  ///< where; by default what `decode` left begins

 private:
  Instruments instruments_;
  std::vector<std::byte> carry_;  ///< the beginning of a record that a chunk cut
  std::uint64_t offset_ = 0;
  std::string failure_;
  std::uint64_t failed_at_ = 0;
  bool chosen_ = false;
  std::unordered_set<std::string> chosen_symbols_;
  std::unordered_set<std::uint32_t> chosen_numbers_;
};

}  // namespace pyscalp::capture
