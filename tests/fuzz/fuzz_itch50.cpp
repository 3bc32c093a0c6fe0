// Any bytes through the ITCH 5.0 decoder; what it accepts it must encode back.
#include "check.hpp"
#include "wire/itch50.hpp"

namespace {

using namespace pyscalp;

struct RoundTrip {
  Bytes bytes;
  int delivered = 0;

  template <class Message>
  void on(const Message& message) {
    ++delivered;
    std::array<std::byte, wire::itch::kMaxSize> out;
    static_assert(Message::kSize <= wire::itch::kMaxSize);
    FUZZ_CHECK(wire::itch::encode(message, out.data()) == Message::kSize);
    FUZZ_CHECK(
        fuzz::same(Bytes(out).first(Message::kSize), bytes.first(Message::kSize)));
    FUZZ_CHECK(message.header.timestamp_ns == wire::itch::timestamp_ns(bytes));
  }
};

struct Deaf {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::exact_copy(data, size);
  RoundTrip check{bytes};
  const auto status = wire::itch::decode(bytes, check);
  FUZZ_CHECK(check.delivered == (status == wire::itch::DecodeStatus::kOk ? 1 : 0));
  // A handler that wants nothing gets the same verdict, but for fields it never read.
  const auto unheard = wire::itch::decode(bytes, Deaf{});
  FUZZ_CHECK(unheard == status || (status == wire::itch::DecodeStatus::kBadField &&
                                   unheard == wire::itch::DecodeStatus::kOk));
  return 0;
}
