// Any bytes as an IEX-TP segment, and as one message of IEX; what is accepted is
// encoded to the same bytes.
#include "check.hpp"
#include "wire/iex.hpp"
#include "wire/iex_tp.hpp"

namespace {

using namespace pyscalp;
namespace iex = wire::iex;

struct RoundTrip {
  Bytes bytes;
  int delivered = 0;

  template <class Message>
  void on(const Message& message, Bytes rest) {
    ++delivered;
    static_assert(Message::kSize <= iex::kMaxSize);
    std::vector<std::byte> out(Message::kSize + rest.size());
    FUZZ_CHECK(iex::encode(message, out.data(), rest) == out.size());
    FUZZ_CHECK(fuzz::same(out, bytes));
    FUZZ_CHECK(message.time_ns == iex::time_ns(bytes));
    if constexpr (requires { message.price_e4; }) {
      const auto price = iex::exact_price(message.price_e4);
      FUZZ_CHECK(!price || price->value / 100'000 == message.price_e4);
    }
  }
};

struct Deaf {};

void check_message(Bytes bytes) {
  RoundTrip check{bytes};
  const auto status = iex::decode(bytes, check);
  FUZZ_CHECK(check.delivered == (status == iex::DecodeStatus::kOk ? 1 : 0));
  const auto deaf = iex::decode(bytes, Deaf{});
  FUZZ_CHECK(deaf == status || status == iex::DecodeStatus::kBadField);
}

void check_segment(Bytes datagram) {
  iex::Segment segment;
  if (iex::Segment::decode(datagram, segment) != iex::SegmentStatus::kOk) return;
  const iex::SegmentHeader& header = segment.header();
  FUZZ_CHECK(segment.next_sequence() >= header.sequence);
  FUZZ_CHECK(segment.next_offset() >= header.offset);
  std::vector<std::byte> rebuilt(iex::SegmentHeader::kSize);
  iex::encode(header, rebuilt.data());
  iex::SegmentBuilder builder;
  builder.start(header);
  std::uint64_t next = header.sequence;
  segment.for_each([&](std::uint64_t sequence, Bytes message) {
    FUZZ_CHECK(sequence == next++);
    std::array<std::byte, 2> length;
    store_le(length.data(), static_cast<std::uint16_t>(message.size()));
    rebuilt.insert(rebuilt.end(), length.begin(), length.end());
    rebuilt.insert(rebuilt.end(), message.begin(), message.end());
    builder.append(message);
    check_message(message);
  });
  FUZZ_CHECK(next == segment.next_sequence());
  FUZZ_CHECK(fuzz::same(rebuilt, datagram));
  FUZZ_CHECK(builder.count() == header.count ||
             datagram.size() > iex::SegmentBuilder::kMaxSegment);
  if (builder.count() == header.count) {
    FUZZ_CHECK(fuzz::same(builder.finish(), datagram));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::exact_copy(data, size);
  check_segment(bytes);
  check_message(bytes);
  return 0;
}
