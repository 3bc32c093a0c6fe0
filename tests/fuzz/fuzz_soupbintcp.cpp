// Any bytes as a SoupBinTCP stream, whole and cut anywhere: the same frames, which,
// put together again, are the stream. The first byte says where to cut.
#include "check.hpp"
#include "wire/soupbintcp.hpp"

namespace {

using namespace pyscalp;
namespace soup = wire::soup;

struct Frames {
  std::vector<std::byte> bytes;  ///< every frame, encoded again
  std::size_t count = 0;
  bool sound = true;
};

template <class Message>
void check_login(const soup::Frame& frame) {
  const auto message = soup::decode<Message>(frame.payload);
  FUZZ_CHECK(message.has_value() == (frame.payload.size() >= Message::kSize));
  if (!message) return;
  std::array<std::byte, soup::kHeaderSize + Message::kSize> out;
  FUZZ_CHECK(soup::encode(*message, out.data()) == out.size());
  FUZZ_CHECK(fuzz::same(Bytes(out).subspan(soup::kHeaderSize),
                        frame.payload.first(Message::kSize)));
  if constexpr (requires { message->sequence; }) {
    const auto number = soup::parse_number(message->sequence);
    if (number) FUZZ_CHECK(soup::parse_number(soup::number_text(*number)) == number);
  }
}

void add(Frames& frames, const soup::Frame& frame) {
  std::array<std::byte, soup::kHeaderSize> header;
  soup::encode_header(frame.type, frame.payload.size(), header.data());
  frames.bytes.insert(frames.bytes.end(), header.begin(), header.end());
  frames.bytes.insert(frames.bytes.end(), frame.payload.begin(), frame.payload.end());
  ++frames.count;
  if (frame.type == soup::kLoginRequest) {
    check_login<soup::LoginRequest>(frame);
    check_login<soup::TimedLoginRequest>(frame);
  }
  if (frame.type == soup::kLoginAccepted) check_login<soup::LoginAccepted>(frame);
  if (frame.type == soup::kLoginRejected) check_login<soup::LoginRejected>(frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = 1u + data[0];
  const auto stream = fuzz::exact_copy(data + 1, size - 1);
  static soup::FrameReader reader;

  Frames whole;
  reader.reset();
  whole.sound =
      reader.feed(stream, [&](const soup::Frame& frame) { add(whole, frame); });
  Frames pieces;
  reader.reset();
  for (std::size_t at = 0; at < stream.size() && pieces.sound; at += cut) {
    const Bytes piece = Bytes(stream).subspan(at, std::min(cut, stream.size() - at));
    pieces.sound =
        reader.feed(piece, [&](const soup::Frame& frame) { add(pieces, frame); });
  }
  FUZZ_CHECK(whole.sound == pieces.sound);
  FUZZ_CHECK(whole.count == pieces.count);
  FUZZ_CHECK(fuzz::same(whole.bytes, pieces.bytes));
  FUZZ_CHECK(whole.bytes.size() <= stream.size());
  FUZZ_CHECK(fuzz::same(whole.bytes, Bytes(stream).first(whole.bytes.size())));
  return 0;
}
