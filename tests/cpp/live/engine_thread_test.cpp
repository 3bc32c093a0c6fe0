#include "live/engine_thread.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <functional>
#include <thread>

#include "base/cpu.hpp"
#include "engine/engine.hpp"

namespace pyscalp::live {
namespace {

/// An engine with small pools, and a thread to make things on.
class EngineThreadTest : public testing::Test {
 protected:
  EngineThreadTest() : ring_(1 << 16) {
    engine::EngineConfig config;
    config.instruments = {{"AMZN", {10'000'000}}};
    config.books = {1 << 12, 1 << 10};
    engine_ = std::make_unique<engine::Engine>(config, ring_, kill_switch_);
  }
  std::vector<std::string> notes(
      const EngineThreadOptions& options, PageUse pages,
      const std::function<void()>& then = [] {}) {
    std::vector<std::string> notes;
    std::thread([&] {
      const EngineThread thread(options, pages, [this] { engine_->prefault(); });
      notes = thread.notes();
      then();
    }).join();
    return notes;
  }
  static bool said(const std::vector<std::string>& notes, const std::string& part) {
    for (const std::string& note : notes) {
      EXPECT_EQ(note.find('\n'), std::string::npos) << note;
      if (note.find(part) != std::string::npos) return true;
    }
    return false;
  }

  SpscRing ring_;
  risk::KillSwitch kill_switch_;
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(EngineThreadTest, PinsAndAsksForNothingThatWasNotWanted) {
  const int core = last_core();
  const auto found = notes({}, PageUse::kSmall, [core] {
    EXPECT_EQ(::sched_getcpu(), core);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(memory_use().locked, 0);
  });
  EXPECT_TRUE(said(found, "engine pinned to core " + std::to_string(core)));
  EXPECT_TRUE(said(found, "/dev/cpu_dma_latency"));
  EXPECT_FALSE(said(found, "memory"));
  EXPECT_FALSE(said(found, "FIFO"));
}

TEST_F(EngineThreadTest, ACoreThatIsNotThereIsSaid) {
  EngineThreadOptions options;
  options.cpu = CPU_SETSIZE - 1;
  const auto found = notes(options, PageUse::kSmall);
  EXPECT_TRUE(said(found, "engine not pinned to core"));
  EXPECT_TRUE(said(found, "set engine.cpu"));
}

TEST_F(EngineThreadTest, LocksMemoryUntilItEndsOrSaysWhyNot) {
  EngineThreadOptions options;
  options.lock_memory = true;
  bool held = false;
  const auto found =
      notes(options, PageUse::kSmall, [&] { held = memory_use().locked > 0; });
  EXPECT_TRUE(said(found, "pools in small pages, all brought in"));
  const bool said_held = said(found, "memory locked: ");
  EXPECT_NE(said_held, said(found, "memory not locked: "));
  if (held) {
    EXPECT_TRUE(said_held);
  }
  EXPECT_EQ(memory_use().locked, 0);
}

TEST_F(EngineThreadTest, HugePagesAreSaidToBeHadOrNot) {
  const auto found = notes({}, PageUse::kHuge);
  EXPECT_TRUE(said(found, "huge"));
}

TEST_F(EngineThreadTest, RealTimeSchedulingIsHadOrSaidWhyNot) {
  EngineThreadOptions options;
  options.scheduler = Scheduler::kFifo;
  int policy = SCHED_OTHER;
  const auto found = notes(options, PageUse::kSmall, [&] {
    policy = ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
  });
  EXPECT_EQ(policy == SCHED_FIFO, said(found, "SCHED_FIFO, priority"));
  EXPECT_EQ(policy == SCHED_OTHER, said(found, "not SCHED_FIFO: "));
}

}  // namespace
}  // namespace pyscalp::live
