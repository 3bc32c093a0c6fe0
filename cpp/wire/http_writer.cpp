#include <array>

#include "wire/http.hpp"
#include "wire/http_syntax.hpp"

namespace pyscalp::wire::http {

using namespace detail;

void MessageWriter::put(std::string_view text) {
  if (text.size() > out_.size() - size_) sound_ = false;
  if (!sound_ || text.empty()) return;
  std::memcpy(out_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void MessageWriter::put_line(std::string_view text) {
  if (!is_value(text)) sound_ = false;
  put(text);
}

void MessageWriter::put_number(std::uint64_t number, unsigned base) {
  std::array<char, 20> digits;
  std::size_t at = digits.size();
  do {
    digits[--at] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number != 0);
  put({digits.data() + at, digits.size() - at});
}

MessageWriter& MessageWriter::request(std::string_view method,
                                      std::string_view target) {
  if (!is_token(method) || !is_target(target)) sound_ = false;
  put(method), put(" "), put(target), put(" HTTP/1.1\r\n");
  return *this;
}

MessageWriter& MessageWriter::response(unsigned code, std::string_view reason) {
  if (code < 100 || code > 999) sound_ = false;
  put("HTTP/1.1 "), put_number(code, 10), put(" "), put_line(reason), put("\r\n");
  return *this;
}

MessageWriter& MessageWriter::field(std::string_view field_name,
                                    std::string_view value) {
  if (!is_token(field_name)) sound_ = false;
  put(field_name), put(": "), put_line(value), put("\r\n");
  return *this;
}

MessageWriter& MessageWriter::field(std::string_view field_name, std::uint64_t value) {
  if (!is_token(field_name)) sound_ = false;
  put(field_name), put(": "), put_number(value, 10), put("\r\n");
  return *this;
}

MessageWriter& MessageWriter::end() {
  put("\r\n");
  return *this;
}

MessageWriter& MessageWriter::body(std::string_view text) {
  put(text);
  return *this;
}

MessageWriter& MessageWriter::chunk(std::string_view text) {
  put_number(text.size(), 16), put("\r\n"), put(text), put("\r\n");
  return *this;
}

std::string_view reason_of(unsigned code) {
  switch (code) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 418:
      return "I'm a teapot";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return {};
  }
}

std::string_view name(Status status) {
  switch (status) {
    case Status::kMore:
      return "not whole yet";
    case Status::kMessage:
      return "whole";
    case Status::kBadLineEnd:
      return "a line that does not end in CRLF";
    case Status::kBadStartLine:
      return "no HTTP start line";
    case Status::kBadVersion:
      return "a version other than HTTP/1.0 and HTTP/1.1";
    case Status::kBadField:
      return "a malformed header line";
    case Status::kFoldedField:
      return "a folded header line";
    case Status::kBadHost:
      return "a request without exactly one Host";
    case Status::kBadLength:
      return "a Content-Length that is no number";
    case Status::kConflictingLengths:
      return "several Content-Length that differ";
    case Status::kBothLengths:
      return "both Content-Length and Transfer-Encoding";
    case Status::kUnknownCoding:
      return "a transfer coding other than chunked";
    case Status::kBadChunk:
      return "a malformed chunk";
    case Status::kHeadTooLarge:
      return "a head larger than the limit";
    case Status::kTooManyFields:
      return "more header lines than the limit";
    case Status::kBodyTooLarge:
      return "a body larger than the buffer";
    case Status::kTruncated:
      return "the connection ended within a message";
  }
  return "?";
}

}  // namespace pyscalp::wire::http
