// The states of one of our orders, and the named results of what the venue says of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pyscalp::order {

/// Life of an order:
///
///   kPendingNew --accepted--> kLive --cancel sent--> kPendingCancel
///        |                      |                         |
///     rejected               filled / canceled by the venue (from any open state)
///        v                      v
///   kRejected              kFilled / kCanceled
///
/// A disconnect puts every open order into kUnknown, a request without an answer the
/// one it was about; only a message of the venue, or a reconciliation, takes it out.
/// All of its remaining quantity counts until then.
enum class OrderState : std::uint8_t {
  kPendingNew = 0,
  kLive = 1,
  kPendingCancel = 2,
  kFilled = 3,
  kCanceled = 4,
  kRejected = 5,
  kUnknown = 6,
};

/// True while the order can still trade, as far as we can tell.
constexpr bool is_open(OrderState state) {
  return state == OrderState::kPendingNew || state == OrderState::kLive ||
         state == OrderState::kPendingCancel || state == OrderState::kUnknown;
}

/// What became of an event. Only kOk and kLateFill changed the order.
enum class OrderResult : std::uint8_t {
  kOk,
  kLateFill,         ///< more than was open: traded before the cancel was seen; counted
  kDuplicateFill,    ///< this match was already booked for this order
  kUnknownRef,       ///< no such order, or so old that its place was taken
  kOverfill,         ///< more than was ever ordered; not booked, the venue is at odds
  kOvercancel,       ///< more taken off than was open; not booked, the venue is at odds
  kBadQty,           ///< zero or negative
  kAlreadyClosed,    ///< the order is filled, canceled or rejected
  kAlreadyAccepted,  ///< a second ack, or a reject after the ack
  kAlreadyCanceling,  ///< a cancel is under way
  kNotUnknown,        ///< reconciliation of an order whose fate is known
  kOverleaves,        ///< reconciliation to more than we know to be open
  kNotIncreasing,     ///< user reference at or below the last one
  kFull,              ///< every place is held by an open order
};
inline constexpr std::size_t kOrderResults = 14;

/// True if the event changed the order.
constexpr bool applied(OrderResult result) {
  return result == OrderResult::kOk || result == OrderResult::kLateFill;
}

std::string_view name(OrderState state);
std::string_view name(OrderResult result);

}  // namespace pyscalp::order
