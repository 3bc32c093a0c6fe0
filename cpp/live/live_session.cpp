#include "live/live_session.hpp"

#include <algorithm>
#include <chrono>

#include "base/allocations.hpp"
#include "base/clock.hpp"
#include "base/cpu.hpp"
#include "live/engine_loop.hpp"

namespace pyscalp::live {

namespace {

/// The engine is told whom it can ask.
LiveConfig completed(LiveConfig config) {
  config.engine.feed.retransmission = config.retransmission.has_value();
  config.engine.feed.snapshots = config.snapshot.has_value();
  return config;
}

/// Between two looks of housekeeping into the ring, which holds seconds of the busiest
/// feed. Each wake-up costs whoever shares its core the warmth of its caches.
constexpr std::chrono::milliseconds kHousekeepingNap{10};
/// Records taken by housekeeping under one hold of the lock.
constexpr int kRecordsPerHold = 256;

}  // namespace

LiveSession::LiveSession(const LiveConfig& config)
    : config_(completed(config)),
      ring_(config.ring_size),
      recorder_(engine::symbols_of(config.engine)) {
  engine_ = std::make_unique<engine::Engine>(config_.engine, ring_, kill_switch_);
}

LiveSession::~LiveSession() {
  abandon("the session object was destroyed");
  Go settled = Go::kSettled;
  if (go_.compare_exchange_strong(settled, Go::kNever)) go_.notify_one();
  if (engine_thread_.joinable()) engine_thread_.join();
  if (housekeeping_thread_.joinable()) housekeeping_thread_.join();
}

void LiveSession::settle() {
  engine_thread_ = std::thread([this] { run_engine(); });
  // Acquire pairs with the thread's release: its notes are there.
  go_.wait(Go::kSettling, std::memory_order_acquire);
}

std::optional<std::string> LiveSession::open() {
  settle();
  auto opened = net::open_receiver(
      config_.transport,
      {{config_.feed_a, config_.feed_b}, config_.interface_address, net::kBurst});
  if (!opened) {
    if (config_.transport == net::TransportKind::kAuto) return opened.error;
    return opened.error + R"( (venue.transport = ")" + net::name(config_.transport) +
           R"("; "auto" takes what can be had))";
  }
  transport_ = {net::name(opened.kind), opened.note, opened.missing, {}};
  receiver_ = std::move(opened.value);
  loop_ = [this] {
    std::visit([this](auto& receiver) { loop(receiver); }, *receiver_);
  };
  return open_rest();
}

std::optional<std::string> LiveSession::open_rest() {
  if (config_.retransmission) {
    auto retransmission = net::UdpSocket::connect(*config_.retransmission);
    if (!retransmission) return retransmission.error;
    retransmission_ = std::move(*retransmission);
  }
  if (!config_.journal_path.empty()) {
    journal_ = std::make_unique<journal::JournalWriter>(config_.journal_path);
    if (!journal_->flush()) return journal_->error();
  }
  return std::nullopt;
}

void LiveSession::start() {
  // Release: whatever open() made is there for the engine's thread.
  go_.store(Go::kRun, std::memory_order_release);
  go_.notify_one();
  housekeeping_thread_ = std::thread([this] { run_housekeeping(); });
}

// Release and acquire are not needed on the flags: they carry no data with them.
void LiveSession::request_stop() { stop_.store(true, std::memory_order_relaxed); }

void LiveSession::kill() {
  kill_switch_.engage();
  request_stop();
}

void LiveSession::abandon(const std::string& why) {
  if (engine_ended_.load(std::memory_order_acquire)) return;
  fail(why);
  abandon_.store(true, std::memory_order_relaxed);
}

