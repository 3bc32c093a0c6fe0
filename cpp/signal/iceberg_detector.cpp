#include "signal/iceberg_detector.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace pyscalp::signal {
namespace {

/// Of an iceberg's slices, those that are full.
constexpr double kFullShare = 0.9;
/// Of traders who come back, those who show the same size again.
constexpr double kSameAgain = 0.3;
/// A hidden order trades twice as often where an iceberg stands.
const double kHiddenOdds = std::log(2.0);
/// Executions that the stated shares count for.
constexpr double kChanceWeight = 1000.0;
/// A trade against a hidden order speaks for an iceberg that is found so much later.
constexpr MonoNanos kPrintHolds = seconds(10);

bool probability(double p) { return p > 0.0 && p < 1.0; }
double log_odds_of(double p) { return std::log(p / (1.0 - p)); }

}  // namespace

double HiddenOrder::belief() const { return 1.0 / (1.0 + std::exp(-log_odds)); }

bool IcebergDetector::valid(const Options& options) {
  return probability(options.threshold) && probability(options.prior) &&
         options.at_once > 0.0 && options.at_once <= 1.0 &&
         probability(options.at_once_by_chance) &&
         options.refill_within >= MonoNanos{} && options.refill_within <= seconds(1) &&
         (options.refill_within == MonoNanos{} || options.at_once < 1.0) &&
         probability(options.late_by_chance) && options.slice_spread >= 0.0 &&
         options.slice_spread <= 0.5;
}

IcebergDetector::IcebergDetector(const Options& options)
    : options_(options),
      threshold_(log_odds_of(options.threshold)),
      prior_(log_odds_of(options.prior)) {
  assert(valid(options));
}

std::span<const Sighting> IcebergDetector::on_order(const book::OrderEvent& event,
                                                    UnixNanos venue_time) {
  using Kind = book::OrderEvent::Kind;
  said_ = 0;
  ++events_;
  latest_ = std::max(latest_, venue_time);
  bool refilled = false;
  if (waiting_ > 0) {
    refilled = event.kind == Kind::kAdded && refill(event, venue_time);
    settle();
  }
  switch (event.kind) {
    case Kind::kAdded:
      if (!refilled) {
        ++sizes_[static_cast<std::size_t>(event.qty) % kSizes];
        ++sized_;
      }
      break;
    case Kind::kExecuted:
      execute(event, venue_time);
      break;
    case Kind::kReduced:
    case Kind::kRemoved:
      take_off(event);
      break;
  }
  return {sightings_.data(), said_};
}

void IcebergDetector::on_trade(const Trade& trade) {
  if (!trade.hidden) return;
  prints_[next_print_] = {trade.price, trade.venue_time};
  next_print_ = (next_print_ + 1) % kPrints;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    Half& half = halves_[index(side)];
    for (std::size_t i = 0; half.count > 0 && i < kOrders; ++i) {
      HiddenOrder& order = half.orders[i];
      if (!half.used[i] || order.price != trade.price) continue;
      order.hidden += trade.qty;
      if (order.hidden_traded) continue;
      order.hidden_traded = true;
      order.log_odds += kHiddenOdds;
      look_for_wall(side);
    }
  }
}

void IcebergDetector::reset() {
  IcebergDetector fresh(options_);
  fresh.counts_ = counts_;
  fresh.unfollowed_ = unfollowed_;
  fresh.at_once_by_chance_ = at_once_by_chance_;
  fresh.late_by_chance_ = late_by_chance_;
  *this = fresh;
}

/// Whether `event`, a new order, refills one that waits; the one that was executed just
/// before it comes first, then the latest.
bool IcebergDetector::refill(const book::OrderEvent& event, UnixNanos time) {
  Half& half = halves_[index(event.side)];
  Taken* best = nullptr;
  bool best_at_once = false;
  bool best_alike = false;
  for (Taken& taken : half.taken) {
    if (!taken.waiting || taken.price != event.price) continue;
    const bool at_once = taken.event + 1 == events_ && taken.time == time;
    if (!at_once && due(taken)) continue;
    const auto width =
        static_cast<Qty>(options_.slice_spread * static_cast<double>(taken.slice));
    if (event.qty > taken.slice + width) continue;
    const bool alike = event.qty >= taken.slice - width;
    if (!alike && !at_once) continue;
    if (best != nullptr && taken.event < best->event) continue;
    best = &taken;
    best_at_once = at_once;
    best_alike = alike;
  }
  if (best == nullptr) return false;
  best->waiting = false;
  --waiting_;
  link(*best, best_at_once, best_alike, event, time);
  return true;
}

