#include "bench/crypto_outsider.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/cpu.hpp"
#include "bench/stamp.hpp"
#include "wire/websocket.hpp"

namespace pyscalp::bench {

namespace {

namespace ws = wire::websocket;

constexpr std::size_t kReadSize = 1 << 16;
constexpr MonoNanos kClientPatience = seconds(20);
/// So that a second goes by from the first stream to the first trigger, in which
/// snapshots come and sessions come to life.
constexpr MonoNanos kBetweenStirs = milliseconds(25);
/// The book at rest is to be in the client's before it hears that its order is gone, or
/// it would send the same again.
constexpr MonoNanos kBeforeAnswer{300'000};
/// Between trips at least: the gate refuses the same wish within a millisecond.
constexpr MonoNanos kApart{600'000};
constexpr MonoNanos kFarewell = milliseconds(50);
/// While an order is waited for, looks at who sends them for one at everybody.
constexpr std::uint32_t kLooksToOthers = 64;
constexpr std::size_t kAllEvents = 1 << 20;
constexpr std::int64_t kBalanceE9 = 1'000'000 * kNanosPerUnit;

exchange::CryptoVenueConfig venue_config(const CryptoOutsiderOptions& options) {
  exchange::CryptoVenueConfig config;
  config.protocol = exchange::CryptoProtocol::kUsdm;
  exchange::CryptoSymbol symbol;
  symbol.id = InstrumentId{1};
  symbol.name = CryptoTriggerDay::kSymbol;
  symbol.base = "BTC";
  symbol.quote = "USDT";
  symbol.tick_e9 = kNanosPerUnit / 10;
  symbol.step_e9 = kNanosPerUnit / 1'000;
  symbol.price_decimals = 1;
  symbol.qty_decimals = 3;
  config.symbols.push_back(symbol);
  config.balances.push_back({{"USDT", kBalanceE9}});
  config.keys.push_back({1, options.api_key, options.secret, {}});
  constexpr int kNever = 1'000'000'000;
  config.limits.weight = config.limits.orders_short = config.limits.orders_long =
      config.limits.ignored = kNever;
  return config;
}

exchange::Market market_of(const exchange::CryptoVenueConfig& config) {
  exchange::MarketOptions options;
  options.level_outputs = true;
  return exchange::Market(exchange::crypto_instruments(config.symbols), FeeSchedule{},
                          options);
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool holds_order(Bytes bytes) {
  constexpr std::string_view kRest = "POST /fapi/v1/order?";
  constexpr std::string_view kCall = "\"order.place\"";
  if (text_of(bytes).starts_with(kRest)) return true;
  ws::FrameHeader header;
  std::size_t size = 0;
  if (ws::decode_header(bytes, header, size) != ws::Status::kOk || !header.mask ||
      header.opcode != ws::Opcode::kText || bytes.size() < size + header.length) {
    return false;
  }
  std::vector<std::byte> plain(static_cast<std::size_t>(header.length));
  ws::apply_mask(*header.mask, 0, bytes.data() + size, plain.size(), plain.data());
  return text_of(plain).find(kCall) != std::string_view::npos;
}

net::Opened<std::unique_ptr<CryptoOutsider>> CryptoOutsider::open(
    const CryptoOutsiderOptions& options) {
  auto context = net::TlsContext::server(options.certificate, options.key);
  if (!context) return {std::nullopt, context.error};
  auto listener = net::TcpListener::open(options.listen);
  if (!listener) return {std::nullopt, listener.error};
  return {std::unique_ptr<CryptoOutsider>(
              new CryptoOutsider(options, std::move(*context), std::move(*listener))),
          {}};
}

CryptoOutsider::CryptoOutsider(const CryptoOutsiderOptions& options,
                               net::TlsContext context, net::TcpListener listener)
    : options_(options),
      day_(options.triggers),
      context_(std::move(context)),
      listener_(std::move(listener)),
      buffer_(kReadSize),
      trips_(options.triggers) {
  const exchange::CryptoVenueConfig config = venue_config(options);
  venue_ = std::make_unique<exchange::CryptoVenue>(
      config,
      exchange::RecordedDay(day_.file(), std::nullopt,
                            exchange::RecordedDay::Pace::kMoment),
      market_of(config));
  advance(CryptoTriggerDay::opened());
}

void CryptoOutsider::advance(std::uint64_t venue_time) {
  venue_->advance({static_cast<std::int64_t>(venue_time)}, wall_now(), kAllEvents);
}

CryptoOutsiderCounts CryptoOutsider::counts() const {
  CryptoOutsiderCounts counts = counts_;
  counts.messages = venue_->server().statistics().messages;
  counts.placed = venue_->desk().placed();
  return counts;
}

bool CryptoOutsider::has_stream() const {
  return std::ranges::any_of(clients_, &Client::streams);
}

std::optional<std::string> CryptoOutsider::run() {
  const MonoNanos until = stamp() + kClientPatience;
  while (!has_stream()) {
    if (stopped()) return "stopped";
    if (stamp() >= until) return "no client has asked for a stream";
    turn();
  }
  for (std::uint64_t i = 0; i < CryptoTriggerDay::kStirs && !stopped(); ++i) {
    advance(CryptoTriggerDay::stir(i));
    for (const MonoNanos next = stamp() + kBetweenStirs; stamp() < next && !stopped();)
      turn();
  }
  const MonoNanos first = stamp() + options_.period;
  int silent = 0;
  for (std::uint64_t i = 0; i < options_.triggers && silent < kSilentMost; ++i) {
    Trip& trip = trips_[i];
    trip.intended = first.value + static_cast<std::int64_t>(i) * options_.period.value;
    const auto due = [&](MonoNanos now) {
      return now.value >= trip.intended && now >= ended_at_ + kApart;
    };
    while (!due(stamp())) {
      if (stopped()) return "stopped";
      if (!has_stream()) return "the client has closed its stream";
      turn();
    }
    make_trip(trip, i);
    silent = trip.arrived == 0 ? silent + 1 : 0;
  }
  // Orders that came late find nothing either, and no client is left with one open.
  advance(CryptoTriggerDay::lean(options_.triggers));
  for (const MonoNanos last = stamp() + kFarewell; stamp() < last && !stopped();) {
    give_held();
    turn();
  }
  return std::nullopt;
}

void CryptoOutsider::give_held() {
  for (const Held& held : held_)
    venue_->on_bytes(held.id, held.bytes, wall_now(), mono_now());
  held_.clear();
}

void CryptoOutsider::turn() {
  accept_clients();
  for (Client& client : clients_) read(client);
  venue_->on_time(wall_now(), mono_now());
  flush(stamp() < answers_at_);
  venue_->drain_reports([this](const exchange::Report& report) {
    counts_.filled += report.kind == exchange::ReportKind::kExecuted;
  });
}

void CryptoOutsider::make_trip(Trip& trip, std::uint64_t number) {
  advance(CryptoTriggerDay::lean(number));
  venue_->on_time(wall_now(), mono_now());
  waiting_ = true;
  order_at_ = {};
  const MonoNanos sent = stamp();
  flush(true);
  trip.sent = sent.value;
  const MonoNanos until = sent + options_.patience;
  for (std::uint32_t look = 0; order_at_.value == 0 && !stopped() && stamp() < until;
       ++look) {
    for (Client& client : clients_) {
      if (client.orders || look % kLooksToOthers == 0) read(client);
    }
  }
  waiting_ = false;
  trip.arrived = order_at_.value;
  advance(CryptoTriggerDay::clear(number));
  give_held();
  advance(CryptoTriggerDay::restore(number));
  venue_->on_time(wall_now(), mono_now());
  flush(true);
  ended_at_ = stamp();
  answers_at_ = ended_at_ + kBeforeAnswer;
}

// ---- Connections ----

void CryptoOutsider::accept_clients() {
  while (std::optional<net::TcpStream> tcp = listener_.accept()) {
    auto stream = net::TlsStream::accept(context_, std::move(*tcp));
    if (!stream) continue;
    clients_.push_back({venue_->connect("127.0.0.1", mono_now()), std::move(*stream),
                        false, false, false});
  }
}

void CryptoOutsider::read(Client& client) {
  if (client.stream.state() != net::TlsState::kOpen &&
      client.stream.progress() != net::TlsState::kOpen) {
    return;
  }
  const net::IoResult result = client.stream.receive(buffer_);
  if (result.status == net::IoStatus::kAgain) return;
  const MonoNanos arrived = stamp();
  if (result.status != net::IoStatus::kOk) {
    venue_->server().disconnect(client.id);
    return;
  }
  const Bytes bytes(buffer_.data(), result.size);
  if (!holds_order(bytes)) return take(client, bytes);
  client.orders = true;
  counts_.order_bytes = bytes.size();
  if (waiting_ && order_at_.value == 0) {
    order_at_ = arrived;
  } else {
    ++counts_.unexpected;
  }
  held_.push_back({client.id, std::vector<std::byte>(bytes.begin(), bytes.end())});
}

void CryptoOutsider::take(Client& client, Bytes bytes) {
  if (!client.known) {
    client.known = true;
    const std::string_view text = text_of(bytes);
    client.streams = text.starts_with("GET /public") || text.starts_with("GET /market");
  }
  venue_->on_bytes(client.id, bytes, wall_now(), mono_now());
}

void CryptoOutsider::flush(bool streams_alone) {
  std::erase_if(clients_, [&](Client& client) {
    return (client.streams || !streams_alone) && !flush(client);
  });
}

bool CryptoOutsider::flush(Client& client) {
  exchange::CryptoServer& server = venue_->server();
  if (client.stream.state() == net::TlsState::kFailed) {
    server.disconnect(client.id);
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
  client.stream.shut_down_sending();
  server.disconnect(client.id);
  return false;
}

}  // namespace pyscalp::bench
