#include "journal/journal_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace pyscalp::journal {
namespace {

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

class JournalFileTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("journal_test_" + std::to_string(::getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::vector<std::string>& records) {
    JournalWriter writer(path_);
    for (const auto& record : records) ASSERT_TRUE(writer.append(bytes_of(record)));
    ASSERT_TRUE(writer.flush(true));
  }
  std::vector<std::byte> content() const {
    std::ifstream file(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const Bytes bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
  }
  static std::vector<std::string> read(const std::vector<std::byte>& file) {
    JournalReader reader(file);
    std::vector<std::string> records;
    while (const auto record = reader.next()) {
      records.emplace_back(reinterpret_cast<const char*>(record->data()),
                           record->size());
    }
    return records;
  }

  std::filesystem::path path_;
};

const std::vector<std::string> kRecords{"first", "", "a third, longer record", "x"};

TEST(Crc32c, EqualsThePublishedCheckValue) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);  // RFC 3720, appendix B.4
}

TEST_F(JournalFileTest, GivesBackWhatWasWritten) {
  write(kRecords);
  EXPECT_EQ(read(content()), kRecords);
}

TEST_F(JournalFileTest, ACutAnywhereLeavesTheWholeRecordsBeforeIt) {
  write(kRecords);
  const auto whole = content();
  std::size_t before = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.begin(),
                                     whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto records = read(cut);
    ASSERT_GE(records.size(), before);
    ASSERT_LE(records.size(), kRecords.size());
    before = records.size();
    for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i], kRecords[i]);
  }
  EXPECT_EQ(before, kRecords.size());
}

TEST_F(JournalFileTest, EveryFlippedBitIsFound) {
  write(kRecords);
  const auto whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = whole;
      damaged[at] ^= static_cast<std::byte>(1 << bit);
      const auto records = read(damaged);
      ASSERT_LT(records.size(), kRecords.size()) << "byte " << at << " bit " << bit;
      for (std::size_t i = 0; i < records.size(); ++i)
        ASSERT_EQ(records[i], kRecords[i]);
    }
  }
}

TEST_F(JournalFileTest, RefusesToOverwriteAndSaysSo) {
  write(kRecords);
  JournalWriter again(path_);
  EXPECT_TRUE(again.failed());
  EXPECT_NE(again.error().find(path_.string()), std::string::npos);
  EXPECT_FALSE(again.append(bytes_of("lost")));
  EXPECT_EQ(read(content()), kRecords);
}

TEST_F(JournalFileTest, AFullDiskIsSaidAndStops) {
  JournalWriter writer("/dev/full/none");
  EXPECT_TRUE(writer.failed());
  std::filesystem::create_symlink("/dev/full", path_);
  // Creating anew refuses what is there, a device included.
  JournalWriter device(path_);
  EXPECT_TRUE(device.failed());
}

}  // namespace
}  // namespace pyscalp::journal
