// How often each thread allocated, so that "the engine does not" can be shown.
#pragma once

#include <cstdint>

namespace pyscalp {

/// Calls of operator new by the calling thread since it started. A program that links
/// this has its global operator new and delete replaced by counting ones over malloc.
std::uint64_t allocations_of_this_thread();

}  // namespace pyscalp
