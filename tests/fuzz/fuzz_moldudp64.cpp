// Any bytes as a MoldUDP64 datagram; what is accepted is rebuilt byte for byte.
#include "check.hpp"
#include "wire/moldudp64.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pyscalp;
  namespace mold = wire::mold;
  const auto bytes = fuzz::exact_copy(data, size);
  mold::Packet packet;
  if (mold::Packet::decode(bytes, packet) != mold::DecodeStatus::kOk) return 0;

  std::vector<std::byte> rebuilt(mold::kHeaderSize);
  mold::encode(packet.header(), rebuilt.data());
  mold::PacketBuilder builder;
  builder.start(packet.header().session, packet.header().sequence);
  std::uint64_t expected = packet.header().sequence;
  std::uint16_t count = 0;
  bool fits = true;
  packet.for_each([&](std::uint64_t sequence, Bytes message) {
    FUZZ_CHECK(sequence == expected++);
    ++count;
    std::array<std::byte, 2> length;
    store_be(length.data(), static_cast<std::uint16_t>(message.size()));
    rebuilt.insert(rebuilt.end(), length.begin(), length.end());
    rebuilt.insert(rebuilt.end(), message.begin(), message.end());
    fits = fits && builder.append(message);
  });
  FUZZ_CHECK(count == packet.message_count());
  FUZZ_CHECK(fuzz::same(rebuilt, bytes));
  FUZZ_CHECK(fits == (size <= mold::PacketBuilder::kMaxPacket));
  if (fits && !packet.is_end_of_session())
    FUZZ_CHECK(fuzz::same(builder.finish(), bytes));
  return 0;
}
