#include "wire/http.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bytes_of.hpp"

namespace pyscalp::wire::http {
namespace {

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Read {
  Status status = Status::kMore;
  std::string start;   ///< method and target, or code and reason
  std::string fields;  ///< name=value; ...
  std::string body;
  friend bool operator==(const Read&, const Read&) = default;
};

struct Options {
  std::size_t room = 4'096;
  bool no_body = false;
  bool ends = false;  ///< the connection, after the bytes
};

/// The messages of a stream pushed in pieces of `step` bytes; the last one may be
/// unfinished.
std::vector<Read> read(Kind kind, std::string_view stream, std::size_t step,
                       const Options& options) {
  Buffer buffer(options.room);
  MessageReader reader(kind, buffer);
  std::vector<Read> all;
  Status status = Status::kMore;
  const auto take = [&] {
    const Head& head = reader.head();
    Read one{status, {}, {}, {}};
    if (status == Status::kMessage) {
      one.start = kind == Kind::kRequest
                      ? std::string(head.method) + ' ' + std::string(head.target)
                      : std::to_string(head.code) + ' ' + std::string(head.reason);
      for (const Field& field : head.fields())
        one.fields += std::string(field.name) + '=' + std::string(field.value) + ';';
      one.body = text_of(reader.body());
    }
    all.push_back(one);
  };
  if (options.no_body) reader.expect_no_body();
  for (std::size_t at = 0; at < stream.size() && !is_error(status); at += step) {
    Buffer piece(step);
    const std::size_t size =
        stream.copy(reinterpret_cast<char*>(piece.data()), step, at);
    Bytes rest = Bytes(piece).first(size);
    while (!rest.empty() && !is_error(status)) {
      const auto fed = reader.feed(rest);
      rest = rest.subspan(fed.taken);
      status = fed.status;
      if (status == Status::kMessage) take(), reader.next(), status = Status::kMore;
    }
  }
  if (is_error(status)) {
    take();
  } else if (options.ends) {
    status = reader.finish();
    take();
  }
  return all;
}

/// The same whatever the pieces.
std::vector<Read> read_all_ways(Kind kind, std::string_view stream,
                                const Options& options = {}) {
  const auto whole = read(kind, stream, stream.size(), options);
  for (std::size_t step = 1; step < stream.size(); ++step)
    EXPECT_EQ(read(kind, stream, step, options) == whole, true) << step;
  return whole;
}
Status status_of(Kind kind, std::string_view stream, const Options& options = {}) {
  const auto all = read_all_ways(kind, stream, options);
  return all.empty() ? Status::kMore : all.back().status;
}

TEST(HttpReader, ARequestAndTheOneBehindIt) {
  const auto all = read_all_ways(
      Kind::kRequest,
      "\r\nGET /api/v3/depth?limit=5 HTTP/1.1\r\nHost: a\r\nX-A:  b c \t\r\n\r\n"
      "POST /order HTTP/1.1\r\nhost:a\r\nContent-Length: 5\r\n\r\nab\r\nc");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], (Read{Status::kMessage, "GET /api/v3/depth?limit=5",
                          "Host=a;X-A=b c;", ""}));
  EXPECT_EQ(all[1], (Read{Status::kMessage, "POST /order", "host=a;Content-Length=5;",
                          "ab\r\nc"}));
}

TEST(HttpReader, ResponsesOfEveryFraming) {
  const auto all = read_all_ways(
      Kind::kResponse,
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{1}"
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nTransfer-Encoding: "
      "Chunked\r\n\r\n"
      "5;name=\"v\"\r\nab\r\nc\r\n00A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
      "HTTP/1.1 204\r\n\r\n"
      "HTTP/1.1 304 \r\nContent-Length: 99\r\n\r\n"
      "HTTP/1.1 500 \r\ncontent-length: 0\r\n\r\n"
      "HTTP/1.0 200 fine\r\n\r\nup to the end",
      {.ends = true});
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0], (Read{Status::kMessage, "200 OK", "Content-Length=3;", "{1}"}));
  EXPECT_EQ(all[1].start, "429 Too Many Requests");
  EXPECT_EQ(all[1].body, "ab\r\nc0123456789");
  EXPECT_EQ(all[2], (Read{Status::kMessage, "204 ", "", ""}));
  EXPECT_EQ(all[3].body, "");
  EXPECT_EQ(all[4].start, "500 ");
  EXPECT_EQ(all[5], (Read{Status::kMessage, "200 fine", "", "up to the end"}));
}

