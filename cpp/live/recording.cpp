#include "live/recording.hpp"

#include <algorithm>
#include <chrono>

#include "base/cpu.hpp"
#include "wire/ethernet.hpp"
#include "wire/pcap.hpp"

namespace pyscalp::live {

namespace {

constexpr MonoNanos kPublishEvery = milliseconds(50);
constexpr MonoNanos kLongestSleep = milliseconds(20);
/// A pcap goes on for so long after the end of the session: its packet comes on both
/// lines.
constexpr MonoNanos kAfterEnd = milliseconds(100);
constexpr auto kFlushEvery = std::chrono::milliseconds(250);
constexpr auto kWriterSleep = std::chrono::milliseconds(5);
constexpr std::size_t kBlock = 60'000;

}  // namespace

/// What stands in the ring before the bytes of a record.
struct Recording::Piece {
  enum class Kind : std::uint8_t { kDatagram, kMessages, kEndMark };

  std::int64_t received = 0;
  net::Endpoint from;
  std::uint32_t messages = 0;
  Kind kind = Kind::kDatagram;
  feed::Line line = feed::Line::kA;

  Bytes bytes() const { return std::as_bytes(std::span(this, 1)); }
};

const char* name(RecordingEnd end) {
  switch (end) {
    case RecordingEnd::kNone:
      return "running";
    case RecordingEnd::kStopped:
      return "stopped";
    case RecordingEnd::kMessages:
      return "messages";
    case RecordingEnd::kSessionEnded:
      return "session ended";
    case RecordingEnd::kSessionChanged:
      return "session changed";
    case RecordingEnd::kWriteFailed:
      return "write failed";
  }
  return "";
}

Recording::Recording(RecordingConfig config)
    : config_([&] {
        config.session.feed.retransmission = config.retransmission.has_value();
        return std::move(config);
      }()),
      ring_(config_.ring_size),
      session_(config_.session) {
  block_.reserve(kBlock + net::DatagramBatch::kLargest);
}

Recording::~Recording() {
  request_stop();
  if (receiving_thread_.joinable()) receiving_thread_.join();
  if (writing_thread_.joinable()) writing_thread_.join();
}

std::optional<std::string> Recording::open() {
  const std::optional<net::Endpoint> groups[] = {config_.line_a, config_.line_b};
  counted_.socket_buffer = config_.socket_buffer;
  for (int line = 0; line < 2; ++line) {
    if (!groups[line]) continue;
    auto receiver = net::UdpReceiver::open(*groups[line], config_.interface_address,
                                           config_.socket_buffer);
    if (!receiver) return receiver.error;
    sockets_[line] = receiver->fd();
    counted_.socket_buffer = std::min(counted_.socket_buffer, receiver->buffer_size());
    lines_[line] = std::move(*receiver);
  }
  if (config_.retransmission) {
    auto socket = net::UdpSocket::connect(*config_.retransmission);
    if (!socket) return socket.error;
    sockets_[static_cast<int>(feed::Line::kRetransmission)] = socket->fd();
    retransmission_ = std::move(*socket);
  }
  for (const int fd : sockets_)
    if (fd >= 0) net::DatagramBatch::ask_for_times(fd);
  file_.emplace(config_.path, config_.overwrite);
  if (!file_->failed() && config_.format == RecordingFormat::kPcap) {
    std::array<std::byte, wire::pcap::kFileHeaderSize> header;
    wire::pcap::encode_file_header(header.data());
    file_->append(header, {});
  }
  file_->flush();
  if (file_->failed()) return file_->error();
  bytes_.store(file_->bytes(), std::memory_order_relaxed);
  published_ = counted_;
  return std::nullopt;
}

void Recording::start() {
  receiving_thread_ = std::thread([this] { receive(); });
  writing_thread_ = std::thread([this] { write(); });
}

bool Recording::join(double timeout_s) {
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

RecordingFigures Recording::figures() const {
  RecordingFigures figures;
  {
    const std::scoped_lock lock(mutex_);
    figures = published_;
  }
  figures.written = written_.load(std::memory_order_relaxed);
  figures.packets = packets_.load(std::memory_order_relaxed);
  figures.bytes = bytes_.load(std::memory_order_relaxed);
  if (!ended()) figures.end = RecordingEnd::kNone;
  return figures;
}

std::string Recording::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

// ---- The receiving thread ----

void Recording::receive() {
  set_thread_name("pyscalp-receive");
  RecordingEnd end = RecordingEnd::kNone;
  while (end == RecordingEnd::kNone) {
    const MonoNanos now = clock_.now();
    const bool any = receive_round(now);
    const auto keep = [this](std::uint64_t sequence, Bytes message) {
      keep_message(sequence, message);
    };
    session_.on_time(now, keep);
    push_block();
    std::array<std::byte, wire::mold::kHeaderSize> request;
    while (session_.take_request(now, request)) retransmission_->send(request);
    end = reason_to_end(now);
    if (now - published_at_ >= kPublishEvery) publish();
    if (!any && end == RecordingEnd::kNone) wait(now);
  }
  conclude(end);
}

/// Takes what has arrived on all sockets, oldest first; true where there may be more.
bool Recording::receive_round(MonoNanos now) {
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (sockets_[i] < 0 || !arrived_[i].empty()) continue;
    known_until_[i] = wall_now();
    arrived_[i] = batches_[i].receive(sockets_[i]);
    if (arrived_[i].size() == net::DatagramBatch::kMost)
      known_until_[i] = arrived_[i].back().received;
  }
  bool any = false;
  while (take_oldest(now)) any = true;
  return any || put_off_;
}

/// Takes the oldest datagram at hand. On a socket that was looked at before it arrived,
/// an older one may wait: then it is put off, once, until that one is looked at again.
bool Recording::take_oldest(MonoNanos now) {
  std::size_t oldest = arrived_.size();
  for (std::size_t i = 0; i < arrived_.size(); ++i) {
    if (arrived_[i].empty()) continue;
    if (oldest == arrived_.size() ||
        arrived_[i].front().received < arrived_[oldest].front().received) {
      oldest = i;
    }
  }
  const bool waited = std::exchange(put_off_, false);
  if (oldest == arrived_.size()) return false;
  const net::Datagram& datagram = arrived_[oldest].front();
  for (std::size_t i = 0; i < arrived_.size() && !waited; ++i) {
    if (sockets_[i] < 0 || !arrived_[i].empty()) continue;
    put_off_ = put_off_ || known_until_[i] < datagram.received;
  }
  if (put_off_) return false;
  take(static_cast<feed::Line>(oldest), datagram, now);
  arrived_[oldest] = arrived_[oldest].subspan(1);
  return true;
}

void Recording::take(feed::Line line, const net::Datagram& datagram, MonoNanos now) {
  if (session_.full()) return;
  if (counted_.first_time.value == 0) counted_.first_time = datagram.received;
  counted_.last_time = std::max(counted_.last_time, datagram.received);
  ++counted_.datagrams[static_cast<int>(line)];
  if (config_.format == RecordingFormat::kPcap) {
    Piece piece;
    piece.received = datagram.received.value;
    piece.from = datagram.from;
    piece.kind = Piece::Kind::kDatagram;
    piece.line = line;
    if (!ring_.try_push(piece.bytes(), datagram.payload)) ++counted_.dropped;
  }
  session_.on_datagram(line, datagram.payload, now,
                       [this](std::uint64_t sequence, Bytes message) {
                         keep_message(sequence, message);
                       });
  push_block();
}

void Recording::keep_message(std::uint64_t sequence, Bytes message) {
  if (config_.format != RecordingFormat::kItch) return;
  if (message.empty()) {  // whose length would read as the end of the session
    ++counted_.empty;
    return;
  }
  const bool follows = sequence == block_first_ + block_count_;
  if (!follows || block_.size() + 2 + message.size() > kBlock) push_block();
  if (block_count_ == 0) block_first_ = sequence;
  const std::size_t at = block_.size();
  block_.resize(at + 2 + message.size());
  store_be(block_.data() + at, static_cast<std::uint16_t>(message.size()));
  std::memcpy(block_.data() + at + 2, message.data(), message.size());
  ++block_count_;
}

void Recording::push_block() {
  if (block_count_ == 0) return;
  Piece piece;
  piece.kind = Piece::Kind::kMessages;
  piece.messages = block_count_;
  if (!ring_.try_push(piece.bytes(), block_)) {
    ++counted_.dropped;
    session_.note_dropped(block_first_, block_count_);
  }
  block_.clear();
  block_count_ = 0;
}

RecordingEnd Recording::reason_to_end(MonoNanos now) {
  if (write_failed_.load(std::memory_order_relaxed)) return RecordingEnd::kWriteFailed;
  if (session_.full()) return RecordingEnd::kMessages;
  if (session_.changed()) return RecordingEnd::kSessionChanged;
  if (session_.over()) {
    if (over_at_ == kNever) over_at_ = now;
    const bool all = config_.format == RecordingFormat::kItch;
    if (all || now - over_at_ >= kAfterEnd) return RecordingEnd::kSessionEnded;
  }
  if (stop_.load(std::memory_order_relaxed)) {
    if (stop_at_ == kNever) stop_at_ = now;
    if (!session_.gap_open() || now - stop_at_ >= config_.stop_patience)
      return RecordingEnd::kStopped;
  }
  return RecordingEnd::kNone;
}

void Recording::conclude(RecordingEnd end) {
  for (int i = 0; i < 2; ++i)  // what was put off
    while (take_oldest(clock_.now())) continue;
  session_.conclude(clock_.now(), [this](std::uint64_t sequence, Bytes message) {
    keep_message(sequence, message);
  });
  push_block();
  const bool mark =
      end == RecordingEnd::kSessionEnded && config_.format == RecordingFormat::kItch;
  Piece piece;
  piece.kind = Piece::Kind::kEndMark;
  // Nothing is received any more, so this may wait for the disk.
  while (mark && !ring_.try_push(piece.bytes(), {}) &&
         !write_failed_.load(std::memory_order_relaxed))
    std::this_thread::sleep_for(kWriterSleep);
  for (std::size_t i = 0; i < sockets_.size(); ++i)
    if (sockets_[i] >= 0) batches_[i].ask_drops(sockets_[i]);
  counted_.end = end;
  publish();
  const std::scoped_lock lock(mutex_);
  published_ = counted_;
  // Release: whoever sees it sees all that was pushed, and the figures.
  received_all_.store(true, std::memory_order_release);
}

void Recording::wait(MonoNanos now) {
  const MonoNanos until = std::min(now + kLongestSleep, session_.next_deadline());
  if (until <= now) return;
  std::array<int, feed::kLineCount> watched;
  std::size_t count = 0;
  for (const int fd : sockets_)
    if (fd >= 0) watched[count++] = fd;
  net::wait_readable(watched.data(), count, (until - now).value);
}

/// Copies the figures, where nobody is reading them just now.
void Recording::publish() {
  const feed::MoldSession::Counters& feed = session_.counters();
  published_at_ = clock_.now();
  counted_.session = session_.session().trimmed();
  counted_.messages = session_.messages();
  counted_.first_sequence = session_.first_sequence();
  counted_.last_sequence = session_.last_sequence();
  std::copy(std::begin(feed.first), std::end(feed.first), counted_.first);
  counted_.duplicates = feed.duplicates;
  counted_.malformed = feed.malformed;
  counted_.foreign = feed.foreign;
  counted_.gaps = session_.gaps();
  counted_.requests = feed.requests;
  counted_.recovered = feed.recovered;
  counted_.missing = session_.missing_messages();
  counted_.gap_open = session_.gap_open();
  counted_.server_silent = session_.server_silent();
  counted_.kernel_dropped = 0;
  for (const net::DatagramBatch& batch : batches_)
    counted_.kernel_dropped += batch.dropped();
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) published_ = counted_;
}

