// What the venue says: answers to their requests, events to their orders.
#include <algorithm>

#include "binance/order_session.hpp"
#include "binance/venue_errors.hpp"

namespace pyscalp::binance {

namespace {

constexpr std::int32_t kAlreadySubscribed = -2035;
constexpr std::int32_t kNoListenKey = -1125;

}  // namespace

void OrderSession::take_message(Bytes json, MonoNanos now) {
  Answer answer;
  if (reader_.read_message(json, answer) != AnswerStatus::kOk) {
    note(SessionCount::kUnreadable);
    lose("a message of the venue could not be read", now);
  } else if (answer.kind != AnswerKind::kAnswer) {
    take_event(answer, now);
  } else if (PooledRequest* const request =
                 answer.has_id ? pool_.find(answer.id) : nullptr;
             request != nullptr && request->stage != RequestStage::kQueued &&
             request->lane == Lane::kWebSocket) {
    take_answer(*request, answer, AnswerStatus::kOk, now);
  } else {
    note(SessionCount::kUnmatched);
    take_used(answer, now);
  }
  if (work_ || now >= deadline_) pump(now);
}

void OrderSession::take_http(std::uint64_t id, int status,
                             std::span<const HttpHeader> headers, Bytes body,
                             MonoNanos now) {
  Answer answer;
  const AnswerStatus read = reader_.read_http(status, headers, body, answer);
  PooledRequest* const request = pool_.find(id);
  if (request == nullptr || request->stage == RequestStage::kQueued ||
      request->lane != Lane::kHttp) {
    note(SessionCount::kUnmatched);
    take_used(answer, now);
  } else {
    take_answer(*request, answer, read, now);
  }
  if (work_ || now >= deadline_) pump(now);
}

/// The venue's own counts win over ours.
void OrderSession::take_used(const Answer& answer, MonoNanos now) {
  for (std::size_t i = 0; i < answer.used_count; ++i) {
    budget_.on_used(answer.used[i], wall(now));
  }
  if (const MonoNanos silence = silence_after(answer); silence > MonoNanos{}) {
    budget_.hold(now + silence);
    note(SessionCount::kHolds);
    work_ = true;
  }
  if (clock_is_off(answer)) {
    clock_needed_ = true;
    note(SessionCount::kClockRequests);
    work_ = true;
  }
}

void OrderSession::take_answer(PooledRequest& pooled, const Answer& answer,
                               AnswerStatus read, MonoNanos now) {
  const PooledRequest request = pooled;  // its place may be taken before the end
  pooled.stage = RequestStage::kFree;
  if (request.stage == RequestStage::kSent) budget_.on_done(request.cost, wall(now));
  take_used(answer, now);
  if (Chore* const chore = chore_of(request.id)) {
    return on_chore(*chore, request, answer, read, now);
  }
  TrackedOrder* const order = orders_.find(request.user_ref);
  if (order == nullptr) return;
  switch (request.kind) {
    case RequestKind::kPlace:
      return on_place(*order, answer, now);
    case RequestKind::kCancel:
      return on_cancel(*order, answer, now);
    case RequestKind::kOrderStatus:
      return on_status(*order, request, answer, now);
    case RequestKind::kTrades:
      return on_trades(*order, request, now);
    default:
      return;
  }
}

void OrderSession::on_place(TrackedOrder& order, const Answer& answer, MonoNanos now) {
  if (answer.ok()) {
    OrderReport report;
    if (reader_.order(report) != AnswerStatus::kOk || !names(order, report)) {
      note(SessionCount::kUnreadable);
      return make_unknown(order, now);
    }
    if (order.open && report.status != OrderStatus::kRejected) accept(order, report);
    // One that cannot be read is missing then, and asked for.
    TradeReport trade;
    for (AnswerStatus read = AnswerStatus::kOk; read != AnswerStatus::kEnd;) {
      read = reader_.next_fill(*report.symbol, trade);
      trade.time = report.time;
      if (read == AnswerStatus::kOk) book(order, trade, now);
    }
    return apply(order, report, now);
  }
  if (!order.open || (order.accepted && may_have_happened(answer))) return;
  if (order.accepted || order.filled > 0) return make_unknown(order, now);
  if (may_have_happened(answer)) return make_unknown(order, now + options_.stream_wait);
  reject(order, answer.code, reject_reason(options_.market, answer));
}

void OrderSession::on_cancel(TrackedOrder& order, const Answer& answer, MonoNanos now) {
  if (!order.open || order.final) return;
  if (answer.ok()) {
    OrderReport report;
    if (reader_.order(report) == AnswerStatus::kOk && names(order, report)) {
      return apply(order, report, now);
    }
    note(SessionCount::kUnreadable);
  } else if (no_such_order(answer)) {
    // It has ended, or has not arrived yet; the user stream will tell.
    order.in_doubt = true;
    order.ask_at = std::min(order.ask_at, now + options_.stream_wait);
    return due(order.ask_at);
  }
  make_unknown(order, now);
}

void OrderSession::on_status(TrackedOrder& order, const PooledRequest& request,
                             const Answer& answer, MonoNanos now) {
  if (!order.open) return;
  // What was asked before the user stream broke proves nothing about what came after.
  const bool current = order.asking == request.id;
  if (current) order.asking = 0;
  OrderReport report;
  if (answer.ok() && reader_.order(report) == AnswerStatus::kOk &&
      names(order, report)) {
    apply(order, report, now);
    if (!current || !order.open) return;
    if (order.in_doubt) {
      order.in_doubt = false;
      // It stands after all: what we believe of its cancel is wrong.
      if (!order.final) make_unknown(order, now);
    }
    order.known_open = order.unknown && !order.final;
    order.ask_at = order.owed() > 0 ? now : kNever;
    work_ = true;
    return settle(order, now);
  }
  if (!current) return;
  if (no_such_order(answer)) return not_found(order, request, now);
  order.ask_at = now + options_.retry_after;
  due(order.ask_at);
}

void OrderSession::on_trades(TrackedOrder& order, const PooledRequest& request,
                             MonoNanos now) {
  const bool current = order.asking == request.id;
  if (current) order.asking = 0;
  const TradedSymbol& symbol = reader_.symbols()[order.symbol];
  TradeReport trade;
  for (AnswerStatus read = AnswerStatus::kOk; read != AnswerStatus::kEnd;) {
    read = reader_.next_trade(symbol, trade);
    if (read == AnswerStatus::kOk && trade.order_id == order.order_id) {
      book(order, trade, now);
    } else if (read != AnswerStatus::kOk && read != AnswerStatus::kEnd) {
      note(SessionCount::kUnreadable);
    }
  }
  if (!order.open || !current) return;
  if (order.owed() > 0) {
    order.ask_at = now + options_.retry_after;
    due(order.ask_at);
  }
  settle(order, now);
}

void OrderSession::on_chore(Chore& chore, const PooledRequest& request,
                            const Answer& answer, AnswerStatus read, MonoNanos now) {
  chore.under_way = 0;
  chore.not_before = now + options_.retry_after;
  const bool subscribed = answer.code == kAlreadySubscribed;
  if ((!answer.ok() && !subscribed) || read != AnswerStatus::kOk) {
    due(chore.not_before);
    if (not_permitted(answer)) {
      refused_ = true;
      live_ = false;
      emit(session::SessionRefused{answer.code, answer.text});
    } else if (answer.code == kNoListenKey) {
      listen_key_size_ = 0;
      chore.wanted = false;
      user_data_down(now);
    }
    return;
  }
  bool done = true;
  switch (chore.kind) {
    case RequestKind::kServerTime:
      if (UnixNanos time; reader_.server_time(time) == AnswerStatus::kOk) {
        // Half of the way there and back is as good a guess as any.
        set_clock({time.value + (now - request.made_at).value / 2}, now);
      } else {
        done = false;
      }
      break;
    case RequestKind::kLogon:
      logged_on_ = true;
      break;
    case RequestKind::kSubscribe:
    case RequestKind::kSubscribeSession:
      user_data_up_ = true;
      break;
    case RequestKind::kListenKeyStart:
      done = take_listen_key(now);
      break;
    case RequestKind::kOpenOrders:
      done = on_open_orders(now);
      break;
    case RequestKind::kBalances:
      done = on_balances();
      break;
    case RequestKind::kPositions:
      done = on_positions();
      if (done) flat_where_not_listed();
      break;
    default:
      break;
  }
  if (done) {
    chore.wanted = false;
    chore.not_before = {};
    work_ = true;
  } else {
    note(SessionCount::kUnreadable);
    due(chore.not_before);
  }
}

bool OrderSession::take_listen_key(MonoNanos now) {
  std::string_view key;
  if (reader_.listen_key(key) != AnswerStatus::kOk || key.size() > listen_key_.size()) {
    return false;
  }
  if (key != listen_key()) ++listen_key_number_;
  std::ranges::copy(key, listen_key_.begin());
  listen_key_size_ = key.size();
  ping_at_ = now + options_.listen_key_ping;
  return true;
}

/// Cancels what an earlier run left. False: ask again.
bool OrderSession::on_open_orders(MonoNanos now) {
  bool done = true;
  OrderReport report;
  for (;;) {
    const AnswerStatus read = reader_.next_order(report);
    if (read == AnswerStatus::kEnd) return done;
    if (read == AnswerStatus::kOtherSymbol) continue;
    if (read != AnswerStatus::kOk) {
      done = false;
      continue;
    }
    const ClientIdParts id = read_client_id(report.client_id, options_.run);
    if (id.owner == Owner::kForeign) {
      note(SessionCount::kForeignOrders);
      continue;
    }
    TrackedOrder* const order =
        id.owner == Owner::kThisRun ? orders_.find(id.user_ref) : nullptr;
    if (order != nullptr) {
      apply(*order, report, now);
      continue;
    }
    note(SessionCount::kLeftovers);
    cancel_stray(report, now);
    done = false;  // until it is seen to be gone
  }
}

/// Sends a cancel of an order that this run does not follow.
void OrderSession::cancel_stray(const OrderReport& report, MonoNanos now) {
  Request request;
  request.kind = RequestKind::kCancel;
  request.symbol = &report.symbol->rules;
  request.client_id = report.client_id;
  std::uint64_t id = 0;
  if (const auto lane = lane_for(RequestKind::kCancel)) {
    make(request, *lane, 0, symbol_index(report.symbol), now, id);
  }
}

/// Tells of the assets that our symbols are made of.
bool OrderSession::on_balances() {
  BalanceRow row;
  for (;;) {
    const AnswerStatus read = reader_.next_balance(row);
    if (read == AnswerStatus::kEnd) return true;
    if (read != AnswerStatus::kOk) return false;
    for (const TradedSymbol& symbol : reader_.symbols()) {
      const bool base = row.asset == symbol.base_name();
      if (!base && row.asset != symbol.quote_name()) continue;
      emit(session::AssetBalance{base ? symbol.base_name() : symbol.quote_name(),
                                 row.free_e8, row.locked_e8});
      break;
    }
  }
}

bool OrderSession::on_positions() {
  listed_.reset();
  PositionRow row;
  for (;;) {
    const AnswerStatus read = reader_.next_position(row);
    if (read == AnswerStatus::kEnd) return true;
    if (read == AnswerStatus::kOtherSymbol) continue;
    if (read != AnswerStatus::kOk) return false;
    if (row.hedge) {
      refused_ = true;
      live_ = false;
      emit(session::SessionRefused{
          0,
          "the account holds positions in two directions (hedge mode); set its "
          "position mode to one-way"});
      return true;
    }
    listed_[symbol_index(row.symbol)] = true;
    emit(session::HeldPosition{row.symbol->rules.id(), row.qty});
  }
}

/// A list of positions leaves out what is flat.
void OrderSession::flat_where_not_listed() {
  for (const TradedSymbol& symbol : reader_.symbols()) {
    if (listed_[symbol_index(&symbol)]) continue;
    emit(session::HeldPosition{symbol.rules.id(), 0});
  }
}

void OrderSession::take_event(const Answer& answer, MonoNanos now) {
  switch (answer.kind) {
    case AnswerKind::kOrder:
      return take_order_event(now);
    case AnswerKind::kBalances:
      if (!on_balances() || !on_positions()) {
        note(SessionCount::kUnreadable);
        lose("an event of the account could not be read", now);
      }
      return;
    case AnswerKind::kListenKeyExpired:
      listen_key_size_ = 0;
      up_[static_cast<std::size_t>(Connection::kUserStream)] = false;
      return user_data_down(now);
    case AnswerKind::kStreamTerminated:
      return user_data_down(now);
    case AnswerKind::kServerShutdown:
      reconnect_asked_ = true;
      return;
    default:
      return;
  }
}

void OrderSession::take_order_event(MonoNanos now) {
  OrderReport report;
  const AnswerStatus read = reader_.order(report);
  if (read == AnswerStatus::kOtherSymbol) return note(SessionCount::kForeignOrders);
  if (read != AnswerStatus::kOk) {
    note(SessionCount::kUnreadable);
    return lose("an event of an order could not be read", now);
  }
  const ClientIdParts id = read_client_id(report.client_id, options_.run);
  if (id.owner != Owner::kThisRun) {
    note(SessionCount::kForeignOrders);
    if (report.has_trade) {
      emit(session::ForeignExecution{report.symbol->rules.id(), report.side,
                                     report.trade.qty, report.trade.price});
    }
    return;
  }
  TrackedOrder* const order = orders_.find(id.user_ref);
  if (order != nullptr) return apply(*order, report, now);
  note(SessionCount::kUnmatched);
  if (report.has_trade) lose("an execution of an order that is not remembered", now);
}

}  // namespace pyscalp::binance
