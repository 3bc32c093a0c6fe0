// Bytes of the feed and of the venue's answers into the structs that the rooms share.
#include <benchmark/benchmark.h>

#include "bench/micro_market.hpp"
#include "wire/itch50.hpp"
#include "wire/ouch50.hpp"

namespace pyscalp::bench {
namespace {

/// Has every decoded struct written to memory, so that no field is left out. The
/// address is what escapes: the value itself would be copied, in wider loads than the
/// stores.
struct KeepAll {
  void on(const auto& message) { benchmark::DoNotOptimize(&message); }
};

/// One message after the other, over and over; an iteration is a message.
void decode_itch(benchmark::State& state, const std::vector<Bytes>& messages) {
  KeepAll handler;
  const auto count = static_cast<benchmark::IterationCount>(messages.size());
  while (state.KeepRunningBatch(count)) {
    for (const Bytes message : messages) {
      if (wire::itch::decode(message, handler) != wire::itch::DecodeStatus::kOk) {
        state.SkipWithError("a message was refused");
        return;
      }
    }
  }
}

void itch_as_it_comes(benchmark::State& state) {
  decode_itch(state, busy_messages().each);
}
BENCHMARK(itch_as_it_comes)->Name("decode/ITCH 5.0, as it comes");

void itch_of_one_type(benchmark::State& state, char type) {
  std::vector<Bytes> messages;
  for (const Bytes message : busy_messages().each) {
    if (static_cast<char>(message[0]) == type) messages.push_back(message);
  }
  decode_itch(state, messages);
}
BENCHMARK_CAPTURE(itch_of_one_type, add, 'A')->Name("decode/ITCH 5.0, add order");
BENCHMARK_CAPTURE(itch_of_one_type, remove, 'D')->Name("decode/ITCH 5.0, delete");

template <class Message>
void ouch_answer(benchmark::State& state) {
  std::byte bytes[wire::ouch::kMaxSize];
  const std::size_t size = wire::ouch::encode(Message{}, bytes);
  KeepAll handler;
  for (auto _ : state) {
    benchmark::ClobberMemory();
    if (wire::ouch::decode_outbound(Bytes(bytes, size), handler) !=
        wire::ouch::DecodeStatus::kOk) {
      state.SkipWithError("the message was refused");
      break;
    }
  }
}
BENCHMARK(ouch_answer<wire::ouch::Accepted>)->Name("decode/OUCH 5.0, accepted");
BENCHMARK(ouch_answer<wire::ouch::Executed>)->Name("decode/OUCH 5.0, executed");

}  // namespace
}  // namespace pyscalp::bench
