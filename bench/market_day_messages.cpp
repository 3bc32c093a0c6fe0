// What the messages of a MarketDay say: which order, what price, how long.
#include <algorithm>

#include "bench/market_day.hpp"

namespace pyscalp::bench {

namespace {

constexpr PriceE4 kDollar = 10'000;
constexpr std::int64_t kMaxPrice = 1'999'999'900;
constexpr std::int64_t kFarTicks = 16;  ///< where "far from the touch" begins

constexpr std::int64_t tick_at(std::int64_t price) { return price < kDollar ? 1 : 100; }

/// The nearest valid price that is no more aggressive.
PriceE4 snap(std::int64_t price, Side side) {
  price = std::clamp<std::int64_t>(price, 1, kMaxPrice);
  const std::int64_t over = price < kDollar ? 0 : price % 100;
  if (over == 0) return static_cast<PriceE4>(price);
  return static_cast<PriceE4>(side == Side::kBuy ? price - over : price + 100 - over);
}

}  // namespace

wire::itch::Header MarketDay::header(std::uint16_t instrument) {
  ++activity_[instrument];
  last_instrument_ = instrument;
  wire::itch::Header header;
  header.locate = static_cast<std::uint16_t>(instrument + 1);
  header.timestamp_ns = now_ns_;
  return header;
}

wire::itch::Header MarketDay::market_header() {
  wire::itch::Header header;
  header.timestamp_ns = now_ns_;
  return header;
}

void MarketDay::turn() {
  while (!expiries_.empty() &&
         market_.order(expiries_.top().place).reference != expiries_.top().reference) {
    expiries_.pop();  // executed or replaced before it was due
  }
  const bool due = !expiries_.empty() && expiries_.top().due_ns <= now_ns_;
  if (due && random_.chance(0.85)) return delete_order(expiries_.top().place);
  const std::uint64_t target = target_live();
  const std::uint64_t slack = 64 + target / 64;
  if (market_.alive() > target && random_.below(slack) < market_.alive() - target) {
    if (!patient_.empty()) {
      const std::uint64_t which = random_.below(patient_.size());
      return delete_order(patient_[which]);
    }
    if (!expiries_.empty()) return delete_order(expiries_.top().place);
  }
  add_order(draw_instrument(), false);
}

void MarketDay::add_order(std::uint16_t instrument, bool opening) {
  if (!opening) draw_middle(instrument);
  const Side side = draw_side();
  const bool far = random_.chance(opening ? 0.6 : 0.13);
  const bool patient = opening || random_.chance(far ? 0.72 : 0.03);
  RestingOrder order;
  order.instrument = instrument;
  order.side = side;
  order.price = draw_price(instrument, side, far);
  order.shares = draw_shares();
  order.reference = draw_reference(instrument);
  if (far && !opening) ++far_adds_;
  keep(market_.add(order), patient);
  wire::itch::AddOrder message;
  message.header = header(instrument);
  message.reference = order.reference;
  message.side = side == Side::kBuy ? 'B' : 'S';
  message.shares = order.shares;
  message.stock = instruments_[instrument].symbol;
  message.price_e4 = order.price;
  if (!random_.chance(0.012)) return send(message);
  constexpr const char* kFirms[] = {"GSCO", "MSCO", "UBSS", "NITE"};
  wire::itch::AddOrderMpid named;
  named.header = message.header;
  named.reference = message.reference;
  named.side = message.side;
  named.shares = message.shares;
  named.stock = message.stock;
  named.price_e4 = message.price_e4;
  named.mpid = Text<4>(kFirms[random_.below(4)]);
  send(named);
}

void MarketDay::delete_order(std::uint32_t place) {
  const RestingOrder order = market_.order(place);
  drop(place);
  wire::itch::OrderDelete message;
  message.header = header(order.instrument);
  message.reference = order.reference;
  send(message);
}

/// The old order's side; a new place near the touch. Patient orders stay patient.
bool MarketDay::replace_order() {
  const std::uint16_t instrument = draw_instrument();
  const std::uint32_t place = draw_order(instrument);
  if (place == RestingMarket::kNone) return false;
  const RestingOrder old = market_.order(place);
  drop(place);
  RestingOrder order = old;
  order.price = draw_price(instrument, old.side, false);
  if (random_.chance(0.3)) order.shares = draw_shares();
  order.reference = draw_reference(instrument);
  keep(market_.add(order), old.patient);
  wire::itch::OrderReplace message;
  message.header = header(instrument);
  message.old_reference = old.reference;
  message.new_reference = order.reference;
  message.shares = order.shares;
  message.price_e4 = order.price;
  send(message);
  return true;
}

bool MarketDay::cancel_shares() {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::uint16_t instrument = draw_instrument();
    const std::uint32_t place = draw_order(instrument);
    if (place == RestingMarket::kNone || market_.order(place).shares < 2) continue;
    wire::itch::OrderCancel message;
    message.header = header(instrument);
    message.reference = market_.order(place).reference;
    const std::uint64_t most = market_.order(place).shares - 1;
    message.cancelled = static_cast<std::uint32_t>(1 + random_.below(most));
    market_.reduce(place, message.cancelled);
    send(message);
    return true;
  }
  return false;
}

