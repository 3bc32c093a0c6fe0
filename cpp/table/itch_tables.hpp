// Tables of a recorded ITCH 5.0 day, straight from its bytes.
//
// Push the file in chunks cut anywhere; the books are those of book::ItchBooks, and the
// messages of a chunk are announced to them ahead. Sequence numbers are those of the
// messages in the file, from 1. With a choice of symbols the messages of all other
// instruments are passed over unread. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "book/itch_books.hpp"
#include "book/look_ahead.hpp"
#include "table/book_rows.hpp"

namespace pyscalp::table {

class ItchTables {
 public:
  struct Counters {
    std::uint64_t messages = 0;  ///< in the file, those passed over included
    std::uint64_t passed_over = 0;
    std::uint64_t trades = 0;
    std::uint64_t breaks = 0;
    std::uint64_t crossed = 0;  ///< times a book became crossed or locked
  };

  /// `midnight_ns` is added to the feed's times; no symbols: all of them.
  ItchTables(const BookRowsConfig& config, std::vector<std::string> symbols,
             std::int64_t midnight_ns, const book::BookCapacity& capacity = {});

  /// Takes the next bytes of the file. False once it is over: at its end mark, or at
  /// damage.
  bool feed(Bytes chunk);

  /// Bytes of whole messages so far.
  std::uint64_t offset() const { return offset_; }
  /// True where a file that ends here is cut inside a message.
  bool cut() const { return !ended_ && !carry_.empty(); }
  /// True where the message at `offset` is shorter than its type is, or has no type.
  bool damaged() const { return damaged_; }

  BookRows& rows() { return rows_; }
  const book::ItchBooks& books() const { return books_; }
  const Counters& counters() const { return counters_; }
  /// True once the file has named an instrument in its directory.
  bool listed() const { return listed_; }
  /// Whether one of the wanted symbols was met; true where all are wanted.
  bool chosen() const;
  /// The number's symbol, by the directory or else by a message that bears it; empty
  /// where none told.
  std::string_view symbol(InstrumentId id) const;
  /// Numbers that a message was about, in their order, up to the highest.
  std::vector<std::uint16_t> seen() const;
  /// Messages about the instrument that its books took.
  std::uint64_t messages(InstrumentId id) const { return activity_[index(id)]; }
  bool flagged(InstrumentId id) const {
    return books_.books().flagged(id) || crossed_[index(id)] != 0;
  }

 private:
  struct TouchListener;
  struct Listener;
  struct LevelListener;

  std::size_t feed_whole(Bytes bytes);
  template <class Apply>
  std::size_t feed_to(Bytes bytes, Apply apply_one);
  bool apply_lean(Bytes message, TouchListener& heard);
  template <class Hears>
  bool apply(Bytes message);
  template <class Hears>
  void settle(const Hears& heard);
  RowTime time_of(Bytes message) const;
  void check_crossed(InstrumentId id);
  void read_symbol(Bytes message, InstrumentId id);
  void read_unbooked(Bytes message, InstrumentId id);

  BookRows rows_;
  std::int64_t midnight_ns_;
  book::ItchBooks books_;
  Counters counters_;
  std::unordered_set<std::string> wanted_;
  std::vector<std::uint8_t> chosen_;  ///< by instrument; empty: all
  std::vector<std::uint32_t> activity_;
  std::vector<std::uint8_t> crossed_;  ///< bits: is so now, was so once
  std::vector<wire::itch::Symbol> symbols_;
  std::vector<std::byte> carry_;  ///< the beginning of a message that a chunk cut
  std::uint64_t offset_ = 0;
  bool listed_ = false;  ///< the directory has named an instrument
  bool ended_ = false;
  bool damaged_ = false;
};

}  // namespace pyscalp::table
