// GLIMPSE 5.0: a snapshot of the day so far, as ITCH 5.0 messages over SoupBinTCP.
//
// Source: Nasdaq GLIMPSE 5.0. The state comes as directory, status and add messages
// (an add for each resting order with the quantity it has now), then one message of
// GLIMPSE's own says where to go on in the feed. Stateless.
#pragma once

#include "base/bytes.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::wire::glimpse {

/// Ends the snapshot. `sequence` is ASCII, padded on either side: read it with
/// soup::parse_number, write it with soup::number_text.
struct EndOfSnapshot {
  static constexpr char kType = 'G';
  static constexpr std::size_t kSize = 21;
  Text<20> sequence;
  void map(auto& io) { io(sequence); }
};

/// Decodes one message of a snapshot and calls `handler.on(message)` with
/// EndOfSnapshot or an ITCH message; see itch::decode.
template <class Handler>
itch::DecodeStatus decode(Bytes bytes, Handler&& handler) {
  if (!bytes.empty() && static_cast<char>(bytes[0]) == EndOfSnapshot::kType) {
    return itch::detail::deliver<EndOfSnapshot>(bytes, handler);
  }
  return itch::decode(bytes, handler);
}

/// Writes `message` to `out`, which must hold EndOfSnapshot::kSize bytes.
inline std::size_t encode(const EndOfSnapshot& message, std::byte* out) {
  return itch::encode(message, out);
}

}  // namespace pyscalp::wire::glimpse
