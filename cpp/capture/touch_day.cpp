#include "capture/touch_day.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace pyscalp::capture {

namespace {

namespace itch = wire::itch;
using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::int64_t kE4 = 100'000;  ///< 1e-4 in 1e-9
constexpr std::uint64_t kMarketOpen = 34'200'000'000'000;
constexpr std::uint64_t kMarketClose = 57'600'000'000'000;
constexpr std::uint64_t kLastStamp = (std::uint64_t{1} << 48) - 1;
constexpr std::uint32_t kPriceMax = 1'999'999'900;  ///< ITCH 5.0: 200,000, exclusive
constexpr char kOffExchange = 'D';                  ///< FINRA's facilities

std::uint32_t to_e4(std::int64_t price, bool up) {
  return static_cast<std::uint32_t>((price + (up ? kE4 - 1 : 0)) / kE4);
}

bool sayable(const MarketEvent& event) {
  return event.price >= kE4 && event.price <= kE4 * kPriceMax && event.qty > 0 &&
         event.qty <= std::numeric_limits<std::uint32_t>::max();
}

char cross_type(std::uint64_t conditions) {
  if ((conditions & sale::kOpening) != 0) return 'O';
  if ((conditions & sale::kClosing) != 0) return 'C';
  return (conditions & sale::kReopening) != 0 ? 'H' : 'I';
}

void count(TouchDayCounters::Trades& of, std::uint64_t shares) {
  ++of.count;
  of.shares += shares;
}

}  // namespace

TouchDay::TouchDay(const std::vector<std::string>& symbols)
    : counters_(symbols.size()) {
  if (symbols.empty() || symbols.size() > 0xFFFF) {
    throw std::invalid_argument("a day has from 1 to 65,535 instruments");
  }
  for (const std::string& symbol : symbols) {
    if (symbol.empty() || symbol.size() > 8) {
      throw std::invalid_argument("\"" + symbol + "\" is no symbol: 1 to 8 characters");
    }
    instruments_.push_back({itch::Symbol(symbol), {}, 0, Side::kBuy});
  }
}

template <class Message>
void TouchDay::send(const Message& message) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + 2 + Message::kSize);
  store_be(bytes_.data() + at, static_cast<std::uint16_t>(Message::kSize));
  itch::encode(message, bytes_.data() + at + 2);
}

void TouchDay::system(char event, std::uint64_t time) {
  send(itch::SystemEvent{{0, 0, time}, event});
}

void TouchDay::open(std::uint64_t first) {
  time_ = first;
  system('O', first);
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    itch::StockDirectory directory;
    directory.header = header(static_cast<std::uint16_t>(i + 1));
    directory.stock = instruments_[i].symbol;
    send(directory);
    itch::TradingAction action;
    action.header = directory.header;
    action.stock = directory.stock;
    action.state = 'T';
    send(action);
  }
  system('S', first);
  stage_ = 1;
}

/// Sends the system events that are due by `time`.
void TouchDay::reach(std::uint64_t time) {
  if (stage_ == 0) open(std::min(time, kMarketOpen));
  if (stage_ == 1 && time >= kMarketOpen) {
    system('Q', kMarketOpen);
    stage_ = 2;
  }
  if (stage_ == 2 && time >= kMarketClose) {
    system('M', kMarketClose);
    stage_ = 3;
  }
}

/// Brings the day to `time`, which is not before `time_`.
void TouchDay::advance(std::uint64_t time) {
  settle(time);
  reach(time);
  time_ = time;
}

/// Lets the quotes stand again whose time has come.
void TouchDay::settle(std::uint64_t time) {
  const std::uint16_t locate = locate_;
  while (!settlements_.empty() && settlements_.front().at <= time) {
    const Settlement due = settlements_.front();
    settlements_.pop_front();
    Queue& queue = instruments_[due.locate - 1U].queues[index(due.side)];
    if (queue.settles != due.at) continue;
    queue.settles = 0;
    if (queue.shares >= queue.quoted) continue;
    locate_ = due.locate;
    reach(due.at);
    time_ = due.at;
    const std::uint64_t shares = queue.quoted - queue.shares;
    count(counters_[locate_ - 1U].restored, shares);
    add(queue, due.side, queue.price_e4, shares);
  }
  locate_ = locate;
}

std::vector<std::byte> TouchDay::finish() {
  advance(std::max(time_, kMarketClose));
  system('E', time_);
  system('C', time_);
  return std::move(bytes_);
}

void TouchDay::take(const MarketEvent& event) {
  if (event.instrument == 0 || event.instrument > instruments_.size()) return;
  locate_ = static_cast<std::uint16_t>(event.instrument);
  TouchDayCounters& counters = counters_[locate_ - 1U];
  const std::uint64_t time =
      std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(event.venue_time, 0)),
               kLastStamp);
  if (time < time_) ++counters.backward;
  advance(std::max(time, time_));
  switch (event.kind) {
    case EventKind::kTouch:
      quote(event);
      break;
    case EventKind::kTrade:
      trade(event);
      break;
    case EventKind::kOther:
      ++counters.suspicious;
      break;
    default:
      break;
  }
}

