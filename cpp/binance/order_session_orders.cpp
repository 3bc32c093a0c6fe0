// What the venue's words mean for one order: told once, in an order that makes sense.
#include <algorithm>

#include "binance/order_session.hpp"

namespace pyscalp::binance {

namespace {

session::CancelReason cancel_reason(const TrackedOrder& order,
                                    const OrderReport& report) {
  using session::CancelReason;
  switch (report.status) {
    case OrderStatus::kExpiredInMatch:
      return CancelReason::kSelfMatch;
    case OrderStatus::kExpired:
      if (order.post_only && report.filled == 0) return CancelReason::kPostOnly;
      return order.ioc ? CancelReason::kExpired : CancelReason::kVenue;
    case OrderStatus::kCanceled:
      return CancelReason::kCanceled;
    default:
      return CancelReason::kVenue;
  }
}

}  // namespace

/// True where the report is of this very order.
bool OrderSession::names(const TrackedOrder& order, const OrderReport& report) const {
  const ClientIdParts id = read_client_id(report.client_id, options_.run);
  return id.owner == Owner::kThisRun && id.user_ref == order.user_ref &&
         symbol_index(report.symbol) == order.symbol;
}

/// Reports come late, twice and in any order, so they only ever add to what is known.
void OrderSession::apply(TrackedOrder& order, const OrderReport& report,
                         MonoNanos now) {
  if (symbol_index(report.symbol) != order.symbol || report.side != order.side ||
      report.qty != order.qty || report.filled > order.qty) {
    return lose("an order of ours is another at the venue", now);
  }
  const bool rejected = report.status == OrderStatus::kRejected;
  if (!order.open) {
    if (order.gone && !rejected && report.status != OrderStatus::kPendingNew) {
      order.gone = false;
      order.accepted = true;
      order.order_id = report.order_id;
      lose("an order that was taken for gone is there", now);
      if (!is_final(report.status)) cancel_stray(report, now);
    }
    if (report.has_trade) book(order, report.trade, now);
    return;
  }
  if (rejected && !order.accepted && order.filled == 0) {
    return reject(order, 0, session::RejectReason::kOther);
  }
  if (!rejected && report.status != OrderStatus::kPendingNew) accept(order, report);
  if (report.has_trade) book(order, report.trade, now);
  if (!order.open) return;
  order.venue_filled = std::max(order.venue_filled, report.filled);
  if (is_final(report.status) && !order.final) {
    if (report.filled < order.venue_filled) {
      return lose("an order has ended with less than it traded", now);
    }
    order.final = true;
    const Qty off = order.qty - order.venue_filled - order.canceled;
    if (off > 0) {
      order.canceled += off;
      emit(session::OrderCanceled{order.user_ref, off, cancel_reason(order, report),
                                  report.time});
    }
  }
  settle(order, now);
}

void OrderSession::accept(TrackedOrder& order, const OrderReport& report) {
  if (order.accepted) return;
  order.accepted = true;
  order.order_id = report.order_id;
  emit(session::OrderAccepted{order.user_ref, report.order_id, report.price, false,
                              report.time});
}

void OrderSession::book(TrackedOrder& order, const TradeReport& trade, MonoNanos now) {
  // Never so many that other events find no room: what is left out is asked for.
  if (event_count_ + 2 * options_.open + 256 > events_.size()) return;
  if (!orders_.first_time(trade.id, order.user_ref)) {
    return note(SessionCount::kRepeats);
  }
  if (trade.qty > order.qty - order.filled) {
    return lose("more was traded than was ordered", now);
  }
  order.filled += trade.qty;
  order.venue_filled = std::max(order.venue_filled, order.filled);
  emit(session::OrderExecuted{order.user_ref, trade.qty, trade.price, trade.id,
                              trade.maker ? Liquidity::kMaker : Liquidity::kTaker,
                              trade.commission_in, trade.commission, trade.amount_e8,
                              trade.asset, trade.time});
  settle(order, now);
}

/// Closes the order where all is told, ends its doubt where there is none left, or sees
/// to it that what is missing is asked for.
void OrderSession::settle(TrackedOrder& order, MonoNanos now) {
  if (!order.open) return;
  if (order.owed() > 0) {
    if (order.ask_at == kNever && order.asking == 0) {
      order.ask_at = now + options_.stream_wait;
      due(order.ask_at);
    }
    return;
  }
  if (order.final || order.leaves() <= 0) return close(order);
  if (order.unknown && order.known_open) {
    order.unknown = order.known_open = false;
    --unknown_;
    work_ = true;
    emit(session::OrderReconciled{order.user_ref, order.leaves()});
  }
  if (!order.unknown && !order.in_doubt) order.ask_at = kNever;
}

void OrderSession::close(TrackedOrder& order) {
  if (order.unknown) {
    --unknown_;
    work_ = true;
  }
  orders_.close(order);
}

void OrderSession::reject(TrackedOrder& order, std::int32_t code,
                          session::RejectReason reason) {
  order.gone = true;
  emit(session::OrderRejected{order.user_ref, code, reason});
  close(order);
}

/// The venue does not know the order. It may still be on its way, until its time is up.
void OrderSession::not_found(TrackedOrder& order, const PooledRequest& request,
                             MonoNanos now) {
  order.in_doubt = false;
  const MonoNanos certain =
      order.placed_at + milliseconds(options_.recv_window_ms) + options_.arrival_margin;
  if (order.accepted || request.made_at < certain) {
    make_unknown(order, now + options_.retry_after);
    return;
  }
  make_unknown(order, kNever);
  order.gone = true;
  emit(session::OrderReconciled{order.user_ref, 0});
  close(order);
}

void OrderSession::make_unknown(TrackedOrder& order, MonoNanos ask_at) {
  if (!order.open) return;
  if (!order.unknown) {
    order.unknown = true;
    ++unknown_;
    note(SessionCount::kUnknown);
    emit(session::OrderUnknown{order.user_ref});
  }
  order.known_open = false;
  order.ask_at = ask_at;
  due(ask_at);
}

/// What we believe may be wrong: all of it is asked for.
void OrderSession::lose(std::string_view what, MonoNanos now) {
  emit(session::LostMessage{what});
  resynchronise(now);
}

void OrderSession::emit(const session::OrderEvent& event) {
  if (event_count_ < events_.size()) events_[event_count_++] = event;
}

}  // namespace pyscalp::binance
