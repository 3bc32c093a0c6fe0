#include "base/real_time.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/cpu.hpp"

namespace pyscalp {
namespace {

/// A file that says what the kernel grants real-time tasks, gone with the object.
class RuntimeFile {
 public:
  explicit RuntimeFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("rt_runtime_" + std::to_string(::getpid()))) {
    std::ofstream(path_) << text;
  }
  ~RuntimeFile() { std::filesystem::remove(path_); }
  const char* path() const { return path_.c_str(); }

 private:
  std::filesystem::path path_;
};

void on_thread(const std::function<void()>& work) { std::thread(work).join(); }

TEST(RealTime, IsRefusedWhereTheKernelWouldStopASpinningThread) {
  if (core_count() < 2) GTEST_SKIP() << "one core: nothing may be starved";
  const RuntimeFile file("950000\n");
  on_thread([&] {
    ASSERT_EQ(pin_to_core(last_core()), 0);
    const RealTime result = run_real_time(file.path());
    EXPECT_EQ(result.status, RealTimeStatus::kThrottled);
    EXPECT_EQ(result.runtime_us, 950'000);
    EXPECT_NE(result.text().find("950000"), std::string::npos);
    EXPECT_NE(result.text().find("set it to -1"), std::string::npos);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  });
}

TEST(RealTime, IsRefusedToAThreadThatMayRunOnSeveralCores) {
  if (core_count() < 2) GTEST_SKIP() << "one core";
  const RuntimeFile file("-1\n");
  on_thread([&] {
    EXPECT_EQ(run_real_time(file.path()).status, RealTimeStatus::kNotPinned);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  });
}

TEST(RealTime, IsRefusedOnTheOnlyCoreOfTheProcess) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(::getpid(), sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(last_core(), &one);
  ASSERT_EQ(::sched_setaffinity(::getpid(), sizeof one, &one), 0);
  const RuntimeFile file("-1\n");
  on_thread([&] {
    const RealTime result = run_real_time(file.path());
    EXPECT_EQ(result.status, RealTimeStatus::kNoOtherCore);
    EXPECT_NE(result.text().find("no other core"), std::string::npos);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  });
  EXPECT_EQ(::sched_setaffinity(::getpid(), sizeof before, &before), 0);
}

TEST(RealTime, IsGrantedWhereItIsSafeAndPermitted) {
  if (core_count() < 2) GTEST_SKIP() << "one core";
  const RuntimeFile file("-1\n");
  on_thread([&] {
    ASSERT_EQ(pin_to_core(last_core()), 0);
    const RealTime result = run_real_time(file.path());
    if (result.status == RealTimeStatus::kNotPermitted) {
      EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
      EXPECT_NE(result.text().find("CAP_SYS_NICE"), std::string::npos);
      GTEST_SKIP() << "no right to real-time scheduling here";
    }
    ASSERT_EQ(result.status, RealTimeStatus::kGranted) << result.text();
    EXPECT_EQ(::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_FIFO);
    sched_param parameter{};
    ASSERT_EQ(::sched_getparam(0, &parameter), 0);
    EXPECT_EQ(parameter.sched_priority, kRealTimePriority);
    on_thread([] { EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER); });
  });
}

}  // namespace
}  // namespace pyscalp
