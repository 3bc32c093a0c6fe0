// The two cores of the micro-benchmarks.
#pragma once

namespace pyscalp::bench {

/// Keeps the program on the last of the cores it may use. Call it first.
void take_core();
/// The last of the others; -1 where there is only one.
int other_core();

}  // namespace pyscalp::bench
