// The buffer of a session's outgoing bytes; `net` has use for it as well.
#pragma once

#include "base/outbound_buffer.hpp"

namespace pyscalp::session {

using pyscalp::OutboundBuffer;

}  // namespace pyscalp::session
