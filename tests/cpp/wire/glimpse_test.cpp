#include "wire/glimpse.hpp"

#include <gtest/gtest.h>

#include "bytes_of.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::wire::glimpse {
namespace {

struct Take {
  std::vector<std::string> got;
  std::optional<std::uint64_t> next;
  void on(const EndOfSnapshot& m) {
    got.emplace_back("end");
    next = soup::parse_number(m.sequence);
  }
  void on(const itch::SystemEvent& m) { got.push_back({m.kType, m.event}); }
};

TEST(Glimpse, TheEndSaysWhereTheFeedGoesOn) {
  const Buffer bytes = hex("'G' '              123456'");
  Take take;
  ASSERT_EQ(decode(bytes, take), itch::DecodeStatus::kOk);
  EXPECT_EQ(take.got, std::vector<std::string>{"end"});
  EXPECT_EQ(take.next, 123'456u);
  Buffer back(EndOfSnapshot::kSize);
  ASSERT_EQ(encode({soup::number_text(123'456)}, back.data()), back.size());
  EXPECT_EQ(back, bytes);
  // Padded on the other side, as another server may.
  ASSERT_EQ(decode(hex("'G' '77                  '"), take), itch::DecodeStatus::kOk);
  EXPECT_EQ(take.next, 77u);
}

TEST(Glimpse, EverythingElseIsItch) {
  Take take;
  EXPECT_EQ(decode(hex("'S' 0000 0000 000000000000 'Q'"), take),
            itch::DecodeStatus::kOk);
  EXPECT_EQ(take.got, std::vector<std::string>{"SQ"});
  EXPECT_EQ(decode({}, take), itch::DecodeStatus::kEmpty);
  EXPECT_EQ(decode(hex("'g'"), take), itch::DecodeStatus::kUnknownType);
  EXPECT_EQ(take.got.size(), 1u);
}

TEST(Glimpse, CutAtEveryLengthNothingIsDelivered) {
  const Buffer bytes = hex("'G' '                   1'");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    Take take;
    EXPECT_EQ(decode(Bytes(bytes).first(size), take), itch::DecodeStatus::kTruncated);
    EXPECT_TRUE(take.got.empty());
  }
}

}  // namespace
}  // namespace pyscalp::wire::glimpse
