#include "base/wake_latency.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace pyscalp {
namespace {

TEST(WakeLatency, WritesZeroMicrosecondsAndKeepsTheFileOpen) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("wake_latency_" + std::to_string(::getpid()));
  std::ofstream(path).flush();
  {
    const WakeLatency held(path.c_str());
    EXPECT_TRUE(held.held());
    EXPECT_EQ(held.error(), 0);
    std::ifstream file(path, std::ios::binary);
    std::int32_t written = -1;
    file.read(reinterpret_cast<char*>(&written), sizeof written);
    EXPECT_EQ(file.gcount(), 4);
    EXPECT_EQ(written, 0);
  }
  std::filesystem::remove(path);
}

TEST(WakeLatency, SaysWhyItIsNotHeld) {
  const WakeLatency absent("/nonexistent/cpu_dma_latency");
  EXPECT_FALSE(absent.held());
  EXPECT_EQ(absent.error(), ENOENT);
  const WakeLatency full("/dev/full");
  if (full.error() == ENOENT) GTEST_SKIP() << "no /dev/full here";
  EXPECT_FALSE(full.held());
  EXPECT_EQ(full.error(), ENOSPC);
}

}  // namespace
}  // namespace pyscalp
