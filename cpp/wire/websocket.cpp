#include "wire/websocket.hpp"

namespace pyscalp::wire::websocket {

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

bool is_known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::kOk:
      return "sound";
    case Status::kMore:
      return "a header that is not whole";
    case Status::kClosed:
      return "closed by the peer";
    case Status::kReservedBits:
      return "a reserved bit is set, and no extension was negotiated";
    case Status::kReservedOpcode:
      return "a reserved opcode";
    case Status::kMasked:
      return "a masked frame from a server";
    case Status::kUnmasked:
      return "an unmasked frame from a client";
    case Status::kLongControl:
      return "a control frame of more than 125 bytes";
    case Status::kFragmentedControl:
      return "a control frame in fragments";
    case Status::kLengthNotShortest:
      return "a length in more bytes than it needs";
    case Status::kLengthTopBit:
      return "a length with its top bit set";
    case Status::kLoneContinuation:
      return "a continuation of no message";
    case Status::kMissingContinuation:
      return "a new message amid the fragments of another";
    case Status::kTooLarge:
      return "a message larger than the limit";
    case Status::kNotUtf8:
      return "text that is not UTF-8";
    case Status::kBadClose:
      return "a close frame with a bad code";
  }
  return "?";
}

CloseCode close_code(Status status) {
  switch (status) {
    case Status::kOk:
    case Status::kMore:
    case Status::kClosed:
      return CloseCode::kNormal;
    case Status::kTooLarge:
      return CloseCode::kTooLarge;
    case Status::kNotUtf8:
      return CloseCode::kNotUtf8;
    default:
      return CloseCode::kProtocolError;
  }
}

Status decode_header(Bytes bytes, FrameHeader& header, std::size_t& size) {
  if (bytes.empty()) return Status::kMore;
  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  if ((first & kReserved) != 0) return Status::kReservedBits;
  const std::uint8_t opcode = first & 0x0F;
  if (!is_known(opcode)) return Status::kReservedOpcode;
  header.fin = (first & kFin) != 0;
  header.opcode = static_cast<Opcode>(opcode);
  const bool control = is_control(header.opcode);
  if (control && !header.fin) return Status::kFragmentedControl;
  if (bytes.size() < 2) return Status::kMore;
  const auto second = std::to_integer<std::uint8_t>(bytes[1]);
  const std::uint8_t length = second & 0x7F;
  if (control && length > kControlMost) return Status::kLongControl;
  std::size_t at = 2;
  if (length < kLength16) {
    header.length = length;
  } else if (length == kLength16) {
    if (bytes.size() < 4) return Status::kMore;
    header.length = load_be<std::uint16_t>(bytes.data() + 2);
    if (header.length < kLength16) return Status::kLengthNotShortest;
    at = 4;
  } else {
    if (bytes.size() < 10) return Status::kMore;
    header.length = load_be<std::uint64_t>(bytes.data() + 2);
    if ((header.length >> 63) != 0) return Status::kLengthTopBit;
    if (header.length <= UINT16_MAX) return Status::kLengthNotShortest;
    at = 10;
  }
  header.mask.reset();
  if ((second & kMaskBit) != 0) {
    if (bytes.size() < at + 4) return Status::kMore;
    header.mask = load_le<std::uint32_t>(bytes.data() + at);
    at += 4;
  }
  size = at;
  return Status::kOk;
}

std::size_t encode_header(const FrameHeader& header, std::byte* out) {
  out[0] = static_cast<std::byte>((header.fin ? kFin : 0) |
                                  static_cast<std::uint8_t>(header.opcode));
  const std::uint8_t mask_bit = header.mask ? kMaskBit : 0;
  std::size_t at = 2;
  if (header.length < kLength16) {
    out[1] = static_cast<std::byte>(mask_bit | header.length);
  } else if (header.length <= UINT16_MAX) {
    out[1] = static_cast<std::byte>(mask_bit | kLength16);
    store_be(out + 2, static_cast<std::uint16_t>(header.length));
    at = 4;
  } else {
    out[1] = static_cast<std::byte>(mask_bit | kLength64);
    store_be(out + 2, header.length);
    at = 10;
  }
  if (header.mask) {
    store_le(out + at, *header.mask);
    at += 4;
  }
  return at;
}

void apply_mask(MaskKey key, std::uint64_t offset, const std::byte* in,
                std::size_t size, std::byte* out) {
  const auto turned =
      static_cast<MaskKey>(key >> (8 * (offset % 4)) | static_cast<std::uint64_t>(key)
                                                           << (32 - 8 * (offset % 4)));
  const std::uint64_t wide = static_cast<std::uint64_t>(turned) << 32 | turned;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8)
    store_le(out + i, load_le<std::uint64_t>(in + i) ^ wide);
  for (; i < size; ++i) out[i] = in[i] ^ static_cast<std::byte>(wide >> (8 * (i % 8)));
}