void TouchDay::quote(const MarketEvent& event) {
  Instrument& at = instruments_[locate_ - 1U];
  TouchDayCounters& counters = counters_[locate_ - 1U];
  const bool empty = event.price == kNoPrice.value || event.qty == 0;
  if (event.side == EventSide::kNone || (!empty && !sayable(event))) {
    ++counters.refused;
    return;
  }
  ++counters.quotes;
  const Side side = event.side == EventSide::kBuy ? Side::kBuy : Side::kSell;
  Queue& queue = at.queues[index(side)];
  const auto shares = empty ? 0 : static_cast<std::uint64_t>(event.qty);
  if (empty) {
    shrink(queue, queue.shares);
    queue = {};
  } else {
    if (event.price % kE4 != 0) ++counters.quotes_rounded;
    const std::uint32_t price_e4 = to_e4(event.price, side == Side::kSell);
    if (price_e4 == queue.price_e4 || queue.shares == 0) {
      queue.price_e4 = price_e4;
      if (shares > queue.shares) add(queue, side, price_e4, shares - queue.shares);
      if (shares < queue.shares) shrink(queue, queue.shares - shares);
    } else {
      Queue fresh;
      fresh.price_e4 = price_e4;
      add(fresh, side, price_e4, shares);
      shrink(queue, queue.shares);
      queue = std::move(fresh);
    }
    queue.quoted = shares;
    queue.settles = 0;
  }
  const std::uint32_t bid = at.queues[index(Side::kBuy)].price_e4;
  const std::uint32_t ask = at.queues[index(Side::kSell)].price_e4;
  if (bid == 0 || ask == 0) return;
  if (bid == ask) ++counters.locked;
  if (bid > ask) ++counters.crossed;
}

void TouchDay::add(Queue& queue, Side side, std::uint32_t price_e4,
                   std::uint64_t shares) {
  itch::AddOrder message;
  message.header = header(locate_);
  message.reference = ++reference_;
  message.side = side == Side::kBuy ? 'B' : 'S';
  message.shares = static_cast<std::uint32_t>(shares);
  message.stock = instruments_[locate_ - 1U].symbol;
  message.price_e4 = price_e4;
  send(message);
  queue.orders.push_back({message.reference, message.shares});
  queue.shares += shares;
}

void TouchDay::shrink(Queue& queue, std::uint64_t shares) {
  queue.shares -= shares;
  while (shares > 0) {
    Order& last = queue.orders.back();
    if (last.shares > shares) {
      last.shares -= static_cast<std::uint32_t>(shares);
      send(itch::OrderCancel{header(locate_), last.reference,
                             static_cast<std::uint32_t>(shares)});
      return;
    }
    shares -= last.shares;
    send(itch::OrderDelete{header(locate_), last.reference});
    queue.orders.pop_back();
  }
  if (queue.shares == 0) queue.orders.clear(), queue.first = 0;
}

std::uint32_t TouchDay::execute(Queue& queue, Side side, std::uint32_t price_e4,
                                std::uint32_t shares) {
  std::uint32_t taken = 0;
  while (taken < shares && queue.shares > 0) {
    Order& first = queue.orders[queue.first];
    const std::uint32_t now = std::min(shares - taken, first.shares);
    ++match_;
    if (price_e4 == queue.price_e4) {
      send(itch::OrderExecuted{header(locate_), first.reference, now, match_});
    } else {
      send(itch::OrderExecutedWithPrice{header(locate_), first.reference, now, match_,
                                        'Y', price_e4});
    }
    first.shares -= now;
    queue.shares -= now;
    taken += now;
    if (first.shares == 0) ++queue.first;
  }
  queue.settles = time_ + kSettle;
  settlements_.push_back({queue.settles, locate_, side});
  if (queue.shares == 0) queue.orders.clear(), queue.first = 0;
  return taken;
}

void TouchDay::trade(const MarketEvent& event) {
  TouchDayCounters& counters = counters_[locate_ - 1U];
  if (!sayable(event)) {
    ++counters.refused;
    return;
  }
  const auto shares = static_cast<std::uint32_t>(event.qty);
  if ((event.other & sale::kOfficial) != 0) return count(counters.official, shares);
  if (event.code == kOffExchange) return count(counters.off_exchange, shares);
  const auto price_e4 = static_cast<std::uint32_t>((event.price + kE4 / 2) / kE4);
  if (event.price % kE4 != 0) ++counters.trades_rounded;
  const std::uint64_t special = event.other & ~sale::kContinuous;
  if ((special & sale::kAuction) != 0) {
    count(counters.auction, shares);
    return send(itch::CrossTrade{header(locate_), shares,
                                 instruments_[locate_ - 1U].symbol, price_e4, ++match_,
                                 cross_type(event.other)});
  }
  if (special != 0) return count(counters.untimely, shares);
  continuous(instruments_[locate_ - 1U], price_e4, shares);
}

void TouchDay::continuous(Instrument& at, std::uint32_t price_e4,
                          std::uint32_t shares) {
  TouchDayCounters& counters = counters_[locate_ - 1U];
  Queue& bid = at.queues[index(Side::kBuy)];
  Queue& ask = at.queues[index(Side::kSell)];
  const bool on_bid = bid.shares > 0 && price_e4 <= bid.price_e4;
  const bool on_ask = ask.shares > 0 && price_e4 >= ask.price_e4;
  if (on_bid && on_ask) {
    if (price_e4 < at.last_trade_e4) at.last_hit = Side::kBuy;
    if (price_e4 > at.last_trade_e4) at.last_hit = Side::kSell;
  } else if (on_bid || on_ask) {
    at.last_hit = on_bid ? Side::kBuy : Side::kSell;
  }
  at.last_trade_e4 = price_e4;
  if (on_bid || on_ask) {
    Queue& queue = at.queues[index(at.last_hit)];
    const bool beyond = price_e4 != queue.price_e4;
    const std::uint32_t taken = execute(queue, at.last_hit, price_e4, shares);
    count(beyond ? counters.beyond : counters.at_touch, taken);
    shares -= taken;
  }
  if (shares == 0) return;
  count(counters.undisplayed, shares);
  itch::Trade message;
  message.header = header(locate_);
  message.side = 'B';
  message.shares = shares;
  message.stock = at.symbol;
  message.price_e4 = price_e4;
  message.match = ++match_;
  send(message);
}

}  // namespace pyscalp::capture
