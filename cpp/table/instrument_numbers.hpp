// Instruments whose venue numbers them past 16 bits, in the numbers that books have.
//
// A number below 65,536 stands for itself unless its place is taken; others take free
// places from the top. Not thread-safe.
//
// A capture of several feeds numbers the instruments of each in 65,536 of its own; a
// kClear with code '*' then names a feed by the first of them (capture/packets.hpp).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "event/market_event.hpp"

namespace pyscalp::table {

class InstrumentNumbers {
 public:
  static constexpr std::uint32_t kPlaces = 1 << 16;

  /// The place of a venue's number; `kPlaces` where all are taken. 0, all or no
  /// instrument, is its own.
  std::uint32_t place(std::uint32_t number) {
    if (number == 0) return 0;
    if (number < kPlaces) {
      std::uint32_t& owner = owners_[number];
      if (owner == number) return number;
      if (owner == 0) return owner = number;
    }
    if (const auto found = moved_.find(number); found != moved_.end()) {
      return found->second;
    }
    while (top_ > 0 && owners_[top_] != 0) --top_;
    if (top_ == 0) return kPlaces;
    owners_[top_] = number;
    moved_.emplace(number, top_);
    return top_;
  }
  /// Calls `apply(event)` with the event in the books' numbers, for each instrument
  /// that it is about.
  template <class Apply>
  void renumber(event::MarketEvent event, Apply apply) {
    const std::uint32_t number = event.instrument;
    const bool of_a_feed = event.kind == event::EventKind::kClear &&
                           event.code == '*' && number != 0 && number % kPlaces == 0;
    if (!of_a_feed) {
      event.instrument = place(number);
      return apply(event);
    }
    for (std::uint32_t i = 1; i < kPlaces; ++i) {
      if (owners_[i] / kPlaces != number / kPlaces) continue;
      event.instrument = i;
      apply(event);
    }
  }
  /// As `place`, without taking one; 0 where the number has none.
  std::uint32_t find(std::uint32_t number) const {
    if (number < kPlaces && owners_[number] == number) return number;
    const auto found = moved_.find(number);
    return found == moved_.end() ? 0 : found->second;
  }
  /// The venue's number of a place; 0 where none has it.
  std::uint32_t number(std::uint16_t place) const { return owners_[place]; }

 private:
  std::vector<std::uint32_t> owners_ = std::vector<std::uint32_t>(kPlaces);
  std::unordered_map<std::uint32_t, std::uint32_t> moved_;
  std::uint32_t top_ = kPlaces - 1;
};

}  // namespace pyscalp::table
