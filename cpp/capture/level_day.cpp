#include "capture/level_day.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace pyscalp::capture {

namespace {

namespace itch = wire::itch;
using event::EventKind;
using event::EventSide;
using event::MarketEvent;

constexpr std::int64_t kDay = 86'400 * kNanosPerUnit;
constexpr std::uint64_t kLastStamp = (std::uint64_t{1} << 48) - 1;
constexpr std::int64_t kTicksMax = 1'999'999'900;  ///< ITCH 5.0: 200,000, exclusive
constexpr std::uint64_t kOrderMax = std::numeric_limits<std::uint32_t>::max();

}  // namespace

LevelDay::LevelDay(const std::vector<LevelInstrument>& instruments,
                   std::size_t levels_max)
    : counters_(instruments.size()), levels_max_(levels_max) {
  if (instruments.empty() || instruments.size() > 0xFFFF) {
    throw std::invalid_argument("a day has from 1 to 65,535 instruments");
  }
  for (const LevelInstrument& one : instruments) {
    if (one.symbol.empty() || one.symbol.size() > 8) {
      throw std::invalid_argument("\"" + one.symbol +
                                  "\" is no symbol: 1 to 8 characters");
    }
    if (one.tick <= 0 || one.step <= 0) {
      throw std::invalid_argument(one.symbol + ": tick and step must be above 0");
    }
    Instrument made;
    made.symbol = itch::Symbol(one.symbol);
    made.tick = one.tick;
    made.step = one.step;
    instruments_.push_back(std::move(made));
  }
}

template <class Message>
void LevelDay::send(const Message& message) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + 2 + Message::kSize);
  store_be(bytes_.data() + at, static_cast<std::uint16_t>(Message::kSize));
  itch::encode(message, bytes_.data() + at + 2);
}

void LevelDay::system(char event) { send(itch::SystemEvent{header(0), event}); }

void LevelDay::open() {
  system('O');
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    itch::StockDirectory directory;
    directory.header = header(static_cast<std::uint16_t>(i + 1));
    directory.stock = instruments_[i].symbol;
    directory.round_lot = 1;
    send(directory);
    itch::TradingAction action;
    action.header = directory.header;
    action.stock = directory.stock;
    action.state = 'T';
    send(action);
  }
  system('S');
  system('Q');
}

/// Brings the day to an event's time, behind the event before; one without a time
/// happens at the last.
void LevelDay::reach(std::int64_t venue_time) {
  if (midnight_ < 0) {
    if (venue_time <= 0) return;
    midnight_ = venue_time - venue_time % kDay;
    time_ = told_ = static_cast<std::uint64_t>(venue_time - midnight_);
    open();
  } else if (venue_time > 0) {
    const std::int64_t since = std::max<std::int64_t>(venue_time - midnight_, 0);
    const auto told = std::min(static_cast<std::uint64_t>(since), kLastStamp);
    if (told < told_) ++counters_[locate_ - 1U].backward;
    told_ = std::max(told, told_);
  }
  time_ = std::min(std::max(told_, time_ + 1), kLastStamp);
}

std::vector<std::byte> LevelDay::finish() {
  if (midnight_ < 0) open();
  for (const char event : {'M', 'E', 'C'}) system(event);
  return std::move(bytes_);
}

void LevelDay::take(const MarketEvent& event) {
  if (event.instrument == 0 || event.instrument > instruments_.size()) return;
  locate_ = static_cast<std::uint16_t>(event.instrument);
  Instrument& at = instruments_[locate_ - 1U];
  LevelDayCounters& counters = counters_[locate_ - 1U];
  if (event.kind == EventKind::kClear) {
    // A snapshot tells no time of its own on every market: the receipt's will do.
    reach(event.venue_time > 0 || midnight_ >= 0 ? event.venue_time
                                                 : event.receipt_time);
    at.started = at.snapshot = true;
    at.changes.clear();
    ++counters.snapshots;
  }
  const bool useful =
      event.kind == EventKind::kLevel || event.kind == EventKind::kTrade;
  if (useful && !at.started) {
    ++counters.early;
    return;
  }
  if (event.kind == EventKind::kLevel) {
    depth(event);
  } else if (event.kind == EventKind::kTrade) {
    reach(event.venue_time);
    trade(event);
  }
  const bool of_depth =
      event.kind == EventKind::kLevel || event.kind == EventKind::kClear;
  if (of_depth && (event.flags & event::kLast) != 0) {
    reach(event.venue_time);
    ++counters.updates;
    apply(at);
  }
}

void LevelDay::depth(const MarketEvent& event) {
  Instrument& at = instruments_[locate_ - 1U];
  LevelDayCounters& counters = counters_[locate_ - 1U];
  ++counters.levels;
  if (event.side == EventSide::kNone || event.price <= 0 ||
      event.price % at.tick != 0 || event.price / at.tick > kTicksMax ||
      event.qty < 0) {
    ++counters.refused;
    return;
  }
  if (event.qty % at.step != 0) ++counters.rounded;
  at.changes.push_back({event.side == EventSide::kBuy ? Side::kBuy : Side::kSell,
                        static_cast<std::uint32_t>(event.price / at.tick),
                        static_cast<std::uint64_t>(event.qty / at.step)});
}

/// Cuts a snapshot to its best levels, and adds the end of all that it does not name.
void LevelDay::complete_snapshot(Instrument& at) {
  std::vector<Change> kept;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    // Updates that are told again behind a snapshot speak of its levels once more.
    std::map<std::uint32_t, std::uint64_t> told;
    for (const Change& change : at.changes) {
      if (change.side == side) told[change.ticks] = change.lots;
    }
    std::erase_if(told, [](const auto& level) { return level.second == 0; });
    while (told.size() > levels_max_) {
      told.erase(side == Side::kBuy ? told.begin() : std::prev(told.end()));
      ++counters_[locate_ - 1U].beyond;
    }
    for (const auto& [ticks, level] : at.ladders[index(side)]) {
      if (told.find(ticks) == told.end()) kept.push_back({side, ticks, 0});
    }
    for (const auto& [ticks, lots] : told) kept.push_back({side, ticks, lots});
  }
  at.changes = std::move(kept);
  at.snapshot = false;
}

