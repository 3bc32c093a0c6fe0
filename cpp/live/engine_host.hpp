// What runs an engine on sockets, whatever the venue: one pinned thread that spins, one
// that keeps house.
//
// The engine thread owns the engine and every socket. The housekeeping thread empties
// the ring into the journal file and the Recorder. Whoever else asks does so under the
// recorder's lock, which the engine thread never takes. A venue's session derives from
// this, opens its sockets and brings the loop that the engine thread runs once.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/allocations.hpp"
#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "base/spin_gaps.hpp"
#include "base/spsc_ring.hpp"
#include "engine/heartbeat.hpp"
#include "journal/journal_file.hpp"
#include "journal/recorder.hpp"
#include "live/engine_thread.hpp"
#include "net/receiver.hpp"
#include "risk/kill_switch.hpp"

namespace pyscalp::live {

struct HostConfig {
  EngineThreadOptions thread;
  PageUse pages = PageUse::kSmall;  ///< of the books' pools
  std::string journal_path;         ///< must not exist yet; empty: no journal
  std::size_t ring_size = 64u << 20;
  double lot = 1.0;  ///< what one lot is of a unit, for texts
};

/// How the market data comes, and how much of it did not.
struct TransportReport {
  std::string kind;     ///< "xdp", "packet", "socket", "blocking", "websocket"; "other"
  std::string note;     ///< which, and why: a line for a person
  std::string missing;  ///< what could not be had, and what to do; empty: nothing
  net::ReceiverCounters counters;  ///< as of some 100 ms ago while running
};

class EngineHost {
 public:
  EngineHost(const HostConfig& config, std::vector<std::string> symbols);
  virtual ~EngineHost() = default;
  EngineHost(const EngineHost&) = delete;
  EngineHost& operator=(const EngineHost&) = delete;

  /// Starts the engine's thread, then opens sockets and journal. What could not be
  /// opened, for a person.
  virtual std::optional<std::string> open() = 0;

  /// Trades, once `open` went well.
  void start();
  /// No new entries, cancel, flatten, log out; then the threads end.
  void request_stop();
  /// Kill switch: HALTED, every order cancelled; then as request_stop.
  void kill();
  /// Ends at once without getting flat: the venue is known to be gone.
  void abandon(const std::string& why);
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  /// True once both threads have ended; waits up to `timeout_s` for that.
  bool join(double timeout_s);

  /// Runs `visit(const journal::Recorder&)` under the lock.
  template <class Visit>
  auto inspect(Visit&& visit) const {
    const std::scoped_lock lock(mutex_);
    return visit(recorder_);
  }
  std::string error() const;
  /// Calls of operator new on the engine thread since trading began.
  std::uint64_t allocations() const {
    return allocations_.load(std::memory_order_relaxed);
  }
  /// What the machine gave the engine's thread, and what it did not; empty before
  /// `open`.
  std::vector<std::string> thread_notes() const;
  /// When the engine's thread did not run while it traded; any thread may read.
  const SpinGaps& spin_gaps() const { return spin_gaps_; }
  /// How long that was watched, so far or in all.
  MonoNanos spin_watched() const { return spin_gaps_.watched(clock_.now()); }
  virtual TransportReport transport() const = 0;
  virtual const Histogram& histogram(engine::Stage stage) const = 0;
  /// Only once `ended`.
  virtual std::optional<engine::UserSignalFigures> user_signal() const = 0;

 protected:
  /// To be called by the destructor of the session, while its engine is still there.
  void end_threads();

  // ---- Of the session, called on the engine's thread ----

  /// Brings the engine's memory in.
  virtual void prefault() = 0;
  /// Runs the engine until it has finished or `abandoned()`.
  virtual void run() = 0;
  /// Once `run` is over.
  virtual engine::Phase phase() const = 0;

  // ---- For the session ----

  /// Starts the engine's thread and lets it settle on its core and in its memory.
  /// Sockets are opened after it: bringing the pools in takes longer than a receiver
  /// has room for.
  void settle();
  std::optional<std::string> open_journal();
  void fail(const std::string& why);
  bool abandoned() const { return abandon_.load(std::memory_order_relaxed); }
  /// The command that has come since the last call: a kill once, a stop once.
  std::optional<engine::Command> take_command();
  /// The time at which something was found to work on.
  MonoNanos found() {
    const MonoNanos now = clock_.now();
    spin_gaps_.busy(now);
    return now;
  }
  /// The engine trades from now on: what must not happen any more is counted.
  void note_running(MonoNanos now);
  bool running() const { return running_; }
  void count_allocations() {
    allocations_.store(
        running_ ? allocations_of_this_thread() - allocations_at_start_ : 0,
        std::memory_order_relaxed);
  }

  const MonoClock clock_;
  SpscRing ring_;
  risk::KillSwitch kill_switch_;
  SpinGaps spin_gaps_;

 private:
  enum class Go : std::uint8_t { kSettling, kSettled, kRun, kNever };

  void run_engine();
  void run_housekeeping();

  const HostConfig config_;
  bool running_ = false;
  std::uint64_t allocations_at_start_ = 0;
  bool stop_taken_ = false;
  bool kill_taken_ = false;

  /// Where the engine's thread stands before it runs; each side waits for the other.
  std::atomic<Go> go_{Go::kSettling};
  std::atomic<bool> stop_{false};
  std::atomic<bool> abandon_{false};
  std::atomic<bool> engine_ended_{false};
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> allocations_{0};

  mutable std::mutex mutex_;  ///< guards recorder_, error_ and thread_notes_
  journal::Recorder recorder_;
  std::string error_;
  std::vector<std::string> thread_notes_;
  std::unique_ptr<journal::JournalWriter> journal_;
  std::thread engine_thread_;
  std::thread housekeeping_thread_;
};

}  // namespace pyscalp::live
