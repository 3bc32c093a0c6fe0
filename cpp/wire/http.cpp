#include "wire/http.hpp"

#include <algorithm>

#include "wire/http_syntax.hpp"

namespace pyscalp::wire::http {

using namespace detail;

namespace {

constexpr char kCr = '\r';
constexpr char kLf = '\n';
constexpr std::size_t kChunkLineMost = 1'024;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Cuts the first element off a comma-separated list.
std::string_view take_element(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view element = trimmed(part(list, 0, comma));
  list = comma == std::string_view::npos ? std::string_view() : part(list, comma + 1);
  return element;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// 0 or 1 of "HTTP/1.0" and "HTTP/1.1"; -1 for other text of that form, -2 for what is
/// no version at all.
int version(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) ||
      text[6] != '.' || !is_digit(text[7])) {
    return -2;
  }
  return text[5] == '1' && text[7] <= '1' ? text[7] - '0' : -1;
}

}  // namespace

bool same_text(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (UINT64_MAX - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

std::optional<std::string_view> Head::field(std::string_view wanted) const {
  for (const Field& one : fields())
    if (same_text(one.name, wanted)) return one.value;
  return std::nullopt;
}

bool Head::has_token(std::string_view wanted, std::string_view token) const {
  for (const Field& one : fields()) {
    if (!same_text(one.name, wanted)) continue;
    for (std::string_view list = one.value; !list.empty();)
      if (same_text(take_element(list), token)) return true;
  }
  return false;
}

bool Head::keeps_alive() const {
  if (has_token("connection", "close")) return false;
  return minor >= 1 || has_token("connection", "keep-alive");
}

MessageReader::Fed MessageReader::feed(Bytes bytes) {
  const std::size_t offered = bytes.size();
  while (!bytes.empty() && state_ != State::kWhole && state_ != State::kFailed) {
    if (state_ == State::kHead) {
      take_head(bytes);
    } else {
      take_body(bytes);
    }
  }
  Fed fed{Status::kMore, offered - bytes.size()};
  if (state_ == State::kWhole) fed.status = Status::kMessage;
  if (state_ == State::kFailed) fed.status = error_;
  return fed;
}

Status MessageReader::finish() {
  if (state_ == State::kFailed) return error_;
  if (state_ == State::kToEnd) whole();
  if (state_ == State::kWhole) return Status::kMessage;
  if (!begun()) return Status::kMore;
  fail(Status::kTruncated);
  return error_;
}

void MessageReader::next() {
  state_ = State::kHead;
  error_ = Status::kMore;
  no_body_ = digits_ = after_cr_ = false;
  head_size_ = body_size_ = line_size_ = trailer_size_ = 0;
  left_ = 0;
}

void MessageReader::take_head(Bytes& bytes) {
  const std::size_t most = std::min(buffer_.size(), kHeadMost);
  std::size_t i = 0;
  while (i < bytes.size()) {
    const auto byte = static_cast<char>(bytes[i++]);
    const char before =
        head_size_ == 0 ? '\0' : static_cast<char>(buffer_[head_size_ - 1]);
    if ((before == kCr) != (byte == kLf)) return fail(Status::kBadLineEnd);
    if (head_size_ == most) return fail(Status::kHeadTooLarge);
    buffer_[head_size_++] = static_cast<std::byte>(byte);
    if (byte != kLf) continue;
    if (head_size_ == 2) {
      // RFC 9112, 2.2: an empty line before a request is read past.
      if (kind_ == Kind::kResponse) return fail(Status::kBadStartLine);
      head_size_ = 0;
    } else if (head_size_ >= 4 && static_cast<char>(buffer_[head_size_ - 3]) == kLf) {
      bytes = bytes.subspan(i);
      return begin_body();
    }
  }
  bytes = {};
}

void MessageReader::begin_body() {
  Status status = parse_head();
  if (status == Status::kMore) status = choose_body();
  if (status != Status::kMore) fail(status);
}

Status MessageReader::parse_head() {
  std::string_view rest(reinterpret_cast<const char*>(buffer_.data()), head_size_ - 2);
  head_.count_ = 0;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find(kCr);
    const std::string_view line = part(rest, 0, end);
    rest.remove_prefix(end + 2);
    const Status status = first ? parse_start_line(line) : parse_field(line);
    if (status != Status::kMore) return status;
    first = false;
  }
  return Status::kMore;
}

Status MessageReader::parse_start_line(std::string_view line) {
  head_.method = head_.target = head_.reason = {};
  head_.code = 0;
  int minor = -2;
  if (kind_ == Kind::kRequest) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return Status::kBadStartLine;
    head_.method = part(line, 0, first);
    head_.target = part(line, first + 1, last - first - 1);
    minor = version(part(line, last + 1));
    if (!is_token(head_.method) || !is_target(head_.target))
      return Status::kBadStartLine;
  } else {
    // "HTTP/1.1 200 OK"; the reason may be empty, its blank missing.
    if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' '))
      return Status::kBadStartLine;
    minor = version(part(line, 0, 8));
    const auto code = parse_number(part(line, 9, 3));
    if (!code || *code < 100) return Status::kBadStartLine;
    head_.code = static_cast<unsigned>(*code);
    if (line.size() > 13) head_.reason = part(line, 13);
    if (!is_value(head_.reason)) return Status::kBadStartLine;
  }
  if (minor == -2) return Status::kBadStartLine;
  if (minor == -1) return Status::kBadVersion;
  head_.minor = static_cast<unsigned>(minor);
  return Status::kMore;
}

