#include "wire/websocket.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire::websocket {
namespace {

constexpr std::size_t kMost = 1 << 20;

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

using Messages = std::vector<std::pair<Opcode, std::string>>;

struct Outcome {
  Status status = Status::kOk;
  Messages messages;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// What a reader makes of a stream in pieces of `step` bytes.
Outcome read(Role role, Bytes stream, std::size_t step, std::size_t most = kMost) {
  MessageReader reader(role, most);
  Outcome outcome;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    // In memory of its own, so that a message kept past its time is found.
    const Bytes part = stream.subspan(at, std::min(step, stream.size() - at));
    const Buffer piece(part.begin(), part.end());
    outcome.status = reader.feed(piece, [&](const Message& message) {
      outcome.messages.emplace_back(message.opcode, text_of(message.payload));
    });
  }
  EXPECT_EQ(outcome.status, reader.status());
  return outcome;
}

/// The same whatever the pieces.
Outcome read_all_ways(Role role, const Buffer& stream, std::size_t most = kMost) {
  const Outcome whole = read(role, stream, stream.size(), most);
  for (std::size_t step = 1; step < stream.size(); ++step)
    EXPECT_EQ(read(role, stream, step, most), whole) << step;
  return whole;
}
Outcome client_reads(std::string_view stream) {
  return read_all_ways(Role::kClient, hex(stream));
}

// RFC 6455, section 5.7.
TEST(WebSocketFrames, TheExamplesOfTheRfc) {
  const Messages hello = {{Opcode::kText, "Hello"}};
  EXPECT_EQ(client_reads("81 05 'Hello'").messages, hello);
  EXPECT_EQ(client_reads("01 03 'Hel' 80 02 'lo'").messages, hello);
  EXPECT_EQ(read_all_ways(Role::kServer, hex("81 85 37fa213d 7f9f4d5158")).messages,
            hello);
  EXPECT_EQ(client_reads("89 05 'Hello'").messages,
            (Messages{{Opcode::kPing, "Hello"}}));
  EXPECT_EQ(read_all_ways(Role::kServer, hex("8a 85 37fa213d 7f9f4d5158")).messages,
            (Messages{{Opcode::kPong, "Hello"}}));

  std::array<std::byte, 64> out;
  const auto written = [&](std::size_t size) {
    return Buffer(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size));
  };
  EXPECT_EQ(written(encode_frame(Opcode::kText, bytes_of("Hello"), {}, out)),
            hex("81 05 'Hello'"));
  EXPECT_EQ(written(encode_frame(Opcode::kText, bytes_of("Hello"), 0x3d21fa37, out)),
            hex("81 85 37fa213d 7f9f4d5158"));
  EXPECT_EQ(written(encode_header({true, Opcode::kBinary, {}, 256}, out.data())),
            hex("82 7e 0100"));
  EXPECT_EQ(written(encode_header({true, Opcode::kBinary, {}, 65'536}, out.data())),
            hex("82 7f 0000000000010000"));
}

TEST(WebSocketFrames, HeadersOfEveryFormComeBackAsTheyWere) {
  for (const std::uint64_t length : {0ull, 1ull, 125ull, 126ull, 127ull, 65'535ull,
                                     65'536ull, 1ull << 40, ~0ull >> 1}) {
    for (const Opcode opcode :
         {Opcode::kContinuation, Opcode::kText, Opcode::kBinary}) {
      for (const bool fin : {false, true}) {
        for (const std::optional<MaskKey> mask :
             {std::optional<MaskKey>(), {0u}, {0xA1B2C3D4u}}) {
          std::array<std::byte, kHeaderMost> bytes;
          const std::size_t size =
              encode_header({fin, opcode, mask, length}, bytes.data());
          FrameHeader header;
          std::size_t read = 0;
          for (std::size_t part = 0; part < size; ++part)
            EXPECT_EQ(decode_header(Bytes(bytes).first(part), header, read),
                      Status::kMore);
          ASSERT_EQ(decode_header(Bytes(bytes).first(size), header, read), Status::kOk);
          EXPECT_EQ(read, size);
          EXPECT_EQ(header.fin, fin);
          EXPECT_EQ(header.opcode, opcode);
          EXPECT_EQ(header.mask, mask);
          EXPECT_EQ(header.length, length);
        }
      }
    }
  }
}

TEST(WebSocketFrames, EveryFirstByte) {
  for (unsigned first = 0; first < 256; ++first) {
    const Buffer bytes = {static_cast<std::byte>(first), std::byte{0}};
    const unsigned opcode = first & 15;
    Status wanted = Status::kOk;
    if ((first & 0x70) != 0) {
      wanted = Status::kReservedBits;
    } else if ((opcode > 2 && opcode < 8) || opcode > 10) {
      wanted = Status::kReservedOpcode;
    } else if (opcode >= 8 && (first & 0x80) == 0) {
      wanted = Status::kFragmentedControl;
    }
    FrameHeader header;
    std::size_t size = 0;
    EXPECT_EQ(decode_header(bytes, header, size), wanted) << first;
  }
}

TEST(WebSocketFrames, MaskingIsThatOfTheRfcAtEveryOffsetAndSize) {
  Buffer in(80), out(80);
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<std::byte>(i * 37 + 5);
  const Buffer key = hex("37fa213d");
  for (std::uint64_t offset = 0; offset < 9; ++offset) {
    for (std::size_t size = 0; size <= 70; ++size) {
      std::fill(out.begin(), out.end(), std::byte{0xEE});
      apply_mask(0x3d21fa37, offset, in.data(), size, out.data());
      for (std::size_t i = 0; i < size; ++i)
        ASSERT_EQ(out[i], in[i] ^ key[(offset + i) % 4]) << offset << ' ' << size;
      ASSERT_EQ(out[size], std::byte{0xEE});
      Buffer in_place = in;
      apply_mask(0x3d21fa37, offset, in_place.data(), size, in_place.data());
      ASSERT_TRUE(std::equal(in_place.begin(),
                             in_place.begin() + static_cast<std::ptrdiff_t>(size),
                             out.begin()));
    }
  }
}

TEST(WebSocketFrames, AFrameThatDoesNotFitIsNotWritten) {
  std::array<std::byte, 11> out;
  EXPECT_EQ(encode_frame(Opcode::kText, bytes_of("Hello"), 1u, out), 11u);
  EXPECT_EQ(
      encode_frame(Opcode::kText, bytes_of("Hello"), 1u, MutableBytes(out).first(10)),
      0u);
  EXPECT_EQ(encode_frame(Opcode::kText, {}, {}, {}), 0u);
}

TEST(WebSocketMessages, AWholeMessageIsHandedOverWhereItLies) {
  const Buffer stream = hex("81 05 'Hello' 82 02 'xy' 89 01 'p'");
  MessageReader reader(Role::kClient, kMost);
  std::vector<std::ptrdiff_t> at;
  EXPECT_EQ(reader.feed(stream,
                        [&](const Message& m) {
                          at.push_back(m.payload.data() - stream.data());
                        }),
            Status::kOk);
  EXPECT_EQ(at, (std::vector<std::ptrdiff_t>{2, 9, 13}));
}

TEST(WebSocketMessages, ControlFramesAmidFragments) {
  const Outcome outcome = client_reads(
      "01 02 'ab' 89 01 '1' 00 00 8a 00 00 01 'c' 89 01 '2' 80 02 'de' 82 00");
  EXPECT_EQ(outcome.status, Status::kOk);
  EXPECT_EQ(outcome.messages, (Messages{{Opcode::kPing, "1"},
                                        {Opcode::kPong, ""},
                                        {Opcode::kPing, "2"},
                                        {Opcode::kText, "abcde"},
                                        {Opcode::kBinary, ""}}));
}

TEST(WebSocketMessages, MaskedFragmentsCutAnywhere) {
  Buffer stream;
  std::string whole;
  for (unsigned i = 0; i < 6; ++i) {
    const std::string part(i * 5, static_cast<char>('a' + i));
    whole += part;
    std::array<std::byte, kHeaderMost> header;
    const std::size_t size =
        encode_header({i == 5, i == 0 ? Opcode::kBinary : Opcode::kContinuation,
                       0x01020304u * (i + 1), part.size()},
                      header.data());
    stream.insert(stream.end(), header.begin(),
                  header.begin() + static_cast<std::ptrdiff_t>(size));
    for (std::size_t k = 0; k < part.size(); ++k)
      stream.push_back(static_cast<std::byte>(part[k]) ^ header[size - 4 + k % 4]);
  }
  EXPECT_EQ(read_all_ways(Role::kServer, stream).messages,
            (Messages{{Opcode::kBinary, whole}}));
}

TEST(WebSocketMessages, EveryBrokenRuleHasItsNameAndCode) {
  struct Case {
    Role role;
    const char* stream;
    Status status;
    std::uint16_t code;
  };
  const Case cases[] = {
      {Role::kClient, "c1 01 'a'", Status::kReservedBits, 1002},
      {Role::kClient, "a1 01 'a'", Status::kReservedBits, 1002},
      {Role::kClient, "91 01 'a'", Status::kReservedBits, 1002},
      {Role::kClient, "83 00", Status::kReservedOpcode, 1002},
      {Role::kClient, "8b 00", Status::kReservedOpcode, 1002},
      {Role::kClient, "81 81 00000000 'a'", Status::kMasked, 1002},
      {Role::kServer, "81 01 'a'", Status::kUnmasked, 1002},
      {Role::kServer, "88 00", Status::kUnmasked, 1002},
      {Role::kClient, "89 7e 007e", Status::kLongControl, 1002},
      {Role::kClient, "09 01 'a'", Status::kFragmentedControl, 1002},
      {Role::kClient, "81 7e 007d", Status::kLengthNotShortest, 1002},
      {Role::kClient, "81 7f 000000000000ffff", Status::kLengthNotShortest, 1002},
      {Role::kClient, "81 7f 8000000000000000", Status::kLengthTopBit, 1002},
      {Role::kClient, "80 01 'a'", Status::kLoneContinuation, 1002},
      {Role::kClient, "81 01 'a' 80 01 'a'", Status::kLoneContinuation, 1002},
      {Role::kClient, "01 01 'a' 81 01 'b'", Status::kMissingContinuation, 1002},
      {Role::kClient, "02 01 'a' 89 00 02 01 'b'", Status::kMissingContinuation, 1002},
      {Role::kClient, "81 01 ff", Status::kNotUtf8, 1007},
      {Role::kClient, "81 01 c3", Status::kNotUtf8, 1007},
      {Role::kClient, "01 01 c3 80 01 'a'", Status::kNotUtf8, 1007},
      {Role::kClient, "88 01 03", Status::kBadClose, 1002},
      {Role::kClient, "88 02 03e7", Status::kBadClose, 1002},
      {Role::kClient, "88 02 03ed", Status::kBadClose, 1002},
      {Role::kClient, "88 02 1388", Status::kBadClose, 1002},
      {Role::kClient, "88 03 03e8 ff", Status::kNotUtf8, 1007},
  };
  for (const Case& one : cases) {
    const Outcome outcome = read_all_ways(one.role, hex(one.stream));
    EXPECT_EQ(outcome.status, one.status) << one.stream;
    EXPECT_EQ(static_cast<std::uint16_t>(close_code(one.status)), one.code);
    EXPECT_FALSE(name(one.status).empty());
  }
}

TEST(WebSocketMessages, BrokenTextIsRefusedBeforeItsFrameIsWhole) {
  MessageReader reader(Role::kClient, kMost);
  // A frame of 20 bytes whose third is wrong.
  EXPECT_EQ(reader.feed(hex("81 14 'ab'"), [](const Message&) {}), Status::kOk);
  EXPECT_EQ(reader.feed(hex("ff"), [](const Message&) {}), Status::kNotUtf8);
  EXPECT_EQ(reader.feed(hex("'more'"), [](const Message&) {}), Status::kNotUtf8);
  reader.reset();
  EXPECT_EQ(reader.feed(hex("81 01 'a'"), [](const Message&) {}), Status::kOk);
}

TEST(WebSocketMessages, ACharacterMayBeCutBetweenFragments) {
  EXPECT_EQ(client_reads("01 01 e2 00 01 82 80 01 ac").messages,
            (Messages{{Opcode::kText, "\xE2\x82\xAC"}}));
}

TEST(WebSocketMessages, AFrameOf64MibIsRefusedByItsHeader) {
  const Outcome outcome = read_all_ways(Role::kClient, hex("82 7f 0000000004000000"));
  EXPECT_EQ(outcome.status, Status::kTooLarge);
  EXPECT_EQ(close_code(outcome.status), CloseCode::kTooLarge);
}

TEST(WebSocketMessages, TheLimitIsThatOfAllFragmentsTogether) {
  const auto read_with = [](std::string_view stream) {
    return read_all_ways(Role::kClient, hex(stream), 4);
  };
  EXPECT_EQ(read_with("82 04 'abcd'").messages, (Messages{{Opcode::kBinary, "abcd"}}));
  EXPECT_EQ(read_with("82 05 'abcde'").status, Status::kTooLarge);
  EXPECT_EQ(read_with("02 03 'abc' 80 01 'd' 81 04 'wxyz'").status, Status::kOk);
  EXPECT_EQ(read_with("02 03 'abc' 80 02 'de'").status, Status::kTooLarge);
  // Control frames are not part of it.
  EXPECT_EQ(read_with("89 05 'abcde'").status, Status::kOk);
}

TEST(WebSocketMessages, NothingIsReadBehindAClose) {
  const Outcome outcome = client_reads("88 07 03e9 'going' 81 01 'a' ff ff");
  EXPECT_EQ(outcome.status, Status::kClosed);
  ASSERT_EQ(outcome.messages.size(), 1u);
  const Close close = decode_close(bytes_of(outcome.messages[0].second));
  EXPECT_EQ(close.code, 1001);
  EXPECT_EQ(close.reason, "going");
  EXPECT_EQ(decode_close({}).code, 1005);
  EXPECT_EQ(client_reads("88 00").status, Status::kClosed);
}

TEST(WebSocketMessages, EveryCloseCode) {
  for (unsigned code = 0; code < 65'536; ++code) {
    const bool defined =
        (code >= 1000 && code <= 1014) && code != 1004 && code != 1005 && code != 1006;
    const bool own = code >= 3000 && code <= 4999;
    ASSERT_EQ(may_be_sent(static_cast<std::uint16_t>(code)), defined || own) << code;
  }
}

TEST(WebSocketMessages, AReasonIsCutToWhatACloseHolds) {
  std::array<std::byte, 200> out;
  std::string reason(121, 'r');
  reason += "\xE2\x82\xAC";  // its first two bytes would fit
  const std::size_t size = encode_close(CloseCode::kPolicy, reason, {}, out);
  MessageReader reader(Role::kClient, kMost);
  std::string got;
  EXPECT_EQ(
      reader.feed(Bytes(out).first(size),
                  [&](const Message& m) { got = decode_close(m.payload).reason; }),
      Status::kClosed);
  EXPECT_EQ(got, std::string(121, 'r'));
  EXPECT_EQ(encode_close(CloseCode::kNone, "unsaid", {}, out), 2u);
}

}  // namespace
}  // namespace pyscalp::wire::websocket
