#include "live/crypto_recording.hpp"

#include <algorithm>
#include <chrono>

#include "base/cpu.hpp"

namespace pyscalp::live {

namespace {

constexpr MonoNanos kPublishEvery = milliseconds(50);
constexpr MonoNanos kLongestSleep = milliseconds(20);
/// While an answer of REST comes in: its bytes may lie in TLS, where no descriptor
/// shows them.
constexpr MonoNanos kShortSleep = milliseconds(1);
constexpr MonoNanos kCloseWithin = milliseconds(500);
constexpr auto kFlushPlain = std::chrono::milliseconds(250);
/// A gzip member of less than a second's messages is hardly smaller than they are.
constexpr auto kFlushPacked = std::chrono::milliseconds(1'000);
constexpr auto kWriterSleep = std::chrono::milliseconds(5);
constexpr unsigned kOk = 200;
constexpr unsigned kTooMany = 429;
constexpr unsigned kBanned = 418;
/// Where the venue does not say how long it wants silence.
constexpr std::uint64_t kSilenceSeconds = 60;
constexpr std::uint64_t kLongestSilenceSeconds = 259'200;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

const char* name(CryptoRecordingEnd end) {
  switch (end) {
    case CryptoRecordingEnd::kNone:
      return "running";
    case CryptoRecordingEnd::kStopped:
      return "stopped";
    case CryptoRecordingEnd::kMessages:
      return "messages";
    case CryptoRecordingEnd::kNotConnected:
      return "not connected";
    case CryptoRecordingEnd::kWriteFailed:
      return "write failed";
  }
  return "";
}

CryptoRecording::CryptoRecording(CryptoRecordingConfig config)
    : config_(std::move(config)),
      ring_(config_.ring_size),
      session_(config_.futures, config_.symbols, config_.depth) {}

CryptoRecording::~CryptoRecording() {
  request_stop();
  if (receiving_thread_.joinable()) receiving_thread_.join();
  if (writing_thread_.joinable()) writing_thread_.join();
}

std::optional<std::string> CryptoRecording::open() {
  for (const std::string& url : config_.streams) {
    net::WebSocketLinkConfig stream;
    stream.dial.url = url;
    stream.dial.ca_file = config_.ca_file;
    stream.socket.message_most = CaptureFile::kLargestMessage;
    stream.life = config_.life;
    auto link = net::WebSocketLink::open(stream);
    if (!link) return link.error;
    const auto like = std::find(config_.streams.begin(), config_.streams.end(), url);
    links_.push_back({std::move(*link),
                      {},
                      0,
                      static_cast<std::size_t>(like - config_.streams.begin())});
  }
  if (config_.depth) {
    net::HttpsLinkConfig rest;
    rest.dial.url = config_.rest;
    rest.dial.ca_file = config_.ca_file;
    auto link = net::HttpsLink::open(rest);
    if (!link) return link.error;
    rest_.emplace(std::move(*link));
  }
  if (config_.packed && !CaptureFile::can_pack()) {
    return config_.path +
           " cannot be packed, as zlib was missing when this was built; end its name "
           "otherwise, or install zlib1g-dev (Debian's name) and pyscalp again";
  }
  file_.emplace(config_.path, config_.overwrite, config_.packed);
  if (file_->failed()) return file_->error();
  publish(clock_.now());
  return std::nullopt;
}

void CryptoRecording::start() {
  receiving_thread_ = std::thread([this] { receive(); });
  writing_thread_ = std::thread([this] { write(); });
}

bool CryptoRecording::join(double timeout_s) {
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::duration<double>(timeout_s));
  while (!ended()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (receiving_thread_.joinable()) receiving_thread_.join();
  if (writing_thread_.joinable()) writing_thread_.join();
  return true;
}

CryptoRecordingFigures CryptoRecording::figures() const {
  CryptoRecordingFigures figures;
  {
    const std::scoped_lock lock(mutex_);
    figures = published_;
  }
  figures.written = written_.load(std::memory_order_relaxed);
  figures.bytes = bytes_.load(std::memory_order_relaxed);
  if (!ended()) figures.end = CryptoRecordingEnd::kNone;
  return figures;
}

std::string CryptoRecording::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

// ---- The receiving thread ----

void CryptoRecording::receive() {
  set_thread_name("pyscalp-receive");
  started_ = clock_.now();
  CryptoRecordingEnd end = CryptoRecordingEnd::kNone;
  while (end == CryptoRecordingEnd::kNone) {
    bool any = false;
    for (int number = 0; number < static_cast<int>(links_.size()); ++number)
      any |= poll_stream(number, clock_.now());
    const MonoNanos now = clock_.now();
    follow_outage(now);
    if (rest_) {
      any |= poll_snapshot(now);
      ask_snapshot(now);
    }
    end = reason_to_end(now);
    if (now - published_at_ >= kPublishEvery) publish(now);
    if (!any && end == CryptoRecordingEnd::kNone) wait(now);
  }
  conclude(end);
}

bool CryptoRecording::poll_stream(int number, MonoNanos now) {
  Link& of = links_[number];
  const bool came = of.link.poll(now, [&](const wire::websocket::Message& message) {
    const UnixNanos received = wall_now();
    const bool full =
        config_.messages_max != 0 && counted_.messages >= config_.messages_max;
    const std::string_view text = text_of(message.payload);
    if (full || !session_.on_message(number, text, now)) return;
    ++of.figures.first;
    keep(received, message.payload, now);
  });
  follow(of, now);
  if (session_.take_renewal(number)) of.link.renew(now);
  return came;
}

void CryptoRecording::follow(Link& of, MonoNanos now) {
  of.figures.open = of.link.is_open();
  if (!of.figures.open || of.connection == of.link.connection()) return;
  of.connection = of.link.connection();
  session_.on_up(now);
}

/// Notes when streams that were on a connection are on none, and until when.
void CryptoRecording::follow_outage(MonoNanos now) {
  bool out = false;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    bool seen = false, open = false;
    for (const Link& of : links_) {
      if (of.like != i) continue;
      seen = seen || of.connection != 0;
      open = open || of.figures.open;
    }
    out = out || (seen && !open);
  }
  if (out == (out_since_ != kNever)) return;
  if (out) {
    ++counted_.outages;
  } else {
    counted_.outage += now - out_since_;
  }
  out_since_ = out ? now : kNever;
}

void CryptoRecording::keep(UnixNanos received, Bytes text, MonoNanos now) {
  const std::int64_t stamp = received.value;
  if (text.size() > CaptureFile::kLargestMessage ||
      !ring_.try_push(std::as_bytes(std::span(&stamp, 1)), text)) {
    ++counted_.dropped;
    session_.on_lost(now);
    return;
  }
  ++counted_.messages;
  if (counted_.first_time.value == 0) counted_.first_time = received;
  counted_.last_time = received;
}

// ---- Snapshots ----

void CryptoRecording::ask_snapshot(MonoNanos now) {
  if (rest_->busy() || !rest_->is_open()) return;
  const auto symbol = session_.take_snapshot_request(now);
  if (!symbol) return;
  snapshot_of_ = *symbol;
  const std::string target = config_.snapshot_target + config_.symbols[*symbol];
  if (!rest_->request("GET", target, {}, {}, now))
    session_.on_snapshot_failed(*symbol, now);
}

bool CryptoRecording::poll_snapshot(MonoNanos now) {
  const net::HttpsAnswer* const answer = rest_->poll(now);
  if (answer == nullptr) return false;
  const UnixNanos received = wall_now();
  const bool answered = answer->fate == net::Fate::kAnswered;
  const unsigned code = answered ? answer->head->code : 0;
  if (code == kOk) {
    if (!session_.on_snapshot(snapshot_of_, text_of(answer->body), now)) {
      counted_.rest_failure = "its snapshots are older than its streams";
      return true;
    }
    if (config_.symbols.size() == 1) {
      keep(received, answer->body, now);
    } else {  // the venue's answer does not say whose it is
      wrapped_ = R"({"stream":")" + lower(config_.symbols[snapshot_of_]) +
                 R"(@depthSnapshot","data":)";
      wrapped_.append(text_of(answer->body)).append("}");
      keep(received, bytes_of(wrapped_), now);
    }
    return true;
  }
  counted_.rest_failure = answered
                              ? "it answered " + std::to_string(code) + ": " +
                                    std::string(text_of(answer->body).substr(0, 200))
                              : std::string(answer->reason);
  session_.on_snapshot_failed(snapshot_of_, now);
  if (code == kTooMany || code == kBanned) {
    const auto asked = wire::http::parse_number(
        answer->head->field("Retry-After").value_or(std::string_view{}));
    const std::uint64_t wait =
        std::min(asked.value_or(kSilenceSeconds), kLongestSilenceSeconds);
    session_.hold_snapshots(now + seconds(static_cast<std::int64_t>(wait)));
  }
  return true;
}

