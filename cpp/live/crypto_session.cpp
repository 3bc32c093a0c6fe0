#ifdef PYSCALP_HAS_BINANCE
#include "live/crypto_session.hpp"

#include <algorithm>
#include <cctype>

#include "base/cpu.hpp"

namespace pyscalp::live {

using binance::Connection;
using binance::Lane;
using binance::Market;

namespace {

constexpr int kDepthOfSnapshot = 1'000;
constexpr unsigned kOk = 200;
constexpr unsigned kTooMany = 429;
constexpr unsigned kBanned = 418;
/// Where the venue does not say how long it wants silence.
constexpr MonoNanos kSilence = seconds(60);

HostConfig host_config(const CryptoConfig& config) {
  return {config.thread, PageUse::kSmall, config.journal_path, config.ring_size,
          config.lot};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

CryptoSession::CryptoSession(const CryptoConfig& config, const ApiKey& key)
    : EngineHost(host_config(config), engine::symbols_of(config.engine)),
      config_(config),
      signer_(key.kind, key.key, key.secret),
      engine_(std::make_unique<binance::Engine>(config_.engine, ring_, kill_switch_,
                                                signer_)) {}

CryptoSession::~CryptoSession() { end_threads(); }

// ---- What is opened ----

std::optional<std::string> CryptoSession::open() {
  if (signer_.status() != binance::SignStatus::kOk) {
    return "the API key cannot be used: " + std::string(name(signer_.status())) +
           "; check binance.key_file";
  }
  settle();
  if (auto error = open_streams()) return error;
  if (auto error = open_orders()) return error;
  note_ = std::to_string(config_.connections) +
          (config_.connections == 1 ? " connection to " : " connections to ") +
          config_.streams;
  return open_journal();
}

net::WebSocketLinkConfig CryptoSession::link_config(const std::string& url) const {
  net::WebSocketLinkConfig config;
  config.dial.url = url;
  config.dial.ca_file = config_.ca_file;
  config.life = config_.life;
  return config;
}

/// Futures have a route each for books and for trades; spot has none.
std::string CryptoSession::stream_target(bool books) const {
  const bool spot = config_.engine.feed.market == Market::kSpot;
  std::string names;
  const auto add = [&](const std::string& name) {
    names += (names.empty() ? "" : "/") + name;
  };
  for (const binance::TradedRules& symbol : config_.engine.symbols) {
    const std::string name = lower(symbol.rules.name());
    if (spot || books) {
      add(name + "@depth@" + config_.depth_interval);
      add(name + "@bookTicker");
    }
    if (spot) add(name + "@trade");
    if (!spot && !books) add(name + "@aggTrade");
  }
  const std::string route = spot ? "" : books ? "/public" : "/market";
  return config_.streams + route + "/stream?streams=" + names;
}

std::optional<std::string> CryptoSession::open_streams() {
  const bool spot = config_.engine.feed.market == Market::kSpot;
  const auto open_one = [&](bool books) -> std::optional<std::string> {
    auto link = net::WebSocketLink::open(link_config(stream_target(books)));
    if (!link) return link.error;
    streams_.push_back(
        {std::move(*link), static_cast<int>(streams_.size()), books, false, 0});
    return std::nullopt;
  };
  for (int i = 0; i < config_.connections; ++i) {
    if (auto error = open_one(true)) return error;
    if (spot) continue;
    if (auto error = open_one(false)) return error;
  }
  return std::nullopt;
}

std::optional<std::string> CryptoSession::open_orders() {
  auto api = net::WebSocketLink::open(link_config(config_.api));
  if (!api) return api.error;
  api_ = std::move(*api);
  net::HttpsLinkConfig rest;
  rest.dial.url = config_.rest;
  rest.dial.ca_file = config_.ca_file;
  for (std::optional<net::HttpsLink>* link : {&http_, &snapshots_}) {
    auto opened = net::HttpsLink::open(rest);
    if (!opened) return opened.error;
    link->emplace(std::move(*opened));
  }
  return std::nullopt;
}

TransportReport CryptoSession::transport() const {
  TransportReport report{"websocket", note_, {}, {}};
  // Relaxed: each is a number of its own, and nothing is read by it.
  report.counters.packets = messages_.load(std::memory_order_relaxed);
  report.counters.malformed = refused_messages_.load(std::memory_order_relaxed);
  report.counters.errors = lost_links_.load(std::memory_order_relaxed);
  return report;
}

void CryptoSession::publish() {
  std::uint64_t lost = api_->counters().failures;
  for (const StreamLink& stream : streams_) lost += stream.link.counters().failures;
  const binance::MarketFeed::Counters& feed = engine_->feed().counters();
  messages_.store(feed.messages, std::memory_order_relaxed);
  refused_messages_.store(engine_->feed().decoder_counters().refused,
                          std::memory_order_relaxed);
  lost_links_.store(lost, std::memory_order_relaxed);
}

// ---- The engine thread ----

void CryptoSession::run() {
  started_ = clock_.now();
  loop();
  spin_gaps_.stop(clock_.now());
  send_pending();
  publish();
}

void CryptoSession::loop() {
  while (!engine_->finished() && !abandoned()) {
    while (const auto command = take_command()) [[unlikely]] {
        engine_->on_command(*command, clock_.now());
        send_pending();
        spin_gaps_.worked();
      }
    MonoNanos now = clock_.now();
    bool worked = false;
    // Each is a system call: the clock is read between them, so that what they take is
    // not held for time in which the thread did not run.
    const auto polled = [&](bool came) {
      worked |= came;
      now = clock_.now();
      spin_gaps_.idle(now);
    };
    for (StreamLink& stream : streams_) polled(poll_stream(stream, now));
    polled(poll_api(now));
    polled(poll_user_stream(now));
    if (++round_ % kRoundsToHttp == 0) {
      polled(poll_http(now));
      polled(poll_snapshots(now));
    }
    if (now >= engine_->next_deadline()) {
      engine_->on_time(now);
      spin_gaps_.worked();
    }
    send_pending();
    ask_snapshot(now);
    if (!running()) check_patience(now);
    count_allocations();
    if (now >= publish_at_ && (!worked || now >= publish_at_ + seconds(1))) {
      publish();
      publish_at_ = now + kPublishEvery;
      spin_gaps_.worked();
    }
    if (!worked) cpu_relax();
  }
}

bool CryptoSession::poll_stream(StreamLink& stream, MonoNanos now) {
  const auto go_down = [&](MonoNanos at) {
    if (!stream.up) return;
    stream.up = false;
    if (stream.books) engine_->on_stream_down(stream.number, at);
  };
  const auto go_up = [&](MonoNanos at) {
    stream.up = true;
    stream.connection = stream.link.connection();
    if (stream.books) engine_->on_stream_up(stream.number, at);
  };
  const bool came = stream.link.poll(now, [&](const wire::websocket::Message& message) {
    const MonoNanos at = found();
    if (stream.connection != stream.link.connection()) go_down(at);
    if (!stream.up) go_up(at);
    engine_->on_stream_message(stream.number, message.payload, at);
    send_pending();
  });
  if (stream.up &&
      (!stream.link.is_open() || stream.connection != stream.link.connection())) {
    go_down(clock_.now());
  }
  if (!stream.up && stream.link.is_open()) go_up(clock_.now());
  if (engine_->feed().reconnect_wanted(stream.number)) stream.link.renew(clock_.now());
  return came;
}

void CryptoSession::follow_socket(net::WebSocketLink& link, Connection connection,
                                  bool& up, std::uint64_t& seen, MonoNanos now) {
  if (up && (!link.is_open() || seen != link.connection())) {
    up = false;
    engine_->on_down(connection, now);
  }
  if (!up && link.is_open()) {
    up = true;
    seen = link.connection();
    engine_->on_up(connection, now);
    send_pending();
  }
}

bool CryptoSession::poll_api(MonoNanos now) {
  const bool came = api_->poll(now, [&](const wire::websocket::Message& message) {
    const MonoNanos at = found();
    follow_socket(*api_, Connection::kApi, api_up_, api_seen_, at);
    engine_->on_message(Connection::kApi, message.payload, at);
    send_pending();
  });
  follow_socket(*api_, Connection::kApi, api_up_, api_seen_, clock_.now());
  if (engine_->session().reconnect_asked()) api_->renew(clock_.now());
  return came;
}

/// USD-M tells what becomes of orders on a stream of its own, named by a key.
void CryptoSession::follow_listen_key() {
  const binance::OrderSession& session = engine_->session();
  if (session.listen_key().empty() || session.listen_key_number() == listen_key_)
    return;
  listen_key_ = session.listen_key_number();
  if (user_up_) {
    user_up_ = false;
    engine_->on_down(Connection::kUserStream, clock_.now());
  }
  auto link = net::WebSocketLink::open(link_config(config_.streams + "/private/ws/" +
                                                   std::string(session.listen_key())));
  if (link) {
    user_stream_ = std::move(*link);
  } else {
    fail(link.error);
  }
}

bool CryptoSession::poll_user_stream(MonoNanos now) {
  follow_listen_key();
  if (!user_stream_) return false;
  const bool came =
      user_stream_->poll(now, [&](const wire::websocket::Message& message) {
        const MonoNanos at = found();
        follow_socket(*user_stream_, Connection::kUserStream, user_up_, user_seen_, at);
        engine_->on_message(Connection::kUserStream, message.payload, at);
        send_pending();
      });
  follow_socket(*user_stream_, Connection::kUserStream, user_up_, user_seen_,
                clock_.now());
  return came;
}

bool CryptoSession::poll_http(MonoNanos now) {
  const net::HttpsAnswer* answer = http_->poll(now);
  if (answer != nullptr) {
    const MonoNanos at = found();
    if (answer->fate == net::Fate::kAnswered) {
      std::array<binance::HttpHeader, wire::http::kFieldsMost> headers;
      std::size_t count = 0;
      for (const wire::http::Field& field : answer->head->fields())
        headers[count++] = {field.name, field.value};
      engine_->on_http_answer(http_request_, static_cast<int>(answer->head->code),
                              {headers.data(), count}, answer->body, at);
    } else if (http_up_) {
      // Whether it was done is not known: what was asked over this is asked anew.
      http_up_ = false;
      engine_->on_down(Connection::kHttp, at);
    }
    send_pending();
  }
  if (http_up_ != http_->is_open() && !http_->busy()) {
    http_up_ = http_->is_open();
    if (http_up_) {
      engine_->on_up(Connection::kHttp, clock_.now());
    } else {
      engine_->on_down(Connection::kHttp, clock_.now());
    }
    send_pending();
  }
  return answer != nullptr;
}

// ---- Snapshots ----

void CryptoSession::ask_snapshot(MonoNanos now) {
  if (snapshots_->busy() || !snapshots_->is_open() || now < snapshots_from_) return;
  InstrumentId id{};
  if (!engine_->take_snapshot_request(id)) return;
  spin_gaps_.worked();
  const bool spot = config_.engine.feed.market == Market::kSpot;
  const binance::TradedRules& symbol = config_.engine.symbols[index(id) - 1u];
  const std::string target = std::string(spot ? "/api/v3" : "/fapi/v1") +
                             "/depth?symbol=" + std::string(symbol.rules.name()) +
                             "&limit=" + std::to_string(kDepthOfSnapshot);
  snapshot_of_ = id;
  if (!snapshots_->request("GET", target, {}, {}, now))
    engine_->on_snapshot_failed(id, now);
}

bool CryptoSession::poll_snapshots(MonoNanos now) {
  const net::HttpsAnswer* answer = snapshots_->poll(now);
  if (answer == nullptr) return false;
  const MonoNanos at = found();
  if (answer->fate == net::Fate::kAnswered && answer->head->code == kOk) {
    engine_->on_snapshot(snapshot_of_, answer->body, at);
    send_pending();
    return true;
  }
  if (answer->fate == net::Fate::kAnswered &&
      (answer->head->code == kTooMany || answer->head->code == kBanned)) {
    const auto wait = wire::http::parse_number(
        answer->head->field("Retry-After").value_or(std::string_view{}));
    snapshots_from_ = at + (wait ? seconds(static_cast<std::int64_t>(
                                       std::min<std::uint64_t>(*wait, 259'200)))
                                 : kSilence);
  }
  engine_->on_snapshot_failed(snapshot_of_, at);
  return true;
}

// ---- Requests ----

void CryptoSession::send_pending() {
  send_websocket();
  send_http();
}

void CryptoSession::send_websocket() {
  if (!api_up_) return;
  while (const auto request = engine_->next_request(Lane::kWebSocket, clock_.now())) {
    if (!api_->send_text(request->text)) return;
    engine_->request_sent(Lane::kWebSocket, clock_.now());
  }
}

void CryptoSession::send_http() {
  if (!http_up_ || http_->busy()) return;
  const auto request = engine_->next_request(Lane::kHttp, clock_.now());
  if (!request) return;
  const wire::http::Field key{"X-MBX-APIKEY", engine_->session().api_key()};
  http_request_ = request->id;
  if (!http_->request(request->verb, request->text, {&key, 1}, {}, clock_.now()))
    return;
  engine_->request_sent(Lane::kHttp, clock_.now());
}

// ---- Before it trades ----

void CryptoSession::check_patience(MonoNanos now) {
  if (engine_->phase() == engine::Phase::kRunning) {
    note_running(now);
    return;
  }
  if (!engine_->refusal().empty()) {
    abandon("the venue refused the API key: " + std::string(engine_->refusal()) +
            "; check binance.key_file, and what the key may do");
  } else if (now - started_ >= config_.connect_patience) {
    abandon(who_is_silent());
  }
}

std::string CryptoSession::who_is_silent() const {
  const auto missing = [](const std::string& url, const std::string& why) {
    return "no connection to " + url + (why.empty() ? "" : ": " + why) +
           "; check [binance]";
  };
  for (const StreamLink& stream : streams_) {
    if (!stream.up) return missing(config_.streams, stream.link.failure());
  }
  if (!api_up_) return missing(config_.api, api_->failure());
  if (!http_up_) return missing(config_.rest, http_->failure());
  if (user_stream_ && !user_up_) {
    return missing(config_.streams + "/private", user_stream_->failure());
  }
  if (!engine_->session().live()) {
    return "the venue does not say what becomes of orders; check the API key";
  }
  for (const binance::TradedRules& symbol : config_.engine.symbols) {
    if (engine_->feed().stale(symbol.rules.id())) {
      return "the book of " + std::string(symbol.rules.name()) +
             " is not whole: no snapshot that the stream follows on";
    }
  }
  return "the venue did not answer in time";
}

}  // namespace pyscalp::live

#endif  // PYSCALP_HAS_BINANCE
