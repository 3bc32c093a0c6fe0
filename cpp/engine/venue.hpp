// What a venue is to the heartbeat: the market as it is booked, and the session that
// orders go out by.
#pragma once

#include <concepts>
#include <utility>

#include "base/types.hpp"
#include "book/order_books.hpp"
#include "book/touch.hpp"
#include "order/working_orders.hpp"
#include "risk/gated.hpp"

namespace pyscalp::engine {

/// How much of the market data came, and how much was missing.
struct FeedFigures {
  std::uint64_t messages = 0;
  std::uint64_t gaps = 0;
  std::uint64_t requests = 0;  ///< for what was missing
};

/// A feed with its books and an order session. Nothing of it allocates, locks or calls
/// the system once the instruments are known.
template <class V>
concept Venue = requires(V venue, const V& seen, InstrumentId id, Side side, int count,
                         book::LevelView* out, const order::Order& own, MonoNanos now,
                         risk::GatedOrder&& wanted, risk::GatedCancel&& unwanted) {
  // ---- The market ----
  { seen.touch(id) } -> std::convertible_to<book::Touch>;
  // Writes up to `count` levels, best first; returns how many.
  { seen.levels(id, side, out, count) } -> std::same_as<int>;
  // Displayed on the best `count` levels.
  { seen.depth(id, side, count) } -> std::same_as<Qty>;
  // The book met something impossible and is not to be traded on.
  { seen.flagged(id) } -> std::same_as<bool>;
  { seen.trading(id) } -> std::same_as<bool>;
  // Something is missing: the instrument's book is one of the past.
  { seen.gap_open(id) } -> std::same_as<bool>;
  // Of any instrument.
  { seen.gap_open() } -> std::same_as<bool>;
  // The stamp of the message being applied, ns since the venue's midnight.
  { seen.venue_time() } -> std::same_as<UnixNanos>;
  // What the book shows of an open order of ours, and what stands before it there; -1
  // where that is not known.
  { seen.displayed(own) } -> std::same_as<Qty>;
  { seen.qty_ahead(own) } -> std::same_as<Qty>;
  { seen.feed_figures() } -> std::same_as<FeedFigures>;
  // ---- The order session ----
  // In step with the venue: orders can be sent.
  { seen.live() } -> std::same_as<bool>;
  // Also all that is to be known of the market before trading begins is known.
  { seen.synchronised() } -> std::same_as<bool>;
  { seen.next_user_ref() } -> std::same_as<std::uint32_t>;
  // The order's reference; 0: could not be sent.
  { venue.send(std::move(wanted), now) } -> std::same_as<std::uint32_t>;
  { venue.cancel(std::move(unwanted), now) } -> std::same_as<bool>;
  venue.logout(now);
  // When the venue's own on_time has something to do.
  { seen.next_deadline() } -> std::same_as<MonoNanos>;
};

}  // namespace pyscalp::engine
