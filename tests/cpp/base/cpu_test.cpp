#include "base/cpu.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>

namespace pyscalp {
namespace {

int first_allowed_core() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  int core = 0;
  while (core < CPU_SETSIZE && !CPU_ISSET(core, &set)) ++core;
  return core;
}

TEST(Cpu, PinsTheCallingThreadToOneCore) {
  const int all = core_count();
  ASSERT_GE(all, 1);
  const int core = first_allowed_core();
  std::thread([core] {
    ASSERT_EQ(pin_to_core(core), 0);
    EXPECT_EQ(core_count(), 1);
    EXPECT_EQ(sched_getcpu(), core);
  }).join();
  EXPECT_EQ(core_count(), all) << "pinning one thread moved another";
}

TEST(Cpu, RefusesCoresThatAreNotThere) {
  EXPECT_EQ(pin_to_core(-1), EINVAL);
  EXPECT_EQ(pin_to_core(CPU_SETSIZE), EINVAL);
  EXPECT_EQ(pin_to_core(CPU_SETSIZE - 1), EINVAL);
}

TEST(Cpu, NamesTheThreadInFifteenBytes) {
  std::thread([] {
    std::array<char, 32> name{};
    ASSERT_EQ(set_thread_name("engine"), 0);
    ASSERT_EQ(pthread_getname_np(pthread_self(), name.data(), name.size()), 0);
    EXPECT_EQ(std::string(name.data()), "engine");
    ASSERT_EQ(set_thread_name("a name that is too long"), 0);
    ASSERT_EQ(pthread_getname_np(pthread_self(), name.data(), name.size()), 0);
    EXPECT_EQ(std::string(name.data()), "a name that is ");
  }).join();
}

}  // namespace
}  // namespace pyscalp
