// States, results and counters of an order session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pyscalp::session {

enum class SessionState : std::uint8_t {
  kDisconnected = 0,
  kLoggingIn = 1,      ///< connected, login sent
  kSynchronising = 2,  ///< logged in; what was missed is coming in, then the answer to
                       ///< the account query
  kLive = 3,           ///< orders may be sent
  kLoggedOut = 4,      ///< logout sent, nothing more may be
  kRefused = 5,        ///< login rejected; the server closes
  kEnded = 6,          ///< the venue ended the session
  kFailed = 7,         ///< link dead or bytes that no server may send; close it
};

/// What to do with the connection after a call.
enum class Link : std::uint8_t {
  kKeep,
  kClose,  ///< close the socket, then call on_disconnected
};

/// Frames and messages that were not as they should be. Only kZeroLength, kNoLoginYet
/// and kBadLogin end the connection.
enum class BadInput : std::uint8_t {
  kZeroLength,      ///< a frame of length 0
  kUnknownFrame,    ///< frame type that SoupBinTCP does not know, or only clients send
  kNoLoginYet,      ///< data or end of session before the answer to the login
  kBadLogin,        ///< login answer too short, or its sequence is no number
  kRepeatedLogin,   ///< a login answer when none was due
  kUnsequenced,     ///< unsequenced data; the venue has nothing to say in it
  kEmptyMessage,    ///< sequenced data without a message
  kUnknownMessage,  ///< message type that is not read; skipped
  kTruncatedMessage,  ///< shorter than its type; what it said is lost
  kBadAppendage,      ///< options that reach past the end; what it said is lost
  kBadPrice,          ///< price beyond what OUCH can express; what it said is lost
  kSequenceJump,      ///< resumed, but not where we asked
};
inline constexpr std::size_t kBadInputs = 12;

std::string_view name(SessionState state);
std::string_view name(BadInput input);

}  // namespace pyscalp::session