bool LiveSession::join(double timeout_s) {
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

std::string LiveSession::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

std::vector<std::string> LiveSession::thread_notes() const {
  const std::scoped_lock lock(mutex_);
  return thread_notes_;
}

TransportReport LiveSession::transport() const {
  TransportReport report = transport_;
  net::ReceiverCounters& c = report.counters;
  std::uint64_t* const values[] = {&c.packets,   &c.kernel_dropped, &c.ring_dropped,
                                   &c.truncated, &c.malformed,      &c.foreign,
                                   &c.errors};
  for (std::size_t i = 0; i < received_.size(); ++i)
    *values[i] = received_[i].load(std::memory_order_relaxed);
  return report;
}

void LiveSession::fail(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  if (error_.empty()) error_ = why;
}

// ---- The engine thread ----

void LiveSession::run_engine() {
  const EngineThread thread(config_.thread, config_.engine.books.pages, *engine_);
  {
    const std::scoped_lock lock(mutex_);
    thread_notes_ = thread.notes();
  }
  go_.store(Go::kSettled, std::memory_order_release);
  go_.notify_one();
  go_.wait(Go::kSettled, std::memory_order_acquire);
  if (go_.load(std::memory_order_acquire) == Go::kNever) return;
  spin();
  if (engine_->phase() == engine::Phase::kFailed) {
    fail("stopped, but not known to be flat: the venue did not answer in time");
  }
  engine_ended_.store(true, std::memory_order_release);
}

/// The time at which something was found to work on.
MonoNanos LiveSession::found() {
  const MonoNanos now = clock_.now();
  spin_gaps_.busy(now);
  return now;
}

void LiveSession::spin() {
  started_ = clock_.now();
  connect(started_);
  loop_();
}

bool LiveSession::poll_retransmission() {
  if (!requested_) return false;
  const std::ptrdiff_t size = retransmission_->receive(buffer_);
  if (size < 0) return false;
  engine_->on_datagram(feed::Line::kRetransmission,
                       Bytes(buffer_.data(), static_cast<std::size_t>(size)), found());
  send_pending();
  requested_ = engine_->feed().gap_open();
  return true;
}

// Relaxed: each is a number of its own, and nothing is read by it.
void LiveSession::publish(const net::ReceiverCounters& c) {
  const std::uint64_t values[] = {c.packets,   c.kernel_dropped, c.ring_dropped,
                                  c.truncated, c.malformed,      c.foreign,
                                  c.errors};
  for (std::size_t i = 0; i < received_.size(); ++i)
    received_[i].store(values[i], std::memory_order_relaxed);
}

bool LiveSession::poll_orders() {
  if (!connected_) return false;
  const net::IoResult result = orders_->receive(buffer_);
  if (result.status == net::IoStatus::kAgain) return false;
  const MonoNanos now = found();
  if (result.status != net::IoStatus::kOk) {
    drop_connection(now);
    return true;
  }
  const bool keep = engine_->on_order_bytes(Bytes(buffer_.data(), result.size), now);
  note_session();
  send_pending();
  if (!keep) drop_connection(now);
  return true;
}

void LiveSession::note_session() {
  const session::SessionState state = engine_->session().state();
  if (state == session::SessionState::kLive) retry_wait_ = kRetryWait;
  // Once we have been in, a refusal passes: the venue still holds the old connection.
  refused_ = refused_ || (state == session::SessionState::kRefused && !was_running_);
  unwanted_ = refused_ || state == session::SessionState::kEnded;
}

void LiveSession::poll_commands() {
  if (!kill_taken_ && kill_switch_.engaged()) [[unlikely]] {
    kill_taken_ = stop_taken_ = true;
    engine_->on_command(engine::Command::kKill, clock_.now());
    send_pending();
    spin_gaps_.worked();
  }
  if (!stop_taken_ && stop_.load(std::memory_order_relaxed)) [[unlikely]] {
    stop_taken_ = true;
    engine_->on_command(engine::Command::kStop, clock_.now());
    send_pending();
    spin_gaps_.worked();
  }
}

void LiveSession::send_pending() {
  while (connected_ && !engine_->order_bytes().empty()) {
    const net::IoResult result = orders_->send(engine_->order_bytes());
    if (result.status == net::IoStatus::kAgain) return;
    if (result.status != net::IoStatus::kOk) {
      drop_connection(clock_.now());
      return;
    }
    engine_->order_bytes_sent(result.size, clock_.now());
  }
}

void LiveSession::send_requests(MonoNanos now) {
  std::array<std::byte, wire::mold::kHeaderSize> request;
  while (engine_->take_request(now, request)) {
    requested_ = true;
    retransmission_->send(request);
    spin_gaps_.worked();
  }
}

// ---- The order connection ----

void LiveSession::connect(MonoNanos now) {
  auto stream = net::TcpStream::connect(config_.orders);
  retry_at_ = now + retry_wait_;
  retry_wait_ = std::min(retry_wait_ + retry_wait_, kRetryWaitMax);
  orders_.reset();
  if (stream) orders_ = std::move(*stream);
}

void LiveSession::poll_connection(MonoNanos now) {
  spin_gaps_.worked();
  if (orders_) {
    const net::ConnectState state = orders_->progress();
    if (state == net::ConnectState::kConnected) {
      connected_ = true;
      engine_->on_connected(now);
      send_pending();
      return;
    }
    // The kernel would go on trying for minutes, at ever longer intervals.
    if (state == net::ConnectState::kConnecting && now < retry_at_ + seconds(1)) return;
    orders_.reset();
  }
  if (now >= retry_at_ && !unwanted_) connect(now);
}

void LiveSession::drop_connection(MonoNanos now) {
  if (!connected_) return;
  connected_ = false;
  orders_.reset();
  spin_gaps_.worked();
  // A venue that hangs up on us before the session is live is not asked again at once.
  retry_at_ = now + retry_wait_;
  engine_->on_disconnected(now);
}

void LiveSession::check_patience(MonoNanos now) {
  if (engine_->phase() == engine::Phase::kRunning) {
    was_running_ = true;
    allocations_at_start_ = allocations_of_this_thread();
    spin_gaps_.start(now);
    return;
  }
  // Catching up with a day takes its time; what counts is that it goes on.
  const std::uint64_t progress =
      engine_->feed().expected() + engine_->snapshots().counters().messages;
  if (progress != progress_) {
    progress_ = progress;
    progress_at_ = now;
  }
  if (refused_) {
    abandon("the venue refused the login of user " + config_.engine.username +
            "; check venue.username and venue.password");
  } else if (now - started_ >= config_.connect_patience) {
    if (!connected_) {
      abandon("no exchange answers at " + net::endpoint_text(config_.orders) +
              "; is it running, and is venue.orders right?");
    } else if (!heard_) {
      abandon(
          "nothing heard on " + net::endpoint_text(config_.feed_a) + " and " +
          net::endpoint_text(config_.feed_b) + " by " + transport_.note +
          "; check venue.feed_a, venue.feed_b, venue.interface and venue.transport");
    } else if (now - progress_at_ >= config_.connect_patience) {
      abandon("the feed is incomplete and " + silent_helpers());
    }
  }
}

std::string LiveSession::silent_helpers() const {
  std::string who;
  std::string keys;
  if (config_.retransmission) {
    who = net::endpoint_text(*config_.retransmission) + " does not retransmit";
    keys = "venue.retransmission";
  }
  if (config_.snapshot) {
    who += std::string(who.empty() ? "" : " and ") +
           net::endpoint_text(*config_.snapshot) + " gives no snapshot";
    keys += std::string(keys.empty() ? "" : " and ") + "venue.snapshot";
  }
  if (who.empty())
    return "nobody repeats it; set venue.retransmission or venue.snapshot";
  return who + "; check " + keys;
}

// ---- The housekeeping thread ----

void LiveSession::run_housekeeping() {
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
