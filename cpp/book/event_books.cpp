#include "book/event_books.hpp"

#include <algorithm>

namespace pyscalp::book {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

namespace {

constexpr int kInstruments = 1 << 16;

bool has_side(const MarketEvent& event) {
  return event.side == EventSide::kBuy || event.side == EventSide::kSell;
}
Side side_of(const MarketEvent& event) {
  return event.side == EventSide::kBuy ? Side::kBuy : Side::kSell;
}

}  // namespace

EventBooks::EventBooks(const EventCapacity& capacity)
    : orders_(capacity.orders),
      levels_(capacity.levels),
      states_(std::make_unique<State[]>(kInstruments)) {}

void EventBooks::clear() {
  orders_.clear();
  levels_.clear();
  std::fill_n(states_.get(), kInstruments, State{});
}

void EventBooks::count(BookStatus status, InstrumentId id) {
  ++counters_.book[static_cast<int>(status)];
  if (status != BookStatus::kOk) [[unlikely]]
    flag(id);
}

/// Whether the book of the instrument is kept by this kind of event. One that tells
/// more than those before it takes the book over.
bool EventBooks::booked_by(Model model, InstrumentId id, Told& told) {
  State& state = states_[index(id)];
  if (state.model == model) return true;
  if (state.model > model) {
    ++counters_.beside;
    return false;
  }
  if (state.model != Model::kNone) {
    levels_.clear(id);
    told.reload = state.changed = true;
  }
  state.model = model;
  return true;
}

void EventBooks::take(const BookChange& change, InstrumentId id, std::int32_t orders,
                      Told& told) {
  if (!change.applied()) return;
  if (change.instrument != id) [[unlikely]] {
    // The order is another instrument's than the event says: neither can be believed.
    flag(change.instrument);
    flag(id);
  }
  states_[index(change.instrument)].changed = true;
  told.levels[told.level_count++] = {change.instrument, change.side, change.price,
                                     change.level_qty, orders};
}

void EventBooks::change(const MarketEvent& event, InstrumentId id, Told& told) {
  switch (event.kind) {
    case EventKind::kAdd:
    case EventKind::kExecute:
    case EventKind::kReduce:
    case EventKind::kDelete:
    case EventKind::kReplace:
    case EventKind::kModify:
      return change_order(event, id, told);
    case EventKind::kLevel:
    case EventKind::kTouch:
      return change_level(event, id, told);
    case EventKind::kClear:
      return clear_book(event, id, told);
    case EventKind::kTrade:
    case EventKind::kBreak:
    case EventKind::kStatus:
    case EventKind::kOther:
    case EventKind::kSystem:
    case EventKind::kInstrument:
      break;
    default:
      ++counters_.unknown_kinds;
  }
  told.about_book = false;
  if (event.kind == EventKind::kTrade) trade(event, id, told);
  if (event.kind == EventKind::kBreak) ++counters_.breaks;
  if (event.kind == EventKind::kStatus) states_[index(id)].trading = event.code;
}

void EventBooks::change_order(const MarketEvent& event, InstrumentId id, Told& told) {
  // An execution is a trade, whether or not the order is known.
  const bool executed = event.kind == EventKind::kExecute;
  if (executed) trade(event, id, told);
  if (!booked_by(Model::kOrders, id, told)) return;
  if (event.kind == EventKind::kModify) return modify(event, id, told);
  if (event.kind == EventKind::kAdd) {
    if (!has_side(event)) {
      ++counters_.no_side;
      return flag(id);
    }
    const BookChange added =
        orders_.add(id, event.order, side_of(event), event.qty, {event.price});
    count(added.status, id);
    return take(added, id, 1, told);
  }
  if (event.kind == EventKind::kReplace) {
    const BookReplacement replaced =
        orders_.replace(event.order, event.other, event.qty, {event.price});
    count(replaced.status(), id);
    take(replaced.removed, id, -1, told);
    if (replaced.removed.applied()) take(replaced.added, id, 1, told);
    return;
  }
  if (event.kind == EventKind::kDelete) {
    const BookChange removed = orders_.remove(event.order);
    count(removed.status, id);
    return take(removed, id, -1, told);
  }
  const BookChange reduced = orders_.reduce(event.order, event.qty);
  count(reduced.status, id);
  take(reduced, id, event.qty >= reduced.order_qty ? -1 : 0, told);
  if (executed && reduced.applied()) {
    if (told.trade.price == kNoPrice) told.trade.price = reduced.price;
    told.trade.aggressor = event::event_side(opposite(reduced.side));
  }
}

void EventBooks::modify(const MarketEvent& event, InstrumentId id, Told& told) {
  OrderView now;
  if (!orders_.find(event.order, now)) return count(BookStatus::kUnknownOrder, id);
  if (event.qty <= 0) {
    const BookChange removed = orders_.remove(event.order);
    count(event.qty == 0 ? removed.status : BookStatus::kZeroQuantity, id);
    return take(removed, id, -1, told);
  }
  const bool in_place = (event.flags & event::kKeepsPlace) != 0;
  const bool by_rule = (event.flags & event::kPlaceByRule) != 0;
  if ((in_place || by_rule) && now.price.value == event.price && event.qty <= now.qty) {
    if (event.qty == now.qty) return count(BookStatus::kOk, id);
    const BookChange reduced = orders_.reduce(event.order, now.qty - event.qty);
    count(reduced.status, id);
    return take(reduced, id, 0, told);
  }
  if (in_place) ++counters_.lost_places;
  const BookReplacement moved =
      orders_.replace(event.order, event.order, event.qty, {event.price});
  count(moved.status(), id);
  take(moved.removed, id, -1, told);
  if (moved.removed.applied()) take(moved.added, id, 1, told);
}

void EventBooks::change_level(const MarketEvent& event, InstrumentId id, Told& told) {
  if (!has_side(event)) {
    ++counters_.no_side;
    return flag(id);
  }
  const bool is_touch = event.kind == EventKind::kTouch;
  if (!booked_by(is_touch ? Model::kTouches : Model::kLevels, id, told)) return;
  const Side side = side_of(event);
  const Price price{event.price};
  if (!is_touch) {
    const BookStatus status = levels_.set(id, side, price, event.qty);
    count(status, id);
    if (status != BookStatus::kOk) return;
    told.levels[told.level_count++] = {id, side, price, event.qty, 0};
  } else {
    const Touch before = levels_.touch(id);
    const BookStatus status = levels_.set_touch(id, side, price, event.qty);
    count(status, id);
    if (status != BookStatus::kOk) return;
    const Touch after = levels_.touch(id);
    if (before.price(side) != kNoPrice && before.price(side) != after.price(side)) {
      told.levels[told.level_count++] = {id, side, before.price(side), 0, 0};
    }
    if (after.price(side) != kNoPrice) {
      told.levels[told.level_count++] = {id, side, price, event.qty, 0};
    }
  }
  states_[index(id)].changed = true;
}

void EventBooks::trade(const MarketEvent& event, InstrumentId id, Told& told) {
  if (event.qty == 0) return;  // an auction in which nothing traded
  ++counters_.trades;
  told.traded = true;
  told.trade = {id, {event.price}, event.qty, event.side, event.flags, event.other};
  if (event.kind == EventKind::kExecute && has_side(event)) {
    told.trade.aggressor = event::event_side(opposite(side_of(event)));
  }
}

void EventBooks::clear_side(InstrumentId id, Side side, Price price) {
  levels_.clear(id, side, price);
  LevelView best;
  OrderView first;
  while (orders_.level(id, side, 0, best) && !better(side, price, best.price) &&
         orders_.queue(id, side, best.price, &first, 1) == 1) {
    orders_.remove(first.reference);
  }
}

void EventBooks::clear_whole(InstrumentId id) {
  orders_.clear(id);
  orders_.unflag(id);
  levels_.clear(id);
}

void EventBooks::clear_book(const MarketEvent& event, InstrumentId id, Told& told) {
  const auto clear_one = [&](InstrumentId one) {
    states_[index(one)].changed = true;
    if (!has_side(event)) return clear_whole(one);
    const Side side = side_of(event);
    const Price worst{side == Side::kBuy ? 0 : kNoPrice.value};
    clear_side(one, side, event.price == kNoPrice.value ? worst : Price{event.price});
  };
  told.reload = true;
  if (index(id) != 0) return clear_one(id);
  for (int i = 1; i < kInstruments; ++i) {
    if (states_[i].model != Model::kNone) {
      clear_one(InstrumentId{static_cast<std::uint16_t>(i)});
    }
  }
}

}  // namespace pyscalp::book
