// A request to the kernel that no core sleep deeply: a core in a deep idle state takes
// tens to hundreds of microseconds to wake.
#pragma once

namespace pyscalp {

/// While it lives, and is held, cores stay in states they leave at once. It lasts as
/// long as the object, so a crash ends it too. Costs power on every core.
class WakeLatency {
 public:
  /// Asks for 0 us. Where that is not possible, `error` is its errno: EACCES without
  /// the right to write the file, ENOENT in a kernel without it.
  explicit WakeLatency(const char* path = "/dev/cpu_dma_latency");
  ~WakeLatency();
  WakeLatency(const WakeLatency&) = delete;
  WakeLatency& operator=(const WakeLatency&) = delete;

  bool held() const { return fd_ >= 0; }
  int error() const { return error_; }

 private:
  int fd_ = -1;
  int error_ = 0;
};

}  // namespace pyscalp