void IcebergDetector::link(const Taken& taken, bool at_once, bool alike,
                           const book::OrderEvent& event, UnixNanos time) {
  Half& half = halves_[index(event.side)];
  const bool known = taken.order != kNone;
  const int at = known ? taken.order : make_room(event.side);
  HiddenOrder& order = half.orders[static_cast<std::size_t>(at)];
  if (!known) {
    order = HiddenOrder{};
    order.price = event.price;
    order.side = event.side;
    order.executed = taken.slice;
    order.slice = taken.slice;
    order.first = taken.time;
    order.log_odds = prior_ + (printed(event.price) ? kHiddenOdds : 0.0);
  }
  const bool before = known && believed(order);
  if (before) {
    counts_.count(order.refills,
                  alike ? SliceCounts::Next::kFull : SliceCounts::Next::kSmaller);
  }
  order.log_odds += time_odds(at_once) + size_odds(order.slice, alike);
  ++order.refills;
  if (!at_once) ++order.late;
  order.reference = event.reference;
  if (alike) order.slice = event.qty;
  order.shown = order.open = event.qty;
  order.last = !alike;
  order.waiting = order.hidden_traded = false;
  order.refilled = time;
  order.reserve = order.last ? 0.0
                             : (counts_.expected(order.refills) - 1.0) *
                                   static_cast<double>(order.slice);
  half.references[static_cast<std::size_t>(at)] = event.reference;
  look_for_wall(event.side);
  say(Sighting::Kind::kRefilled, before, order);
}

/// Ends the wait for refills that can come no more.
void IcebergDetector::settle() {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    for (Taken& taken : halves_[index(side)].taken) {
      if (taken.waiting && due(taken)) expire(side, taken);
    }
  }
}

/// Whether a refill that has not come yet comes no more.
bool IcebergDetector::due(const Taken& taken) const {
  return options_.refill_within == MonoNanos{} ||
         latest_.value - taken.time.value > options_.refill_within.value;
}

void IcebergDetector::expire(Side side, Taken& taken) {
  taken.waiting = false;
  --waiting_;
  if (taken.order != kNone) end(side, taken.order, Sighting::Kind::kExhausted);
}

void IcebergDetector::execute(const book::OrderEvent& event, UnixNanos time) {
  Half& half = halves_[index(event.side)];
  const int at = find(half, event.reference);
  if (at == kNone) {
    const Qty size = whole_size(half, event);
    if (event.order_qty > 0) return;
    unfollowed_ += 1.0;
    return wait(half, {true, kNone, event.price, size, time, events_});
  }
  HiddenOrder& order = half.orders[static_cast<std::size_t>(at)];
  order.open -= event.qty;
  order.executed += event.qty;
  if (event.order_qty > 0) return;
  if (order.last) {
    // What looked like a last slice may have been the first of another chain.
    wait(half, {true, kNone, event.price, order.shown, time, events_});
    return end(event.side, at, Sighting::Kind::kExhausted);
  }
  half.references[static_cast<std::size_t>(at)] = 0;
  order.waiting = true;
  wait(half, {true, at, event.price, order.slice, time, events_});
  look_for_wall(event.side);
}

void IcebergDetector::take_off(const book::OrderEvent& event) {
  Half& half = halves_[index(event.side)];
  const int at = find(half, event.reference);
  if (at == kNone) return;
  HiddenOrder& order = half.orders[static_cast<std::size_t>(at)];
  if (event.order_qty == 0) {
    return end(event.side, at, Sighting::Kind::kWithdrawn);
  }
  const bool before = believed(order);
  order.open -= event.qty;
  order.shown -= event.qty;
  order.last = true;
  order.reserve = 0.0;
  look_for_wall(event.side);
  say(Sighting::Kind::kUncovered, before, order);
}

void IcebergDetector::wait(Half& half, const Taken& taken) {
  Taken& place = half.taken[half.next_taken];
  half.next_taken = (half.next_taken + 1) % kTaken;
  if (place.waiting) expire(&half == &halves_[0] ? Side::kBuy : Side::kSell, place);
  place = taken;
  ++waiting_;
}

