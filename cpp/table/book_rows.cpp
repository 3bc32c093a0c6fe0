#include "table/book_rows.hpp"

#include <cmath>
#include <limits>
#include <string>

namespace pyscalp::table {

using book::LevelView;
using book::TopLevels;
using book::Touch;

namespace {

constexpr std::size_t kInstruments = 1 << 16;
constexpr LevelView kEmpty{kNoPrice, 0, 0};

std::vector<ColumnSpec> head(bool receipt) {
  std::vector<ColumnSpec> columns{{"venue_time", ColumnKind::kTime}};
  if (receipt) columns.push_back({"receipt_time", ColumnKind::kReceipt});
  columns.push_back({"sequence", ColumnKind::kSequence});
  columns.push_back({"instrument", ColumnKind::kInstrument});
  return columns;
}

/// Price, quantity and orders of one level of a side, such as bid_2, bid_qty_2, …
void add_level(std::vector<ColumnSpec>& columns, const std::string& side,
               const std::string& rank) {
  const int price = static_cast<int>(columns.size());
  const auto named = [&](const char* what) {
    return std::string(side).append(what).append(rank);
  };
  columns.push_back({named(""), ColumnKind::kPrice});
  columns.push_back({named("_qty"), ColumnKind::kQty, price});
  columns.push_back({named("_orders"), ColumnKind::kOrders});
}

std::vector<ColumnSpec> top_columns(bool receipt) {
  auto columns = head(receipt);
  add_level(columns, "bid", "");
  add_level(columns, "ask", "");
  return columns;
}

std::vector<ColumnSpec> depth_columns(bool receipt, int levels) {
  auto columns = head(receipt);
  for (const char* side : {"bid", "ask"}) {
    for (int level = 1; level <= levels; ++level) {
      add_level(columns, side, std::string("_").append(std::to_string(level)));
    }
  }
  return columns;
}

std::vector<ColumnSpec> trade_columns(bool receipt) {
  auto columns = head(receipt);
  columns.push_back({"price", ColumnKind::kPrice});
  columns.push_back({"qty", ColumnKind::kSum});
  columns.push_back({"aggressor", ColumnKind::kSide});
  columns.push_back({"hidden", ColumnKind::kFlag});
  columns.push_back({"cross", ColumnKind::kFlag});
  columns.push_back({"match", ColumnKind::kMatch});
  return columns;
}

std::vector<ColumnSpec> feature_columns(bool receipt) {
  auto columns = head(receipt);
  for (const char* price : {"mid", "spread", "microprice"}) {
    columns.push_back({price, ColumnKind::kPrice});
  }
  for (const char* ratio : {"imbalance", "imbalance_levels", "imbalance_weighted"}) {
    columns.push_back({ratio, ColumnKind::kRatio});
  }
  for (const char* sum : {"bid_qty_levels", "ask_qty_levels", "bid_qty_near",
                          "ask_qty_near", "order_flow"}) {
    columns.push_back({sum, ColumnKind::kSum});
  }
  return columns;
}

Table table_of(bool wanted, std::vector<ColumnSpec> columns, std::size_t block_rows) {
  return wanted ? Table(std::move(columns), block_rows) : Table();
}

std::uint32_t orders_of(const LevelView& level) {
  return level.price == kNoPrice ? kNoOrders : level.orders;
}

}  // namespace

BookRows::Tracked::Tracked(const book::TopLevelsConfig& config)
    : levels(config),
      last(2 * static_cast<std::size_t>(levels.config().levels), kEmpty) {}

BookRows::BookRows(const BookRowsConfig& config)
    : top(table_of(config.top, top_columns(config.receipt), config.block_rows)),
      depth(table_of(config.depth, depth_columns(config.receipt, config.levels.levels),
                     config.block_rows)),
      trades(table_of(config.trades, trade_columns(config.receipt), config.block_rows)),
      features(table_of(config.features, feature_columns(config.receipt),
                        config.block_rows)),
      config_(config),
      first_(head(config.receipt).size()),
      touches_(kInstruments),
      tracked_(kInstruments) {}

void BookRows::start_row(Table& table, const RowTime& time, InstrumentId id) {
  table.next_row();
  table.put(0, time.venue_time);
  if (config_.receipt) table.put(1, time.receipt_time);
  table.put(first_ - 2, time.sequence);
  table.put(first_ - 1, index(id));
}

void BookRows::write_touch(const RowTime& time, InstrumentId id) {
  const LevelView& bid = best(id, Side::kBuy);
  const LevelView& ask = best(id, Side::kSell);
  start_row(top, time, id);
  top.put(first_, bid.price.value);
  top.put(first_ + 1, bid.qty);
  top.put(first_ + 2, orders_of(bid));
  top.put(first_ + 3, ask.price.value);
  top.put(first_ + 4, ask.qty);
  top.put(first_ + 5, orders_of(ask));
}

void BookRows::add_trade(const RowTime& time, const book::EventTrade& trade) {
  if (!trades.wanted() || (trade.flags & event::kNotPrintable) != 0) return;
  start_row(trades, time, trade.instrument);
  trades.put(first_, trade.price.value);
  trades.put(first_ + 1, trade.qty);
  trades.put(first_ + 2, static_cast<std::uint8_t>(trade.aggressor));
  trades.put(first_ + 3, std::uint8_t{(trade.flags & event::kHidden) != 0});
  trades.put(first_ + 4, std::uint8_t{(trade.flags & event::kCross) != 0});
  trades.put(first_ + 5, trade.match);
}

void BookRows::write_levels(const RowTime& time, InstrumentId id, Tracked& tracked,
                            bool has_orders) {
  const TopLevels& levels = tracked.levels;
  const auto count = static_cast<std::size_t>(levels.config().levels);
  bool differs = false;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    LevelView* const last = tracked.last.data() + (side == Side::kBuy ? 0 : count);
    const auto there = static_cast<std::size_t>(levels.count(side));
    for (std::size_t rank = 0; rank < count; ++rank) {
      const LevelView now =
          rank < there ? levels.level(side, static_cast<int>(rank)) : kEmpty;
      LevelView& then = last[rank];
      if (now.price != then.price || now.qty != then.qty || now.orders != then.orders) {
        then = now;
        differs = true;
      }
    }
  }
  if (differs && depth.wanted()) {
    start_row(depth, time, id);
    write_depth(tracked, has_orders);
  }
  for (const Side side : {Side::kBuy, Side::kSell}) {
    Qty& last = tracked.last_near[index(side)];
    if (last == levels.near_qty(side)) continue;
    last = levels.near_qty(side);
    differs = true;
  }
  if (differs && features.wanted()) {
    start_row(features, time, id);
    const Touch before = tracked.last_touch;
    tracked.last_touch = levels.touch();
    write_features(tracked, before);
  }
}

