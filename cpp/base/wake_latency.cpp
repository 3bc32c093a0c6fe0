#include "base/wake_latency.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace pyscalp {

WakeLatency::WakeLatency(const char* path)
    : fd_(::open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)) {
  const std::int32_t wanted_us = 0;
  if (fd_ >= 0 && ::write(fd_, &wanted_us, sizeof wanted_us) == sizeof wanted_us)
    return;
  error_ = errno;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

WakeLatency::~WakeLatency() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace pyscalp