/// What the order that `event` executes was in whole, as far as it is remembered.
Qty IcebergDetector::whole_size(Half& half, const book::OrderEvent& event) {
  for (Part& part : half.parts) {
    if (part.reference != event.reference) continue;
    part.executed += event.qty;
    const Qty size = part.executed;
    if (event.order_qty == 0) part = {};
    return size;
  }
  if (event.order_qty > 0) {
    half.parts[half.next_part] = {event.reference, event.qty};
    half.next_part = (half.next_part + 1) % kParts;
  }
  return event.qty;
}

void IcebergDetector::end(Side side, int at, Sighting::Kind kind) {
  Half& half = halves_[index(side)];
  const auto place = static_cast<std::size_t>(at);
  HiddenOrder& order = half.orders[place];
  const bool before = believed(order);
  if (before && kind == Sighting::Kind::kExhausted && !order.last) {
    counts_.count(order.refills, SliceCounts::Next::kNone);
  }
  if (!before && kind == Sighting::Kind::kExhausted) {
    at_once_by_chance_ += order.refills - order.late;
    late_by_chance_ += order.late;
  }
  order.reserve = 0.0;
  if (kind == Sighting::Kind::kWithdrawn) order.open = 0;
  half.used[place] = false;
  half.references[place] = 0;
  --half.count;
  look_for_wall(side);
  say(kind, before, order);
}

void IcebergDetector::say(Sighting::Kind kind, bool believed_before,
                          const HiddenOrder& order) {
  sightings_[said_++] = {kind, believed_before, order};
}

int IcebergDetector::find(const Half& half, std::uint64_t reference) const {
  if (half.count == 0) return kNone;
  for (std::size_t i = 0; i < kOrders; ++i) {
    if (half.references[i] == reference && half.used[i] && !half.orders[i].waiting) {
      return static_cast<int>(i);
    }
  }
  return kNone;
}

/// A free place, or that of the order least believed in.
int IcebergDetector::make_room(Side side) {
  Half& half = halves_[index(side)];
  std::size_t place = kOrders;
  for (std::size_t i = 0; i < kOrders; ++i) {
    if (!half.used[i]) {
      half.used[i] = true;
      ++half.count;
      return static_cast<int>(i);
    }
    if (place == kOrders || half.orders[i].log_odds < half.orders[place].log_odds) {
      place = i;
    }
  }
  ++forgotten_;
  for (Taken& taken : half.taken) {
    if (taken.waiting && taken.order == static_cast<int>(place)) taken.order = kNone;
  }
  return static_cast<int>(place);
}

void IcebergDetector::look_for_wall(Side side) {
  const Half& half = halves_[index(side)];
  int best = kNone;
  for (std::size_t i = 0; i < kOrders; ++i) {
    const HiddenOrder& order = half.orders[i];
    if (!half.used[i] || order.waiting || order.last || !believed(order)) continue;
    if (best == kNone ||
        better(side, order.price, half.orders[static_cast<std::size_t>(best)].price)) {
      best = static_cast<int>(i);
    }
  }
  walls_[index(side)] = best;
}

double IcebergDetector::time_odds(bool at_once) const {
  const double share = at_once ? options_.at_once : 1.0 - options_.at_once;
  const double stated = at_once ? options_.at_once_by_chance : options_.late_by_chance;
  const double seen = at_once ? at_once_by_chance_ : late_by_chance_;
  const double by_chance =
      (kChanceWeight * stated + seen) / (kChanceWeight + unfollowed_);
  return std::log(share / by_chance);
}

double IcebergDetector::size_odds(Qty slice, bool alike) const {
  const double among_all =
      (static_cast<double>(sizes_[static_cast<std::size_t>(slice) % kSizes]) + 1.0) /
      (static_cast<double>(sized_) + static_cast<double>(kSizes));
  const double again =
      kSameAgain + (1.0 - kSameAgain) * std::max(among_all, options_.slice_spread);
  return alike ? std::log(kFullShare / again)
               : std::log((1.0 - kFullShare) / (0.5 * (1.0 - again)));
}

bool IcebergDetector::printed(Price price) const {
  for (const Print& print : prints_) {
    if (print.price == price && latest_.value - print.time.value <= kPrintHolds.value)
      return true;
  }
  return false;
}

}  // namespace pyscalp::signal
