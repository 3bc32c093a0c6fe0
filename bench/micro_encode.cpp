// Orders on their way out: OUCH messages into bytes, alone and through the session.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "bench/micro_trading.hpp"
#include "session/ouch_session.hpp"
#include "wire/ouch50.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::bench {
namespace {

namespace ouch = wire::ouch;
namespace soup = wire::soup;

template <class Message>
void message(benchmark::State& state) {
  std::byte bytes[ouch::kMaxSize];
  Message message{};
  for (auto _ : state) {
    ++message.user_ref;
    benchmark::DoNotOptimize(ouch::encode(message, bytes));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(message<ouch::EnterOrder>)->Name("encode/OUCH 5.0, enter order");
BENCHMARK(message<ouch::CancelOrder>)->Name("encode/OUCH 5.0, cancel");

/// A session that is live: the venue has answered login and query.
struct LiveSession {
  LiveSession() {
    session.set_symbol(kTraded, ouch::Symbol("AMZN"));
    session.on_connected(now);
    soup::LoginAccepted login{Text<10>("DAY1"), soup::number_text(1)};
    std::array<std::byte, soup::kHeaderSize + soup::LoginAccepted::kSize> accepted;
    soup::encode(login, accepted.data());
    session.on_bytes(accepted, now, *this);
    ouch::AccountQueryResponse answer;
    answer.next_user_ref = 1;
    std::array<std::byte, soup::kHeaderSize + ouch::kMaxSize> bytes;
    const std::size_t size = ouch::encode(answer, bytes.data() + soup::kHeaderSize);
    soup::encode_header(soup::kSequencedData, size, bytes.data());
    session.on_bytes(Bytes(bytes.data(), soup::kHeaderSize + size), now, *this);
    sent();
  }
  /// The kernel has taken everything.
  void sent() { session.consumed(session.outbound().size()); }

  static session::SessionOptions options() {
    session::SessionOptions options;
    options.username = "SCALP1";
    options.password = "paper";
    return options;
  }
  MonoNanos now = seconds(1'000);
  session::OuchSession session{options()};
};

/// An approved order into the bytes of its frame. Approvals are good for one order
/// each, so they are made beforehand, while the clock stands.
void session_order(benchmark::State& state) {
  constexpr std::size_t kBatch = 4'096;
  LiveSession live;
  TradingDesk desk;
  std::vector<risk::GatedOrder> orders;
  orders.reserve(kBatch);
  while (state.KeepRunningBatch(kBatch)) {
    state.PauseTiming();
    orders.clear();
    while (orders.size() < kBatch) {
      desk.pass();
      risk::Verdict verdict = desk.ask();
      if (!verdict) return state.SkipWithError(risk::name(verdict.denial));
      orders.push_back(*std::move(verdict.order));
    }
    std::uint32_t refused = 0;
    state.ResumeTiming();
    for (risk::GatedOrder& order : orders) {
      refused += live.session.send(std::move(order), live.now) == 0;
      benchmark::DoNotOptimize(live.session.outbound().data());
      live.sent();
    }
    if (refused != 0) return state.SkipWithError("the session refused an order");
  }
}
BENCHMARK(session_order)->Name("encode/session, enter order");

void session_cancel(benchmark::State& state) {
  LiveSession live;
  TradingDesk desk;
  for (auto _ : state) {
    desk.pass();
    if (!live.session.cancel(desk.gate.cancel(42, desk.now), live.now)) {
      state.SkipWithError("the session refused a cancel");
      break;
    }
    benchmark::DoNotOptimize(live.session.outbound().data());
    live.sent();
  }
}
BENCHMARK(session_cancel)->Name("encode/gate and session, cancel");

/// From the wish to bytes that the kernel can have: the gate's whole list among it.
void wish_to_bytes(benchmark::State& state) {
  LiveSession live;
  TradingDesk desk;
  for (auto _ : state) {
    desk.pass();
    risk::Verdict verdict = desk.ask();
    if (!verdict || live.session.send(*std::move(verdict.order), live.now) == 0) {
      state.SkipWithError("the order was refused");
      break;
    }
    benchmark::DoNotOptimize(live.session.outbound().data());
    live.sent();
  }
}
BENCHMARK(wish_to_bytes)->Name("encode/gate and session, order");

}  // namespace
}  // namespace pyscalp::bench
