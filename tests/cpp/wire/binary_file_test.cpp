#include "wire/binary_file.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire {
namespace {

std::vector<std::string> messages(BinaryFileReader& reader) {
  std::vector<std::string> all;
  while (const auto m = reader.next()) {
    all.emplace_back(reinterpret_cast<const char*>(m->data()), m->size());
  }
  return all;
}

TEST(BinaryFile, MessagesInOrderAndNothingBehindThem) {
  const Buffer bytes = hex("0002 'ab' 0001 'c'");
  BinaryFileReader reader(bytes);
  EXPECT_EQ(messages(reader), (std::vector<std::string>{"ab", "c"}));
  EXPECT_EQ(reader.offset(), bytes.size());
  EXPECT_FALSE(reader.truncated());
}

TEST(BinaryFile, ALengthOfZeroEndsTheSession) {
  const Buffer bytes = hex("0002 'ab' 0000 0001 'c'");
  BinaryFileReader reader(bytes);
  EXPECT_EQ(messages(reader), std::vector<std::string>{"ab"});
  EXPECT_EQ(reader.offset(), 4u);
  EXPECT_FALSE(reader.truncated());
}

TEST(BinaryFile, CutAnywhereItEndsAtTheLastWholeMessageAndSaysSo) {
  const Buffer bytes = hex("0002 'ab' 0003 'cde'");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Buffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    BinaryFileReader reader(cut);
    EXPECT_EQ(messages(reader).size(), size < 4 ? 0u : 1u) << size;
    EXPECT_EQ(reader.truncated(), size != 0 && size != 4) << size;
    EXPECT_EQ(reader.offset(), size < 4 ? 0u : 4u) << size;
  }
}

TEST(BinaryFile, TheLongestMessage) {
  Buffer bytes(2 + 65'535, std::byte{'z'});
  store_be<std::uint16_t>(bytes.data(), 65'535);
  BinaryFileReader reader(bytes);
  const auto message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->size(), 65'535u);
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace pyscalp::wire
