#include "binance/order_session.hpp"

#include <algorithm>
#include <limits>

namespace pyscalp::binance {

namespace {

/// Events of one call: an answer tells of one order, a list of some, and the loss of
/// the user stream of every open order.
std::size_t events_of(const OrderSessionOptions& options) {
  return std::size_t{4} * options.open + 4 * AnswerReader::kMaxSymbols + 1'024;
}

}  // namespace

OrderSession::OrderSession(const OrderSessionOptions& options, Signer& signer)
    : options_(options),
      signer_(signer),
      encoder_(options.market, signer, options.recv_window_ms),
      reader_(options.answer_capacity),
      orders_(options.orders, options.open, options.trades),
      events_(events_of(options)),
      symbol_of_(std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1),
      next_user_ref_(std::max(options.first_user_ref, 1u)) {
  chores_.reserve(AnswerReader::kMaxSymbols + 8);
  const bool spot = options.market == Market::kSpot;
  chores_.push_back({RequestKind::kServerTime});
  chores_.push_back({RequestKind::kLogon});
  if (spot) {
    chores_.push_back(
        {options.logon ? RequestKind::kSubscribeSession : RequestKind::kSubscribe});
  } else {
    chores_.push_back({RequestKind::kListenKeyStart});
    chores_.push_back({RequestKind::kListenKeyPing});
    chores_.push_back({RequestKind::kPositions, 0, true});
  }
  chores_.push_back({RequestKind::kBalances, 0, true});
}

bool OrderSession::add_symbol(const SymbolRules& rules, std::string_view base,
                              std::string_view quote) {
  std::uint8_t& place = symbol_of_[index(rules.id())];
  if (place != 0 || !reader_.add_symbol(rules, base, quote)) return false;
  place = static_cast<std::uint8_t>(reader_.symbols().size());
  chores_.push_back({RequestKind::kOpenOrders, place - 1u, true});
  return true;
}

void OrderSession::set_clock(UnixNanos at, MonoNanos now) {
  clock_offset_ = at.value - now.value;
  clock_needed_ = false;
  work_ = true;
}

void OrderSession::up(Connection connection, MonoNanos now) {
  up_[static_cast<std::size_t>(connection)] = true;
  refused_ = reconnect_asked_ = false;
  if (connection == Connection::kUserStream) user_data_up_ = true;
  pump(now);
}

void OrderSession::down(Connection connection, MonoNanos now) {
  up_[static_cast<std::size_t>(connection)] = false;
  switch (connection) {
    case Connection::kApi:
      logged_on_ = false;
      fail_lane(Lane::kWebSocket, now);
      if (options_.market == Market::kSpot) user_data_down(now);
      if (options_.orders_by == Lane::kWebSocket) live_ = false;
      break;
    case Connection::kHttp:
      fail_lane(Lane::kHttp, now);
      break;
    case Connection::kUserStream:
      user_data_down(now);
      break;
  }
  pump(now);
}

void OrderSession::user_data_down(MonoNanos now) {
  user_data_up_ = false;
  resynchronise(now);
}

/// All that may have been missed is asked for anew. Questions under way were asked too
/// early: their answers count for nothing.
void OrderSession::resynchronise(MonoNanos now) {
  live_ = false;
  work_ = true;
  orders_.for_each_open([&](TrackedOrder& order) {
    order.asking = 0;
    make_unknown(order, now);
  });
  for (Chore& chore : chores_) {
    if (chore.kind == RequestKind::kOpenOrders ||
        chore.kind == RequestKind::kBalances || chore.kind == RequestKind::kPositions) {
      chore.wanted = true;
      chore.under_way = 0;
    }
  }
}

void OrderSession::fail_lane(Lane lane, MonoNanos now) {
  pool_.for_each_waiting([&](PooledRequest& request) {
    if (request.lane == lane) give_up(request, now);
  });
}

/// The request gets no answer any more. What never left had no effect.
void OrderSession::give_up(PooledRequest& request, MonoNanos now) {
  const bool left = request.stage == RequestStage::kSent;
  if (left) {
    request.stage = RequestStage::kLate;
    budget_.on_done(request.cost, wall(now));
    note(SessionCount::kTimeouts);
  } else {
    request.stage = RequestStage::kFree;
    budget_.on_withdrawn(request.cost);
  }
  work_ = true;
  if (Chore* const chore = chore_of(request.id)) chore->under_way = 0;
  TrackedOrder* const order = orders_.find(request.user_ref);
  if (order == nullptr || !order->open) return;
  if (order->asking == request.id) {
    order->asking = 0;
    order->ask_at = now;
  } else if (request.kind == RequestKind::kPlace) {
    if (left) {
      // What the user stream has shown is known.
      if (!order->accepted) make_unknown(*order, now);
    } else {
      reject(*order, 0, session::RejectReason::kNotSent);
    }
  } else if (request.kind == RequestKind::kCancel) {
    make_unknown(*order, now);
  }
}

void OrderSession::pump(MonoNanos now) {
  work_ = false;
  deadline_ = kNever;
  pool_.for_each_waiting([&](PooledRequest& request) {
    const MonoNanos given_up = request.made_at + options_.answer_timeout;
    if (given_up <= now) {
      give_up(request, now);
    } else {
      due(given_up);
    }
  });
  work_ = false;
  if (refused_) return;
  if (budget_.held(now)) return due(budget_.held_until());
  if (clock_needed_) {
    want(RequestKind::kServerTime);
    run(*chore(RequestKind::kServerTime), now);
    return;
  }
  const bool spot = options_.market == Market::kSpot;
  if (options_.logon && lane_up(Lane::kWebSocket) && !logged_on_) {
    want(RequestKind::kLogon);
    run(*chore(RequestKind::kLogon), now);
    if (spot) return;
  }
  if (spot && !user_data_up_) {
    if (!lane_up(Lane::kWebSocket)) return;
    const RequestKind kind =
        options_.logon ? RequestKind::kSubscribeSession : RequestKind::kSubscribe;
    want(kind);
    run(*chore(kind), now);
    return;
  }
  if (!spot && listen_key_size_ == 0) {
    want(RequestKind::kListenKeyStart);
    run(*chore(RequestKind::kListenKeyStart), now);
    return;
  }
  if (!user_data_up_) return;
  if (!spot) {
    if (now >= ping_at_) {
      want(RequestKind::kListenKeyPing);
      ping_at_ = now + options_.listen_key_ping;
    }
    due(ping_at_);
  }
  bool done = true;
  for (Chore& chore : chores_) {
    if (chore.kind == RequestKind::kServerTime || chore.kind == RequestKind::kLogon) {
      continue;
    }
    if (!run(chore, now) && chore.kind != RequestKind::kListenKeyPing) done = false;
  }
  orders_.for_each_open([&](TrackedOrder& order) { ask(order, now); });
  if (!live_ && done && unknown_ == 0 && orders_up()) {
    live_ = true;
    emit(session::SessionLive{was_live_});
    was_live_ = true;
  }
}

/// True where the chore is done.
bool OrderSession::run(Chore& chore, MonoNanos now) {
  if (!chore.wanted) return true;
  if (chore.under_way != 0) return false;
  if (now < chore.not_before) {
    due(chore.not_before);
    return false;
  }
  Request request;
  request.kind = chore.kind;
  if (chore.kind == RequestKind::kOpenOrders) {
    request.symbol = &reader_.symbols()[chore.symbol].rules;
  }
  const std::optional<Lane> lane = lane_for(chore.kind);
  if (!lane) return false;  // until a connection is up
  if (!make(request, *lane, 0, chore.symbol, now, chore.under_way)) {
    chore.not_before = now + options_.retry_after;
    due(chore.not_before);
  }
  return false;
}

/// Asks the venue for what is not known of an order, where it is time.
void OrderSession::ask(TrackedOrder& order, MonoNanos now) {
  if (order.asking != 0 || order.ask_at == kNever) return;
  if (order.ask_at > now) return due(order.ask_at);
  const bool state_known =
      order.final || (order.unknown ? order.known_open : !order.in_doubt);
  Request request;
  request.kind = state_known ? RequestKind::kTrades : RequestKind::kOrderStatus;
  request.symbol = &reader_.symbols()[order.symbol].rules;
  request.order_id = order.order_id;
  const ClientId client_id(options_.run, order.user_ref);
  request.client_id = client_id.text();
  const std::optional<Lane> lane = lane_for(request.kind);
  if (!lane || !make(request, *lane, order.user_ref, order.symbol, now, order.asking)) {
    order.ask_at = now + options_.retry_after;
    due(order.ask_at);
  }
}

std::optional<Lane> OrderSession::lane_for(RequestKind kind) const {
  const RequestFacts& fact = facts(options_.market, kind);
  const bool orders = kind == RequestKind::kPlace || kind == RequestKind::kCancel;
  const Lane first = orders ? options_.orders_by : Lane::kWebSocket;
  const Lane second = first == Lane::kHttp ? Lane::kWebSocket : Lane::kHttp;
  const auto fit = [&](Lane lane) {
    const bool early = kind == RequestKind::kLogon || kind == RequestKind::kServerTime;
    return fact.has(lane) && (early ? lane_up(lane) : ready(lane));
  };
  if (fit(first)) return first;
  // An order goes one way only; all else may take the other.
  if (kind != RequestKind::kPlace && fit(second)) return second;
  return std::nullopt;
}

bool OrderSession::make(const Request& request, Lane lane, std::uint32_t user_ref,
                        std::uint32_t symbol, MonoNanos now, std::uint64_t& id) {
  const RequestFacts& fact = facts(options_.market, request.kind);
  const RequestCost cost{fact.weight, fact.orders};
  if (budget_.allowed(cost, now, wall(now)) == 0) return false;
  PooledRequest* const pooled = pool_.take(lane);
  if (pooled == nullptr) return false;
  const Encoded encoded = lane == Lane::kWebSocket
                              ? encoder_.websocket(request, pooled->id, wall(now),
                                                   logged_on_, pooled->memory)
                              : encoder_.http(request, wall(now), pooled->memory);
  if (!encoded.ok()) return false;
  pooled->kind = request.kind;
  pooled->user_ref = user_ref;
  pooled->symbol = symbol;
  pooled->cost = cost;
  pooled->made_at = now;
  pooled->verb = encoded.verb;
  pooled->size = encoded.text.size();
  pool_.commit(*pooled);
  budget_.on_sent(cost);
  due(now + options_.answer_timeout);
  id = pooled->id;
  return true;
}

std::optional<OutboundRequest> OrderSession::next_request(Lane lane, MonoNanos now) {
  if (!lane_up(lane) || budget_.held(now)) return std::nullopt;
  const PooledRequest* const request = pool_.front(lane);
  if (request == nullptr) return std::nullopt;
  return OutboundRequest{request->id, request->verb, request->text()};
}

std::uint32_t OrderSession::send(risk::GatedOrder order, MonoNanos now) {
  const order::Wish& wish = order.wish();
  const std::uint8_t place = symbol_of_[index(wish.instrument)];
  const bool ioc = wish.time_in_force == order::TimeInForce::kIoc;
  if (!live() || order.spent() || next_user_ref_ == 0 || place == 0 ||
      (ioc && wish.post_only) || !orders_.has_room(next_user_ref_)) {
    return 0;
  }
  const ClientId client_id(options_.run, next_user_ref_);
  Request request;
  request.kind = RequestKind::kPlace;
  request.symbol = &reader_.symbols()[place - 1u].rules;
  request.client_id = client_id.text();
  request.side = wish.side;
  request.type = wish.post_only ? OrderType::kPostOnly
                 : ioc          ? OrderType::kIoc
                                : OrderType::kGtc;
  request.qty = wish.qty;
  request.price = wish.limit;
  request.reduce_only =
      options_.market == Market::kUsdm && wish.intent != order::Intent::kEntry;
  std::uint64_t id = 0;
  if (!make(request, options_.orders_by, next_user_ref_, place - 1u, now, id)) return 0;
  TrackedOrder& tracked = orders_.add(next_user_ref_);
  tracked.symbol = place - 1u;
  tracked.side = wish.side;
  tracked.post_only = wish.post_only;
  tracked.ioc = ioc;
  tracked.qty = wish.qty;
  tracked.price = wish.limit;
  tracked.placed_at = now;
  return next_user_ref_++;
}

bool OrderSession::cancel(risk::GatedCancel cancel, MonoNanos now) {
  TrackedOrder* const order = orders_.find(cancel.user_ref());
  const std::optional<Lane> lane = lane_for(RequestKind::kCancel);
  if (!lane || clock_needed_ || cancel.spent() || order == nullptr || !order->open) {
    return false;
  }
  const ClientId client_id(options_.run, order->user_ref);
  Request request;
  request.kind = RequestKind::kCancel;
  request.symbol = &reader_.symbols()[order->symbol].rules;
  request.client_id = client_id.text();
  std::uint64_t id = 0;
  return make(request, *lane, order->user_ref, order->symbol, now, id);
}

bool OrderSession::cancel_all(InstrumentId instrument, MonoNanos now) {
  const std::uint8_t place = symbol_of_[index(instrument)];
  const std::optional<Lane> lane = lane_for(RequestKind::kCancelAll);
  if (!lane || clock_needed_ || place == 0) return false;
  Request request;
  request.kind = RequestKind::kCancelAll;
  request.symbol = &reader_.symbols()[place - 1u].rules;
  std::uint64_t id = 0;
  return make(request, *lane, 0, place - 1u, now, id);
}

session::SessionState OrderSession::state() const {
  using session::SessionState;
  if (refused_) return SessionState::kRefused;
  if (live()) return SessionState::kLive;
  if (!lane_up(options_.orders_by)) return SessionState::kDisconnected;
  return user_data_up_ && orders_up() ? SessionState::kSynchronising
                                      : SessionState::kLoggingIn;
}

OrderSession::Chore* OrderSession::chore(RequestKind kind) {
  for (Chore& chore : chores_) {
    if (chore.kind == kind) return &chore;
  }
  return nullptr;
}

OrderSession::Chore* OrderSession::chore_of(std::uint64_t id) {
  for (Chore& chore : chores_) {
    if (chore.under_way == id && id != 0) return &chore;
  }
  return nullptr;
}

void OrderSession::want(RequestKind kind) {
  if (Chore* const wanted = chore(kind)) wanted->wanted = true;
}

}  // namespace pyscalp::binance
