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

void LevelBooks::clear(InstrumentId instrument) {
  Book& book = books_[index(instrument)];
  for (Ladder& ladder : book.sides) ladder.size = 0;
  book.touch = {};
  book.flagged = false;
}

void LevelBooks::clear(InstrumentId instrument, Side side, Price price) {
  Book& book = books_[index(instrument)];
  book.sides[index(side)].size = place_of(book.sides[index(side)], key_of(side, price));
  refresh_touch(book, side);
}

void LevelBooks::clear() {
  std::fill_n(books_.get(), kInstruments, Book{});
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
  if (ladder.size != 0) {
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

BookStatus LevelBooks::set(InstrumentId instrument, Side side, Price price, Qty qty,
                           Qty* before) {
  if (before != nullptr) *before = 0;
  if (price.value <= 0 || price == kNoPrice) return BookStatus::kNoPrice;
  if (qty < 0) return BookStatus::kZeroQuantity;
  Book& book = books_[index(instrument)];
  Ladder& ladder = book.sides[index(side)];
  const std::int64_t key = key_of(side, price);
  const std::uint32_t at = place_of(ladder, key);
  const bool there = at < ladder.size && ladder.levels[at].key == key;
  if (there && before != nullptr) *before = ladder.levels[at].qty;
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
  if (at + 1 >= ladder.size) refresh_touch(book, side);
  return BookStatus::kOk;
}

BookStatus LevelBooks::set_touch(InstrumentId instrument, Side side, Price price,
                                 Qty qty) {
  Book& book = books_[index(instrument)];
  Ladder& ladder = book.sides[index(side)];
  if (qty < 0) return BookStatus::kZeroQuantity;
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
  const Ladder& ladder = books_[index(instrument)].sides[index(side)];
  const std::int64_t key = key_of(side, price);
  const std::uint32_t at = place_of(ladder, key);
  return at < ladder.size && ladder.levels[at].key == key ? ladder.levels[at].qty : 0;
}

Qty LevelBooks::depth(InstrumentId instrument, Side side, int levels) const {
  const Ladder& ladder = books_[index(instrument)].sides[index(side)];
  Qty total = 0;
  for (std::uint32_t at = ladder.size; at > 0 && levels > 0; --at, --levels) {
    total += ladder.levels[at - 1].qty;
  }
  return total;
}

int LevelBooks::levels(InstrumentId instrument, Side side, LevelView* out,
                       int capacity) const {
  const Ladder& ladder = books_[index(instrument)].sides[index(side)];
  int count = 0;
  for (std::uint32_t at = ladder.size; at > 0 && count < capacity; --at) {
    const Level& level = ladder.levels[at - 1];
    out[count++] = {price_of(side, level.key), level.qty, 0};
  }
  return count;
}

}  // namespace pyscalp::book
