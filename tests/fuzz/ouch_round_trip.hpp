// The property both directions of OUCH 5.0 are held to: what the decoder accepts,
// encoded again, has the same fields and the same options.
#pragma once

#include "check.hpp"
#include "wire/ouch50.hpp"

namespace pyscalp::fuzz {

/// Encodes a message from its fields and options.
struct OuchCopy {
  std::array<std::byte, wire::ouch::kMaxSize> bytes;
  std::size_t size = 0;

  template <class Message>
  void on(const Message& message) {
    size = wire::ouch::encode(message, bytes.data());
    FUZZ_CHECK(size >= Message::kSize && size <= bytes.size());
  }
};

/// `decode(Bytes, handler)` is decode_inbound or decode_outbound.
template <class Decode>
struct OuchRoundTrip {
  Bytes bytes;
  Decode decode;
  int delivered = 0;

  template <class Message>
  void on(const Message& message, Bytes appendage) {
    ++delivered;
    std::array<std::byte, wire::ouch::kMaxSize> fields;
    FUZZ_CHECK(wire::ouch::encode_fields(message, fields.data()) == Message::kSize);
    FUZZ_CHECK(same(Bytes(fields).first(Message::kSize), bytes.first(Message::kSize)));
    FUZZ_CHECK(same(appendage, bytes.subspan(Message::kSize)));

    OuchCopy copy;
    copy.on(message);
    FUZZ_CHECK(
        same(Bytes(copy.bytes).first(Message::kSize), bytes.first(Message::kSize)));
    // What the options hold is all there is in the copy, so that it copies to itself.
    OuchCopy again;
    const Bytes first = Bytes(copy.bytes).first(copy.size);
    FUZZ_CHECK(decode(first, again) == wire::ouch::DecodeStatus::kOk);
    FUZZ_CHECK(same(Bytes(again.bytes).first(again.size), first));
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
