#include "table/event_tables.hpp"

#include <cstring>

namespace pyscalp::table {

using book::LevelView;

namespace {

constexpr std::size_t kInstruments = 1 << 16;

}  // namespace

struct EventTables::Listener {
  EventTables& self;
  RowTime time;

  void on_level(const book::LevelChange& change) {
    if (self.rows_.follows_levels()) self.rows_.change(change);
  }
  void on_reload(InstrumentId id) {
    if (!self.rows_.follows_levels()) return;
    if (index(id) != 0) return self.rows_.reload(self.books_, id);
    for (std::size_t i = 1; i < kInstruments; ++i) {
      if (self.activity_[i] == 0) continue;
      self.rows_.reload(self.books_, InstrumentId{static_cast<std::uint16_t>(i)});
    }
  }
  void on_trade(const book::EventTrade& trade) { self.rows_.add_trade(time, trade); }
  void on_book(InstrumentId id) {
    self.rows_.add_levels(time, self.books_, id, has_orders(id));
  }
  void on_touch(InstrumentId id) {
    LevelView best[2] = {{kNoPrice, 0, 0}, {kNoPrice, 0, 0}};
    for (const Side side : {Side::kBuy, Side::kSell}) {
      LevelView& level = best[index(side)];
      if (self.books_.levels(id, side, &level, 1) != 0 && !has_orders(id)) {
        level.orders = kNoOrders;
      }
    }
    self.rows_.add_touch(time, id, best[0], best[1]);
  }
  bool has_orders(InstrumentId id) const {
    return self.books_.model(id) == book::EventBooks::Model::kOrders;
  }
};

EventTables::EventTables(const BookRowsConfig& config,
                         const book::EventCapacity& capacity)
    : rows_(config), books_(capacity), activity_(kInstruments) {}

void EventTables::feed(Bytes bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    event::MarketEvent event;
    std::memcpy(&event, bytes.data() + i * sizeof event, sizeof event);
    numbers_.renumber(event, [&](const event::MarketEvent& one) {
      if (one.instrument < kInstruments) ++activity_[one.instrument];
      Listener listener{*this, {one.venue_time, one.receipt_time, one.sequence}};
      books_.apply(one, listener);
    });
  }
}

std::vector<std::uint16_t> EventTables::seen() const {
  std::vector<std::uint16_t> numbers;
  for (std::size_t i = 1; i < kInstruments; ++i) {
    if (activity_[i] != 0) numbers.push_back(static_cast<std::uint16_t>(i));
  }
  return numbers;
}

}  // namespace pyscalp::table
