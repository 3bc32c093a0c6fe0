#include "table/itch_tables.hpp"

#include <algorithm>

namespace pyscalp::table {

using book::BookChange;
using book::LevelView;
using wire::itch::DecodeStatus;

namespace {

constexpr std::size_t kInstruments = 1 << 16;
constexpr std::size_t kSharesAt = 19;
constexpr std::size_t kMatchAt = 23;        // of E and C
constexpr std::size_t kHiddenMatchAt = 36;  // of P
constexpr std::size_t kStockAt = 24;        // of A, F and P
constexpr std::size_t kLeastHeader = 11;    // type, locate, tracking, time
constexpr LevelView kEmpty{kNoPrice, 0, 0};
constexpr std::uint8_t kCrossedNow = 1;
constexpr std::uint8_t kCrossedOnce = 2;

char type_of(Bytes message) { return static_cast<char>(message[0]); }
InstrumentId instrument_of(Bytes message) {
  return InstrumentId{load_be<std::uint16_t>(message.data() + 1)};
}

}  // namespace

/// Hears of touches and of nothing else: where no other table is made, most messages
/// then cost no more than their book.
struct ItchTables::TouchListener {
  ItchTables& self;
  bool touched = false;
  Side side = Side::kBuy;  ///< of the touch; a message is about one side
  InstrumentId instrument{};

  void on_level(const BookChange& change) {
    if (!change.touched) return;
    touched = true;
    side = change.side;
    instrument = change.instrument;
  }
  void on_book(InstrumentId id) {
    ++self.activity_[index(id)];
    if (!touched) return;
    touched = false;
    LevelView best = kEmpty;
    self.books_.books().level(instrument, side, 0, best);
    self.rows_.add_best({self.midnight_ns_ + self.books_.venue_time().value, 0,
                         self.books_.counters().messages},
                        instrument, side, best);
    self.check_crossed(instrument);
  }
  void on_trade(const book::TradeView&) { ++self.counters_.trades; }
};

/// Hears what one message did to the books.
struct ItchTables::Listener {
  static constexpr bool kLevels = false;

  ItchTables& self;
  Bytes message;
  InstrumentId instrument{};
  Side side = Side::kBuy;  ///< of the order; a message is about one side
  bool changed = false;
  bool touched = false;

  void on_level(const BookChange& change) {
    instrument = change.instrument;
    side = change.side;
    changed = true;
    touched |= change.touched;
  }
  void on_trade(const book::TradeView& trade) {
    ++self.counters_.trades;
    if (!self.rows_.trades.wanted()) return;
    const std::size_t at = trade.hidden ? kHiddenMatchAt : kMatchAt;
    const auto aggressor =
        trade.hidden ? event::EventSide::kNone : event::event_side(trade.aggressor);
    self.rows_.add_trade(self.time_of(message),
                         {trade.instrument, trade.price, trade.qty, aggressor,
                          trade.hidden ? std::uint8_t{event::kHidden} : std::uint8_t{0},
                          load_be<std::uint64_t>(message.data() + at)});
  }
  void on_directory(InstrumentId id, std::string_view symbol) {
    self.listed_ = true;
    if (!self.chosen_.empty() && self.wanted_.count(std::string(symbol)) != 0) {
      self.chosen_[index(id)] = 1;
    }
  }
};

/// The same where levels are followed.
struct ItchTables::LevelListener : Listener {
  static constexpr bool kLevels = true;

  void on_level(const BookChange& change) {
    const bool second = changed;  // of a replace: the old order's going comes first
    Listener::on_level(change);
    self.rows_.change({change.instrument, change.side, change.price, change.level_qty,
                       orders_more(change, second)});
  }

