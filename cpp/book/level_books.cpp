#include "book/level_books.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pyscalp::book {

namespace {

constexpr std::uint32_t kFirstBlock = 8;
/// Levels this near the touch are searched one by one; most changes happen there.
constexpr std::uint32_t kNearTouch = 8;

std::int64_t key_of(Side side, Price price) {
  return side == Side::kBuy ? price.value : -price.value;
}
Price price_of(Side side, std::int64_t key) {
  return {side == Side::kBuy ? key : -key};
}

}  // namespace

LevelBooks::LevelBooks(const LevelCapacity& capacity)
    : books_(std::make_unique<Book[]>(kInstruments)),
      // A ladder of n levels lies in a block of less than 2n and has left blocks of
      // less than 2n behind; a short one takes a whole first block all the same.
      memory_size_(std::size_t{capacity.levels} * 4 +
                   std::size_t{kFirstBlock} *
                       std::min<std::size_t>(capacity.levels, 2 * kInstruments)),
      memory_(std::make_unique_for_overwrite<Level[]>(memory_size_)) {}

void LevelBooks::keep_by_step(InstrumentId instrument, Price step,
                              std::uint32_t width) {
  bands_.push_back(std::make_unique<Bands>(step, width));
  books_[index(instrument)].bands = bands_.back().get();
}

void LevelBooks::prefault() {
  for (const auto& bands : bands_) {
    for (TickBand& band : bands->sides) band.prefault();
  }
}

void LevelBooks::clear(InstrumentId instrument) {
  Book& book = books_[index(instrument)];
  for (Ladder& ladder : book.sides) ladder.size = 0;
  if (book.bands != nullptr) {
    for (TickBand& band : book.bands->sides) band.clear();
  }
  book.touch = {};
  book.flagged = false;
}

void LevelBooks::clear(InstrumentId instrument, Side side, Price price) {
  Book& book = books_[index(instrument)];
  if (book.bands != nullptr) return clear_by_step(book, side, price);
  book.sides[index(side)].size = place_of(book.sides[index(side)], key_of(side, price));
  refresh_touch(book, side);
}

void LevelBooks::clear() {
  for (int at = 0; at < kInstruments; ++at) {
    Bands* const bands = books_[at].bands;
    books_[at] = {};
    books_[at].bands = bands;
  }
  for (const auto& bands : bands_) {
    for (TickBand& band : bands->sides) band.clear();
  }
  std::fill_n(free_, kBlockSizes, nullptr);
  memory_used_ = 0;
}

bool LevelBooks::grow(Ladder& ladder) {
  const std::uint32_t capacity =
      ladder.capacity == 0 ? kFirstBlock : ladder.capacity * 2;
  const int size = std::countr_zero(capacity / kFirstBlock);
  if (size >= kBlockSizes) return false;
  // A block on the free list holds the next one's address in its first bytes.
  Level* block = free_[size];
  if (block != nullptr) {
    std::memcpy(&free_[size], static_cast<const void*>(block), sizeof(void*));
  } else {
    if (memory_used_ + capacity > memory_size_) return false;
    block = memory_.get() + memory_used_;
    memory_used_ += capacity;
  }
  std::copy_n(ladder.levels, ladder.size, block);
  if (ladder.capacity != 0) {
    std::memcpy(static_cast<void*>(ladder.levels), &free_[size - 1], sizeof(void*));
    free_[size - 1] = ladder.levels;
  }
  ladder.levels = block;
  ladder.capacity = capacity;
  return true;
}

/// Index of the first level that is not worse than `key`; the size where all are.
std::uint32_t LevelBooks::place_of(const Ladder& ladder, std::int64_t key) {
  std::uint32_t at = ladder.size;
  const std::uint32_t near = ladder.size > kNearTouch ? ladder.size - kNearTouch : 0;
  while (at > near && ladder.levels[at - 1].key >= key) --at;
  if (at != near || at == 0) return at;
  return static_cast<std::uint32_t>(
      std::lower_bound(
          ladder.levels, ladder.levels + at, key,
          [](const Level& level, std::int64_t wanted) { return level.key < wanted; }) -
      ladder.levels);
}