/// Makes the levels what the update says, and those that trades took from what the last
/// one said of them; first what shrinks, so that the book does not cross on its way.
void LevelDay::apply(Instrument& at) {
  if (at.snapshot) complete_snapshot(at);
  for (const Change& traded : at.traded) {
    Ladder& ladder = at.ladders[index(traded.side)];
    const auto found = ladder.find(traded.ticks);
    if (found == ladder.end()) continue;
    found->second.traded = false;
    const bool named =
        std::any_of(at.changes.begin(), at.changes.end(), [&](const Change& change) {
          return change.side == traded.side && change.ticks == traded.ticks;
        });
    if (named) continue;
    ++counters_[locate_ - 1U].restored;
    at.changes.push_back({traded.side, traded.ticks, found->second.captured});
  }
  at.traded.clear();
  const auto shrinks = [&at](const Change& change) {
    const Ladder& ladder = at.ladders[index(change.side)];
    const auto found = ladder.find(change.ticks);
    return found != ladder.end() && change.lots < found->second.shown;
  };
  std::stable_partition(at.changes.begin(), at.changes.end(), shrinks);
  for (const Change& change : at.changes) set(at, change);
  at.changes.clear();
}

void LevelDay::set(Instrument& at, const Change& change) {
  Ladder& ladder = at.ladders[index(change.side)];
  auto found = ladder.find(change.ticks);
  if (found == ladder.end()) {
    if (change.lots == 0) return;
    found = ladder.try_emplace(change.ticks).first;
  }
  Level& level = found->second;
  level.captured = change.lots;
  if (change.lots > level.shown) grow(level, change, change.lots - level.shown);
  if (change.lots < level.shown) shrink(level, level.shown - change.lots);
  if (change.lots == 0) ladder.erase(found);
}

void LevelDay::grow(Level& level, const Change& change, std::uint64_t lots) {
  while (lots > 0) {
    const auto now = static_cast<std::uint32_t>(std::min(lots, kOrderMax));
    itch::AddOrder message;
    message.header = header(locate_);
    message.reference = ++reference_;
    message.side = change.side == Side::kBuy ? 'B' : 'S';
    message.shares = now;
    message.stock = instruments_[locate_ - 1U].symbol;
    message.price_e4 = change.ticks;
    send(message);
    level.orders.push_back({message.reference, now});
    level.shown += now;
    lots -= now;
  }
}

void LevelDay::shrink(Level& level, std::uint64_t lots) {
  level.shown -= lots;
  while (lots > 0) {
    Order& last = level.orders.back();
    if (last.lots > lots) {
      last.lots -= static_cast<std::uint32_t>(lots);
      send(itch::OrderCancel{header(locate_), last.reference,
                             static_cast<std::uint32_t>(lots)});
      return;
    }
    lots -= last.lots;
    send(itch::OrderDelete{header(locate_), last.reference});
    level.orders.pop_back();
  }
  if (level.shown == 0) level.orders.clear(), level.first = 0;
}

/// Takes up to `lots` from the front; how many it took.
std::uint64_t LevelDay::execute(Level& level, std::uint64_t lots) {
  std::uint64_t taken = 0;
  while (taken < lots && level.shown > 0) {
    Order& first = level.orders[level.first];
    const auto now =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(lots - taken, first.lots));
    send(itch::OrderExecuted{header(locate_), first.reference, now, ++match_});
    first.lots -= now;
    level.shown -= now;
    taken += now;
    if (first.lots == 0) ++level.first;
  }
  if (level.shown == 0) level.orders.clear(), level.first = 0;
  return taken;
}

void LevelDay::trade(const MarketEvent& event) {
  Instrument& at = instruments_[locate_ - 1U];
  LevelDayCounters& counters = counters_[locate_ - 1U];
  if (event.side == EventSide::kNone || event.price <= 0 ||
      event.price % at.tick != 0 || event.price / at.tick > kTicksMax ||
      event.qty <= 0) {
    ++counters.refused;
    return;
  }
  if (event.qty % at.step != 0) ++counters.rounded;
  const Side resting = event.side == EventSide::kBuy ? Side::kSell : Side::kBuy;
  const auto ticks = static_cast<std::uint32_t>(event.price / at.tick);
  auto lots = static_cast<std::uint64_t>(event.qty / at.step);
  Ladder& ladder = at.ladders[index(resting)];
  if (const auto found = ladder.find(ticks); found != ladder.end()) {
    Level& level = found->second;
    if (const std::uint64_t taken = execute(level, lots); taken > 0) {
      ++counters.at_level.count;
      counters.at_level.lots += taken;
      lots -= taken;
      if (!level.traded) at.traded.push_back({resting, ticks, 0});
      level.traded = true;
    }
  }
  if (lots == 0) return;
  ++counters.undisplayed.count;
  counters.undisplayed.lots += lots;
  while (lots > 0) {
    const auto now = static_cast<std::uint32_t>(std::min(lots, kOrderMax));
    itch::Trade message;
    message.header = header(locate_);
    message.side = resting == Side::kBuy ? 'B' : 'S';
    message.shares = now;
    message.stock = at.symbol;
    message.price_e4 = ticks;
    message.match = ++match_;
    send(message);
    lots -= now;
  }
}

}  // namespace pyscalp::capture
