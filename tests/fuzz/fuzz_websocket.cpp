// Any bytes as a WebSocket stream, whole and cut anywhere: the same messages and the
// same end. A sound stream, its messages encoded again, reads the same again. The first
// byte says which end reads, the second where to cut.
#include "check.hpp"
#include "wire/websocket.hpp"

namespace {

using namespace pyscalp;
namespace ws = wire::websocket;

constexpr std::size_t kMost = 1'000;

/// Strict UTF-8, decoded code point by code point: apart from the validator.
bool is_utf8(Bytes text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? std::to_integer<std::uint32_t>(text[at]) : 0u;
    };
    const std::uint32_t first = byte(i);
    const std::size_t size = first < 0x80       ? 1
                             : first >> 5 == 6  ? 2
                             : first >> 4 == 14 ? 3
                             : first >> 3 == 30 ? 4
                                                : 0;
    if (size == 0) return false;
    std::uint32_t point = size == 1 ? first : first & (0xFFu >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
      point = point << 6 | (byte(i + k) & 63);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[size] || point > 0x10FFFF ||
        (point >= 0xD800 && point <= 0xDFFF))
      return false;
    i += size;
  }
  return true;
}

struct Messages {
  std::vector<std::byte> bytes;  ///< every message, encoded again as one frame
  std::size_t count = 0;
  ws::Status status = ws::Status::kOk;
};

void add(Messages& messages, const ws::Message& message, ws::Role reader) {
  const Bytes payload = message.payload;
  FUZZ_CHECK(payload.size() <= kMost);
  FUZZ_CHECK(message.opcode != ws::Opcode::kContinuation);
  FUZZ_CHECK(!ws::is_control(message.opcode) || payload.size() <= ws::kControlMost);
  if (message.opcode == ws::Opcode::kText) FUZZ_CHECK(is_utf8(payload));
  if (message.opcode == ws::Opcode::kClose && !payload.empty()) {
    FUZZ_CHECK(payload.size() >= 2 && is_utf8(payload.subspan(2)));
    FUZZ_CHECK(ws::may_be_sent(ws::decode_close(payload).code));
  }
  std::optional<ws::MaskKey> mask;
  if (reader == ws::Role::kServer)
    mask = 0x9D3C5E01u * static_cast<ws::MaskKey>(messages.count + 1);
  std::array<std::byte, kMost + ws::kHeaderMost> frame;
  const std::size_t size = ws::encode_frame(message.opcode, payload, mask, frame);
  FUZZ_CHECK(size != 0);
  if (message.opcode == ws::Opcode::kClose) {
    const ws::Close close = ws::decode_close(payload);
    std::array<std::byte, ws::kControlMost + ws::kHeaderMost> closing;
    const std::size_t closing_size = ws::encode_close(
        static_cast<ws::CloseCode>(close.code), close.reason, mask, closing);
    FUZZ_CHECK(
        fuzz::same(Bytes(closing).first(closing_size), Bytes(frame).first(size)));
  }
  messages.bytes.insert(messages.bytes.end(), frame.begin(),
                        frame.begin() + static_cast<std::ptrdiff_t>(size));
  ++messages.count;
}

Messages read(ws::Role role, Bytes stream, std::size_t cut) {
  ws::MessageReader reader(role, kMost);
  Messages messages;
  for (std::size_t at = 0; at < stream.size(); at += cut) {
    const std::size_t size = std::min(cut, stream.size() - at);
    const auto piece = fuzz::exact_copy(
        reinterpret_cast<const std::uint8_t*>(stream.data()) + at, size);
    messages.status = reader.feed(
        piece, [&](const ws::Message& message) { add(messages, message, role); });
  }
  return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ws::Role role = (data[0] & 1) == 0 ? ws::Role::kClient : ws::Role::kServer;
  const auto stream = fuzz::exact_copy(data + 2, size - 2);
  const Messages whole = read(role, stream, stream.size());
  const Messages pieces = read(role, stream, 1u + data[1]);
  FUZZ_CHECK(whole.status == pieces.status);
  FUZZ_CHECK(whole.count == pieces.count);
  FUZZ_CHECK(fuzz::same(whole.bytes, pieces.bytes));
  FUZZ_CHECK(!ws::name(whole.status).empty());
  FUZZ_CHECK(ws::may_be_sent(static_cast<std::uint16_t>(ws::close_code(whole.status))));
  if (!whole.bytes.empty()) {
    const Messages again = read(role, whole.bytes, whole.bytes.size());
    FUZZ_CHECK(again.count == whole.count);
    FUZZ_CHECK(fuzz::same(again.bytes, whole.bytes));
  }
  return 0;
}
