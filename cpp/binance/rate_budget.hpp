// How many requests the venue still takes, from its own numbers.
//
// The venue counts request weight by address and orders by account, in windows that
// start at whole multiples of their length of its own time, and says in each answer how
// much is used. What it says wins; requests that it has not answered yet are added.
//
// One thread, nothing allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/types.hpp"

namespace pyscalp::binance {

enum class RateKind : std::uint8_t {
  kWeight = 0,  ///< REQUEST_WEIGHT
  kOrders = 1,  ///< ORDERS
  kRaw = 2,     ///< RAW_REQUESTS
};
inline constexpr std::size_t kRateKinds = 3;

/// What the venue says of one window.
struct RateUse {
  RateKind kind = RateKind::kWeight;
  MonoNanos interval{};
  std::int64_t count = 0;
  std::int64_t limit = 0;  ///< 0 where not said
};

struct RequestCost {
  std::int32_t weight = 0;
  std::int32_t orders = 0;
};

class RateBudget {
 public:
  static constexpr std::size_t kMaxRules = 8;

  /// A limit of exchangeInfo.rateLimits; a second one for the same window replaces it.
  /// False: no room, or it makes no sense.
  bool set_limit(RateKind kind, MonoNanos interval, std::int64_t limit);

  /// A request is on its way.
  void on_sent(RequestCost cost);
  /// It was answered, or is given up: it counts as used, until the venue says.
  void on_done(RequestCost cost, UnixNanos at);
  /// It never left.
  void on_withdrawn(RequestCost cost);
  /// The venue's own count, of an answer that came at `at`. A limit said with it wins
  /// over the one set; a window not known yet is added where there is room.
  void on_used(const RateUse& use, UnixNanos at);
  /// Nothing may be sent before `until`; the later of two wins.
  void hold(MonoNanos until) {
    if (until > held_until_) held_until_ = until;
  }
  bool held(MonoNanos now) const { return now < held_until_; }
  MonoNanos held_until() const { return held_until_; }

  /// How often `cost` may still be spent now; 0 while held.
  std::int64_t allowed(RequestCost cost, MonoNanos now, UnixNanos at) const;

 private:
  struct Rule {
    RateKind kind = RateKind::kWeight;
    std::int64_t interval = 0;
    std::int64_t limit = 0;
    std::int64_t window = -1;  ///< number of the window that `used` is of
    std::int64_t used = 0;

    std::int64_t used_at(UnixNanos at) const {
      return at.value / interval == window ? used : 0;
    }
  };
  static std::int64_t cost_of(RateKind kind, RequestCost cost);
  Rule* find(RateKind kind, MonoNanos interval);

  std::array<Rule, kMaxRules> rules_{};
  std::size_t count_ = 0;
  std::array<std::int64_t, kRateKinds> pending_{};
  MonoNanos held_until_{};
};

}  // namespace pyscalp::binance
