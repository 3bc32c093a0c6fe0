#include "exchange/crypto_host.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "base/clock.hpp"

namespace pyscalp::exchange {

namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr std::size_t kReadSize = 1 << 16;
constexpr int kReadsAtOnce = 16;
constexpr MonoNanos kRecordFlushEvery = milliseconds(100);
constexpr MonoNanos kStatisticsEvery = milliseconds(100);
constexpr MonoNanos kHandshakeWithin = seconds(10);
constexpr MonoNanos kLastBytesWithin = seconds(1);
constexpr MonoNanos kFarewell = milliseconds(500);
constexpr MonoNanos kLongestSleep = milliseconds(1);
constexpr MonoNanos kShortestSleep{20'000};
constexpr MonoNanos kAwakeAfterInput{200'000};

template <class T>
T take(net::Opened<T> opened) {
  if (!opened) throw HostError(opened.error);
  return std::move(*opened);
}

CryptoHostConfig checked(CryptoHostConfig config) {
  const auto refuse = [](const std::string& text) {
    throw std::invalid_argument(text);
  };
  if (!(config.speed > 0 && config.speed <= 1e6))
    refuse("speed is " + std::to_string(config.speed) + "; it must be above 0, to 1e6");
  if (config.duration && config.duration->value <= 0)
    refuse("duration must be above 0");
  const bool replay = config.driver == DriverKind::kReplay;
  if (replay && config.day.empty()) refuse("the recorded day is empty");
  if (!replay && config.openings_e9.size() != config.venue.symbols.size())
    refuse("each symbol needs an opening price");
  for (const CryptoSymbol& symbol : config.venue.symbols) {
    if (const std::string problem = problem_of(symbol); !problem.empty())
      refuse(problem);
  }
  return config;
}

std::unique_ptr<CryptoVenue> make_venue(const CryptoHostConfig& config) {
  const bool replay = config.driver == DriverKind::kReplay;
  std::vector<Instrument> instruments = crypto_instruments(config.venue.symbols);
  MarketOptions options;
  options.level_outputs = true;
  options.fee_step = {10};  // the venue says commissions to eight decimals
  // All of a depth update has one stamp: nobody is shown half of it.
  Driver driver = RecordedDay(config.day, config.from, RecordedDay::Pace::kMoment);
  if (!replay) {
    driver = Agents(crypto_agents(config.venue.symbols, config.openings_e9),
                    config.seed, instruments);
    options.accounts =
        std::max(options.accounts, Agents::highest_account(instruments.size()));
  }
  Market market(std::move(instruments), config.fees, options);
  auto venue =
      std::make_unique<CryptoVenue>(config.venue, std::move(driver), std::move(market));
  if (!venue->next_time())
    throw std::invalid_argument(
        "there is nothing left of the recorded day; choose an earlier time to start "
        "from");
  return venue;
}

}  // namespace

CryptoHost::CryptoHost(CryptoHostConfig config)
    : config_(checked(std::move(config))),
      venue_(make_venue(config_)),
      context_(take(net::TlsContext::server(config_.certificate, config_.key))),
      listener_(take(net::TcpListener::open(config_.listen))),
      buffer_(kReadSize) {
  if (!config_.record_path.empty()) {
    record_.emplace(config_.record_path, venue_->market().instruments());
    if (record_->status() != RecordStatus::kOk) {
      throw HostError("cannot write the record " + config_.record_path + ": " +
                      std::generic_category().message(record_->error_number()));
    }
  }
  first_time_ = *venue_->next_time();
  if (config_.from && config_.driver == DriverKind::kReplay)
    first_time_ = *config_.from;
  publish_statistics();
}

CryptoHost::~CryptoHost() = default;

void CryptoHost::run() {
  MonoNanos now = mono_now();
  started_ = last_record_flush_ = last_statistics_ = last_input_ = now;
  while (!finished(now)) {
    if (serve(now)) last_input_ = now;
    wait(now);
    now = mono_now();
  }
  venue_->end(wall_now(), now);
  say_farewell();
  keep_record(kNever);
  if (record_) record_->close();
  publish_statistics();
}

UnixNanos CryptoHost::venue_time(MonoNanos now) const {
  const auto wall = static_cast<double>((now - started_).value);
  return {first_time_.value + static_cast<std::int64_t>(wall * config_.speed)};
}

bool CryptoHost::finished(MonoNanos now) const {
  if (stop_.load(std::memory_order_relaxed)) return true;
  if (config_.duration && now - started_ >= *config_.duration) return true;
  return !venue_->next_time().has_value();
}

/// One round over everything; true if there may be more to do at once.
bool CryptoHost::serve(MonoNanos now) {
  const UnixNanos wall = wall_now();
  const bool behind =
      venue_->advance(venue_time(now), wall, kEventsAtOnce) == kEventsAtOnce;
  accept_clients(now);
  bool input = false;
  for (Client& client : clients_) input |= read_client(client, now);
  venue_->on_time(wall, now);
  std::erase_if(clients_, [&](Client& client) { return !write_client(client, now); });
  keep_record(now);
  if (now - last_statistics_ >= kStatisticsEvery) {
    last_statistics_ = now;
    publish_statistics();
  }
  return input || behind;
}

void CryptoHost::wait(MonoNanos now) {
  if (now - last_input_ < kAwakeAfterInput) return;
  std::int64_t sleep = kLongestSleep.value;
  if (const std::optional<UnixNanos> next = venue_->next_time()) {
    const auto ahead = static_cast<double>((*next - venue_time(now)).value);
    sleep = static_cast<std::int64_t>(
        std::min(ahead / config_.speed, static_cast<double>(sleep)));
  }
  if (sleep < kShortestSleep.value) return;
  watched_.assign({listener_.fd()});
  for (Client& client : clients_) {
    if (client.closed_since == kNever) watched_.push_back(client.stream.tcp().fd());
  }
  net::wait_readable(watched_.data(), watched_.size(), sleep);
}

// ---- Connections ----

void CryptoHost::accept_clients(MonoNanos now) {
  while (std::optional<net::TcpStream> stream = listener_.accept()) {
    if (clients_.size() == kConnectionsMax) {
      ++refused_;
      stream->abort();
      continue;
    }
    const std::string address = net::address_text(stream->remote().address);
    net::Opened<net::TlsStream> opened =
        net::TlsStream::accept(context_, std::move(*stream));
    if (!opened) {
      ++handshakes_failed_;
      continue;
    }
    clients_.push_back(
        {venue_->connect(address, now), std::move(*opened), now, kNever});
  }
}

bool CryptoHost::read_client(Client& client, MonoNanos now) {
  if (client.stream.state() != net::TlsState::kOpen) {
    if (client.stream.state() == net::TlsState::kFailed) return false;
    if (client.stream.progress() != net::TlsState::kOpen) return false;
  }
  bool input = false;
  for (int i = 0; i < kReadsAtOnce && !venue_->server().closed(client.id); ++i) {
    const net::IoResult result = client.stream.receive(buffer_);
    if (result.status == net::IoStatus::kAgain) break;
    input = true;
    if (result.status != net::IoStatus::kOk) {
      venue_->server().disconnect(client.id);
      break;
    }
    venue_->on_bytes(client.id, Bytes(buffer_).first(result.size), wall_now(), now);
  }
  return input;
}

bool CryptoHost::write_client(Client& client, MonoNanos now) {
  CryptoServer& server = venue_->server();
  const net::TlsState state = client.stream.state();
  const bool stuck =
      state != net::TlsState::kOpen && now - client.accepted >= kHandshakeWithin;
  if (state == net::TlsState::kFailed || stuck) {
    ++handshakes_failed_;
    server.disconnect(client.id);
    return false;
  }
  if (state != net::TlsState::kOpen) return true;
  if (server.cut(client.id)) {
    server.disconnect(client.id);
    client.stream.tcp().abort();
    return false;
  }
  while (!server.pending(client.id).empty()) {
    const net::IoResult result = client.stream.send(server.pending(client.id));
    if (result.status == net::IoStatus::kAgain) break;
    if (result.status != net::IoStatus::kOk) {
      server.disconnect(client.id);
      return false;
    }
    server.consumed(client.id, result.size);
  }
  if (!server.closed(client.id)) return true;
  if (client.closed_since == kNever) client.closed_since = now;
  const bool late = now - client.closed_since >= kLastBytesWithin;
  if (!server.pending(client.id).empty() && !late) return true;
  if (!client.stream.shut_down_sending() && !late) return true;
  server.disconnect(client.id);
  return false;
}

void CryptoHost::say_farewell() {
  MonoNanos now = mono_now();
  const MonoNanos until = now + kFarewell;
  while (!clients_.empty() && now < until) {
    std::erase_if(clients_, [&](Client& client) { return !write_client(client, now); });
    const int fd = listener_.fd();
    net::wait_readable(&fd, 1, kLongestSleep.value);
    now = mono_now();
  }
}

// ---- Record and statistics ----

void CryptoHost::keep_record(MonoNanos now) {
  venue_->drain_reports([this](const Report& report) {
    ++reports_;
    if (record_) record_->append(report);
  });
  if (!record_ || now - last_record_flush_ < kRecordFlushEvery) return;
  last_record_flush_ = now;
  record_->flush();
}

void CryptoHost::publish_statistics() {
  CryptoHostStatistics current;
  current.venue_time = venue_->time();
  current.events = venue_->events();
  current.server = venue_->server().statistics();
  current.connections = clients_.size();
  current.connections_refused = refused_;
  current.handshakes_failed = handshakes_failed_;
  current.orders = venue_->desk().placed();
  current.cancels = venue_->desk().canceled();
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

CryptoHostStatistics CryptoHost::statistics() const {
  const std::lock_guard lock(statistics_mutex_);
  return statistics_;
}

}  // namespace pyscalp::exchange
