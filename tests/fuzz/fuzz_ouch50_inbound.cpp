// Any bytes through the decoder of OUCH 5.0 messages from the client.
#include "ouch_round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pyscalp::fuzz::check_ouch(data, size, [](pyscalp::Bytes bytes, auto& handler) {
    return pyscalp::wire::ouch::decode_inbound(bytes, handler);
  });
  return 0;
}
