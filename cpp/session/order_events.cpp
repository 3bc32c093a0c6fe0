#include "session/order_events.hpp"

namespace pyscalp::session {

std::string_view name(CancelReason reason) {
  switch (reason) {
    case CancelReason::kCanceled:
      return "canceled";
    case CancelReason::kExpired:
      return "expired";
    case CancelReason::kPostOnly:
      return "post_only";
    case CancelReason::kSelfMatch:
      return "self_match";
    case CancelReason::kVenue:
      return "venue";
  }
  return "?";
}

std::string_view name(RejectReason reason) {
  switch (reason) {
    case RejectReason::kOther:
      return "other";
    case RejectReason::kPostOnly:
      return "post_only";
    case RejectReason::kFunds:
      return "funds";
    case RejectReason::kRules:
      return "rules";
    case RejectReason::kRate:
      return "rate";
    case RejectReason::kClock:
      return "clock";
    case RejectReason::kPermission:
      return "permission";
    case RejectReason::kReduceOnly:
      return "reduce_only";
    case RejectReason::kNotSent:
      return "not_sent";
  }
  return "?";
}

}  // namespace pyscalp::session
