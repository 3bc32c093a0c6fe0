#include "session/session_state.hpp"

namespace pyscalp::session {

std::string_view name(SessionState state) {
  switch (state) {
    case SessionState::kDisconnected:
      return "disconnected";
    case SessionState::kLoggingIn:
      return "logging_in";
    case SessionState::kSynchronising:
      return "synchronising";
    case SessionState::kLive:
      return "live";
    case SessionState::kLoggedOut:
      return "logged_out";
    case SessionState::kRefused:
      return "refused";
    case SessionState::kEnded:
      return "ended";
    case SessionState::kFailed:
      return "failed";
  }
  return "?";
}

std::string_view name(BadInput input) {
  switch (input) {
    case BadInput::kZeroLength:
      return "zero_length";
    case BadInput::kUnknownFrame:
      return "unknown_frame";
    case BadInput::kNoLoginYet:
      return "no_login_yet";
    case BadInput::kBadLogin:
      return "bad_login";
    case BadInput::kRepeatedLogin:
      return "repeated_login";
    case BadInput::kUnsequenced:
      return "unsequenced";
    case BadInput::kEmptyMessage:
      return "empty_message";
    case BadInput::kUnknownMessage:
      return "unknown_message";
    case BadInput::kTruncatedMessage:
      return "truncated_message";
    case BadInput::kBadAppendage:
      return "bad_appendage";
    case BadInput::kBadPrice:
      return "bad_price";
    case BadInput::kSequenceJump:
      return "sequence_jump";
  }
  return "?";
}

}  // namespace pyscalp::session