// ---- The writing thread ----

void Recording::write() {
  set_thread_name("pyscalp-write");
  auto next_flush = std::chrono::steady_clock::now() + kFlushEvery;
  for (bool last = false;;) {
    // Acquire pairs with the receiving thread's last release: what it pushed is seen.
    last = received_all_.load(std::memory_order_acquire);
    const bool any = ring_.try_pop([this](Bytes record) { write_piece(record); });
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_flush) {
      file_->flush();
      next_flush = now + kFlushEvery;
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
  const bool pcap = config_.format == RecordingFormat::kPcap;
  // The first record of a pcap is the header of the file.
  packets_.store(pcap && file_->records() != 0 ? file_->records() - 1 : 0,
                 std::memory_order_relaxed);
  {
    const std::scoped_lock lock(mutex_);
    error_ = file_->error();
    if (!error_.empty()) published_.end = RecordingEnd::kWriteFailed;
  }
  // Release: whoever sees it sees everything above.
  ended_.store(true, std::memory_order_release);
}

void Recording::write_piece(Bytes record) {
  Piece piece;
  std::memcpy(&piece, record.data(), sizeof piece);
  const Bytes payload = record.subspan(sizeof piece);
  switch (piece.kind) {
    case Piece::Kind::kMessages:
      file_->append({}, payload, piece.messages);
      break;
    case Piece::Kind::kEndMark:
      file_->append(std::array<std::byte, 2>{}, {});
      break;
    case Piece::Kind::kDatagram:
      write_datagram(piece, payload);
      break;
  }
}

void Recording::write_datagram(const Piece& piece, Bytes payload) {
  const net::Endpoint& to = piece.line == feed::Line::kRetransmission
                                ? retransmission_->endpoint()
                                : lines_[static_cast<int>(piece.line)]->endpoint();
  using wire::ethernet::kUdpFrameHeaderSize;
  std::array<std::byte, wire::pcap::kRecordHeaderSize + kUdpFrameHeaderSize> head;
  const auto size = static_cast<std::uint32_t>(kUdpFrameHeaderSize + payload.size());
  const bool fits =
      wire::pcap::encode_record_header({{piece.received}, size, size}, head.data()) &&
      wire::ethernet::encode_udp_header(
          {piece.from.address, to.address, piece.from.port, to.port}, payload,
          head.data() + wire::pcap::kRecordHeaderSize);
  if (fits) file_->append(head, payload);
}

}  // namespace pyscalp::live
