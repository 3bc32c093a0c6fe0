// The four tables that are read off books: touches, depth, trades and features.
//
// Whoever applies a feed tells what changed; rows are written where a table was asked
// for and what it shows is another than in the instrument's last row. Not thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "book/event_books.hpp"
#include "book/top_levels.hpp"
#include "table/columns.hpp"

namespace pyscalp::table {

struct BookRowsConfig {
  bool top = true;
  bool depth = false;
  bool trades = true;
  bool features = false;
  bool receipt = true;  ///< the feed has times of receipt
  book::TopLevelsConfig levels;
  std::size_t block_rows = 1 << 17;
};

/// When something happened: what every row begins with.
struct RowTime {
  std::int64_t venue_time = 0;
  std::int64_t receipt_time = 0;
  std::uint64_t sequence = 0;
};

class BookRows {
 public:
  explicit BookRows(const BookRowsConfig& config);

  Table top;       ///< a row a touch: both sides' best price, quantity and orders
  Table depth;     ///< a row a change of one of the first N levels of a side
  Table trades;    ///< a row a trade
  Table features;  ///< a row a change of those levels, or of the depth within k ticks

  /// Whether changes of levels have to be told.
  bool follows_levels() const { return depth.wanted() || features.wanted(); }

  /// The best of both sides is now this; `orders` kNoOrders where the venue tells none.
  void add_touch(const RowTime& time, InstrumentId id, const book::LevelView& bid,
                 const book::LevelView& ask) {
    if (!top.wanted()) return;
    const bool bid_is_another = take_best(id, Side::kBuy, bid);
    const bool ask_is_another = take_best(id, Side::kSell, ask);
    if (bid_is_another || ask_is_another) write_touch(time, id);
  }
  /// The best of one side is now this, and that of the other as it was.
  void add_best(const RowTime& time, InstrumentId id, Side side,
                const book::LevelView& level) {
    if (top.wanted() && take_best(id, side, level)) write_touch(time, id);
  }
  /// What was told of the best of a side.
  const book::LevelView& best(InstrumentId id, Side side) const {
    return touches_[index(id)].sides[index(side)];
  }
  void add_trade(const RowTime& time, const book::EventTrade& trade);

  /// A level changed; `rows` is to follow when the book is whole.
  void change(const book::LevelChange& change) {
    Tracked& tracked = follow(change.instrument);
    tracked.changed |= tracked.levels.apply(change);
  }
  /// The book was changed in a way that no level tells.
  template <class Books>
  void reload(const Books& books, InstrumentId id) {
    Tracked& tracked = follow(id);
    tracked.levels.refill(books, id, true);
    tracked.changed = book::TopLevels::kTop;
  }
  /// The book is whole: rows of depth and features, where they differ from the last.
  template <class Books>
  void add_levels(const RowTime& time, const Books& books, InstrumentId id,
                  bool has_orders) {
    Tracked* const tracked = tracked_[index(id)].get();
    if (tracked == nullptr || tracked->changed == book::TopLevels::kNothing) return;
    tracked->changed = book::TopLevels::kNothing;
    tracked->levels.refill(books, id);
    write_levels(time, id, *tracked, has_orders);
  }

  std::uint64_t rows_waiting() const {
    return top.rows_waiting() + depth.rows_waiting() + trades.rows_waiting() +
           features.rows_waiting();
  }

 private:
  /// An instrument whose levels are followed, and what was last written of it.
  struct Tracked {
    explicit Tracked(const book::TopLevelsConfig& config);
    book::TopLevels levels;
    std::uint8_t changed = book::TopLevels::kNothing;
    std::vector<book::LevelView> last;  ///< N bids, then N asks
    book::Touch last_touch;
    Qty last_near[2] = {0, 0};
  };

  Tracked& follow(InstrumentId id) {
    auto& tracked = tracked_[index(id)];
    if (tracked == nullptr) tracked = std::make_unique<Tracked>(config_.levels);
    return *tracked;
  }
  struct Best {
    book::LevelView sides[2] = {{kNoPrice, 0, 0}, {kNoPrice, 0, 0}};
  };
  bool take_best(InstrumentId id, Side side, const book::LevelView& level) {
    book::LevelView& told = touches_[index(id)].sides[index(side)];
    const bool another = told.price != level.price || told.qty != level.qty;
    told = level;
    return another;
  }
  void start_row(Table& table, const RowTime& time, InstrumentId id);
  void write_touch(const RowTime& time, InstrumentId id);
  void write_levels(const RowTime& time, InstrumentId id, Tracked& tracked,
                    bool has_orders);
  void write_depth(const Tracked& tracked, bool has_orders);
  void write_features(const Tracked& tracked, const book::Touch& before);

  BookRowsConfig config_;
  std::size_t first_;  ///< number of the first column after those of RowTime
  std::vector<Best> touches_;
  std::vector<std::unique_ptr<Tracked>> tracked_;
};

/// The order-flow imbalance of a change of the touch: what came to the bid less what
/// came to the ask, at prices as good as before or better. A side that is empty stands
/// for one infinitely far away. Source: Cont, Kukanov and Stoikov (2014), equation 3.
std::int64_t order_flow(const book::Touch& before, const book::Touch& after);

}  // namespace pyscalp::table
