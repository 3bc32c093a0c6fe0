// Headers of pcap and pcapng; tests/cpp/capture walks whole files.
#include "wire/pcap.hpp"

#include <gtest/gtest.h>

#include "bytes_of.hpp"

namespace pyscalp::wire::pcap {
namespace {

TEST(Pcap, FileHeadersOfBothByteOrdersAndResolutions) {
  const struct {
    const char* bytes;
    ByteOrder order;
    bool nanoseconds;
  } cases[] = {
      {"d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000", ByteOrder::kLittle,
       false},
      {"a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001", ByteOrder::kBig,
       false},
      {"4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000", ByteOrder::kLittle,
       true},
      {"a1b23c4d 0002 0004 00000000 00000000 00040000 00000001", ByteOrder::kBig, true},
  };
  for (const auto& c : cases) {
    const auto header = decode_file_header(hex(c.bytes).data());
    ASSERT_TRUE(header) << c.bytes;
    EXPECT_EQ(header->order, c.order);
    EXPECT_EQ(header->nanoseconds, c.nanoseconds);
    EXPECT_EQ(header->major, 2);
    EXPECT_EQ(header->minor, 4);
    EXPECT_EQ(header->snap_length, kSnapLength);
    EXPECT_EQ(header->link_type, kEthernet);
  }
  EXPECT_FALSE(decode_magic(hex("0a0d0d0a").data()));
  EXPECT_FALSE(decode_magic(hex("00000000").data()));
}

TEST(Pcap, TheUpperHalfOfTheLinkTypeIsNotTheLink) {
  const auto header = decode_file_header(
      hex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000044").data());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->link_type, kEthernet);
}

TEST(Pcap, TimesOfARecord) {
  const Buffer micros = hex("01000000 02000000 03000000 04000000");
  RecordHeader record = decode_record_header(micros.data(), ByteOrder::kLittle, false);
  EXPECT_EQ(record.time, UnixNanos{1'000'002'000});
  EXPECT_EQ(record.captured_size, 3u);
  EXPECT_EQ(record.original_size, 4u);
  record = decode_record_header(micros.data(), ByteOrder::kLittle, true);
  EXPECT_EQ(record.time, UnixNanos{1'000'000'002});
  const Buffer latest = hex("ffffffff 3b9ac9ff 00000001 00000001");
  record = decode_record_header(latest.data(), ByteOrder::kBig, true);
  EXPECT_EQ(record.time, UnixNanos{4'294'967'295'999'999'999});
}

TEST(Pcap, WhatIsWrittenIsReadBack) {
  Buffer bytes(kFileHeaderSize);
  encode_file_header(bytes.data(), kRawIp);
  EXPECT_EQ(bytes, hex("4d3cb2a1 0200 0400 00000000 00000000 00000400 65000000"));
  Buffer record(kRecordHeaderSize);
  const RecordHeader wanted{.time = UnixNanos{1'700'000'000'123'456'789},
                            .captured_size = 60,
                            .original_size = 1'500};
  ASSERT_TRUE(encode_record_header(wanted, record.data()));
  const RecordHeader back =
      decode_record_header(record.data(), ByteOrder::kLittle, true);
  EXPECT_EQ(back.time, wanted.time);
  EXPECT_EQ(back.captured_size, 60u);
  EXPECT_EQ(back.original_size, 1'500u);
}

TEST(Pcap, TimesTheFormatCannotHoldAreRefused) {
  Buffer record(kRecordHeaderSize, std::byte{0x5A});
  const Buffer untouched = record;
  EXPECT_FALSE(encode_record_header({UnixNanos{-1}, 0, 0}, record.data()));
  EXPECT_FALSE(encode_record_header({UnixNanos{4'294'967'296'000'000'000}, 0, 0},
                                    record.data()));
  EXPECT_EQ(record, untouched);
  EXPECT_TRUE(encode_record_header({UnixNanos{4'294'967'295'999'999'999}, 0, 0},
                                   record.data()));
}

TEST(PcapNg, ClocksOfEveryKind) {
  EXPECT_EQ(Clock{}.time(1'700'000'000'000'001), UnixNanos{1'700'000'000'000'001'000});
  EXPECT_EQ((Clock{.digits = 9}).time(7), UnixNanos{7});
  EXPECT_EQ((Clock{.digits = 0}).time(3), UnixNanos{3'000'000'000});
  EXPECT_EQ((Clock{.digits = 12}).time(5'999), UnixNanos{5});
  EXPECT_EQ((Clock{.digits = 127}).time(UINT64_MAX), UnixNanos{0});
  EXPECT_EQ((Clock{.digits = 10, .binary = true}).time(1'024 + 512),
            UnixNanos{1'500'000'000});
  EXPECT_EQ((Clock{.digits = 32, .binary = true}).time(std::uint64_t{5} << 31),
            UnixNanos{2'500'000'000});
  EXPECT_EQ((Clock{.digits = 127, .binary = true}).time(UINT64_MAX), UnixNanos{0});
  EXPECT_EQ((Clock{.digits = 0, .binary = true}).time(2), UnixNanos{2'000'000'000});
  EXPECT_EQ((Clock{.digits = 9, .offset_s = -2}).time(5), UnixNanos{-1'999'999'995});
}

TEST(PcapNg, TimesThatInt64CannotHoldAreNone) {
  EXPECT_FALSE(Clock{}.time(UINT64_MAX));
  EXPECT_FALSE((Clock{.digits = 0}).time(UINT64_MAX));
  EXPECT_FALSE((Clock{.digits = 0, .binary = true}).time(UINT64_MAX));
  EXPECT_FALSE((Clock{.digits = 9}).time(UINT64_MAX));
  EXPECT_TRUE((Clock{.digits = 9}).time(INT64_MAX));
  EXPECT_FALSE((Clock{.digits = 9, .offset_s = 1}).time(INT64_MAX));
  EXPECT_FALSE((Clock{.offset_s = INT64_MIN}).time(0));
  EXPECT_FALSE((Clock{.offset_s = INT64_MAX}).time(0));
}

TEST(PcapNg, AnInterfaceAndItsOptions) {
  const auto plain = decode_interface(hex("0100 0000 00000400"), ByteOrder::kLittle);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->link_type, kEthernet);
  EXPECT_EQ(plain->snap_length, kSnapLength);
  EXPECT_EQ(plain->clock.digits, 6);
  EXPECT_FALSE(plain->clock.binary);
  // Name "eth0", resolution 2^-32 s, offset -1 s, end; then bytes that are none.
  const auto all =
      decode_interface(hex("0065 0000 00000000 0002 0004 'eth0' 0009 0001 a0000000 "
                           "000e 0008 ffffffffffffffff 0000 0000 1234"),
                       ByteOrder::kBig);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->link_type, kRawIp);
  EXPECT_EQ(all->snap_length, 0u);
  EXPECT_EQ(all->clock.digits, 32);
  EXPECT_TRUE(all->clock.binary);
  EXPECT_EQ(all->clock.offset_s, -1);
}

TEST(PcapNg, OptionsThatDoNotAddUpAreRefused) {
  const auto refused = [](std::string_view options) {
    return !decode_interface(hex("0100 0000 00000000" + std::string(options)),
                             ByteOrder::kLittle);
  };
  EXPECT_TRUE(refused("0200"));                // half a header
  EXPECT_TRUE(refused("0200 0500 'abcde'"));   // its padding is missing
  EXPECT_TRUE(refused("0200 ffff 00000000"));  // past the end
  EXPECT_TRUE(refused("0900 0200 06060000"));  // a resolution of two bytes
  EXPECT_TRUE(refused("0900 0000"));           // and of none
  EXPECT_TRUE(refused("0e00 0400 00000000"));  // an offset of four bytes
  EXPECT_FALSE(refused("0200 0500 'abcde' 000000"));
  EXPECT_FALSE(decode_interface(hex("0100 0000 000000"), ByteOrder::kLittle));
}

}  // namespace
}  // namespace pyscalp::wire::pcap
