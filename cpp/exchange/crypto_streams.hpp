// The names of market streams, such as btcusdt@depth@100ms, and who has asked for
// which.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchange/crypto_symbol.hpp"

namespace pyscalp::exchange {

enum class StreamKind : std::uint8_t {
  kDiff,        ///< @depth, @depth@100ms …: what has changed
  kPartial,     ///< @depth5, @depth10, @depth20: the best levels
  kBookTicker,  ///< @bookTicker: the touch
  kTrade,       ///< @trade
  kAggTrade,    ///< @aggTrade: of one taker at one price
};

struct StreamName {
  StreamKind kind = StreamKind::kDiff;
  InstrumentId instrument{};
  int levels = 0;    ///< kPartial
  int every_ms = 0;  ///< kDiff and kPartial; 0: after every change
};

/// The intervals at which a protocol tells depth, in ms; the first is that of a name
/// without one. 0, which the venue's documentation does not have, is real time.
const std::vector<int>& depth_intervals(CryptoProtocol protocol);

/// Nothing for a name that the protocol does not have or a symbol that is not listed.
std::optional<StreamName> parse_stream(std::string_view name, CryptoProtocol protocol,
                                       const std::vector<CryptoSymbol>& symbols);

/// "BTCUSDT" as stream names have it.
std::string lower_case(std::string_view text);

/// Who has asked for which stream, by its exact name. Subscribers are numbers.
class StreamSubscriptions {
 public:
  void add(std::uint32_t subscriber, const std::string& name);
  void remove(std::uint32_t subscriber, const std::string& name);
  void remove_all(std::uint32_t subscriber);
  /// Of one subscriber, in order of their names.
  std::vector<std::string> names(std::uint32_t subscriber) const;
  std::size_t count(std::uint32_t subscriber) const;
  bool wanted(const std::string& name) const {
    return by_name_.find(name) != by_name_.end();
  }
  /// Calls `visit(subscriber)` for each that has asked for a name.
  template <class Visit>
  void for_each(const std::string& name, Visit&& visit) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    for (const std::uint32_t subscriber : found->second) visit(subscriber);
  }

 private:
  std::unordered_map<std::string, std::set<std::uint32_t>> by_name_;
  std::map<std::uint32_t, std::set<std::string>> by_subscriber_;
};

}  // namespace pyscalp::exchange