void LevelBooks::refresh_touch(Book& book, Side side) {
  const Ladder& ladder = book.sides[index(side)];
  Price price = kNoPrice;
  Qty qty = 0;
  if (book.bands != nullptr) {
    const TickBand& band = book.bands->sides[index(side)];
    if (!band.empty()) {
      price = price_of(side, band.best() * static_cast<std::int64_t>(book.bands->step));
      qty = band.qty(band.best());
    }
  } else if (ladder.size != 0) {
    price = price_of(side, ladder.levels[ladder.size - 1].key);
    qty = ladder.levels[ladder.size - 1].qty;
  }
  if (side == Side::kBuy) {
    book.touch.bid = price;
    book.touch.bid_qty = qty;
  } else {
    book.touch.ask = price;
    book.touch.ask_qty = qty;
  }
}

BookStatus LevelBooks::set_in(Ladder& ladder, std::int64_t key, Qty qty, Qty& before) {
  const std::uint32_t at = place_of(ladder, key);
  const bool there = at < ladder.size && ladder.levels[at].key == key;
  before = there ? ladder.levels[at].qty : 0;
  if (qty != 0) {
    if (!there) {
      if (ladder.size == ladder.capacity && !grow(ladder))
        return BookStatus::kLevelsFull;
      std::copy_backward(ladder.levels + at, ladder.levels + ladder.size,
                         ladder.levels + ladder.size + 1);
      ++ladder.size;
    }
    ladder.levels[at] = {key, qty};
  } else if (there) {
    std::copy(ladder.levels + at + 1, ladder.levels + ladder.size, ladder.levels + at);
    --ladder.size;
  }
  return BookStatus::kOk;
}

BookStatus LevelBooks::set_by_step(Book& book, Side side, Price price, Qty qty,
                                   Qty& before) {
  Bands& bands = *book.bands;
  TickBand& band = bands.sides[index(side)];
  Ladder& ladder = book.sides[index(side)];
  std::int64_t steps = 0;
  if (!bands.steps(price, steps)) return BookStatus::kNoPrice;
  const std::int64_t key = side == Side::kBuy ? steps : -steps;
  if (!band.holds(key)) [[unlikely]] {
    if (!band.empty() && key < band.low())
      return set_in(ladder, key_of(side, price), qty, before);
    if (qty == 0) return BookStatus::kOk;
    if (!rise(ladder, bands, band, key)) return BookStatus::kLevelsFull;
  }
  const bool was_best = key == band.best();
  before = band.set(key, qty);
  if (was_best && qty == 0) [[unlikely]] {
    if (band.empty() || band.best() - band.low() < band.width() / 4)
      sink(ladder, bands, band);
  }
  return BookStatus::kOk;
}

BookStatus LevelBooks::set(InstrumentId instrument, Side side, Price price, Qty qty,
                           Qty* before) {
  if (before != nullptr) *before = 0;
  if (price.value <= 0 || price == kNoPrice) return BookStatus::kNoPrice;
  if (qty < 0) return BookStatus::kZeroQuantity;
  Book& book = books_[index(instrument)];
  Qty there = 0;
  const BookStatus status =
      book.bands != nullptr
          ? set_by_step(book, side, price, qty, there)
          : set_in(book.sides[index(side)], key_of(side, price), qty, there);
  if (before != nullptr) *before = there;
  const Price best = book.touch.price(side);
  if (status == BookStatus::kOk &&
      (best == kNoPrice || price == best || better(side, price, best))) {
    refresh_touch(book, side);
  }
  return status;
}

/// Slides the window up, so that `key` is three quarters above its low end; what falls
/// out of it goes to the ladder. False, and nothing done, where that has no room.
bool LevelBooks::rise(Ladder& ladder, const Bands& bands, TickBand& band,
                      std::int64_t key) {
  const std::int64_t low = TickBand::grain_below(key - band.width() / 4 * 3);
  std::uint32_t out = 0;
  std::int64_t at = band.best();
  for (std::uint32_t left = band.count(); left != 0; --left) {
    out += at < low;
    if (left != 1) at = band.below(at);
  }
  while (ladder.capacity - ladder.size < out) {
    if (!grow(ladder)) return false;
  }
  // The worst comes first of them in the ladder, and all are better than what it has.
  ladder.size += out;
  Level* place = ladder.levels + ladder.size;
  at = band.best();
  for (std::uint32_t left = band.count(); left != 0; --left) {
    const std::int64_t next = left == 1 ? at : band.below(at);
    if (at < low) {
      *--place = {at * static_cast<std::int64_t>(bands.step), band.qty(at)};
      band.set(at, 0);
    }
    at = next;
  }
  band.slide(low);
  return true;
}