/// Takes the front of the queue at the best price, 7 of 10 times wholly. The side is
/// the one that the middle has moved into, if it has; 4 of 10 go on with the sweep.
bool MarketDay::execute(bool at_other_price) {
  std::uint16_t instrument = draw_instrument();
  Side side = draw_side();
  if (sweeping_ && random_.chance(0.4)) {
    instrument = swept_;
    side = swept_side_;
  }
  const std::int64_t middle = instruments_[instrument].middle;
  const PriceE4 bid = market_.best(instrument, Side::kBuy);
  const PriceE4 ask = market_.best(instrument, Side::kSell);
  if (ask != 0 && ask <= middle) side = Side::kSell;
  if (bid != 0 && bid >= middle) side = Side::kBuy;
  if (market_.best(instrument, side) == 0) side = opposite(side);
  const std::uint32_t place = market_.first(instrument, side, 0);
  sweeping_ = place != RestingMarket::kNone;
  if (!sweeping_) return false;
  swept_ = instrument;
  swept_side_ = side;
  const RestingOrder order = market_.order(place);
  std::uint32_t shares = order.shares;
  if (shares > 1 && random_.chance(0.3)) {
    shares = static_cast<std::uint32_t>(1 + random_.below(shares - 1));
  }
  if (shares == order.shares) {
    drop(place);
  } else {
    market_.reduce(place, shares);
  }
  ++match_;
  wire::itch::OrderExecuted message;
  message.header = header(instrument);
  message.reference = order.reference;
  message.shares = shares;
  message.match = match_;
  if (!at_other_price) {
    send(message);
    return true;
  }
  wire::itch::OrderExecutedWithPrice priced;
  priced.header = message.header;
  priced.reference = message.reference;
  priced.shares = message.shares;
  priced.match = message.match;
  priced.printable = random_.chance(0.5) ? 'Y' : 'N';
  priced.price_e4 = snap(middle, side);
  send(priced);
  return true;
}

void MarketDay::hidden_trade() {
  const std::uint16_t instrument = draw_instrument();
  wire::itch::Trade message;
  message.header = header(instrument);
  message.shares = draw_shares();
  message.stock = instruments_[instrument].symbol;
  message.price_e4 = snap(instruments_[instrument].middle, Side::kBuy);
  message.match = ++match_;
  send(message);
}

void MarketDay::imbalance() {
  const std::uint16_t instrument = draw_instrument();
  wire::itch::NetOrderImbalance message;
  message.header = header(instrument);
  message.paired = draw_shares();
  message.imbalance = draw_shares();
  message.direction = random_.chance(0.5) ? 'B' : 'S';
  message.stock = instruments_[instrument].symbol;
  message.reference_e4 = snap(instruments_[instrument].middle, Side::kBuy);
  message.far_e4 = message.reference_e4;
  message.near_e4 = message.reference_e4;
  send(message);
}

/// An order that its owner may well change: few levels from the touch, mostly the
/// youngest there.
std::uint32_t MarketDay::draw_order(std::uint16_t instrument) {
  Side side = draw_side();
  if (market_.best(instrument, side) == 0) side = opposite(side);
  const auto depth = static_cast<std::size_t>(random_.geometric(0.35, 40));
  return random_.chance(0.7) ? market_.last(instrument, side, depth)
                             : market_.first(instrument, side, depth);
}

/// 15 % odd lots, 60 % one round lot, the rest some round lots.
std::uint32_t MarketDay::draw_shares() {
  const std::uint64_t draw = random_.below(100);
  if (draw < 15) return static_cast<std::uint32_t>(1 + random_.below(99));
  if (draw < 75) return 100;
  return static_cast<std::uint32_t>(200 + 100 * random_.geometric(0.3, 100));
}

Side MarketDay::draw_side() {
  return (random_.bits() >> 63) != 0 ? Side::kSell : Side::kBuy;
}

