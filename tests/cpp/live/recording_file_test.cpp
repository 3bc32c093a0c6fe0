#include "live/recording_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pyscalp::live {
namespace {

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class RecordingFileTest : public testing::Test {
 protected:
  RecordingFileTest()
      : path_(testing::TempDir() + "recording_" + std::to_string(getpid())) {
    std::filesystem::remove(path_);
  }
  ~RecordingFileTest() override { std::filesystem::remove(path_); }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const std::string path_;
};

/// Files of this process end at `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(RecordingFileTest, HoldsWhatWasAppended) {
  RecordingFile file(path_, false);
  ASSERT_FALSE(file.failed()) << file.error();
  EXPECT_TRUE(file.append(bytes_of("head"), bytes_of("body"), 3));
  EXPECT_TRUE(file.append({}, bytes_of("next"), 4));
  EXPECT_EQ(file.bytes(), 0u) << "not yet with the kernel";
  EXPECT_TRUE(file.flush());
  EXPECT_EQ(content(), "headbodynext");
  EXPECT_EQ(file.bytes(), 12u);
  EXPECT_EQ(file.records(), 2u);
  EXPECT_EQ(file.messages(), 7u);
  EXPECT_TRUE(file.append(bytes_of("!"), {}, 1));
  EXPECT_TRUE(file.finish());
  EXPECT_EQ(content(), "headbodynext!");
  EXPECT_EQ(file.messages(), 8u);
}

TEST_F(RecordingFileTest, WritesByItselfWhatTheBufferCannotHold) {
  const std::string large(RecordingFile::kLargestRecord, 'x');
  RecordingFile file(path_, false);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(file.append({}, bytes_of(large)));
  EXPECT_GE(file.bytes(), 8 * large.size());
  EXPECT_EQ(file.bytes() % large.size(), 0u);
  EXPECT_TRUE(file.finish());
  EXPECT_EQ(std::filesystem::file_size(path_), 20 * large.size());
  EXPECT_FALSE(file.append(bytes_of("x"), bytes_of(large))) << "above the largest";
}

TEST_F(RecordingFileTest, ReplacesAFileOnlyWhereItMay) {
  std::ofstream(path_) << "mine, and longer than what comes";
  {
    RecordingFile file(path_, false);
    EXPECT_NE(file.error().find("File exists"), std::string::npos) << file.error();
    EXPECT_NE(file.error().find("--force"), std::string::npos);
    EXPECT_FALSE(file.append(bytes_of("x"), {}));
  }
  EXPECT_EQ(content(), "mine, and longer than what comes");
  RecordingFile file(path_, true);
  EXPECT_TRUE(file.append(bytes_of("yours"), {}));
  EXPECT_TRUE(file.finish());
  EXPECT_EQ(content(), "yours");
}

TEST_F(RecordingFileTest, NamesWhatCannotBeCreated) {
  RecordingFile folder(testing::TempDir(), true);
  EXPECT_NE(folder.error().find("Is a directory"), std::string::npos) << folder.error();
  RecordingFile nowhere(path_ + "/below", false);
  EXPECT_NE(nowhere.error().find("No such file"), std::string::npos);
}

TEST_F(RecordingFileTest, AWriteThatFailsLeavesWholeRecords) {
  const std::string record(1'000, 'r');
  for (const rlim_t limit :
       {rlim_t{4'096}, rlim_t{5'000}, rlim_t{5'001}, rlim_t{999}}) {
    std::filesystem::remove(path_);
    RecordingFile file(path_, false);
    {
      const FileSizeLimit limited(limit);
      for (int i = 0; i < 10; ++i) file.append({}, bytes_of(record), 2);
      EXPECT_FALSE(file.flush());
    }
    EXPECT_NE(file.error().find("File too large"), std::string::npos) << file.error();
    const auto whole = static_cast<std::uint64_t>(limit) / record.size();
    EXPECT_EQ(std::filesystem::file_size(path_), whole * record.size());
    EXPECT_EQ(file.bytes(), whole * record.size());
    EXPECT_EQ(file.records(), whole);
    EXPECT_EQ(file.messages(), 2 * whole);
    // There would be room again; the file stays as it is.
    EXPECT_FALSE(file.append({}, bytes_of(record)));
    EXPECT_FALSE(file.finish());
    EXPECT_EQ(std::filesystem::file_size(path_), whole * record.size());
  }
}

TEST_F(RecordingFileTest, AFullDevice) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  RecordingFile file("/dev/full", true);
  ASSERT_FALSE(file.failed()) << file.error();
  EXPECT_TRUE(file.append(bytes_of("x"), {}));
  EXPECT_FALSE(file.flush());
  EXPECT_NE(file.error().find("No space left"), std::string::npos) << file.error();
  EXPECT_EQ(file.bytes(), 0u);
}

}  // namespace
}  // namespace pyscalp::live