/// Slides the window down, where that brings the best to three quarters above its low
/// end, and takes up what the ladder has there.
void LevelBooks::sink(Ladder& ladder, const Bands& bands, TickBand& band) {
  const auto step = static_cast<std::int64_t>(bands.step);
  if (band.empty() && ladder.size == 0) return;
  const std::int64_t best =
      band.empty() ? ladder.levels[ladder.size - 1].key / step : band.best();
  const std::int64_t low = TickBand::grain_below(best - band.width() / 4 * 3);
  if (!band.empty() && low >= band.low()) return;
  band.slide(low);
  while (ladder.size != 0) {
    const Level& level = ladder.levels[ladder.size - 1];
    if (level.key / step < band.low()) break;
    band.set(level.key / step, level.qty);
    --ladder.size;
  }
}

void LevelBooks::clear_by_step(Book& book, Side side, Price price) {
  Bands& bands = *book.bands;
  TickBand& band = bands.sides[index(side)];
  Ladder& ladder = book.sides[index(side)];
  const auto step = static_cast<std::int64_t>(bands.step);
  const std::int64_t key = key_of(side, price);
  while (!band.empty() && band.best() * step >= key) band.set(band.best(), 0);
  if (band.empty()) ladder.size = place_of(ladder, key);
  sink(ladder, bands, band);
  refresh_touch(book, side);
}

BookStatus LevelBooks::set_touch(InstrumentId instrument, Side side, Price price,
                                 Qty qty) {
  Book& book = books_[index(instrument)];
  Ladder& ladder = book.sides[index(side)];
  if (qty < 0) return BookStatus::kZeroQuantity;
  if (book.bands != nullptr) {
    const bool none = price == kNoPrice || qty == 0;
    if (!none && price.value <= 0) return BookStatus::kNoPrice;
    ladder.size = 0;
    book.bands->sides[index(side)].clear();
    refresh_touch(book, side);
    return none ? BookStatus::kOk : set(instrument, side, price, qty);
  }
  if (price == kNoPrice || qty == 0) {
    ladder.size = 0;
  } else {
    if (price.value <= 0) return BookStatus::kNoPrice;
    if (ladder.capacity == 0 && !grow(ladder)) return BookStatus::kLevelsFull;
    ladder.levels[0] = {key_of(side, price), qty};
    ladder.size = 1;
  }
  refresh_touch(book, side);
  return BookStatus::kOk;
}

Qty LevelBooks::qty_at(InstrumentId instrument, Side side, Price price) const {
  const Book& book = books_[index(instrument)];
  if (book.bands != nullptr) {
    std::int64_t steps = 0;
    if (price.value <= 0 || price == kNoPrice || !book.bands->steps(price, steps))
      return 0;
    const TickBand& band = book.bands->sides[index(side)];
    const std::int64_t key = side == Side::kBuy ? steps : -steps;
    if (band.holds(key)) return band.qty(key);
  }
  const Ladder& ladder = book.sides[index(side)];
  const std::int64_t key = key_of(side, price);
  const std::uint32_t at = place_of(ladder, key);
  return at < ladder.size && ladder.levels[at].key == key ? ladder.levels[at].qty : 0;
}

template <class Take>
void LevelBooks::walk(const Book& book, Side side, Take&& take) {
  if (book.bands != nullptr) {
    const TickBand& band = book.bands->sides[index(side)];
    const auto step = static_cast<std::int64_t>(book.bands->step);
    std::int64_t key = band.best();
    for (std::uint32_t left = band.count(); left != 0; --left) {
      if (!take(price_of(side, key * step), band.qty(key))) return;
      if (left != 1) key = band.below(key);
    }
  }
  const Ladder& ladder = book.sides[index(side)];
  for (std::uint32_t at = ladder.size; at > 0; --at) {
    if (!take(price_of(side, ladder.levels[at - 1].key), ladder.levels[at - 1].qty))
      return;
  }
}

Qty LevelBooks::depth(InstrumentId instrument, Side side, int levels) const {
  Qty total = 0;
  if (levels <= 0) return total;
  walk(books_[index(instrument)], side, [&](Price, Qty qty) {
    total += qty;
    return --levels > 0;
  });
  return total;
}

int LevelBooks::levels(InstrumentId instrument, Side side, LevelView* out,
                       int capacity) const {
  int count = 0;
  if (capacity <= 0) return count;
  walk(books_[index(instrument)], side, [&](Price price, Qty qty) {
    out[count++] = {price, qty, 0};
    return count < capacity;
  });
  return count;
}

}  // namespace pyscalp::book