void BookRows::write_depth(const Tracked& tracked, bool has_orders) {
  std::size_t column = first_;
  for (const LevelView& level : tracked.last) {
    depth.put(column++, level.price.value);
    depth.put(column++, level.qty);
    depth.put(column++, has_orders ? orders_of(level) : kNoOrders);
  }
}

void BookRows::write_features(const Tracked& tracked, const Touch& before) {
  const TopLevels& levels = tracked.levels;
  const Touch& touch = tracked.last_touch;
  const bool whole = touch.two_sided();
  const bool any = touch.bid_qty + touch.ask_qty != 0;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::size_t column = first_;
  for (const Price price :
       {whole ? touch.mid() : kNoPrice, whole ? touch.spread() : kNoPrice,
        whole ? touch.microprice() : kNoPrice}) {
    features.put(column++, price.value);
  }
  features.put(column++, any ? touch.imbalance() : kNone);
  features.put(column++, any ? levels.imbalance() : kNone);
  features.put(column++, any ? levels.weighted_imbalance() : kNone);
  features.put(column++, levels.qty(Side::kBuy));
  features.put(column++, levels.qty(Side::kSell));
  features.put(column++, levels.near_qty(Side::kBuy));
  features.put(column++, levels.near_qty(Side::kSell));
  features.put(column++, order_flow(before, touch));
}

std::int64_t order_flow(const Touch& before, const Touch& after) {
  std::int64_t flow = 0;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const auto key = [side](const Touch& touch) {
      const Price price = touch.price(side);
      if (price == kNoPrice) return std::numeric_limits<std::int64_t>::min();
      return sign(side) * price.value;
    };
    const std::int64_t then = key(before);
    const std::int64_t now = key(after);
    std::int64_t came = 0;
    if (now >= then) came += after.qty(side);
    if (now <= then) came -= before.qty(side);
    flow += sign(side) * came;
  }
  return flow;
}

}  // namespace pyscalp::table
