// micro_bench: Google Benchmark's own command line (--help). Every name is GROUP/WHAT,
// and every benchmark checks what it times: a wrong answer is an error, not a figure.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <string>

#include "base/cpu.hpp"
#include "bench/micro_cores.hpp"

namespace pyscalp::bench {

namespace {
int other = -1;
}

void take_core() {
  const int last = last_core();
  cpu_set_t cores;
  if (last < 0 || sched_getaffinity(0, sizeof cores, &cores) != 0) return;
  for (int core = 0; core < last; ++core) {
    if (CPU_ISSET(core, &cores)) other = core;
  }
  if (pin_to_core(last) == 0) {
    benchmark::AddCustomContext("core", std::to_string(last));
  }
}

int other_core() { return other; }

}  // namespace pyscalp::bench

int main(int count, char** arguments) {
  pyscalp::bench::take_core();
  benchmark::AddCustomContext("compiler",
#if defined(__clang__)
                              "clang " __clang_version__
#else
                              "g++ " __VERSION__
#endif
  );
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
