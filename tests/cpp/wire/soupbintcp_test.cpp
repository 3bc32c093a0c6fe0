#include "wire/soupbintcp.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire::soup {
namespace {

using Frames = std::vector<std::pair<char, std::string>>;

struct Take {
  Frames* frames;
  void operator()(const Frame& f) const {
    frames->emplace_back(
        f.type,
        std::string(reinterpret_cast<const char*>(f.payload.data()), f.payload.size()));
  }
};

TEST(SoupBinTcp, FramesOfOneReadOrOfAByteAtATime) {
  const Buffer bytes = hex("0001 'H' 0004 'Sabc' 0001 'Z' 0002 '+x'");
  const Frames wanted = {{'H', ""}, {'S', "abc"}, {'Z', ""}, {'+', "x"}};
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const auto reader = std::make_unique<FrameReader>();
    Frames frames;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const Buffer part(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                        bytes.begin() + static_cast<std::ptrdiff_t>(
                                            std::min(at + step, bytes.size())));
      ASSERT_TRUE(reader->feed(part, Take{&frames}));
    }
    EXPECT_EQ(frames, wanted) << step;
  }
}

TEST(SoupBinTcp, TheLargestFrame) {
  Buffer bytes(2 + 65'535, std::byte{'y'});
  store_be<std::uint16_t>(bytes.data(), 65'535);
  bytes[2] = std::byte{'S'};
  const auto reader = std::make_unique<FrameReader>();
  Frames frames;
  const Bytes all(bytes);
  ASSERT_TRUE(reader->feed(all.first(65'536), Take{&frames}));
  EXPECT_TRUE(frames.empty());
  ASSERT_TRUE(reader->feed(all.subspan(65'536), Take{&frames}));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].second, std::string(65'534, 'y'));
  // And the next one is read from its own start.
  ASSERT_TRUE(reader->feed(hex("0001 'H'"), Take{&frames}));
  EXPECT_EQ(frames.back(), (std::pair<char, std::string>{'H', ""}));
}

TEST(SoupBinTcp, AFrameOfLengthZeroIsRefused) {
  const auto reader = std::make_unique<FrameReader>();
  Frames frames;
  EXPECT_FALSE(reader->feed(hex("0001 'H' 0000 0001 'H'"), Take{&frames}));
  EXPECT_EQ(frames.size(), 1u);
  reader->reset();
  EXPECT_TRUE(reader->feed(hex("0001 'H'"), Take{&frames}));
  EXPECT_EQ(frames.size(), 2u);
}

TEST(SoupBinTcp, ARequestForALoginByHand) {
  LoginRequest request;
  request.username = Text<6>("SCALP1");
  request.password = Text<10>("paper");
  request.sequence = number_text(135);
  Buffer bytes(kHeaderSize + LoginRequest::kSize);
  ASSERT_EQ(encode(request, bytes.data()), bytes.size());
  EXPECT_EQ(bytes, hex("002f 'L' 'SCALP1' 'paper     ' '          ' "
                       "'                 135'"));
  const auto back = decode<LoginRequest>(Bytes(bytes).subspan(kHeaderSize));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->password.trimmed(), "paper");
  EXPECT_EQ(parse_number(back->sequence), 135u);
}

TEST(SoupBinTcp, ALoginOf410SaysHowLongItMayBeSilent) {
  TimedLoginRequest request;
  request.login.username = Text<6>("SCALP1");
  request.login.sequence = number_text(1);
  request.heartbeat_ms = number_text<5>(15'000);
  Buffer bytes(kHeaderSize + TimedLoginRequest::kSize);
  ASSERT_EQ(encode(request, bytes.data()), bytes.size());
  EXPECT_EQ(bytes, hex("0034 'L' 'SCALP1' '          ' '          ' "
                       "'                   1' '15000'"));
  const Bytes payload = Bytes(bytes).subspan(kHeaderSize);
  const auto timed = decode<TimedLoginRequest>(payload);
  ASSERT_TRUE(timed);
  EXPECT_EQ(parse_number(timed->heartbeat_ms), 15'000u);
  // One that knows 3.00 and 4.00 alone reads the same login.
  const auto older = decode<LoginRequest>(payload);
  ASSERT_TRUE(older);
  EXPECT_EQ(older->username, timed->login.username);
  EXPECT_EQ(parse_number(older->sequence), 1u);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(decode<TimedLoginRequest>(payload.first(size)));
  }
  EXPECT_EQ(number_text<5>(250).trimmed(), "250");
  EXPECT_EQ(parse_number(TimedLoginRequest{}.heartbeat_ms), 0u);  // left to the server
}

TEST(SoupBinTcp, TheAnswersToALogin) {
  const Buffer accepted = hex("'      DAY1' '                   1'");
  const auto a = decode<LoginAccepted>(accepted);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->session.trimmed(), "DAY1");
  EXPECT_EQ(parse_number(a->sequence), 1u);
  for (std::size_t size = 0; size < accepted.size(); ++size) {
    EXPECT_FALSE(decode<LoginAccepted>(Buffer(
        accepted.begin(), accepted.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  const auto j = decode<LoginRejected>(hex("'S'"));
  ASSERT_TRUE(j);
  EXPECT_EQ(j->reason, 'S');
  EXPECT_FALSE(decode<LoginRejected>({}));
}

TEST(SoupBinTcp, NumbersPaddedOnEitherSide) {
  EXPECT_EQ(parse_number(Text<20>("")), 0u);  // blank
  EXPECT_EQ(parse_number(Text<20>("0")), 0u);
  EXPECT_EQ(parse_number(Text<20>("  42  ")), 42u);
  EXPECT_EQ(parse_number(Text<20>("00000000000000000042")), 42u);
  EXPECT_FALSE(parse_number(Text<20>("4 2")));
  EXPECT_FALSE(parse_number(Text<20>("-1")));
  EXPECT_FALSE(parse_number(Text<20>("99999999999999999999")));
  EXPECT_EQ(parse_number(Text<20>("18446744073709551615")), UINT64_MAX);
  EXPECT_FALSE(parse_number(Text<20>("18446744073709551616")));
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1},
                                     std::uint64_t{18'446'744'073'709'551'609u}}) {
    EXPECT_EQ(parse_number(number_text(number)), number);
  }
  EXPECT_EQ(number_text(UINT64_MAX).trimmed(), "18446744073709551615");
}

}  // namespace
}  // namespace pyscalp::wire::soup