Status MessageReader::parse_field(std::string_view line) {
  if (is_blank(line.front())) return Status::kFoldedField;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Status::kBadField;
  const Field one{part(line, 0, colon), trimmed(part(line, colon + 1))};
  if (!is_token(one.name) || !is_value(one.value)) return Status::kBadField;
  if (head_.count_ == kFieldsMost) return Status::kTooManyFields;
  head_.fields_[head_.count_++] = one;
  return Status::kMore;
}

Status MessageReader::choose_body() {
  std::optional<std::uint64_t> length;
  bool coded = false, chunked = false;
  std::size_t hosts = 0;
  for (const Field& one : head_.fields()) {
    if (same_text(one.name, "host")) ++hosts;
    if (same_text(one.name, "transfer-encoding")) {
      // One coding, once: what this end could not undo is refused.
      chunked = !coded && same_text(one.value, "chunked");
      coded = true;
    }
    if (same_text(one.name, "content-length")) {
      const auto number = parse_number(one.value);
      if (!number) return Status::kBadLength;
      if (length && *length != *number) return Status::kConflictingLengths;
      length = number;
    }
  }
  if (kind_ == Kind::kRequest && (hosts > 1 || (hosts == 0 && head_.minor >= 1)))
    return Status::kBadHost;
  if (coded && length) return Status::kBothLengths;
  if (coded && (!chunked || head_.minor == 0)) return Status::kUnknownCoding;

  if (kind_ == Kind::kResponse) {
    const unsigned code = head_.code;
    if (code < 200 && code != 101) {
      const bool no_body = no_body_;
      next();
      no_body_ = no_body;
      return Status::kMore;
    }
    if (no_body_ || code == 101 || code == 204 || code == 304) {
      whole();
      return Status::kMore;
    }
  }
  if (coded) {
    state_ = State::kChunkSize;
  } else if (length) {
    if (*length > buffer_.size() - head_size_) return Status::kBodyTooLarge;
    left_ = *length;
    state_ = left_ == 0 ? State::kWhole : State::kCounted;
  } else {
    state_ = kind_ == Kind::kRequest ? State::kWhole : State::kToEnd;
  }
  return Status::kMore;
}

bool MessageReader::append(Bytes& bytes, std::uint64_t most) {
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(most, bytes.size()));
  if (size > buffer_.size() - head_size_ - body_size_) {
    fail(Status::kBodyTooLarge);
    return false;
  }
  std::memcpy(buffer_.data() + head_size_ + body_size_, bytes.data(), size);
  body_size_ += size;
  bytes = bytes.subspan(size);
  if (most != UINT64_MAX) left_ -= size;
  return true;
}

void MessageReader::take_body(Bytes& bytes) {
  switch (state_) {
    case State::kCounted:
      if (append(bytes, left_) && left_ == 0) whole();
      return;
    case State::kToEnd:
      append(bytes, UINT64_MAX);
      return;
    case State::kChunkData:
      if (append(bytes, left_) && left_ == 0) state_ = State::kChunkEnd;
      return;
    default:
      break;
  }
  const std::byte byte = bytes.front();
  bytes = bytes.subspan(1);
  if (state_ == State::kTrailer) {
    take_trailer(byte);
  } else {
    take_chunk_line(byte);
  }
}

void MessageReader::take_chunk_line(std::byte byte) {
  const auto c = static_cast<char>(byte);
  switch (state_) {
    case State::kChunkSize:
      if (const int digit = hex_digit(c); digit >= 0) {
        if (left_ > UINT64_MAX >> 4 || ++line_size_ > kChunkLineMost)
          return fail(Status::kBadChunk);
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        digits_ = true;
        return;
      }
      if (!digits_ || (c != kCr && c != ';' && !is_blank(c)))
        return fail(Status::kBadChunk);
      state_ = c == kCr ? State::kChunkSizeEnd : State::kChunkExtension;
      return;
    case State::kChunkExtension:
      if (++line_size_ > kChunkLineMost) return fail(Status::kBadChunk);
      if (c == kCr) {
        state_ = State::kChunkSizeEnd;
      } else if (!is_value_char(c)) {
        fail(Status::kBadChunk);
      }
      return;
    case State::kChunkSizeEnd:
      if (c != kLf) return fail(Status::kBadLineEnd);
      digits_ = false;
      line_size_ = 0;
      // What cannot fit is refused before it comes.
      if (left_ > buffer_.size() - head_size_ - body_size_)
        return fail(Status::kBodyTooLarge);
      state_ = left_ == 0 ? State::kTrailer : State::kChunkData;
      return;
    case State::kChunkEnd:
      if (c != kCr) return fail(Status::kBadChunk);
      state_ = State::kChunkEndLf;
      return;
    default:
      if (c != kLf) return fail(Status::kBadLineEnd);
      state_ = State::kChunkSize;
      return;
  }
}

// Trailer fields are read past: nothing here has a use for them.
void MessageReader::take_trailer(std::byte byte) {
  const auto c = static_cast<char>(byte);
  if (++trailer_size_ > kHeadMost) return fail(Status::kHeadTooLarge);
  const bool line_ends = after_cr_ && c == kLf;
  if (after_cr_ != (c == kLf)) return fail(Status::kBadLineEnd);
  after_cr_ = c == kCr;
  if (line_ends) {
    if (line_size_ == 0) whole();
    line_size_ = 0;
  } else if (!after_cr_) {
    if (!is_value_char(c)) return fail(Status::kBadField);
    ++line_size_;
  }
}

}  // namespace pyscalp::wire::http
