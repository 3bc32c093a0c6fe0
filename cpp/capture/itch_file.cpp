#include "capture/itch_file.hpp"

#include "event/itch_events.hpp"

namespace pyscalp::capture {

std::size_t ItchFileDecoder::decode(Bytes bytes, Events& out) {
  std::size_t at = 0;
  while (!ended_ && bytes.size() - at >= 2) {
    const std::size_t length = load_be<std::uint16_t>(bytes.data() + at);
    if (bytes.size() - at - 2 < length) return at;
    at += 2;
    if (length == 0) {
      ended_ = true;
    } else {
      one(bytes.subspan(at, length), out);
      at += length;
    }
  }
  if (!ended_) return at;
  if (bytes.size() != at) counters_.more["after_end"] += bytes.size() - at;
  return bytes.size();
}

void ItchFileDecoder::end(Bytes rest, Events&) { cut_ = !rest.empty(); }

void ItchFileDecoder::one(Bytes message, Events& out) {
  event::MarketEvent event;
  event::ItchEvent visitor(event, ++counters_.messages, 0, midnight_ns_);
  switch (wire::itch::decode(message, visitor)) {
    case wire::itch::DecodeStatus::kOk:
      break;
    case wire::itch::DecodeStatus::kUnknownType:
      ++counters_.unknown_types[std::to_integer<std::uint8_t>(message[0])];
      return;
    default:
      ++counters_.undecodable;
      return;
  }
  if (visitor.has_stock() && event.instrument != 0) {
    bool& named = named_[event.instrument];
    if (!named || event.kind == event::EventKind::kInstrument) {
      named = true;
      name(event.instrument, visitor.stock().trimmed());
    }
  }
  give(event, out);
}

}  // namespace pyscalp::capture
