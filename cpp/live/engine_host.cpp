#include "live/engine_host.hpp"

#include <chrono>

#include "base/cpu.hpp"

namespace pyscalp::live {

namespace {

/// Between two looks of housekeeping into the ring, which holds seconds of the busiest
/// feed. Each wake-up costs whoever shares its core the warmth of its caches.
constexpr std::chrono::milliseconds kHousekeepingNap{10};
/// Records taken by housekeeping under one hold of the lock.
constexpr int kRecordsPerHold = 256;

}  // namespace

EngineHost::EngineHost(const HostConfig& config, std::vector<std::string> symbols)
    : ring_(config.ring_size),
      config_(config),
      recorder_(std::move(symbols), config.lot) {}

void EngineHost::end_threads() {
  abandon("the session object was destroyed");
  Go settled = Go::kSettled;
  if (go_.compare_exchange_strong(settled, Go::kNever)) go_.notify_one();
  if (engine_thread_.joinable()) engine_thread_.join();
  if (housekeeping_thread_.joinable()) housekeeping_thread_.join();
}

void EngineHost::settle() {
  engine_thread_ = std::thread([this] { run_engine(); });
  // Acquire pairs with the thread's release: its notes are there.
  go_.wait(Go::kSettling, std::memory_order_acquire);
}

std::optional<std::string> EngineHost::open_journal() {
  if (config_.journal_path.empty()) return std::nullopt;
  journal_ = std::make_unique<journal::JournalWriter>(config_.journal_path);
  if (!journal_->flush()) return journal_->error();
  return std::nullopt;
}

void EngineHost::start() {
  // Release: whatever open() made is there for the engine's thread.
  go_.store(Go::kRun, std::memory_order_release);
  go_.notify_one();
  housekeeping_thread_ = std::thread([this] { run_housekeeping(); });
}

// Release and acquire are not needed on the flags: they carry no data with them.
void EngineHost::request_stop() { stop_.store(true, std::memory_order_relaxed); }

void EngineHost::kill() {
  kill_switch_.engage();
  request_stop();
}

void EngineHost::abandon(const std::string& why) {
  if (engine_ended_.load(std::memory_order_acquire)) return;
  fail(why);
  abandon_.store(true, std::memory_order_relaxed);
}

bool EngineHost::join(double timeout_s) {
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::duration<double>(timeout_s));
  while (!ended()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (engine_thread_.joinable()) engine_thread_.join();
  if (housekeeping_thread_.joinable()) housekeeping_thread_.join();
  return true;
}

std::string EngineHost::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

std::vector<std::string> EngineHost::thread_notes() const {
  const std::scoped_lock lock(mutex_);
  return thread_notes_;
}

void EngineHost::fail(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  if (error_.empty()) error_ = why;
}

// ---- The engine thread ----

void EngineHost::run_engine() {
  const EngineThread thread(config_.thread, config_.pages, [this] { prefault(); });
  {
    const std::scoped_lock lock(mutex_);
    thread_notes_ = thread.notes();
  }
  go_.store(Go::kSettled, std::memory_order_release);
  go_.notify_one();
  go_.wait(Go::kSettled, std::memory_order_acquire);
  if (go_.load(std::memory_order_acquire) == Go::kNever) return;
  run();
  if (phase() == engine::Phase::kFailed) {
    fail("stopped, but not known to be flat: the venue did not answer in time");
  }
  engine_ended_.store(true, std::memory_order_release);
}

std::optional<engine::Command> EngineHost::take_command() {
  if (!kill_taken_ && kill_switch_.engaged()) [[unlikely]] {
    kill_taken_ = stop_taken_ = true;
    return engine::Command::kKill;
  }
  if (!stop_taken_ && stop_.load(std::memory_order_relaxed)) [[unlikely]] {
    stop_taken_ = true;
    return engine::Command::kStop;
  }
  return std::nullopt;
}

void EngineHost::note_running(MonoNanos now) {
  running_ = true;
  allocations_at_start_ = allocations_of_this_thread();
  spin_gaps_.start(now);
}

// ---- The housekeeping thread ----

void EngineHost::run_housekeeping() {
  set_thread_name("pyscalp-house");
  auto next_flush = std::chrono::steady_clock::now();
  for (;;) {
    // Acquire pairs with the engine's last release: what it pushed before is seen.
    const bool last = engine_ended_.load(std::memory_order_acquire);
    int taken = 0;
    {
      const std::scoped_lock lock(mutex_);
      while (taken < kRecordsPerHold && ring_.try_pop([&](Bytes record) {
        recorder_.take(record);
        if (journal_) journal_->append(record);
      })) {
        ++taken;
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (journal_ && now >= next_flush) {
      journal_->flush();
      next_flush = now + std::chrono::milliseconds(100);
      if (journal_->failed()) {
        fail(journal_->error());
        request_stop();
      }
    }
    if (last && taken == 0) break;
    if (taken == 0) std::this_thread::sleep_for(kHousekeepingNap);
  }
  if (ring_.refused() != 0) {
    fail(std::to_string(ring_.refused()) +
         " records were lost, as the journal could not keep up: the results are not "
         "whole");
  }
  if (journal_) {
    journal_->flush(true);
    if (journal_->failed()) fail(journal_->error());
  }
  ended_.store(true, std::memory_order_release);
}

}  // namespace pyscalp::live
