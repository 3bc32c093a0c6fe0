// Trades: an incoming order against the other side's queues.
#include <algorithm>

#include "exchange/market.hpp"

namespace pyscalp::exchange {

Market::Contra Market::contra(const Incoming& incoming) const {
  const Ladder& ladder = book_.ladder(incoming.instrument, opposite(incoming.side));
  Contra found = Contra::kNone;
  for (auto rung = ladder.rungs.rbegin(); rung != ladder.rungs.rend(); ++rung) {
    if (!crosses(incoming.side, incoming.limit, rung->price)) break;
    const Level& level = book_.level(rung->level);
    if (incoming.recorded() && level.participants == 0) continue;
    if (level.displayed_qty > 0) return Contra::kDisplayed;
    if (level.hidden_qty > 0) found = Contra::kHidden;
  }
  return found;
}

/// Trades until the incoming order is done or nothing is left within its limit. A
/// recorded one trades with participants only.
void Market::match(Incoming& incoming, UnixNanos now) {
  const Ladder& ladder = book_.ladder(incoming.instrument, opposite(incoming.side));
  if (incoming.recorded() && ladder.participants == 0) return;
  // A level that empties leaves the ladder; those below keep their place.
  for (std::size_t i = ladder.rungs.size(); i-- > 0 && incoming.open > 0;) {
    const auto [price, at] = ladder.rungs[i];
    if (!crosses(incoming.side, incoming.limit, price)) break;
    const Level& level = book_.level(at);
    if (incoming.recorded() ? level.participants == 0 : !level.takeable()) continue;
    const std::uint32_t hidden = level.hidden.first;
    match_queue(incoming, level.displayed.first, now);
    // `until` is displayed at the limit: whoever is hidden there stands behind it.
    const bool reached = incoming.until != kNil && price == incoming.limit;
    if (!reached) match_queue(incoming, hidden, now);
  }
}

void Market::match_queue(Incoming& incoming, std::uint32_t first, UnixNanos now) {
  for (std::uint32_t index = first; index != kNil && incoming.open > 0;) {
    if (index == incoming.until) return;
    const Order& order = book_[index];
    const std::uint32_t next = order.later;
    if (order.qty == 0 || (incoming.recorded() && order.recorded())) {
      index = next;
    } else if (order.account == incoming.account) {
      prevent_self_match(index, now);
      index = next;
    } else {
      const Qty qty = std::min(incoming.open, order.qty);
      const bool refilled = trade(incoming, index, qty, now);
      // The last of the queue, refilled, is still the last: go on with it.
      index = next == kNil && refilled ? index : next;
    }
  }
}

/// Trades `qty` at the resting order's price; true if that order was refilled.
bool Market::trade(Incoming& incoming, std::uint32_t index, Qty qty, UnixNanos now) {
  const std::uint64_t match_number = next_match_++;
  book_.reduce(index, qty);
  const Order& order = book_[index];
  incoming.open -= qty;
  incoming.filled += qty;
  send_executed(order, qty, match_number, now);
  note_trade({now, order.instrument, incoming.side, order.price, qty, match_number});

  if (!order.recorded()) {
    working_[order.working].filled += qty;
    Report report = report_of(index, ReportKind::kExecuted, now);
    report.qty = qty;
    report.match = match_number;
    report.liquidity = Liquidity::kMaker;
    report.fee = fee(Liquidity::kMaker, order.price, qty);
    report.counterparty = incoming.account;
    report.dead = report.leaves == 0;
    reports_.push_back(report);
  }
  if (!incoming.recorded()) {
    Report report = report_of(incoming, ReportKind::kExecuted, now);
    report.qty = qty;
    report.price = order.price;
    report.match = match_number;
    report.liquidity = Liquidity::kTaker;
    report.fee = fee(Liquidity::kTaker, order.price, qty);
    report.counterparty = order.account;
    report.dead = report.leaves == 0;
    reports_.push_back(report);
  }

  if (order.qty > 0 || order.recorded()) return false;
  if (working_[order.working].reserve == 0) {
    remove(index);
    return false;
  }
  refill(index, now);
  return true;
}

/// Shows an iceberg's next slice at the end of the queue.
void Market::refill(std::uint32_t index, UnixNanos now) {
  Working& working = working_[book_[index].working];
  const Qty slice = std::min(working.reserve, working.display_qty);
  working.reserve -= slice;
  book_.requeue(index, next_reference_++, slice);
  send_add(book_[index], now);
  Report report = report_of(index, ReportKind::kRefilled, now);
  report.qty = slice;
  reports_.push_back(report);
}

void Market::prevent_self_match(std::uint32_t index, UnixNanos now) {
  const Order& order = book_[index];
  if (!order.hidden) send_delete(order, now);
  Report report = report_of(index, ReportKind::kSelfMatch, now);
  report.qty = report.leaves;
  report.leaves = 0;
  report.reason = cancel_reason::kSelfMatch;
  report.dead = true;
  report.counterparty = order.account;
  reports_.push_back(report);
  remove(index);
}

void Market::remove(std::uint32_t index) {
  if (!book_[index].recorded()) unlink_working(index);
  book_.erase(index);
}

Qty Market::open_qty(const Order& order) const {
  return order.qty + (order.recorded() ? 0 : working_[order.working].reserve);
}

/// What a report of a resting participant order says whatever its kind; `qty` is left
/// to the caller.
Report Market::report_of(std::uint32_t index, ReportKind kind, UnixNanos now) const {
  const Order& order = book_[index];
  const Working& working = working_[order.working];
  Report report;
  report.kind = kind;
  report.account = order.account;
  report.client_ref = working.client_ref;
  report.time = now;
  report.instrument = order.instrument;
  report.side = order.side;
  report.price = order.price;
  report.leaves = open_qty(order);
  report.order_reference = order.reference;
  report.hidden = order.hidden;
  report.post_only = working.post_only;
  report.display_qty = working.display_qty;
  return report;
}

Report Market::report_of(const Incoming& incoming, ReportKind kind,
                         UnixNanos now) const {
  Report report;
  report.kind = kind;
  report.account = incoming.account;
  report.client_ref = incoming.client_ref;
  report.time = now;
  report.instrument = incoming.instrument;
  report.side = incoming.side;
  report.qty = incoming.open;
  report.price = incoming.limit;
  report.leaves = incoming.open;
  report.order_reference = incoming.reference;
  report.time_in_force = incoming.time_in_force;
  report.hidden = incoming.hidden;
  report.post_only = incoming.post_only;
  report.display_qty = incoming.display_qty;
  return report;
}

/// Rounded once: what was rounded to 1e-9 before could fall on the wrong side.
Money Market::fee(Liquidity liquidity, Price price, Qty qty) const {
  if (options_.fee_step == Money{1}) return fees_.fee(liquidity, price, qty);
  const FeeRate& rate = liquidity == Liquidity::kMaker ? fees_.maker : fees_.taker;
  constexpr std::int64_t kMillion = 1'000'000;
  const Int128 exact = static_cast<Int128>(price.value) * qty * rate.notional_e6 +
                       static_cast<Int128>(rate.per_share.value) * qty * kMillion;
  const Int128 step = static_cast<Int128>(options_.fee_step.value) * kMillion;
  const Int128 half = exact < 0 ? -(step / 2) : step / 2;
  return {static_cast<std::int64_t>((exact + half) / step) * options_.fee_step.value};
}

}  // namespace pyscalp::exchange