 private:
  /// How many orders more the level has after the change than before.
  std::int32_t orders_more(const BookChange& change, bool second) const {
    switch (type_of(message)) {
      case wire::itch::AddOrder::kType:
      case wire::itch::AddOrderMpid::kType:
        return 1;
      case wire::itch::OrderDelete::kType:
        return -1;
      case wire::itch::OrderReplace::kType:
        return second ? 1 : -1;
      default:
        return load_be<std::uint32_t>(message.data() + kSharesAt) >= change.order_qty
                   ? -1
                   : 0;
    }
  }
};

RowTime ItchTables::time_of(Bytes message) const {
  return {midnight_ns_ + static_cast<std::int64_t>(wire::itch::timestamp_ns(message)),
          0, counters_.messages};
}

ItchTables::ItchTables(const BookRowsConfig& config, std::vector<std::string> symbols,
                       std::int64_t midnight_ns, const book::BookCapacity& capacity)
    : rows_(config),
      midnight_ns_(midnight_ns),
      books_(capacity),
      wanted_(symbols.begin(), symbols.end()),
      chosen_(symbols.empty() ? 0 : kInstruments),
      activity_(kInstruments),
      crossed_(kInstruments),
      symbols_(kInstruments) {}

bool ItchTables::feed(Bytes chunk) {
  while (!ended_ && !damaged_ && !carry_.empty() && !chunk.empty()) {
    // Complete the message that the last chunk cut; its length may be cut too.
    const std::size_t size =
        carry_.size() < 2 ? 2 : 2 + std::size_t{load_be<std::uint16_t>(carry_.data())};
    const std::size_t missing = std::min(size - carry_.size(), chunk.size());
    carry_.insert(carry_.end(), chunk.begin(),
                  chunk.begin() + static_cast<std::ptrdiff_t>(missing));
    chunk = chunk.subspan(missing);
    if (feed_whole(carry_) != 0 || ended_) carry_.clear();
  }
  if (!ended_ && !damaged_ && !chunk.empty()) {
    const std::size_t used = feed_whole(chunk);
    if (!ended_ && !damaged_) {
      carry_.assign(chunk.begin() + static_cast<std::ptrdiff_t>(used), chunk.end());
    }
  }
  return !ended_ && !damaged_;
}

/// Applies the whole messages at the front; returns the bytes they took.
std::size_t ItchTables::feed_whole(Bytes bytes) {
  if (chosen_.empty() && listed_ && !rows_.follows_levels() && !rows_.trades.wanted()) {
    TouchListener heard{*this};
    return feed_to(bytes, [&](Bytes message) { return apply_lean(message, heard); });
  }
  if (rows_.follows_levels()) {
    return feed_to(bytes, [&](Bytes m) { return apply<LevelListener>(m); });
  }
  return feed_to(bytes, [&](Bytes m) { return apply<Listener>(m); });
}

template <class Apply>
std::size_t ItchTables::feed_to(Bytes bytes, Apply apply_one) {
  const std::byte* const start = bytes.data();
  const std::byte* end = start;
  const auto take = [&](Bytes message) {
    damaged_ = !apply_one(message);
    if (!damaged_) end = message.data() + message.size();
    return !damaged_;
  };
  const auto rest = [&] {
    return bytes.subspan(static_cast<std::size_t>(end - start));
  };
  for (bool more = true; more && !damaged_;) {
    // Where few instruments are chosen, most messages touch nothing.
    if (chosen_.empty() &&
        books_.books().order_count() >= book::LookAhead::kWorthwhile) {
      book::LookAhead ahead(books_.books(), rest());
      Bytes message = ahead.next();
      while (!message.empty() && take(message)) message = ahead.next();
      more = false;
    } else {
      book::BlockCursor cursor(rest());
      int some = 4096;
      for (; some > 0 && cursor.whole() && !cursor.message().empty(); --some) {
        if (!take(cursor.message())) break;
        cursor.step();
      }
      more = some == 0;
    }
  }
  const book::BlockCursor cursor(rest());
  ended_ = !damaged_ && cursor.whole() && cursor.message().empty();
  const auto used = static_cast<std::size_t>(end - start);
  offset_ += used;
  return used;
}

/// One message of an instrument that is listed, for the touches alone.
inline bool ItchTables::apply_lean(Bytes message, TouchListener& heard) {
  if (message.size() < kLeastHeader) return false;
  ++counters_.messages;
  if (books_.apply(message, heard) == DecodeStatus::kTruncated) return false;
  const char type = type_of(message);
  if (type == wire::itch::CrossTrade::kType || type == wire::itch::BrokenTrade::kType)
      [[unlikely]]
    read_unbooked(message, instrument_of(message));
  return true;
}

/// One message; false where it cannot be one.
template <class Hears>
bool ItchTables::apply(Bytes message) {
  if (message.size() < kLeastHeader) return false;
  ++counters_.messages;
  const InstrumentId id = instrument_of(message);
  const char type = type_of(message);
  if (!chosen_.empty() && index(id) != 0 && chosen_[index(id)] == 0 &&
      type != wire::itch::StockDirectory::kType) {
    // The directory chooses; without one, the first order that bears the symbol.
    if (!listed_) read_symbol(message, id);
    if (chosen_[index(id)] == 0) {
      ++counters_.passed_over;
      return true;
    }
  }
  Hears heard{*this, message};
  const DecodeStatus status = books_.apply(message, heard);
  if (status == DecodeStatus::kTruncated) return false;
  ++activity_[index(id)];
  if (!listed_ && symbols_[index(id)].chars[0] == ' ') read_symbol(message, id);
  if (heard.changed) {
    settle(heard);
  } else if (type == wire::itch::CrossTrade::kType ||
             type == wire::itch::BrokenTrade::kType) {
    read_unbooked(message, id);
  }
  return true;
}

template <class Hears>
void ItchTables::settle(const Hears& heard) {
  const book::OrderBooks& books = books_.books();
  const InstrumentId id = heard.instrument;
  if (heard.touched) {
    LevelView best = kEmpty;
    books.level(id, heard.side, 0, best);
    rows_.add_best(time_of(heard.message), id, heard.side, best);
    check_crossed(id);
  }
  if constexpr (Hears::kLevels) {
    rows_.add_levels(time_of(heard.message), books, id, true);
  }
}

inline void ItchTables::check_crossed(InstrumentId id) {
  const Price bid = rows_.best(id, Side::kBuy).price;
  // kNoPrice is above every price, so an empty ask never crosses.
  const bool crossed = bid != kNoPrice && bid >= rows_.best(id, Side::kSell).price;
  std::uint8_t& state = crossed_[index(id)];
  if (!crossed && state == 0) [[likely]]
    return;
  if (crossed && (state & kCrossedNow) == 0) ++counters_.crossed;
  state = crossed ? kCrossedNow | kCrossedOnce : state & kCrossedOnce;
}

/// Learns the symbol of an instrument that the directory has not named.
void ItchTables::read_symbol(Bytes message, InstrumentId id) {
  const char type = type_of(message);
  if (type != 'A' && type != 'F' && type != 'P') return;
  if (message.size() < kStockAt + sizeof(wire::itch::Symbol)) return;
  Reader reader(message.data() + kStockAt);
  reader(symbols_[index(id)]);
  if (!chosen_.empty() &&
      wanted_.count(std::string(symbols_[index(id)].trimmed())) != 0) {
    chosen_[index(id)] = 1;
  }
}

/// Cross trades and broken trades, which change no book.
void ItchTables::read_unbooked(Bytes message, InstrumentId id) {
  struct {
    wire::itch::CrossTrade cross;
    bool crossed = false;
    bool broken = false;
    void on(const wire::itch::CrossTrade& m) {
      cross = m;
      crossed = true;
    }
    void on(const wire::itch::BrokenTrade&) { broken = true; }
  } told;
  wire::itch::decode(message, told);
  counters_.breaks += told.broken;
  if (!told.crossed || told.cross.shares == 0) return;
  ++counters_.trades;
  rows_.add_trade(
      time_of(message),
      {id, price_from_e4(told.cross.price_e4), static_cast<Qty>(told.cross.shares),
       event::EventSide::kNone, event::kCross, told.cross.match});
}

std::string_view ItchTables::symbol(InstrumentId id) const {
  const std::string_view listed = books_.symbol(id);
  return listed.empty() ? symbols_[index(id)].trimmed() : listed;
}

bool ItchTables::chosen() const {
  return chosen_.empty() || std::count(chosen_.begin(), chosen_.end(), 1) != 0;
}

std::vector<std::uint16_t> ItchTables::seen() const {
  std::vector<std::uint16_t> numbers;
  for (std::size_t i = 1; i < kInstruments; ++i) {
    const InstrumentId id{static_cast<std::uint16_t>(i)};
    const bool known = activity_[i] != 0 || !books_.symbol(id).empty();
    if (known) numbers.push_back(static_cast<std::uint16_t>(i));
  }
  return numbers;
}

}  // namespace pyscalp::table