TEST(HttpReader, AnUpgradeLeavesTheBytesBehindIt) {
  Buffer buffer(1'024);
  MessageReader reader(Kind::kResponse, buffer);
  const std::string_view stream =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\n\r\n\x81";
  const auto fed = reader.feed(bytes_of(stream));
  EXPECT_EQ(fed.status, Status::kMessage);
  EXPECT_EQ(fed.taken, stream.size() - 1);
  EXPECT_TRUE(reader.head().has_token("connection", "UPGRADE"));
  EXPECT_FALSE(reader.head().has_token("connection", "upgrad"));
  EXPECT_EQ(reader.feed(bytes_of("x")).taken, 0u) << "until next()";
}

TEST(HttpReader, TheAnswerToAHeadRequestHasNoBody) {
  const auto all = read_all_ways(
      Kind::kResponse,
      "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
      {.no_body = true});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].status, Status::kMessage);
}

TEST(HttpReader, EveryBrokenRuleHasItsName) {
  const struct {
    Kind kind;
    std::string stream;
    Status status;
  } cases[] = {
      {Kind::kRequest, "GET / HTTP/1.1\nHost: a\n\n", Status::kBadLineEnd},
      {Kind::kRequest, "GET / HTTP/1.1\rHost: a\r\n\r\n", Status::kBadLineEnd},
      {Kind::kResponse, "\r\nHTTP/1.1 200 OK\r\n\r\n", Status::kBadStartLine},
      {Kind::kRequest, "GET /\r\nHost: a\r\n\r\n", Status::kBadStartLine},
      {Kind::kRequest, "GET  HTTP/1.1\r\nHost: a\r\n\r\n", Status::kBadStartLine},
      {Kind::kRequest, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Status::kBadStartLine},
      {Kind::kRequest, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Status::kBadStartLine},
      {Kind::kRequest, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", Status::kBadVersion},
      {Kind::kRequest, "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Status::kBadVersion},
      {Kind::kRequest, "GET / HTTP/11\r\nHost: a\r\n\r\n", Status::kBadStartLine},
      {Kind::kResponse, "HTTP/1.1 2000\r\n\r\n", Status::kBadStartLine},
      {Kind::kResponse, "HTTP/1.1 2x0 OK\r\n\r\n", Status::kBadStartLine},
      {Kind::kResponse, "HTTP/1.1 099 OK\r\n\r\n", Status::kBadStartLine},
      {Kind::kResponse, "SSH-2.0-OpenSSH\r\n\r\n", Status::kBadStartLine},
      {Kind::kResponse, "HTTP/3.1 200 OK\r\n\r\n", Status::kBadVersion},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Status::kBadField},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", Status::kBadField},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\n: b\r\n\r\n", Status::kBadField},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n", Status::kBadField},
      {Kind::kResponse, std::string("HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", 26),
       Status::kBadField},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Status::kFoldedField},
      {Kind::kRequest, "GET / HTTP/1.1\r\n\r\n", Status::kBadHost},
      {Kind::kRequest, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
       Status::kBadHost},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
       Status::kBadLength},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
       Status::kBadLength},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
       Status::kBadLength},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
       Status::kBadLength},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
       Status::kBadLength},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       Status::kConflictingLengths},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       Status::kBothLengths},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       Status::kUnknownCoding},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n",
       Status::kUnknownCoding},
      {Kind::kResponse, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       Status::kUnknownCoding},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
       Status::kBadChunk},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
       Status::kBadChunk},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
       Status::kBadChunk},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;\x01\r\n",
       Status::kBadChunk},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
       Status::kBadChunk},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
           std::string(1'025, '0'),
       Status::kBadChunk},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\ra",
       Status::kBadLineEnd},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\rb",
       Status::kBadLineEnd},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na\n",
       Status::kBadLineEnd},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\r",
       Status::kBadLineEnd},
      {Kind::kResponse,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
       Status::kBodyTooLarge},
      {Kind::kResponse, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
       Status::kBodyTooLarge},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(status_of(one.kind, one.stream), one.status) << one.stream;
    EXPECT_FALSE(name(one.status).empty());
  }
}

TEST(HttpReader, TheSameLengthTwiceIsOneLength) {
  const auto all = read_all_ways(
      Kind::kResponse,
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].body, "a");
}

