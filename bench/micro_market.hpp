// The piece of a made-up market day that the micro-benchmarks work on, in memory.
//
// One busy instrument with 20,000 orders alive, and a market of 500 with 100,000. Small
// enough that the bytes themselves come from the cache, so that what is timed is the
// work. Made at the first call of each function; one thread.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "book/itch_books.hpp"
#include "book/level_change.hpp"
#include "book/top_levels.hpp"
#include "signal/market_view.hpp"

namespace pyscalp::bench {

inline constexpr InstrumentId kBusy{1};
/// Messages of the piece, which comes after the opening.
inline constexpr std::size_t kPiece = 8'192;
inline constexpr int kLevels = 5;
inline book::TopLevelsConfig top_levels_config() {
  return {kLevels, 5, Price{10'000'000}};
}

/// The messages of a day, without their lengths in front.
struct Messages {
  std::vector<std::byte> bytes;
  std::vector<Bytes> each;
};

/// What the books of the busy instrument told while the piece was applied.
struct BusyBook {
  /// A change of the market as signals see it, with the trade that made it.
  struct Event {
    UnixNanos time{};
    book::Touch touch;
    std::array<std::array<book::LevelView, kLevels>, 2> levels{};
    std::array<int, 2> level_count{};
    std::array<book::OrderEvent, 2> orders{};  ///< what happened to which
    int order_count = 0;
    signal::Trade trade;
    bool traded = false;

    /// As signals see it, `later` ns after the recorded time.
    signal::MarketView view(std::int64_t later) const {
      const UnixNanos at{time.value + later};
      return {kBusy, MonoNanos{at.value}, at,
              touch, side(Side::kBuy),    side(Side::kSell)};
    }
    std::span<const book::LevelView> side(Side side) const {
      return {levels[index(side)].data(),
              static_cast<std::size_t>(level_count[index(side)])};
    }
  };
  /// From the first event to the last, and the mean step beyond: the piece may be shown
  /// again that much later.
  std::int64_t lap_ns = 0;
  std::vector<Event> events;
  std::vector<book::LevelChange> changes;
  /// Levels before the first change, best first; of each side.
  std::vector<book::LevelView> opening[2];
  /// All levels after every change that leaves `kLevels` short of one, in order.
  std::vector<std::vector<book::LevelView>> refills;
};

/// The piece itself.
const Messages& busy_messages();
const BusyBook& busy_book();
/// Books of the market, warm; whoever changes them leaves as many orders as there were.
book::OrderBooks& market_books();
inline constexpr std::uint32_t kMarketInstruments = 500;
/// Above every reference of the market's day.
inline constexpr std::uint64_t kFirstFreeReference = 1'000'000;

}  // namespace pyscalp::bench
