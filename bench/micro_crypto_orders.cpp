// Orders on their way to the crypto venue and what it answers: signed, encoded,
// decoded.
#include <benchmark/benchmark.h>

#if defined(PYSCALP_HAS_BINANCE)

#include <string>
#include <vector>

#include "bench/micro_trading.hpp"
#include "binance/order_session.hpp"

namespace pyscalp::bench {
namespace {

using binance::KeyKind;
using binance::Lane;
using binance::Market;

constexpr UnixNanos kAt{1'700'000'000'000'000'000};
// RFC 8032, 7.1, TEST 1.
constexpr const char* kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
const std::string kKey(64, 'k');

binance::SymbolRules rules() {
  binance::SymbolRules rules;
  binance::SymbolRules::read(
      {.name = "BTCUSDT", .id = kTraded, .tick = "0.01", .step = "1"}, rules);
  return rules;
}
binance::Signer& signer(KeyKind kind) {
  static binance::Signer hmac(KeyKind::kHmac, kKey, kKey);
  static binance::Signer ed25519(KeyKind::kEd25519, kKey, kPem);
  return kind == KeyKind::kHmac ? hmac : ed25519;
}
Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

template <KeyKind kKind>
void sign(benchmark::State& state) {
  const std::string payload(280, 'a');  // as long as an order's
  for (auto _ : state) benchmark::DoNotOptimize(signer(kKind).sign(payload));
}
BENCHMARK(sign<KeyKind::kHmac>)->Name("encode/Binance, HMAC of an order");
BENCHMARK(sign<KeyKind::kEd25519>)->Name("encode/Binance, Ed25519 of an order");

template <Lane kLane, bool kLoggedOn>
void encode(benchmark::State& state) {
  static const binance::SymbolRules symbol = rules();
  binance::RequestEncoder encoder(Market::kSpot, signer(KeyKind::kHmac), 2'000);
  binance::Request request;
  request.kind = binance::RequestKind::kPlace;
  request.symbol = &symbol;
  request.client_id = "pk3x9a2b4c5-123456";
  request.qty = 100;
  request.price = kBestBid;
  std::array<char, binance::kMaxRequest> memory;
  for (auto _ : state) {
    const binance::Encoded encoded =
        kLane == Lane::kHttp ? encoder.http(request, kAt, memory)
                             : encoder.websocket(request, 7, kAt, kLoggedOn, memory);
    if (!encoded.ok()) return state.SkipWithError("the order was refused");
    benchmark::DoNotOptimize(encoded.text.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encode<Lane::kWebSocket, false>)
    ->Name("encode/Binance, order.place with HMAC");
BENCHMARK(encode<Lane::kWebSocket, true>)
    ->Name("encode/Binance, order.place after session.logon");
BENCHMARK(encode<Lane::kHttp, false>)->Name("encode/Binance, POST order with HMAC");

/// A spot session that is live, and the texts that a venue sends it.
struct LiveCryptoSession {
  LiveCryptoSession() {
    session.add_symbol(rules(), "BTC", "USDT");
    session.set_clock(kAt, desk.now);
    session.on_up(binance::Connection::kApi, desk.now, *this);
    answer("{}");
    answer("{\"balances\":[]}");
    answer("[]");
  }
  static binance::OrderSessionOptions options() {
    binance::OrderSessionOptions options;
    options.run = binance::RunName("bench");
    return options;
  }
  std::uint64_t take() {
    const auto request = session.next_request(Lane::kWebSocket, desk.now);
    if (!request) return 0;
    session.request_sent(Lane::kWebSocket);
    return request->id;
  }
  void answer(const std::string& result) {
    const std::string text = "{\"id\":" + std::to_string(take()) +
                             ",\"status\":200,\"result\":" + result + "}";
    session.on_answer(bytes_of(text), desk.now, *this);
  }
  /// What the venue says of an order: that it is there, then that it is filled.
  static std::string report(std::uint32_t user_ref, bool filled) {
    const std::string number = std::to_string(user_ref);
    return "{\"subscriptionId\":0,\"event\":{\"e\":\"executionReport\","
           "\"E\":1499405658658,\"s\":\"BTCUSDT\",\"c\":\"pbench-" +
           number +
           "\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"100.00000000\","
           "\"p\":\"100.00000000\",\"P\":\"0.00000000\",\"F\":\"0.00000000\",\"g\":-1,"
           "\"C\":\"\",\"x\":\"" +
           (filled ? "TRADE" : "NEW") + "\",\"X\":\"" + (filled ? "FILLED" : "NEW") +
           "\",\"r\":\"NONE\",\"i\":" + number + ",\"l\":\"" +
           (filled ? "100.00000000" : "0.00000000") + "\",\"z\":\"" +
           (filled ? "100.00000000" : "0.00000000") +
           "\",\"L\":\"100.00000000\",\"n\":\"0.10000000\",\"N\":\"USDT\","
           "\"T\":1499405658657,\"t\":" +
           (filled ? number : "-1") +
           ",\"I\":8641984,\"w\":true,\"m\":true,\"M\":false,\"O\":1499405658657,"
           "\"Z\":\"0.0\",\"Y\":\"0.0\",\"Q\":\"0.0\",\"W\":1499405658657,\"V\":"
           "\"NONE\"}}";
  }

  TradingDesk desk;
  binance::OrderSession session{options(), signer(KeyKind::kHmac)};
};

/// Approved orders into signed messages, and back what the venue tells of each.
template <bool kSending>
void session_orders(benchmark::State& state) {
  constexpr std::size_t kBatch = 128;
  LiveCryptoSession live;
  std::vector<risk::GatedOrder> orders;
  std::vector<std::string> told;
  orders.reserve(kBatch);
  std::uint32_t next = 1;
  while (state.KeepRunningBatch(kSending ? kBatch : 2 * kBatch)) {
    state.PauseTiming();
    orders.clear();
    told.clear();
    while (orders.size() < kBatch) {
      live.desk.pass();
      risk::Verdict verdict = live.desk.ask();
      if (!verdict) return state.SkipWithError(risk::name(verdict.denial));
      orders.push_back(*std::move(verdict.order));
      told.push_back(live.report(next, false));
      told.push_back(live.report(next++, true));
    }
    std::uint32_t refused = 0;
    if (kSending) state.ResumeTiming();
    for (risk::GatedOrder& order : orders) {
      refused += live.session.send(std::move(order), live.desk.now) == 0;
      benchmark::DoNotOptimize(live.take());
    }
    if (kSending) state.PauseTiming();
    if (!kSending) state.ResumeTiming();
    for (const std::string& text : told) {
      live.session.on_answer(bytes_of(text), live.desk.now, live);
    }
    if (!kSending) state.PauseTiming();
    // The requests themselves are given up, so that their places are free again.
    live.desk.pass(seconds(3));
    live.session.on_time(live.desk.now, live);
    if (refused != 0 || live.session.open_count() != 0) {
      return state.SkipWithError("the session lost an order");
    }
    state.ResumeTiming();
  }
}
BENCHMARK(session_orders<true>)->Name("encode/Binance session, order with HMAC");
BENCHMARK(session_orders<false>)->Name("decode/Binance session, user event");

}  // namespace
}  // namespace pyscalp::bench

#endif
