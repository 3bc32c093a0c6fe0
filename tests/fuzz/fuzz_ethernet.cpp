// Any bytes as a frame of any link; what is found in it lies inside it, and a UDP
// payload, framed again, is found again. The first byte chooses the link.
#include "check.hpp"
#include "wire/ethernet.hpp"

namespace {

using namespace pyscalp;
namespace ethernet = wire::ethernet;
namespace pcap = wire::pcap;

constexpr std::uint32_t kLinks[] = {
    pcap::kEthernet, pcap::kNull,        pcap::kLoopback,     pcap::kRawIp,
    pcap::kRawIpBsd, pcap::kLinuxCooked, pcap::kLinuxCooked2, 147};

bool inside(Bytes part, Bytes whole) {
  return part.data() >= whole.data() &&
         part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint32_t link = kLinks[data[0] % std::size(kLinks)];
  const auto frame = fuzz::exact_copy(data + 1, size - 1);
  ethernet::Payload payload;
  const auto status = ethernet::decode(link, frame, payload);
  if (status != ethernet::FrameStatus::kOk) return 0;
  FUZZ_CHECK(link != 147);
  FUZZ_CHECK(inside(payload.ip_header, frame));
  FUZZ_CHECK(inside(payload.segment, frame));
  FUZZ_CHECK(inside(payload.bytes, payload.segment));
  FUZZ_CHECK(payload.ip_header.size() >= 20 && payload.ip_header.size() <= 60);
  FUZZ_CHECK(payload.ip_header.data() + payload.ip_header.size() ==
             payload.segment.data());
  ethernet::checksums_ok(payload);
  if (payload.flow.transport != ethernet::Transport::kUdp) return 0;

  FUZZ_CHECK(payload.segment.size() == payload.bytes.size() + 8);
  std::vector<std::byte> again(ethernet::kUdpFrameHeaderSize);
  FUZZ_CHECK(ethernet::encode_udp_header(payload.flow, payload.bytes, again.data()));
  again.insert(again.end(), payload.bytes.begin(), payload.bytes.end());
  ethernet::Payload found;
  FUZZ_CHECK(ethernet::decode(pcap::kEthernet, again, found) ==
             ethernet::FrameStatus::kOk);
  FUZZ_CHECK(found.flow == payload.flow);
  FUZZ_CHECK(fuzz::same(found.bytes, payload.bytes));
  FUZZ_CHECK(ethernet::checksums_ok(found));
  return 0;
}
