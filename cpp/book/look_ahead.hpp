// Messages applied with a view of those to come.
//
// The orders of a whole market do not fit into a cache, and each message would wait for
// line after line: the index, the order, its level, its neighbours. But the messages
// behind it are known, in a file as in a packet; so each is announced three times while
// others are worked on, a step further every time, and finds its lines there. With few
// orders alive everything is in the cache anyhow, and nobody looks ahead.
#pragma once

#include <array>

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

/// Where a message has what is said of an order that comes with it, by type. A table
/// and a mask, as no branch on the type could be foreseen.
struct ComesWith {
  std::uint32_t reference_at =
      11;  ///< its reference, or that of the order that is there
  std::uint32_t price_at = 0;
  std::uint32_t mask = 0;  ///< 0: no order comes with it
};
inline constexpr auto kComesWith = [] {
  using namespace wire::itch;
  std::array<ComesWith, 256> of{};
  of[static_cast<unsigned char>(AddOrder::kType)] = {11, 32, ~0u};
  of[static_cast<unsigned char>(AddOrderMpid::kType)] = {11, 32, ~0u};
  of[static_cast<unsigned char>(OrderReplace::kType)] = {19, 31, ~0u};
  return of;
}();

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
  constexpr std::ptrdiff_t kReadAhead = 36;
  if (end - message < kReadAhead) [[unlikely]] {
    return books.announce(notice, 0, 0, InstrumentId{}, Side::kBuy, 0);
  }
  const ComesWith with = kComesWith[static_cast<unsigned char>(message[0])];
  books.announce(notice, load_be<std::uint64_t>(message + kReferenceAt),
                 load_be<std::uint64_t>(message + with.reference_at),
                 InstrumentId{load_be<std::uint16_t>(message + kLocateAt)},
                 static_cast<Side>(message[kSideAt] == std::byte{'S'}),
                 load_be<std::uint32_t>(message + with.price_at) & with.mask);
}

}  // namespace detail

/// Announces coming messages to the books and gives them back one by one.
///
/// They go by in batches of sixteen: while one is given, the next one has had all three
/// notices, the one behind it two, the last one the first.
class LookAhead {
 public:
  /// Below so many orders alive, what messages touch is in the cache.
  static constexpr std::uint32_t kWorthwhile = 20'000;

  LookAhead(const OrderBooks& books, Bytes blocks)
      : books_(books), at_(blocks.data()), end_(blocks.data() + blocks.size()) {
    for (std::uint32_t i = 0; i + 1 < kBatches; ++i) advance();
  }

  /// The next message; empty at the end, at a block that is not whole and at one of
  /// length 0.
  Bytes next() {
    if (given_ == last_) [[unlikely]] {
      advance();
      if (given_ == last_) return {};
    }
    return *given_++;
  }

 private:
  static constexpr std::uint32_t kBatches = 4;
  static constexpr std::uint32_t kEach = 16;
  /// How far ahead of the messages seen the bytes themselves are fetched.
  static constexpr std::ptrdiff_t kBytesAhead = 1024;
  struct Batch {
    std::uint32_t size = 0;
    OrderBooks::Notice notices[kEach] = {};
    Bytes messages[kEach];
  };

  /// A batch more is seen, each of the others goes a step, and the oldest is given.
  [[gnu::noinline]] void advance() {
    ++turn_;
    see(batch(0));
    for (auto& notice : batch(1).notices) books_.announce_order(notice);
    for (auto& notice : batch(2).notices) books_.announce_level(notice);
    given_ = batch(3).messages;
    last_ = given_ + batch(3).size;
  }
  Batch& batch(std::uint32_t age) { return batches_[(turn_ - age) % kBatches]; }

  void see(Batch& batch) {
    std::uint32_t size = 0;
    for (; size < kEach; ++size) {
      if (end_ - at_ < 2) break;
      __builtin_prefetch(at_ + kBytesAhead);
      const std::uint16_t length = load_be<std::uint16_t>(at_);
      if (length == 0 || end_ - at_ < 2 + std::ptrdiff_t{length}) break;
      const std::byte* const message = at_ + 2;
      batch.messages[size] = {message, length};
      detail::announce(books_, batch.notices[size], message, end_);
      at_ = message + length;
    }
    batch.size = size;
  }

  const OrderBooks& books_;
  const std::byte* at_;
  const std::byte* end_;
  const Bytes* given_ = nullptr;
  const Bytes* last_ = nullptr;
  std::uint32_t turn_ = 0;
  Batch batches_[kBatches];
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
  for (std::uint32_t i = 0; i < count; ++i) books.announce_order(notices[i]);
  for (std::uint32_t i = 0; i < count; ++i) books.announce_level(notices[i]);
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
