// Any bytes as requests or responses, whole and cut anywhere: the same messages and the
// same end. A message that was read, written again, reads the same. The first byte says
// which kind, the second where to cut.
#include <string>

#include "check.hpp"
#include "wire/http.hpp"

namespace {

using namespace pyscalp;
namespace http = wire::http;

constexpr std::size_t kRoom = 2'048;

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A message in words, with its framing left out: bodies are told by their length.
std::string words_of(const http::MessageReader& reader, http::Kind kind) {
  const http::Head& head = reader.head();
  std::string words = kind == http::Kind::kRequest
                          ? std::string(head.method) + ' ' + std::string(head.target)
                          : std::to_string(head.code) + ' ' + std::string(head.reason);
  for (const http::Field& field : head.fields()) {
    if (http::same_text(field.name, "content-length") ||
        http::same_text(field.name, "transfer-encoding")) {
      continue;
    }
    words += '\n' + std::string(field.name) + ": " + std::string(field.value);
  }
  return words + "\n\n" + text_of(reader.body());
}

/// The message in the reader, written and read again.
void check_again(const http::MessageReader& reader, http::Kind kind) {
  const http::Head& head = reader.head();
  std::vector<std::byte> out(4 * kRoom);
  http::MessageWriter writer(out);
  if (kind == http::Kind::kRequest) {
    writer.request(head.method, head.target);
  } else {
    writer.response(head.code, head.reason);
  }
  bool hosted = false;
  for (const http::Field& field : head.fields()) {
    hosted = hosted || http::same_text(field.name, "host");
    if (!http::same_text(field.name, "content-length") &&
        !http::same_text(field.name, "transfer-encoding")) {
      writer.field(field.name, field.value);
    }
  }
  // HTTP/1.0 may do without, what is written is 1.1.
  if (kind == http::Kind::kRequest && !hosted) return;
  const bool bodiless = head.code == 101 || head.code == 204 || head.code == 304;
  if (!bodiless && head.fields().size() == http::kFieldsMost) return;
  const std::string body = text_of(reader.body());
  // In one piece, or in chunks of an odd size.
  const bool chunked = body.size() % 2 == 1 && !bodiless;
  if (chunked) {
    writer.field("Transfer-Encoding", "chunked").end();
    for (std::size_t at = 0; at < body.size(); at += 7)
      writer.chunk(body.substr(at, 7));
    writer.chunk("");
  } else {
    if (!bodiless) writer.field("Content-Length", body.size());
    writer.end().body(body);
  }
  const Bytes written = writer.finish();
  FUZZ_CHECK(!written.empty());
  std::vector<std::byte> room(4 * kRoom);
  http::MessageReader again(kind, room);
  const auto fed = again.feed(written);
  FUZZ_CHECK(fed.status == http::Status::kMessage);
  FUZZ_CHECK(fed.taken == written.size());
  FUZZ_CHECK(words_of(again, kind) == words_of(reader, kind));
  if (head.minor >= 1) FUZZ_CHECK(again.head().keeps_alive() == head.keeps_alive());
  FUZZ_CHECK(!head.has_token("connection", "close") || !head.keeps_alive());
}

struct Read {
  std::vector<std::string> messages;
  http::Status status = http::Status::kMore;
  http::Status end = http::Status::kMore;
  friend bool operator==(const Read&, const Read&) = default;
};

Read read(http::Kind kind, Bytes stream, std::size_t cut) {
  std::vector<std::byte> buffer(kRoom);
  http::MessageReader reader(kind, buffer);
  Read all;
  const auto take = [&] {
    all.messages.push_back(words_of(reader, kind));
    check_again(reader, kind);
  };
  for (std::size_t at = 0; at < stream.size() && !is_error(all.status); at += cut) {
    const std::size_t size = std::min(cut, stream.size() - at);
    const auto piece = fuzz::exact_copy(
        reinterpret_cast<const std::uint8_t*>(stream.data()) + at, size);
    for (Bytes rest = piece; !rest.empty() && !is_error(all.status);) {
      const auto fed = reader.feed(rest);
      FUZZ_CHECK(fed.taken <= rest.size());
      FUZZ_CHECK(fed.status != http::Status::kMore || fed.taken == rest.size());
      rest = rest.subspan(fed.taken);
      all.status = fed.status;
      if (fed.status != http::Status::kMessage) continue;
      take();
      reader.next();
      all.status = http::Status::kMore;
    }
  }
  all.end = reader.finish();
  if (all.end == http::Status::kMessage) take();
  FUZZ_CHECK(is_error(all.status) ==
             (is_error(all.end) && all.end != http::Status::kTruncated));
  FUZZ_CHECK(!http::name(all.end).empty());
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const http::Kind kind =
      (data[0] & 1) == 0 ? http::Kind::kRequest : http::Kind::kResponse;
  const auto stream = fuzz::exact_copy(data + 2, size - 2);
  const Read whole = read(kind, stream, stream.size());
  FUZZ_CHECK(whole == read(kind, stream, 1u + data[1]));
  return 0;
}
