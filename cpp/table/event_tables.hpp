// Tables of a stream of MarketEvents, whatever feed or file they come from.
//
// Not thread-safe.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "book/event_books.hpp"
#include "table/book_rows.hpp"
#include "table/instrument_numbers.hpp"

namespace pyscalp::table {

class EventTables {
 public:
  explicit EventTables(const BookRowsConfig& config,
                       const book::EventCapacity& capacity = {});

  /// Takes `count` events that lie behind each other at `bytes`, aligned or not.
  void feed(Bytes bytes, std::size_t count);

  BookRows& rows() { return rows_; }
  const book::EventBooks& books() const { return books_; }
  /// The books' numbers of instruments that an event was about, in their order.
  std::vector<std::uint16_t> seen() const;
  /// The venue's number of an instrument.
  std::uint32_t number(std::uint16_t instrument) const {
    return numbers_.number(instrument);
  }
  std::uint64_t events(InstrumentId id) const { return activity_[index(id)]; }

 private:
  struct Listener;

  BookRows rows_;
  book::EventBooks books_;
  InstrumentNumbers numbers_;
  std::vector<std::uint64_t> activity_;
};

}  // namespace pyscalp::table
