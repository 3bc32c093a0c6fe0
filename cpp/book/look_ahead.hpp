// Messages applied with a view of those to come.
//
// The orders of a whole market do not fit into a cache, and each message would wait for
// line after line: the index, the order, its level, its neighbours. But the messages
// behind it are known, in a file as in a packet; so each is announced five times while
// others are worked on, a step further every time, and finds its lines there. With few
// orders alive everything is in the cache anyhow, and nobody looks ahead.
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

namespace detail {

/// The first notice of the message that begins at `message`, in bytes up to `end`.
[[gnu::always_inline]] inline void announce(const OrderBooks& books,
                                            OrderBooks::Notice& notice,
                                            const std::byte* message,
                                            const std::byte* end) {
  // Of nearly every message the reference stands at the same place; what stands there
  // in the others names no order. It is read without asking for the type or the size,
  // which nobody could foresee, as long as there are bytes.
  constexpr std::ptrdiff_t kLocateAt = 1;
  constexpr std::ptrdiff_t kReferenceAt = 11;
  constexpr std::ptrdiff_t kSideAt = 19;
  constexpr std::ptrdiff_t kPriceAt = 32;  // of a replacement one earlier
  constexpr std::ptrdiff_t kReadAhead = 36;
  if (end - message < kReadAhead) [[unlikely]] {
    return books.announce(notice, 0, InstrumentId{}, Side::kBuy, 0);
  }
  const auto type = static_cast<char>(message[0]);
  const std::uint32_t replaces = type == wire::itch::OrderReplace::kType;
  const std::uint32_t adds =
      (type == wire::itch::AddOrder::kType) | (type == wire::itch::AddOrderMpid::kType);
  const auto price = load_be<std::uint32_t>(message + kPriceAt - replaces);
  books.announce(notice, load_be<std::uint64_t>(message + kReferenceAt),
                 InstrumentId{load_be<std::uint16_t>(message + kLocateAt)},
                 static_cast<Side>(message[kSideAt] == std::byte{'S'}),
                 price & (0u - (adds | replaces)));
}

}  // namespace detail

/// Announces coming messages to the books and gives them back one by one.
class LookAhead {
 public:
  /// How many messages lie between each notice and the message itself.
  static constexpr std::uint32_t kFirst = 28;
  static constexpr std::uint32_t kSecond = 21;
  static constexpr std::uint32_t kThird = 14;
  static constexpr std::uint32_t kFourth = 7;
  static constexpr std::uint32_t kFifth = 3;
  /// Below so many orders alive, what messages touch is in the cache.
  static constexpr std::uint32_t kWorthwhile = 20'000;

  LookAhead(const OrderBooks& books, Bytes blocks)
      : books_(books), at_(blocks.data()), end_(blocks.data() + blocks.size()) {
    while (seen_ < kFirst && see()) {
    }
    // What comes first has no others in front of it to be announced behind.
    for (std::uint32_t i = 0; i < kSecond && i < seen_; ++i) {
      books_.announce_entry(ring_[i].notice);
    }
    for (std::uint32_t i = 0; i < kThird && i < seen_; ++i) {
      books_.announce_order(ring_[i].notice);
    }
    for (std::uint32_t i = 0; i < kFourth && i < seen_; ++i) {
      books_.announce_level(ring_[i].notice);
    }
    for (std::uint32_t i = 0; i < kFifth && i < seen_; ++i) {
      books_.announce_replacement(ring_[i].notice);
    }
  }

  /// The next message; empty at the end, at a block that is not whole and at one of
  /// length 0.
  Bytes next() {
    see();
    const std::uint32_t coming = seen_ - given_;
    if (coming > kSecond) [[likely]]
      books_.announce_entry(ahead(kSecond));
    if (coming > kThird) [[likely]]
      books_.announce_order(ahead(kThird));
    if (coming > kFourth) [[likely]]
      books_.announce_level(ahead(kFourth));
    if (coming > kFifth) [[likely]]
      books_.announce_replacement(ahead(kFifth));
    if (coming == 0) return {};
    const Coming& given = ring_[given_++ % kRing];
    return {given.message, given.size};
  }

 private:
  static constexpr std::uint32_t kRing = 32;
  static_assert(kFirst < kRing && kSecond < kFirst && kThird < kSecond &&
                kFourth < kThird && kFifth < kFourth);
  /// How far ahead of the messages seen the bytes themselves are fetched.
  static constexpr std::ptrdiff_t kBytesAhead = 1024;
  struct Coming {
    const std::byte* message;
    OrderBooks::Notice notice;
    std::uint16_t size;
  };

  OrderBooks::Notice& ahead(std::uint32_t distance) {
    return ring_[(given_ + distance) % kRing].notice;
  }

  bool see() {
    if (end_ - at_ < 2) return false;
    __builtin_prefetch(at_ + kBytesAhead);
    const std::uint16_t size = load_be<std::uint16_t>(at_);
    if (size == 0 || end_ - at_ < 2 + std::ptrdiff_t{size}) return false;
    Coming& coming = ring_[seen_++ % kRing];
    const std::byte* message = at_ + 2;
    coming.message = message;
    coming.size = size;
    detail::announce(books_, coming.notice, message, end_);
    at_ += 2 + size;
    return true;
  }

  const OrderBooks& books_;
  const std::byte* at_;
  const std::byte* end_;
  std::uint32_t seen_ = 0;
  std::uint32_t given_ = 0;
  Coming ring_[kRing];  ///< set where seen
};

/// Announces the messages of one packet, all of them at every stage: for a session that
/// then hands them out one by one. Further ones than kMost are not; and a message that
/// comes alone has nothing to be worked on meanwhile.
inline void announce_packet(const OrderBooks& books, Bytes blocks) {
  constexpr std::uint32_t kMost = 48;
  OrderBooks::Notice notices[kMost];
  std::uint32_t count = 0;
  const std::byte* const end = blocks.data() + blocks.size();
  for (BlockCursor cursor(blocks); cursor.whole() && count < kMost; cursor.step()) {
    detail::announce(books, notices[count++], cursor.message().data(), end);
  }
  if (count < 2) return;
  for (std::uint32_t i = 0; i < count; ++i) books.announce_entry(notices[i]);
  for (std::uint32_t i = 0; i < count; ++i) books.announce_order(notices[i]);
  for (std::uint32_t i = 0; i < count; ++i) books.announce_level(notices[i]);
  for (std::uint32_t i = 0; i < count; ++i) books.announce_replacement(notices[i]);
}

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