/// One tick up or down now and then; never far beyond a touch, so that an order there
/// is traded with before the market leaves it behind.
void MarketDay::draw_middle(std::uint16_t instrument) {
  if (!random_.chance(1.0 / 32)) return;
  std::int64_t& middle = instruments_[instrument].middle;
  const std::int64_t tick = tick_at(middle);
  if (random_.chance(0.5)) {
    const std::int64_t ask = market_.best(instrument, Side::kSell);
    if (middle < kMaxPrice / 2 && (ask == 0 || middle < ask + 8 * tick)) middle += tick;
  } else {
    const std::int64_t bid = market_.best(instrument, Side::kBuy);
    const std::int64_t below = middle - tick_at(middle - 1);
    if (middle > 200 && (bid == 0 || middle > bid - 8 * tick)) middle = below;
  }
}

PriceE4 MarketDay::draw_price(std::uint16_t instrument, Side side, bool far) {
  const Instrument& about = instruments_[instrument];
  const std::int64_t tick = tick_at(about.middle);
  const std::int64_t toward = sign(side);
  std::int64_t touch = about.middle - toward * about.half_spread * tick;
  const PriceE4 other = market_.best(instrument, opposite(side));
  if (other != 0) {
    // The best price that does not meet the other side.
    const std::int64_t limit =
        side == Side::kBuy ? other - tick_at(other - 1) : other + tick_at(other);
    touch = side == Side::kBuy ? std::min(touch, limit) : std::max(touch, limit);
  }
  if (far) return draw_far_price(touch, tick, side);
  // Mean 2.3 ticks behind the touch.
  const std::int64_t behind = random_.geometric(0.3, 60);
  return snap(touch - toward * behind * tick, side);
}

/// 16 ticks to about half the price away, each octave as likely; three of four prices
/// are round.
PriceE4 MarketDay::draw_far_price(std::int64_t touch, std::int64_t tick, Side side) {
  int octaves = 1;
  while (octaves < 12 && (kFarTicks << (octaves + 2)) <= touch / tick) ++octaves;
  const std::int64_t away = random_.over_octaves(kFarTicks, octaves) * tick;
  const std::int64_t price = std::max<std::int64_t>(touch - sign(side) * away, tick);
  const std::uint64_t kind = random_.below(4);
  const std::int64_t round = kind == 0 ? 1 : kind == 1 ? 5 : kind == 2 ? 10 : 100;
  const std::int64_t step = round * tick;
  if (price <= 2 * step) return snap(price, side);
  const std::int64_t over = price % step;
  if (over == 0) return snap(price, side);
  return snap(side == Side::kBuy ? price - over : price + step - over, side);
}

/// 64 us to 268 s, each octave as likely: half of these orders live less than 131 ms.
std::uint64_t MarketDay::draw_lifetime_ns() {
  return static_cast<std::uint64_t>(random_.over_octaves(64'000, 22));
}

/// Four partitions of the market number their own orders, each in a residue class of
/// its own, as on 2019-12-30: the step is 4 two times of three, else a greater multiple
/// of it. A market of fewer than four instruments has one partition.
std::uint64_t MarketDay::draw_reference(std::uint16_t instrument) {
  const auto steps = static_cast<std::uint64_t>(1 + random_.geometric(0.65, 100));
  std::uint64_t& reference = references_[instrument % partitions_];
  reference += partitions_ * steps;
  return reference;
}

void MarketDay::keep(std::uint32_t place, bool patient) {
  RestingOrder& order = market_.order(place);
  order.patient = patient;
  if (patient) {
    order.patient_place = static_cast<std::uint32_t>(patient_.size());
    patient_.push_back(place);
  } else {
    expiries_.push(Expiry{now_ns_ + draw_lifetime_ns(), order.reference, place});
  }
}

void MarketDay::drop(std::uint32_t place) {
  const RestingOrder& order = market_.order(place);
  if (order.patient) {
    patient_[order.patient_place] = patient_.back();
    market_.order(patient_.back()).patient_place = order.patient_place;
    patient_.pop_back();
  }
  market_.remove(place);
}

void MarketDay::instrument_status(std::uint16_t instrument) {
  wire::itch::TradingAction message;
  message.header = header(instrument);
  message.stock = instruments_[instrument].symbol;
  send(message);
}

void MarketDay::system_event(char event) {
  wire::itch::SystemEvent message;
  message.header = market_header();
  message.event = event;
  send(message);
}

}  // namespace pyscalp::bench
