#include "base/resident_memory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

namespace pyscalp {
namespace {

TEST(ResidentMemory, IsLockedUntilTheObjectGoesOrItIsSaidWhyNot) {
  {
    const LockedMemory locked;
    if (!locked.held()) {
      EXPECT_TRUE(locked.error() == EPERM || locked.error() == ENOMEM ||
                  locked.error() == EAGAIN)
          << locked.error();
      GTEST_SKIP() << "memory cannot be locked here: errno " << locked.error();
    }
    // Sanitizers keep their own memory from being locked, and say that it is.
    if (memory_use().locked == 0) GTEST_SKIP() << "locking is made void here";
  }
  EXPECT_EQ(memory_use().locked, 0);
}

TEST(ResidentMemory, TheStackCanBeBroughtIn) {
  std::thread([] { prefault_stack(1 << 20); }).join();
}

}  // namespace
}  // namespace pyscalp
