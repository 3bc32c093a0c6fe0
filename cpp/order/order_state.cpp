#include "order/order_state.hpp"

namespace pyscalp::order {

std::string_view name(OrderState state) {
  switch (state) {
    case OrderState::kPendingNew:
      return "pending_new";
    case OrderState::kLive:
      return "live";
    case OrderState::kPendingCancel:
      return "pending_cancel";
    case OrderState::kFilled:
      return "filled";
    case OrderState::kCanceled:
      return "canceled";
    case OrderState::kRejected:
      return "rejected";
    case OrderState::kUnknown:
      return "unknown";
  }
  return "?";
}

std::string_view name(OrderResult result) {
  switch (result) {
    case OrderResult::kOk:
      return "ok";
    case OrderResult::kLateFill:
      return "late_fill";
    case OrderResult::kDuplicateFill:
      return "duplicate_fill";
    case OrderResult::kUnknownRef:
      return "unknown_ref";
    case OrderResult::kOverfill:
      return "overfill";
    case OrderResult::kOvercancel:
      return "overcancel";
    case OrderResult::kBadQty:
      return "bad_qty";
    case OrderResult::kAlreadyClosed:
      return "already_closed";
    case OrderResult::kAlreadyAccepted:
      return "already_accepted";
    case OrderResult::kAlreadyCanceling:
      return "already_canceling";
    case OrderResult::kNotUnknown:
      return "not_unknown";
    case OrderResult::kOverleaves:
      return "overleaves";
    case OrderResult::kNotIncreasing:
      return "not_increasing";
    case OrderResult::kFull:
      return "full";
  }
  return "?";
}

}  // namespace pyscalp::order
