#include "exchange/host.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <system_error>

#include "base/clock.hpp"

namespace pyscalp::exchange {

namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr int kRequestsAtOnce = 256;
constexpr std::size_t kReadSize = 1 << 16;
constexpr MonoNanos kHeartbeatEvery = seconds(1);
constexpr MonoNanos kQuiet = milliseconds(5);  ///< after which held datagrams go out
constexpr MonoNanos kRecordFlushEvery = milliseconds(100);
constexpr MonoNanos kStatisticsEvery = milliseconds(100);
constexpr MonoNanos kFarewellEvery = milliseconds(50);
constexpr MonoNanos kLastBytesWithin = seconds(1);
constexpr MonoNanos kLongestSleep = milliseconds(1);
constexpr MonoNanos kShortestSleep{20'000};
/// After bytes came in, more are likely: the loop stays awake for this long.
constexpr MonoNanos kAwakeAfterInput{200'000};

template <class T>
T take(net::Opened<T> opened) {
  if (!opened) throw HostError(opened.error);
  return std::move(*opened);
}

/// A name that no earlier run of this exchange had: clients must see that the sequence
/// starts anew. "P" and the wall clock's milliseconds in base 36.
std::string new_session() {
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string name(10, '0');
  name[0] = 'P';
  std::int64_t left = wall_now().value / 1'000'000;
  for (std::size_t i = name.size() - 1; i > 0; --i, left /= 36)
    name[i] = kDigits[left % 36];
  return name;
}

std::string clock_text(UnixNanos time) {
  const std::int64_t s = time.value / kNanosPerUnit;
  std::string text = "00:00:00";
  const auto put = [&](std::size_t at, std::int64_t n) {
    text[at] = static_cast<char>('0' + n / 10 % 10);
    text[at + 1] = static_cast<char>('0' + n % 10);
  };
  put(0, s / 3'600), put(3, s / 60 % 60), put(6, s % 60);
  return text;
}

HostConfig checked(HostConfig config) {
  const auto refuse = [](const std::string& text) {
    throw std::invalid_argument(text);
  };
  if (!(config.speed > 0 && config.speed <= 1e6))
    refuse("speed is " + std::to_string(config.speed) + "; it must be above 0, to 1e6");
  if (config.duration && config.duration->value <= 0)
    refuse("duration must be above 0");
  if (config.farewell.value < 0) refuse("farewell must not be below 0");
  if (config.feed_a == config.feed_b && config.feed_a.port != 0)
    refuse("feed_a and feed_b are both " + net::endpoint_text(config.feed_a));
  if (config.driver == DriverKind::kReplay && config.day.empty())
    refuse("the recorded day is empty; give a BinaryFILE of ITCH 5.0");
  if (config.session.empty()) config.session = new_session();
  return config;
}

std::unique_ptr<Venue> make_venue(const HostConfig& config) {
  const bool replay = config.driver == DriverKind::kReplay;
  std::vector<Instrument> instruments = replay ? RecordedDay::instruments(config.day)
                                               : Agents::instruments(config.agents);
  if (instruments.empty()) {
    throw std::invalid_argument(
        replay ? "the recorded day names no instrument; is it a BinaryFILE of ITCH 5.0?"
               : "the agents' parameters name no stock");
  }
  Driver driver = replay ? Driver(RecordedDay(config.day, config.from))
                         : Driver(Agents(config.agents, config.seed, instruments));
  MarketOptions options;
  if (!replay) {
    options.accounts =
        std::max(options.accounts, Agents::highest_account(instruments.size()));
  }
  const std::size_t count = instruments.size();
  Market market(std::move(instruments), config.fees, options);
  auto venue = std::make_unique<Venue>(VenueConfig{config.session, config.logins},
                                       std::move(driver), std::move(market));
  if (!venue->next_time()) {
    throw std::invalid_argument(
        config.from ? "the recorded day ends before " + clock_text(*config.from) +
                          "; choose an earlier time to start from"
                    : "there is no event in the day (" + std::to_string(count) +
                          " instruments)");
  }
  return venue;
}

}  // namespace

// ---- Lines ----

Host::Line::Line(net::UdpSender opened, const LineFaults& faults, std::uint64_t seed)
    : sender(std::move(opened)), impairment(faults, seed) {}

void Host::Line::send(Bytes datagram) {
  impairment.pass(datagram, [this](Bytes out) {
    if (sender.send(out).status != net::IoStatus::kOk) ++send_errors;
  });
}

void Host::Line::flush() {
  impairment.flush([this](Bytes out) {
    if (sender.send(out).status != net::IoStatus::kOk) ++send_errors;
  });
}

Host::Line Host::open_line(net::Endpoint& group, const LineFaults& faults,
                           std::uint64_t salt) {
  if (group.port == 0) group.port = net::free_udp_port();
  return {take(net::UdpSender::open(group, config_.interface_address)), faults,
          SplitMix64(config_.seed + salt).next()};
}

// ---- Opening ----

Host::Host(HostConfig config)
    : config_(checked(std::move(config))),
      venue_(make_venue(config_)),
      line_a_(open_line(config_.feed_a, config_.faults_a, 0xA)),
      line_b_(open_line(config_.feed_b, config_.faults_b, 0xB)),
      retransmission_(take(net::UdpSocket::bind(config_.retransmission))),
      listener_(take(net::TcpListener::open(config_.orders))),
      buffer_(kReadSize) {
  if (!config_.record_path.empty()) {
    record_.emplace(config_.record_path, venue_->market().instruments());
    if (record_->status() != RecordStatus::kOk) {
      throw HostError("cannot write the record " + config_.record_path + ": " +
                      std::generic_category().message(record_->error_number()));
    }
  }
  if (config_.snapshot) {
    snapshot_listener_ = take(net::TcpListener::open(*config_.snapshot));
  }
  clients_.reserve(kConnectionsMax);
  snapshot_clients_.reserve(kSnapshotsMax);
  watched_.reserve(kConnectionsMax + kSnapshotsMax + 3);
  first_time_ = *venue_->next_time();
  if (config_.from && config_.driver == DriverKind::kReplay)
    first_time_ = *config_.from;
  publish_statistics();
}

Host::~Host() = default;

// ---- The loop ----

void Host::run() {
  MonoNanos now = mono_now();
  started_ = last_record_flush_ = last_statistics_ = last_input_ = now;
  last_sent_ = now - kHeartbeatEvery;
  venue_->on_time(now);
  while (!finished(now)) {
    if (serve(now)) last_input_ = now;
    wait(now);
    now = mono_now();
  }
  venue_->end(venue_->time());
  say_farewell();
  keep_record(kNever);
  if (record_) record_->close();
  publish_statistics();
}

UnixNanos Host::venue_time(MonoNanos now) const {
  const auto wall = static_cast<double>((now - started_).value);
  return {first_time_.value + static_cast<std::int64_t>(wall * config_.speed)};
}

bool Host::finished(MonoNanos now) const {
  if (stop_.load(std::memory_order_relaxed)) return true;
  if (config_.duration && now - started_ >= *config_.duration) return true;
  return !venue_->next_time().has_value();
}

bool Host::serve(MonoNanos now) {
  const bool behind = venue_->advance(venue_time(now), kEventsAtOnce) == kEventsAtOnce;
  accept_clients();
  bool input = read_clients();
  venue_->on_time(now);
  send_feed(now);
  write_clients(now);
  input |= answer_requests();
  input |= serve_snapshots(now);
  keep_record(now);
  if (now - last_statistics_ >= kStatisticsEvery) {
    last_statistics_ = now;
    publish_statistics();
  }
  return input || behind;
}

void Host::wait(MonoNanos now) {
  if (now - last_input_ < kAwakeAfterInput) return;
  std::int64_t sleep = kLongestSleep.value;
  if (const std::optional<UnixNanos> next = venue_->next_time()) {
    const auto ahead = static_cast<double>((*next - venue_time(now)).value);
    sleep = static_cast<std::int64_t>(
        std::min(ahead / config_.speed, static_cast<double>(sleep)));
  }
  if (sleep < kShortestSleep.value) return;
  watched_.assign({listener_.fd(), retransmission_.fd()});
  for (const Client& client : clients_)
    if (client.closed_since == kNever) watched_.push_back(client.stream.fd());
  if (snapshot_listener_) watched_.push_back(snapshot_listener_->fd());
  for (const Client& client : snapshot_clients_)
    if (client.closed_since == kNever) watched_.push_back(client.stream.fd());
  net::wait_readable(watched_.data(), watched_.size(), sleep);
}

// ---- Order entry ----

void Host::accept_clients() {
  while (std::optional<net::TcpStream> stream = listener_.accept()) {
    if (clients_.size() == kConnectionsMax) {
      ++refused_;
      stream->abort();
      continue;
    }
    clients_.push_back({venue_->connect(), std::move(*stream), kNever});
  }
}

bool Host::read_clients() {
  bool input = false;
  for (Client& client : clients_) {
    if (venue_->closed(client.id)) continue;
    const net::IoResult result = client.stream.receive(buffer_);
    if (result.status == net::IoStatus::kAgain) continue;
    input = true;
    if (result.status == net::IoStatus::kOk) {
      venue_->on_bytes(client.id, Bytes(buffer_).first(result.size), venue_->time());
    } else {
      drop(client);
    }
  }
  forget_dropped();
  return input;
}

void Host::write_clients(MonoNanos now) {
  for (Client& client : clients_) {
    const Bytes bytes = venue_->pending(client.id);
    if (!bytes.empty()) {
      const net::IoResult result = client.stream.send(bytes);
      if (result.status == net::IoStatus::kOk) {
        venue_->consumed(client.id, result.size);
      } else if (result.status != net::IoStatus::kAgain) {
        drop(client);
        continue;
      }
    }
    if (!venue_->closed(client.id)) continue;
    if (client.closed_since == kNever) client.closed_since = now;
    if (!venue_->pending(client.id).empty() &&
        now - client.closed_since < kLastBytesWithin) {
      continue;
    }
    // Unread input would turn the close into a reset, which can overtake the last
    // bytes.
    client.stream.shut_down_sending();
    for (int i = 0; i < 16; ++i)
      if (client.stream.receive(buffer_).status != net::IoStatus::kOk) break;
    drop(client);
  }
  forget_dropped();
}

void Host::drop(Client& client) {
  venue_->disconnect(client.id, venue_->time());
  client.id = kDropped;
}

void Host::forget_dropped() {
  std::erase_if(clients_, [](const Client& client) { return client.id == kDropped; });
}

// ---- Market data ----

void Host::send_feed(MonoNanos now) {
  bool sent = false;
  venue_->drain_packets([&](Bytes datagram) {
    line_a_.send(datagram);
    line_b_.send(datagram);
    sent = true;
  });
  if (sent) {
    last_sent_ = now;
    return;
  }
  if (now - last_sent_ >= kQuiet) {
    line_a_.flush();
    line_b_.flush();
  }
  if (now - last_sent_ >= kHeartbeatEvery) {
    const Bytes heartbeat = venue_->heartbeat();
    line_a_.send(heartbeat);
    line_b_.send(heartbeat);
    last_sent_ = now;
    ++heartbeats_;
  }
}

bool Host::answer_requests() {
  std::array<std::byte, FeedPublisher::kMaxPacket> answer;
  for (int i = 0; i < kRequestsAtOnce; ++i) {
    net::Endpoint from;
    const std::ptrdiff_t size = retransmission_.receive(buffer_, &from);
    if (size == net::kNoDatagram) return i > 0;
    const Bytes request(buffer_.data(), static_cast<std::size_t>(size));
    const std::size_t answered = venue_->answer(request, answer.data());
    if (answered > 0) retransmission_.send_to({answer.data(), answered}, from);
  }
  return true;
}

void Host::say_farewell() {
  MonoNanos now = mono_now();
  send_feed(now);
  line_a_.flush();
  line_b_.flush();
  const MonoNanos until = now + config_.farewell;
  MonoNanos next = now;
  for (; now < until; now = mono_now()) {
    if (now >= next) {
      const Bytes packet = venue_->end_of_session();
      line_a_.send(packet);
      line_b_.send(packet);
      line_a_.flush();
      line_b_.flush();
      next = now + kFarewellEvery;
    }
    answer_requests();
    serve_snapshots(now);
    write_clients(now);
    const int fd = retransmission_.fd();
    net::wait_readable(&fd, 1, kLongestSleep.value);
  }
  write_clients(kNever);
}

// ---- Record and statistics ----

void Host::keep_record(MonoNanos now) {
  venue_->drain_reports([this](const Report& report) {
    ++reports_;
    if (record_) record_->append(report);
  });
  if (!record_ || now - last_record_flush_ < kRecordFlushEvery) return;
  last_record_flush_ = now;
  record_->flush();
}

void Host::publish_statistics() {
  HostStatistics current;
  current.venue_time = venue_->time();
  current.events = venue_->events();
  current.next_sequence = venue_->feed().next_sequence();
  current.heartbeats = heartbeats_;
  current.feed = venue_->feed().statistics();
  current.line_a = line_a_.impairment.statistics();
  current.line_b = line_b_.impairment.statistics();
  current.send_errors = line_a_.send_errors + line_b_.send_errors;
  current.orders = venue_->orders().statistics();
  current.snapshots = venue_->snapshots().statistics();
  current.connections_refused = refused_;
  current.connections = clients_.size();
  current.reports = reports_;
  if (record_) {
    current.record_lost = record_->lost();
    if (record_->status() != RecordStatus::kOk) {
      current.record_error = "cannot write the record " + config_.record_path + ": " +
                             std::generic_category().message(record_->error_number());
    }
  }
  if (const auto* day = std::get_if<RecordedDay>(&venue_->driver()))
    current.day_truncated = day->truncated();
  const std::lock_guard lock(statistics_mutex_);
  statistics_ = std::move(current);
}

HostStatistics Host::statistics() const {
  const std::lock_guard lock(statistics_mutex_);
  return statistics_;
}

}  // namespace pyscalp::exchange
