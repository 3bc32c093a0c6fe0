#include "risk/limits.hpp"

namespace pyscalp::risk {

namespace {

constexpr bool share(std::int64_t e6) { return e6 > 0 && e6 <= 1'000'000; }
constexpr bool window_count(std::int64_t count) {
  return count > 0 && count <= kMaxWindowCount;
}

}  // namespace

std::optional<const char*> Limits::first_fault() const {
  struct Rule {
    bool holds;
    const char* fault;
  };
  const Rule rules[] = {
      {aum.value > 0, "aum is missing: must be positive"},
      {share(drawdown_e6), "drawdown is missing: must be above 0 and at most 100 %"},
      {max_order_qty > 0, "max_order_qty is missing: must be positive"},
      {max_order_value.value > 0, "max_order_value is missing: must be positive"},
      {price_collar_e6 > 0 && price_collar_e6 <= kMaxCollarE6,
       "price_collar is missing: must be above 0 and at most 100 %"},
      {max_position > 0, "max_position is missing: must be positive"},
      {max_orders_working > 0, "max_orders_working is missing: must be positive"},
      {window_count(rate_limit),
       "rate_limit is missing: must be 1 to 1048576 requests"},
      {rate_window.value > 0, "rate_window is missing: must be positive"},
      {share(rate_share_e6),
       "rate_share is missing: must be above 0 and at most 100 %"},
      {!window_count(rate_limit) || !share(rate_share_e6) ||
           rate_limit * rate_share_e6 >= 1'000'000,
       "rate_share of rate_limit is less than one request: no order could pass"},
      {stale_after.value > 0, "stale_after is missing: must be positive"},
      {share(depth_share_e6), "depth_share is missing: must be above 0, at most 100 %"},
      {depth_levels > 0, "depth_levels is missing: must be positive"},
      {depth_window.value > 0, "depth_window is missing: must be positive"},
      {window_count(max_losing_trades),
       "max_losing_trades is missing: must be 1 to 1048576"},
      {window_count(max_rejects), "max_rejects is missing: must be 1 to 1048576"},
      {feedback_window.value > 0, "feedback_window is missing: must be positive"},
      {duplicate_window.value > 0, "duplicate_window is missing: must be positive"},
      {deadline_collar_factor > 0,
       "deadline_collar_factor is missing: must be at least 1"},
  };
  for (const Rule& rule : rules) {
    if (!rule.holds) return rule.fault;
  }
  return std::nullopt;
}

}  // namespace pyscalp::risk
