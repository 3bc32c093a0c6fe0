// ITCH 5.0 in BinaryFILE framing, pushed in pieces.
//
// One message, one event (event/itch_events.hpp). The sequence is the place of the
// message in the file, from 1; the receipt time is 0, as nobody stamped. A length of 0
// ends the session; what follows it is counted as `after_end` bytes and not looked at.
#pragma once

#include "capture/decoder.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::capture {

class ItchFileDecoder final : public Decoder {
 public:
  /// `midnight_ns`: midnight US Eastern in UTC, added to the times; 0 leaves them.
  explicit ItchFileDecoder(std::int64_t midnight_ns) : midnight_ns_(midnight_ns) {}

 private:
  std::size_t decode(Bytes bytes, Events& out) override;
  void end(Bytes rest, Events& out) override;
  void one(Bytes message, Events& out);

  std::int64_t midnight_ns_;
  bool ended_ = false;
  std::array<bool, 65'536> named_{};
};

}  // namespace pyscalp::capture
