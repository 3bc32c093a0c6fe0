// Messages applied with a view of those to come.
//
// The orders of a whole market do not fit into a cache, and each message would wait for
// three or four lines in turn: the index, the order, its level, its neighbours. But the
// messages behind it are known, in a file as in a packet; so each is announced three
// times while others are worked on, a step further every time, and finds its lines
// there. With few orders alive everything is in the cache anyhow, and nobody looks
// ahead.
#pragma once

#include "book/itch_books.hpp"

namespace pyscalp::book {

/// Walks {u16 length, message} blocks without looking into them: the framing of a
/// BinaryFILE and of a MoldUDP64 packet's payload alike.
class BlockCursor {
 public:
  explicit BlockCursor(Bytes blocks)
      : at_(blocks.data()), end_(blocks.data() + blocks.size()) {}

  /// True while a whole block lies ahead.
  bool whole() const {
    return end_ - at_ >= 2 && end_ - at_ >= 2 + std::ptrdiff_t{length()};
  }
  /// The message of the block; needs `whole`.
  Bytes message() const { return {at_ + 2, length()}; }
  void step() { at_ += 2 + length(); }
  const std::byte* at() const { return at_; }

 private:
  std::uint16_t length() const { return load_be<std::uint16_t>(at_); }

  const std::byte* at_;
  const std::byte* end_;
};

/// Announces coming messages to the books and gives them back one by one.
class LookAhead {
 public:
  /// How many messages lie between each notice and the message itself.
  static constexpr std::uint32_t kFirst = 24;
  static constexpr std::uint32_t kSecond = 14;
  static constexpr std::uint32_t kThird = 6;
  /// Below so many orders alive, what messages touch is in the cache.
  static constexpr std::uint32_t kWorthwhile = 20'000;

  LookAhead(const OrderBooks& books, Bytes blocks)
      : books_(books), at_(blocks.data()), end_(blocks.data() + blocks.size()) {
    for (Coming& coming : ring_) {
      books_.announce(coming.notice, 0, InstrumentId{}, Side::kBuy, 0);
    }
    while (seen_ < kFirst && see()) {
    }
  }

  /// The next message; empty at the end, at a block that is not whole and at one of
  /// length 0.
  Bytes next() {
    see();
    // Past the last message the notices meet old ones again, which does no harm.
    books_.announce_order(ring_[(given_ + kSecond) % kRing].notice);
    books_.announce_level(ring_[(given_ + kThird) % kRing].notice);
    if (given_ == seen_) return {};
    const Coming& given = ring_[given_++ % kRing];
    return {given.message, given.size};
  }

 private:
  static constexpr std::uint32_t kRing = 32;
  static_assert(kFirst < kRing && kSecond < kFirst && kThird < kSecond);
  // Of nearly every message the reference stands at the same place; what stands there
  // in the others names no order. It is read without asking for the type or the size,
  // which nobody could foresee, as long as there are bytes.
  static constexpr std::ptrdiff_t kLocateAt = 1;
  static constexpr std::ptrdiff_t kReferenceAt = 11;
  static constexpr std::ptrdiff_t kSideAt = 19;
  static constexpr std::ptrdiff_t kPriceAt = 32;
  static constexpr std::ptrdiff_t kReadAhead = 36;

  struct Coming {
    const std::byte* message = nullptr;
    OrderBooks::Notice notice;
    std::uint16_t size = 0;
  };

  bool see() {
    if (end_ - at_ < 2) return false;
    const std::uint16_t size = load_be<std::uint16_t>(at_);
    if (size == 0 || end_ - at_ < 2 + std::ptrdiff_t{size}) return false;
    Coming& coming = ring_[seen_++ % kRing];
    coming.message = at_ + 2;
    coming.size = size;
    if (end_ - at_ >= 2 + kReadAhead) [[likely]] {
      const std::byte* message = coming.message;
      books_.announce(coming.notice, load_be<std::uint64_t>(message + kReferenceAt),
                      InstrumentId{load_be<std::uint16_t>(message + kLocateAt)},
                      static_cast<Side>(message[kSideAt] == std::byte{'S'}),
                      load_be<std::uint32_t>(message + kPriceAt));
    }
    at_ += 2 + size;
    return true;
  }

  const OrderBooks& books_;
  const std::byte* at_;
  const std::byte* end_;
  std::uint32_t seen_ = 0;
  std::uint32_t given_ = 0;
  Coming ring_[kRing];
};

/// Applies every whole block in sequence; returns the bytes they took. A block of
/// length 0, which ends a file, is left where it is.
template <class Listener>
std::size_t apply_all(ItchBooks& books, Bytes blocks, Listener& listener) {
  const std::byte* const start = blocks.data();
  while (true) {
    if (books.books().order_count() < LookAhead::kWorthwhile) {
      BlockCursor cursor(blocks);
      int some = 4096;
      while (some-- > 0 && cursor.whole() && !cursor.message().empty()) {
        books.apply(cursor.message(), listener);
        cursor.step();
      }
      if (some >= 0) return static_cast<std::size_t>(cursor.at() - start);
      blocks = blocks.subspan(static_cast<std::size_t>(cursor.at() - blocks.data()));
    } else {
      LookAhead ahead(books.books(), blocks);
      const std::byte* end = blocks.data();
      for (Bytes message = ahead.next(); !message.empty(); message = ahead.next()) {
        books.apply(message, listener);
        end = message.data() + message.size();
      }
      return static_cast<std::size_t>(end - start);
    }
  }
}

}  // namespace pyscalp::book