// ---- The end ----

bool CryptoRecording::connected() const {
  return std::any_of(links_.begin(), links_.end(),
                     [](const Link& of) { return of.connection != 0; });
}

CryptoRecordingEnd CryptoRecording::reason_to_end(MonoNanos now) {
  if (write_failed_.load(std::memory_order_relaxed))
    return CryptoRecordingEnd::kWriteFailed;
  if (config_.messages_max != 0 && counted_.messages >= config_.messages_max)
    return CryptoRecordingEnd::kMessages;
  const bool ever = connected();
  if (!ever && now - started_ >= config_.connect_patience)
    return CryptoRecordingEnd::kNotConnected;
  if (!stop_.load(std::memory_order_relaxed)) return CryptoRecordingEnd::kNone;
  if (stop_at_ == kNever) stop_at_ = now;
  const bool enough =
      !ever || session_.whole() || now - stop_at_ >= config_.stop_patience;
  return enough ? CryptoRecordingEnd::kStopped : CryptoRecordingEnd::kNone;
}

void CryptoRecording::conclude(CryptoRecordingEnd end) {
  if (end == CryptoRecordingEnd::kNotConnected && !links_.empty()) {
    const std::string& why = links_.front().link.failure();
    counted_.failure = why.empty() ? "no answer in time" : why;
  }
  const MonoNanos now = clock_.now();
  if (out_since_ != kNever) counted_.outage += now - out_since_;
  counted_.end = end;
  publish(now);
  {
    const std::scoped_lock lock(mutex_);
    published_ = counted_;
  }
  close_links();
  // Release: whoever sees it sees all that was pushed, and the figures.
  received_all_.store(true, std::memory_order_release);
}