std::size_t encode_frame(Opcode opcode, Bytes payload, std::optional<MaskKey> mask,
                         MutableBytes out) {
  std::array<std::byte, kHeaderMost> header;
  const std::size_t head =
      encode_header(FrameHeader{true, opcode, mask, payload.size()}, header.data());
  if (out.size() < head || out.size() - head < payload.size()) return 0;
  std::memcpy(out.data(), header.data(), head);
  if (mask) {
    apply_mask(*mask, 0, payload.data(), payload.size(), out.data() + head);
  } else if (!payload.empty()) {
    std::memmove(out.data() + head, payload.data(), payload.size());
  }
  return head + payload.size();
}

std::size_t encode_close(CloseCode code, std::string_view reason,
                         std::optional<MaskKey> mask, MutableBytes out) {
  if (code == CloseCode::kNone) return encode_frame(Opcode::kClose, {}, mask, out);
  std::array<std::byte, kControlMost> payload;
  store_be(payload.data(), static_cast<std::uint16_t>(code));
  std::size_t size = std::min(reason.size(), payload.size() - 2);
  const auto continues = [&](std::size_t at) {
    return (static_cast<std::uint8_t>(reason[at]) & 0xC0) == 0x80;
  };
  while (size != 0 && size < reason.size() && continues(size)) --size;
  if (size != 0) std::memcpy(payload.data() + 2, reason.data(), size);
  return encode_frame(Opcode::kClose, Bytes(payload).first(2 + size), mask, out);
}

Close decode_close(Bytes payload) {
  if (payload.size() < 2) return {static_cast<std::uint16_t>(CloseCode::kNone), {}};
  return {load_be<std::uint16_t>(payload.data()),
          {reinterpret_cast<const char*>(payload.data()) + 2, payload.size() - 2}};
}

bool MessageReader::take_header(Bytes& bytes) {
  std::size_t size = 0;
  Status found = Status::kMore;
  if (header_size_ == 0) {
    found = decode_header(bytes, frame_, size);
    if (found == Status::kMore) {
      if (!bytes.empty()) std::memcpy(header_.data(), bytes.data(), bytes.size());
      header_size_ = static_cast<std::uint8_t>(bytes.size());
      return false;
    }
  } else {
    const std::size_t before = header_size_;
    const std::size_t more = std::min(bytes.size(), kHeaderMost - before);
    if (more != 0) std::memcpy(header_.data() + before, bytes.data(), more);
    found = decode_header(Bytes(header_).first(before + more), frame_, size);
    if (found == Status::kMore) {
      header_size_ = static_cast<std::uint8_t>(before + more);
      return false;
    }
    header_size_ = 0;
    if (found == Status::kOk) bytes = bytes.subspan(size - before);
    size = 0;
  }
  if (found == Status::kOk) found = check();
  if (found != Status::kOk) {
    status_ = found;
    return false;
  }
  bytes = bytes.subspan(size);
  return true;
}

Status MessageReader::check() const {
  if (frame_.mask.has_value() != masked_)
    return masked_ ? Status::kUnmasked : Status::kMasked;
  if (is_control(frame_.opcode)) return Status::kOk;
  const bool continues = frame_.opcode == Opcode::kContinuation;
  if (continues && !in_message_) return Status::kLoneContinuation;
  if (!continues && in_message_) return Status::kMissingContinuation;
  const std::size_t before = in_message_ ? gathered_size_ : 0;
  return frame_.length > gathered_.size() - before ? Status::kTooLarge : Status::kOk;
}

void MessageReader::begin_payload() {
  in_payload_ = true;
  taken_ = 0;
  control_size_ = 0;
  if (is_control(frame_.opcode) || in_message_) return;
  in_message_ = true;
  text_ = frame_.opcode == Opcode::kText;
  gathered_size_ = 0;
  utf8_.reset();
}

bool MessageReader::take_payload(Bytes& bytes) {
  const auto size = static_cast<std::size_t>(
      std::min<std::uint64_t>(frame_.length - taken_, bytes.size()));
  const bool control = is_control(frame_.opcode);
  std::byte* const into =
      control ? control_.data() + control_size_ : gathered_.data() + gathered_size_;
  if (frame_.mask) {
    apply_mask(*frame_.mask, taken_, bytes.data(), size, into);
  } else if (size != 0) {
    std::memcpy(into, bytes.data(), size);
  }
  taken_ += size;
  bytes = bytes.subspan(size);
  if (control) {
    control_size_ = static_cast<std::uint8_t>(control_size_ + size);
  } else {
    gathered_size_ += size;
    if (text_ && !utf8_.feed({into, size})) {
      status_ = Status::kNotUtf8;
      return false;
    }
  }
  return taken_ == frame_.length;
}

bool MessageReader::whole_is_valid(Bytes payload) {
  Utf8Validator text;
  if (frame_.opcode == Opcode::kText) {
    if (!text.feed(payload) || !text.complete()) status_ = Status::kNotUtf8;
  } else if (frame_.opcode == Opcode::kClose && !payload.empty()) {
    if (payload.size() == 1 || !may_be_sent(decode_close(payload).code)) {
      status_ = Status::kBadClose;
    } else if (!text.feed(payload.subspan(2)) || !text.complete()) {
      status_ = Status::kNotUtf8;
    }
  }
  return status_ == Status::kOk;
}

void MessageReader::reset() {
  status_ = Status::kOk;
  in_payload_ = in_message_ = false;
  header_size_ = 0;
}

}  // namespace pyscalp::wire::websocket
