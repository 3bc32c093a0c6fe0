// The property both directions of OUCH 5.0 are held to: what the decoder accepts,
// encoded again, has the same fields and the same options.
#pragma once

#include "check.hpp"
#include "wire/ouch50.hpp"

namespace pyscalp::fuzz {

struct OptionsOf {
  wire::ouch::Options options;
  bool seen = false;

  template <class Message>
  void on(const Message& message) {
    seen = true;
    if constexpr (requires { message.options; }) options = message.options;
  }
};

/// `decode(Bytes, handler)` is decode_inbound or decode_outbound.
template <class Decode>
struct OuchRoundTrip {
  Bytes bytes;
  Decode decode;
  int delivered = 0;

  template <class Message>
  void on(const Message& message) {
    ++delivered;
    std::array<std::byte, wire::ouch::kMaxSize> out;
    static_assert(Message::kSize + 2 + 9 <= wire::ouch::kMaxSize ||
                  !requires { message.options; });
    const std::size_t size = wire::ouch::encode(message, out.data());
    FUZZ_CHECK(size >= Message::kSize && size <= out.size());
    FUZZ_CHECK(same(Bytes(out).first(Message::kSize), bytes.first(Message::kSize)));

    OptionsOf again;
    FUZZ_CHECK(decode(Bytes(out).first(size), again) == wire::ouch::DecodeStatus::kOk);
    FUZZ_CHECK(again.seen);
    if constexpr (requires { message.options; }) {
      FUZZ_CHECK(again.options.post_only == message.options.post_only);
      FUZZ_CHECK(again.options.max_floor == message.options.max_floor);
      FUZZ_CHECK(again.options.other_tags == 0);
    }
  }
};

template <class Decode>
void check_ouch(const std::uint8_t* data, std::size_t size, Decode decode) {
  const auto bytes = exact_copy(data, size);
  OuchRoundTrip<Decode> check{bytes, decode};
  const auto status = decode(Bytes(bytes), check);
  FUZZ_CHECK(check.delivered == (status == wire::ouch::DecodeStatus::kOk ? 1 : 0));
}

}  // namespace pyscalp::fuzz