void CryptoRecording::close_links() {
  if (rest_) rest_->close();
  const MonoNanos until = clock_.now() + kCloseWithin;
  for (Link& of : links_)
    of.link.close(wire::websocket::CloseCode::kNormal, {}, clock_.now());
  const auto all_stopped = [this] {
    return std::all_of(links_.begin(), links_.end(),
                       [](const Link& of) { return of.link.stopped(); });
  };
  while (!all_stopped() && clock_.now() < until) {
    for (Link& of : links_) of.link.poll(clock_.now(), [](const auto&) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void CryptoRecording::wait(MonoNanos now) {
  std::vector<int> watched;
  for (Link& of : links_) {
    if (of.link.dialer().fd() >= 0) watched.push_back(of.link.dialer().fd());
  }
  const bool answering = rest_ && rest_->busy();
  if (rest_ && rest_->dialer().fd() >= 0) watched.push_back(rest_->dialer().fd());
  const MonoNanos most = answering ? kShortSleep : kLongestSleep;
  const MonoNanos left = now + most - clock_.now();
  if (left.value > 0) net::wait_readable(watched.data(), watched.size(), left.value);
}

/// Copies the figures, where nobody is reading them just now.
void CryptoRecording::publish(MonoNanos now) {
  published_at_ = now;
  counted_.session = session_.counters();
  counted_.links.clear();
  for (const Link& of : links_) {
    const net::LinkCounters link = of.link.counters();
    RecordedLink out = of.figures;
    out.connections = link.socket.connections;
    out.failures = link.failures;
    out.renewals = link.renewals;
    out.failure = of.link.failure();
    counted_.links.push_back(out);
  }
  counted_.unfinished.clear();
  for (std::size_t i = 0; i < config_.symbols.size(); ++i) {
    if (!session_.whole(i)) counted_.unfinished.push_back(config_.symbols[i]);
  }
  if (rest_ && !rest_->is_open() && !rest_->failure().empty())
    counted_.rest_failure = rest_->failure();
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) published_ = counted_;
}

// ---- The writing thread ----

void CryptoRecording::write() {
  set_thread_name("pyscalp-write");
  const auto every = config_.packed ? kFlushPacked : kFlushPlain;
  auto next_flush = std::chrono::steady_clock::now() + every;
  for (bool last = false;;) {
    // Acquire pairs with the receiving thread's last release: what it pushed is seen.
    last = received_all_.load(std::memory_order_acquire);
    const bool any = ring_.try_pop([this](Bytes record) {
      UnixNanos received;
      std::memcpy(&received.value, record.data(), sizeof received.value);
      file_->append(received, record.subspan(sizeof received.value));
    });
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_flush) {
      file_->flush();
      next_flush = now + every;
    }
    written_.store(file_->messages(), std::memory_order_relaxed);
    bytes_.store(file_->bytes(), std::memory_order_relaxed);
    if (file_->failed()) write_failed_.store(true, std::memory_order_relaxed);
    if (!any && last) break;
    if (!any) std::this_thread::sleep_for(kWriterSleep);
  }
  file_->finish();
  written_.store(file_->messages(), std::memory_order_relaxed);
  bytes_.store(file_->bytes(), std::memory_order_relaxed);
  {
    const std::scoped_lock lock(mutex_);
    error_ = file_->error();
    if (!error_.empty()) published_.end = CryptoRecordingEnd::kWriteFailed;
  }
  // Release: whoever sees it sees everything above.
  ended_.store(true, std::memory_order_release);
}

}  // namespace pyscalp::live
