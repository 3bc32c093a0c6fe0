// What the book's benchmark times: walking, decoding and booking a file held in memory.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/histogram.hpp"
#include "book/itch_books.hpp"

namespace pyscalp::bench {

/// Messages of a BinaryFILE, and a number made of all that was read, so that nothing
/// can be left out.
struct Read {
  std::uint64_t messages = 0;
  std::uint64_t sum = 0;
};

/// Steps from length to length; the sum is that of the type bytes.
Read walk_frames(Bytes file);

/// Decodes every message into its struct; the sum is that of every field of each.
Read decode_fields(Bytes file);

/// Books of a stream of BinaryFILE bytes that comes in pieces cut anywhere.
class BookRun {
 public:
  explicit BookRun(const book::BookCapacity& capacity) : books_(capacity) {}

  void feed(Bytes piece);

  static constexpr std::size_t kTouchColumns = 8;
  /// The same, one message after the other; appends `kTouchColumns` numbers for each
  /// message after which a best price or its quantity is another: the message's number
  /// from 0, locate, then price (at 1e-4), quantity and orders of the bid and the ask.
  void feed_touches(Bytes piece, std::vector<std::int64_t>& rows);

  const book::ItchBooks& books() const { return books_; }
  /// Bytes of a message that has not come whole.
  std::size_t pending() const { return pending_; }

 private:
  /// Calls `apply(blocks)`, which returns the bytes it took, on what has come whole.
  template <class Apply>
  void in_whole_blocks(Bytes piece, Apply&& apply);

  Bytes complete(Bytes piece, std::size_t until);

  book::ItchBooks books_;
  /// The beginning of a block that has not come whole; the longest one has room.
  std::vector<std::byte> cut_ = std::vector<std::byte>(2 + 65'535);
  std::size_t pending_ = 0;
  std::vector<book::Touch> touches_;  ///< as last told
};

/// Kinds of operation whose times are told apart.
enum class Operation : std::uint8_t { kAdd, kDelete, kReplace, kExecute, kCancel };
inline constexpr int kOperationCount = 5;
const char* name(Operation operation);

struct OperationTimes {
  Histogram times[kOperationCount];  ///< nanoseconds, the clock's own among them
  Histogram clock;                   ///< of two readings with nothing between
};

/// Books a file message by message and times one in `every`, which is at least 1. With
/// `look_ahead` coming messages are announced, as for a file or a packet; without, each
/// comes by surprise. The first `untimed` messages are not timed.
void time_operations(Bytes file, const book::BookCapacity& capacity,
                     std::uint64_t every, std::uint64_t untimed, bool look_ahead,
                     OperationTimes& out);

}  // namespace pyscalp::bench
