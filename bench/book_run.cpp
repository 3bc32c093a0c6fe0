#include "bench/book_run.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "book/look_ahead.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::bench {

namespace {

/// Adds every field of a message to a sum; takes the place of a Writer in `map`.
class FieldSum {
 public:
  void operator()(std::unsigned_integral auto value) { sum_ += value; }
  void operator()(char value) { sum_ += static_cast<unsigned char>(value); }
  template <std::size_t N>
  void operator()(const Text<N>& text) {
    if constexpr (N == 8) {
      std::uint64_t value = 0;
      std::memcpy(&value, text.chars.data(), N);
      sum_ += value;
    } else if constexpr (N == 4) {
      std::uint32_t value = 0;
      std::memcpy(&value, text.chars.data(), N);
      sum_ += value;
    } else {
      for (const char letter : text.chars) sum_ += static_cast<unsigned char>(letter);
    }
  }
  void u48(std::uint64_t value) { sum_ += value; }

  std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
};

struct SumHandler {
  std::uint64_t sum = 0;
  void on(const auto& message) {
    // Each message has a sum of its own first: one long chain of additions would be
    // timed with it.
    FieldSum fields;
    const_cast<std::remove_cvref_t<decltype(message)>&>(message).map(fields);
    sum += fields.sum();
  }
};

struct Nobody {};

struct TouchListener {
  std::uint16_t about = 0;
  void on_touch(InstrumentId id) { about = index(id); }
};

/// The operation that a message asks of the book; kOperationCount for none.
int operation_of(char type) {
  switch (type) {
    case 'A':
    case 'F':
      return static_cast<int>(Operation::kAdd);
    case 'D':
      return static_cast<int>(Operation::kDelete);
    case 'U':
      return static_cast<int>(Operation::kReplace);
    case 'E':
    case 'C':
      return static_cast<int>(Operation::kExecute);
    case 'X':
      return static_cast<int>(Operation::kCancel);
    default:
      return kOperationCount;
  }
}

}  // namespace

const char* name(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
      return "add";
    case Operation::kDelete:
      return "delete";
    case Operation::kReplace:
      return "replace";
    case Operation::kExecute:
      return "execute";
    case Operation::kCancel:
      return "cancel";
  }
  return "";
}

Read walk_frames(Bytes file) {
  Read read;
  book::BlockCursor cursor(file);
  while (cursor.whole() && !cursor.message().empty()) {
    ++read.messages;
    read.sum += static_cast<unsigned char>(cursor.message()[0]);
    cursor.step();
  }
  return read;
}

Read decode_fields(Bytes file) {
  Read read;
  SumHandler handler;
  book::BlockCursor cursor(file);
  while (cursor.whole() && !cursor.message().empty()) {
    ++read.messages;
    wire::itch::decode(cursor.message(), handler);
    cursor.step();
  }
  read.sum = handler.sum;
  return read;
}

/// Moves bytes of the piece to the cut block until that has `until` of them.
Bytes BookRun::complete(Bytes piece, std::size_t until) {
  const std::size_t missing = until - std::min(until, pending_);
  const Bytes part = piece.first(std::min(missing, piece.size()));
  std::copy(part.begin(), part.end(), cut_.begin() + pending_);
  pending_ += part.size();
  return piece.subspan(part.size());
}

template <class Apply>
void BookRun::in_whole_blocks(Bytes piece, Apply&& apply) {
  if (pending_ != 0) {
    piece = complete(piece, 2);
    if (pending_ < 2) return;
    piece = complete(piece, 2 + std::size_t{load_be<std::uint16_t>(cut_.data())});
    if (apply(Bytes(cut_).first(pending_)) == 0) return;
    pending_ = 0;
  }
  piece = piece.subspan(apply(piece));
  // A block that is not whole, or one of length 0, which ends the stream for good.
  const bool end = piece.size() >= 2 && load_be<std::uint16_t>(piece.data()) == 0;
  complete(piece, end ? 2 : piece.size());
}

void BookRun::feed(Bytes piece) {
  in_whole_blocks(piece, [&](Bytes blocks) {
    Nobody nobody;
    return book::apply_all(books_, blocks, nobody);
  });
}

void BookRun::feed_touches(Bytes piece, std::vector<std::int64_t>& rows) {
  touches_.resize(1 << 16);
  const auto append = [&](InstrumentId id, Side side) {
    book::LevelView best;
    const bool there = books_.books().level(id, side, 0, best);
    rows.push_back(there ? static_cast<std::int64_t>(price_to_e4(best.price)) : 0);
    rows.push_back(there ? best.qty : 0);
    rows.push_back(there ? best.orders : 0);
  };
  TouchListener listener;
  in_whole_blocks(piece, [&](Bytes blocks) {
    wire::BinaryFileReader reader(blocks);
    while (const auto message = reader.next()) {
      listener.about = 0;
      books_.apply(*message, listener);
      const InstrumentId id{listener.about};
      const book::Touch touch = books_.books().touch(id);
      if (touch == touches_[listener.about]) continue;
      touches_[listener.about] = touch;
      rows.push_back(static_cast<std::int64_t>(books_.counters().messages) - 1);
      rows.push_back(listener.about);
      append(id, Side::kBuy);
      append(id, Side::kSell);
    }
    return reader.offset();
  });
}

void time_operations(Bytes file, const book::BookCapacity& capacity,
                     std::uint64_t every, std::uint64_t untimed, bool look_ahead,
                     OperationTimes& out) {
  const MonoClock clock;
  for (int i = 0; i < 100'000; ++i) {
    const MonoNanos before = clock.now();
    out.clock.record((clock.now() - before).value);
  }
  book::ItchBooks books(capacity);
  Nobody nobody;
  std::uint64_t number = 0;
  const auto apply = [&](Bytes message) {
    const int operation = operation_of(static_cast<char>(message[0]));
    if (++number <= untimed || number % every != 0 || operation == kOperationCount) {
      books.apply(message, nobody);
      return;
    }
    const MonoNanos before = clock.now();
    books.apply(message, nobody);
    out.times[operation].record((clock.now() - before).value);
  };
  if (look_ahead) {
    book::LookAhead ahead(books.books(), file);
    for (Bytes message = ahead.next(); !message.empty(); message = ahead.next()) {
      apply(message);
    }
    return;
  }
  book::BlockCursor cursor(file);
  for (; cursor.whole() && !cursor.message().empty(); cursor.step()) {
    apply(cursor.message());
  }
}

}  // namespace pyscalp::bench
