#include "live/capture_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace pyscalp::live {
namespace {

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class CaptureFileTest : public testing::Test {
 protected:
  CaptureFileTest()
      : path_(testing::TempDir() + "capture_" + std::to_string(getpid())) {
    std::filesystem::remove(path_);
  }
  ~CaptureFileTest() override { std::filesystem::remove(path_); }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Unpacked, all members; plain files as they are.
  std::string text() const {
    std::string out;
    char piece[4'096];
    const gzFile file = gzopen(path_.c_str(), "rb");
    for (int size; (size = gzread(file, piece, sizeof piece)) > 0;)
      out.append(piece, static_cast<std::size_t>(size));
    EXPECT_EQ(gzclose(file), Z_OK);
    return out;
  }
  const std::string path_;
};

TEST_F(CaptureFileTest, APlainLineIsATimeABlankAndTheMessage) {
  CaptureFile file(path_, false, false);
  EXPECT_TRUE(file.append({1'723'161'255'030'314'667}, bytes_of(R"({"a":1})")));
  EXPECT_TRUE(file.append({2}, bytes_of("{\n\r}")));
  EXPECT_TRUE(file.finish());
  EXPECT_EQ(content(), "1723161255030314667 {\"a\":1}\n2 {  }\n");
  EXPECT_EQ(file.messages(), 2u);
  EXPECT_EQ(file.bytes(), content().size());
}

TEST_F(CaptureFileTest, APackedOneCanBeReadAtAnyTime) {
  CaptureFile file(path_, false, true);
  std::string expected;
  for (int i = 0; i < 5; ++i) {
    file.append({i}, bytes_of("{}"));
    expected += std::to_string(i) + " {}\n";
    EXPECT_TRUE(file.flush());
    EXPECT_EQ(text(), expected);
    EXPECT_EQ(content().substr(0, 2), "\x1f\x8b");
  }
  EXPECT_EQ(file.messages(), 5u);
  EXPECT_EQ(file.bytes(), content().size());
}

TEST_F(CaptureFileTest, LargeMessagesOfAnyContentFit) {
  CaptureFile file(path_, false, true);
  std::string noise(CaptureFile::kLargestMessage, ' ');
  unsigned state = 1;
  for (char& c : noise) {
    state = state * 1'664'525u + 1'013'904'223u;
    c = static_cast<char>(' ' + 1 + state % 90);
  }
  EXPECT_TRUE(file.append({7}, bytes_of(noise)));
  EXPECT_FALSE(file.append({8}, bytes_of(noise + "!"))) << "larger than the largest";
  EXPECT_TRUE(file.append({9}, bytes_of("{}")));
  EXPECT_TRUE(file.finish());
  EXPECT_EQ(text(), "7 " + noise + "\n9 {}\n");
}

TEST_F(CaptureFileTest, AFileThatIsThereIsKept) {
  std::ofstream(path_) << "kept";
  CaptureFile file(path_, false, true);
  EXPECT_TRUE(file.failed());
  EXPECT_NE(file.error().find("--force"), std::string::npos);
  EXPECT_FALSE(file.append({1}, bytes_of("{}")));
  EXPECT_EQ(content(), "kept");
}

TEST_F(CaptureFileTest, AFullDiskIsSaid) {
  CaptureFile file("/dev/full", true, true);
  file.append({1}, bytes_of("{}"));
  EXPECT_FALSE(file.flush());
  EXPECT_NE(file.error().find("No space left"), std::string::npos);
  EXPECT_EQ(file.messages(), 0u);
}

}  // namespace
}  // namespace pyscalp::live