TEST(HttpReader, ThatWhichIsTooLarge) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  EXPECT_EQ(status_of(Kind::kResponse, head + "123456789", {.room = head.size() + 9}),
            Status::kMessage);
  EXPECT_EQ(status_of(Kind::kResponse, head + "123456789", {.room = head.size() + 8}),
            Status::kBodyTooLarge);
  EXPECT_EQ(status_of(Kind::kResponse, head + "123456789", {.room = head.size() - 1}),
            Status::kHeadTooLarge);
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(Kind::kResponse, chunked + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",
                      {.room = chunked.size() + 4}),
            Status::kMessage);
  EXPECT_EQ(status_of(Kind::kResponse, chunked + "2\r\nab\r\n3\r\ncde\r\n",
                      {.room = chunked.size() + 4}),
            Status::kBodyTooLarge);
  const std::string open = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(status_of(Kind::kResponse, open + "12345", {.room = open.size() + 4}),
            Status::kBodyTooLarge);

  const auto once = [](const std::string& stream) {
    return read(Kind::kResponse, stream, stream.size(), {.room = 1 << 20})
        .back()
        .status;
  };
  EXPECT_EQ(once("HTTP/1.1 200 OK\r\nA: " + std::string(MessageReader::kHeadMost, 'a')),
            Status::kHeadTooLarge);
  EXPECT_EQ(once(chunked + "0\r\nA: " + std::string(MessageReader::kHeadMost, 'a')),
            Status::kHeadTooLarge);
  std::string many = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  for (std::size_t i = 1; i < kFieldsMost; ++i) many += "A: b\r\n";
  EXPECT_EQ(once(many + "\r\n"), Status::kMessage);
  EXPECT_EQ(once(many + "A: b\r\n\r\n"), Status::kTooManyFields);
}

TEST(HttpReader, AnEndAtEveryByteIsATruncation) {
  const std::string stream =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: "
      "b\r\n\r\n";
  for (std::size_t cut = 0; cut < stream.size(); ++cut) {
    Buffer buffer(1'024);
    MessageReader reader(Kind::kResponse, buffer);
    ASSERT_EQ(reader.feed(bytes_of(stream).first(cut)).status, Status::kMore);
    EXPECT_EQ(reader.finish(), cut == 0 ? Status::kMore : Status::kTruncated) << cut;
  }
}

TEST(HttpReader, WhatKeepsAConnection) {
  const auto keeps = [](std::string_view stream) {
    Buffer buffer(1'024);
    MessageReader reader(Kind::kResponse, buffer);
    EXPECT_EQ(reader.feed(bytes_of(stream)).status, Status::kMessage);
    return reader.head().keeps_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(
      keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: a, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(
      keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(HttpWriter, WhatItWritesIsReadBack) {
  std::array<std::byte, 512> out;
  const Bytes request = MessageWriter(out)
                            .request("POST", "/api/v3/order?a=b")
                            .field("Host", "example")
                            .field("Content-Length", 18446744073709551615u)
                            .end()
                            .finish();
  EXPECT_EQ(text_of(request),
            "POST /api/v3/order?a=b HTTP/1.1\r\nHost: example\r\nContent-Length: "
            "18446744073709551615\r\n\r\n");
  const Bytes response = MessageWriter(out)
                             .response(200, reason_of(200))
                             .field("Transfer-Encoding", "chunked")
                             .end()
                             .chunk("0123456789abcdefg")
                             .chunk("")
                             .finish();
  const auto all = read_all_ways(Kind::kResponse, text_of(response));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0], (Read{Status::kMessage, "200 OK", "Transfer-Encoding=chunked;",
                          "0123456789abcdefg"}));
  const Bytes counted = MessageWriter(out)
                            .response(418, reason_of(418))
                            .field("Content-Length", 2)
                            .end()
                            .body("ab")
                            .finish();
  EXPECT_EQ(text_of(counted),
            "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 2\r\n\r\nab");
}

TEST(HttpWriter, NothingIsWrittenThatDoesNotFitOrBreaksItsLines) {
  std::array<std::byte, 64> out;
  const auto fits = [&](std::size_t room) {
    return !MessageWriter(MutableBytes(out).first(room))
                .request("GET", "/")
                .field("A", "b")
                .end()
                .finish()
                .empty();
  };
  EXPECT_TRUE(fits(24));
  for (std::size_t room = 0; room < 24; ++room) EXPECT_FALSE(fits(room)) << room;
  EXPECT_TRUE(MessageWriter(out).request("GET", "/\r\nX: y").end().finish().empty());
  EXPECT_TRUE(MessageWriter(out).request("GET", "/a b").end().finish().empty());
  EXPECT_TRUE(MessageWriter(out)
                  .request("GET", "/")
                  .field("A", "b\r\nC: d")
                  .end()
                  .finish()
                  .empty());
  EXPECT_TRUE(
      MessageWriter(out).request("GET", "/").field("A:", "b").end().finish().empty());
  EXPECT_TRUE(MessageWriter(out).response(20, "OK").end().finish().empty());
}

}  // namespace
}  // namespace pyscalp::wire::http
