#include "wire/ethernet.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire::ethernet {
namespace {

std::string text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

FrameStatus status_of(std::uint32_t link, const Buffer& frame) {
  Payload payload;
  return decode(link, frame, payload);
}

// 10.0.0.1:12345 to 239.129.2.3:26400, "hello".
constexpr std::string_view kUdp =
    "4500 0021 0000 4000 4011 3f47 0a000001 ef810203"
    "3039 6720 000d 2923 'hello'";
constexpr std::string_view kMacs = "01005e010203 02000a000001";
constexpr Flow kFlow = {0x0A000001, 0xEF810203, 12'345, 26'400, Transport::kUdp};

/// An IPv4 packet behind a link header.
Buffer framed(std::string_view header, std::string_view packet = kUdp) {
  return hex(std::string(header) + std::string(packet));
}
Buffer on_ethernet(std::string_view packet = kUdp) {
  return framed(std::string(kMacs) + "0800", packet);
}

TEST(Ethernet, UdpOnEveryLink) {
  const std::string macs(kMacs);
  const std::string cooked = "0000 0001 0006 020000000001 0000 ";
  const struct {
    std::uint32_t link;
    std::string header;
  } cases[] = {
      {pcap::kEthernet, macs + "0800"},
      {pcap::kEthernet, macs + "8100 0064 0800"},
      {pcap::kEthernet, macs + "88a8 0064 8100 0065 0800"},
      {pcap::kEthernet, macs + "9100 0064 8100 0065 0800"},
      {pcap::kRawIp, ""},
      {pcap::kRawIpBsd, ""},
      {pcap::kLinuxCooked, cooked + "0800"},
      {pcap::kLinuxCooked, cooked + "8100 0064 0800"},
      {pcap::kLinuxCooked2, "0800 0000 00000002 0001 00 06 0200000000010000"},
      {pcap::kNull, "02000000"},
      {pcap::kNull, "00000002"},
      {pcap::kLoopback, "00000002"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.link);
    const Buffer frame = framed(c.header);
    Payload payload;
    ASSERT_EQ(decode(c.link, frame, payload), FrameStatus::kOk) << c.header;
    EXPECT_EQ(payload.flow, kFlow);
    EXPECT_EQ(text(payload.bytes), "hello");
    EXPECT_TRUE(checksums_ok(payload));
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const Buffer cut(frame.begin(),
                       frame.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(status_of(c.link, cut), FrameStatus::kCut) << size;
    }
  }
}

TEST(Ethernet, PaddingOfTheFrameIsNotPayload) {
  Buffer frame = on_ethernet();
  frame.resize(60, std::byte{0xEE});
  Payload payload;
  ASSERT_EQ(decode(pcap::kEthernet, frame, payload), FrameStatus::kOk);
  EXPECT_EQ(text(payload.bytes), "hello");
  EXPECT_TRUE(checksums_ok(payload));
}

TEST(Ethernet, OptionsOfIpv4AreSteppedOver) {
  Payload payload;
  const Buffer frame = on_ethernet(
      "4600 0025 0000 4000 0111 0000 0a000001 ef810203 94040000"
      "3039 6720 000d 0000 'hello'");
  ASSERT_EQ(decode(pcap::kEthernet, frame, payload), FrameStatus::kOk);
  EXPECT_EQ(text(payload.bytes), "hello");
  EXPECT_EQ(payload.ip_header.size(), 24u);
  EXPECT_FALSE(checksums_ok(payload));  // the header's is not filled in
}

TEST(Ethernet, WhatIsNotTheWholeOfAnIpv4DatagramIsNamed) {
  const std::string macs(kMacs);
  const auto ethernet = [](std::string_view bytes) {
    return status_of(pcap::kEthernet, hex(bytes));
  };
  EXPECT_EQ(ethernet(macs + "0806 0001"), FrameStatus::kNotIpv4);      // ARP
  EXPECT_EQ(ethernet(macs + "86dd 60000000"), FrameStatus::kNotIpv4);  // IPv6
  EXPECT_EQ(ethernet(macs + "0026 4242 03"), FrameStatus::kNotIpv4);   // 802.3
  EXPECT_EQ(ethernet(macs + "0800 60000000"), FrameStatus::kNotIpv4);  // type lies
  EXPECT_EQ(status_of(pcap::kNull, framed("1e000000")), FrameStatus::kNotIpv4);
  EXPECT_EQ(status_of(pcap::kLoopback, framed("02000000")), FrameStatus::kNotIpv4);
  EXPECT_EQ(status_of(147, on_ethernet()), FrameStatus::kUnknownLink);

  // Each with one field of the packet changed.
  const auto changed = [](std::size_t at, std::string_view with) {
    Buffer frame = on_ethernet();
    const Buffer bytes = hex(with);
    std::copy(bytes.begin(), bytes.end(),
              frame.begin() + 14 + static_cast<std::ptrdiff_t>(at));
    return status_of(pcap::kEthernet, frame);
  };
  EXPECT_EQ(changed(0, "44"), FrameStatus::kBadIpHeader);    // 16 bytes of header
  EXPECT_EQ(changed(0, "4f"), FrameStatus::kBadIpHeader);    // more than the total
  EXPECT_EQ(changed(2, "0013"), FrameStatus::kBadIpHeader);  // less than the header
  EXPECT_EQ(changed(2, "0022"), FrameStatus::kCut);
  EXPECT_EQ(changed(2, "ffff"), FrameStatus::kCut);
  EXPECT_EQ(changed(2, "001b"), FrameStatus::kBadUdpLength);  // no whole UDP header
  EXPECT_EQ(changed(6, "2000"), FrameStatus::kFragment);      // the first of several
  EXPECT_EQ(changed(6, "0001"), FrameStatus::kFragment);      // the last
  EXPECT_EQ(changed(6, "c000"), FrameStatus::kOk);            // flags of no interest
  EXPECT_EQ(changed(9, "01"), FrameStatus::kNotUdpOrTcp);     // ICMP
  EXPECT_EQ(changed(9, "02"), FrameStatus::kNotUdpOrTcp);     // IGMP
  EXPECT_EQ(changed(24, "0007"), FrameStatus::kBadUdpLength);
  EXPECT_EQ(changed(24, "000e"), FrameStatus::kBadUdpLength);
  EXPECT_EQ(changed(24, "0008"), FrameStatus::kOk);  // and no payload
}

TEST(Ethernet, ChecksumsThatAreWrongAreFound) {
  const Buffer sound = on_ethernet();
  for (std::size_t at = 14; at < sound.size(); ++at) {
    Buffer frame = sound;
    frame[at] ^= std::byte{0x01};
    Payload payload;
    if (decode(pcap::kEthernet, frame, payload) != FrameStatus::kOk) continue;
    EXPECT_FALSE(checksums_ok(payload)) << at;
  }
  Buffer frame = sound;
  frame[14 + 26] = frame[14 + 27] = std::byte{0};  // the sender computed none
  Payload payload;
  ASSERT_EQ(decode(pcap::kEthernet, frame, payload), FrameStatus::kOk);
  EXPECT_TRUE(checksums_ok(payload));
}

TEST(Ethernet, TcpGivesFlowSequenceAndPayload) {
  // 192.168.0.1:4000 to 192.168.0.2:80, header of 24 bytes, PSH ACK, 3 bytes.
  const std::string packet =
      "4500 002f 0001 4000 4006 b972 c0a80001 c0a80002"
      "0fa0 0050 fffffffe 00000001 60 18 0200 0000 0000 020405b4 'abc'";
  Payload payload;
  const Buffer frame = on_ethernet(packet);
  ASSERT_EQ(decode(pcap::kEthernet, frame, payload), FrameStatus::kOk);
  EXPECT_EQ(payload.flow, (Flow{0xC0A80001, 0xC0A80002, 4'000, 80, Transport::kTcp}));
  EXPECT_EQ(payload.tcp_sequence, 0xFFFFFFFEu);
  EXPECT_EQ(payload.tcp_flags & (kSyn | kFin | kRst), 0);
  EXPECT_EQ(text(payload.bytes), "abc");
  EXPECT_FALSE(checksums_ok(payload));  // TCP's is 0, which is no way to leave it out

  const auto with_header = [&](std::string_view size) {
    Buffer bytes = on_ethernet(packet);
    bytes[14 + 32] = hex(size)[0];
    return status_of(pcap::kEthernet, bytes);
  };
  EXPECT_EQ(with_header("40"), FrameStatus::kBadTcpHeader);
  EXPECT_EQ(with_header("70"), FrameStatus::kBadTcpHeader);  // 28 of 27 bytes
  EXPECT_EQ(with_header("50"), FrameStatus::kOk);
  Buffer stub = on_ethernet(packet);
  stub[14 + 3] = std::byte{39};  // total length: 19 bytes of TCP
  EXPECT_EQ(status_of(pcap::kEthernet, stub), FrameStatus::kBadTcpHeader);
}

TEST(Ethernet, AFrameForUdpByHand) {
  Buffer frame(kUdpFrameHeaderSize);
  const Buffer payload = hex("'hello'");
  ASSERT_TRUE(encode_udp_header(kFlow, payload, frame.data()));
  frame.insert(frame.end(), payload.begin(), payload.end());
  EXPECT_EQ(frame, on_ethernet());
}

TEST(Ethernet, FramesForUdpAreReadBack) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1'400}, kMaxUdpPayload}) {
    Buffer frame(kUdpFrameHeaderSize);
    Buffer payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 7);
    const Flow flow{0x7F000001, 0x7F000001, 1, 65'535, Transport::kUdp};
    ASSERT_TRUE(encode_udp_header(flow, payload, frame.data()));
    frame.insert(frame.end(), payload.begin(), payload.end());
    Payload back;
    ASSERT_EQ(decode(pcap::kEthernet, frame, back), FrameStatus::kOk) << size;
    EXPECT_EQ(back.flow, flow);
    EXPECT_EQ(Buffer(back.bytes.begin(), back.bytes.end()), payload);
    EXPECT_TRUE(checksums_ok(back));
    // 127.0.0.1 is no group: a hardware address of our own making.
    EXPECT_EQ(Buffer(frame.begin(), frame.begin() + 6), hex("02007f000001"));
  }
  Buffer untouched(kUdpFrameHeaderSize, std::byte{0x5A});
  EXPECT_FALSE(encode_udp_header(kFlow, Buffer(kMaxUdpPayload + 1), untouched.data()));
  EXPECT_EQ(untouched, Buffer(kUdpFrameHeaderSize, std::byte{0x5A}));
}

TEST(Ethernet, AChecksumOfZeroIsWrittenAsItsOtherForm) {
  Buffer frame(kUdpFrameHeaderSize);
  const Flow flow{0x0A000001, 0xEF810203, 1, 2, Transport::kUdp};
  const Buffer payload = hex("0452");  // sums to 0xFFFF with the rest
  ASSERT_TRUE(encode_udp_header(flow, payload, frame.data()));
  EXPECT_EQ(Buffer(frame.end() - 2, frame.end()), hex("ffff"));
  frame.insert(frame.end(), payload.begin(), payload.end());
  Payload back;
  ASSERT_EQ(decode(pcap::kEthernet, frame, back), FrameStatus::kOk);
  EXPECT_TRUE(checksums_ok(back));
}

}  // namespace
}  // namespace pyscalp::wire::ethernet
