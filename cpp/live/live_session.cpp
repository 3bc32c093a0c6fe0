#include "live/live_session.hpp"

#include <algorithm>

#include "live/engine_loop.hpp"

namespace pyscalp::live {

namespace {

/// The engine is told whom it can ask.
LiveConfig completed(LiveConfig config) {
  config.engine.feed.retransmission = config.retransmission.has_value();
  config.engine.feed.snapshots = config.snapshot.has_value();
  return config;
}

HostConfig host_config(const LiveConfig& config) {
  return {config.thread, config.engine.books.pages, config.journal_path,
          config.ring_size};
}

}  // namespace

LiveSession::LiveSession(const LiveConfig& config)
    : EngineHost(host_config(config), engine::symbols_of(config.engine)),
      config_(completed(config)),
      engine_(std::make_unique<engine::Engine>(config_.engine, ring_, kill_switch_)) {}

LiveSession::~LiveSession() { end_threads(); }

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
  return open_journal();
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

// ---- The engine thread ----

void LiveSession::run() {
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
  refused_ = refused_ || (state == session::SessionState::kRefused && !running());
  unwanted_ = refused_ || state == session::SessionState::kEnded;
}

void LiveSession::poll_commands() {
  while (const auto command = take_command()) [[unlikely]] {
      engine_->on_command(*command, clock_.now());
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
    note_running(now);
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

}  // namespace pyscalp::live
