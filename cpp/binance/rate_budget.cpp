#include "binance/rate_budget.hpp"

#include <algorithm>
#include <limits>

namespace pyscalp::binance {

bool RateBudget::set_limit(RateKind kind, MonoNanos interval, std::int64_t limit) {
  if (interval.value <= 0 || limit <= 0) return false;
  Rule* rule = find(kind, interval);
  if (rule == nullptr) {
    if (count_ == kMaxRules) return false;
    rule = &rules_[count_++];
    *rule = {kind, interval.value, limit};
  }
  rule->limit = limit;
  return true;
}

void RateBudget::on_sent(RequestCost cost) {
  for (std::size_t kind = 0; kind < kRateKinds; ++kind) {
    pending_[kind] += cost_of(static_cast<RateKind>(kind), cost);
  }
}

void RateBudget::on_withdrawn(RequestCost cost) {
  for (std::size_t kind = 0; kind < kRateKinds; ++kind) {
    pending_[kind] -= cost_of(static_cast<RateKind>(kind), cost);
  }
}

void RateBudget::on_done(RequestCost cost, UnixNanos at) {
  on_withdrawn(cost);
  for (std::size_t i = 0; i < count_; ++i) {
    Rule& rule = rules_[i];
    rule.used = rule.used_at(at) + cost_of(rule.kind, cost);
    rule.window = at.value / rule.interval;
  }
}

void RateBudget::on_used(const RateUse& use, UnixNanos at) {
  if (use.interval.value <= 0 || use.count < 0) return;
  if (use.limit > 0) set_limit(use.kind, use.interval, use.limit);
  Rule* const rule = find(use.kind, use.interval);
  if (rule == nullptr) return;
  rule->used = use.count;
  rule->window = at.value / rule->interval;
}

std::int64_t RateBudget::allowed(RequestCost cost, MonoNanos now, UnixNanos at) const {
  if (held(now)) return 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < count_; ++i) {
    const Rule& rule = rules_[i];
    const std::int64_t each = cost_of(rule.kind, cost);
    if (each == 0) continue;
    const std::int64_t left =
        rule.limit - rule.used_at(at) - pending_[static_cast<std::size_t>(rule.kind)];
    least = std::min(least, std::max<std::int64_t>(0, left) / each);
  }
  return least;
}

std::int64_t RateBudget::cost_of(RateKind kind, RequestCost cost) {
  switch (kind) {
    case RateKind::kWeight:
      return cost.weight;
    case RateKind::kOrders:
      return cost.orders;
    case RateKind::kRaw:
      return 1;
  }
  return 0;
}

RateBudget::Rule* RateBudget::find(RateKind kind, MonoNanos interval) {
  for (std::size_t i = 0; i < count_; ++i) {
    if (rules_[i].kind == kind && rules_[i].interval == interval.value) {
      return &rules_[i];
    }
  }
  return nullptr;
}

}  // namespace pyscalp::binance
