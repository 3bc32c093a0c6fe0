// OUCH 5.0: order entry, both directions, with the appendage of tagged options.
//
// Source: Nasdaq OUCH 5.0, revision 1.04 (2024-05-01). Big-endian; prices have four
// decimals in eight bytes. Inbound messages travel in SoupBinTCP unsequenced data,
// outbound ones in sequenced data. Stateless.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::wire::ouch {

using Symbol = Text<8>;
using ClientOrderId = Text<14>;

inline constexpr char kTimeInForceDay = '0';
inline constexpr char kTimeInForceIoc = '3';
inline constexpr char kVisible = 'Y';
inline constexpr char kHidden = 'N';

/// Options that follow a message as {length, tag, value}. Only those that pyscalp acts
/// on have a field; the rest are skipped by their length and counted.
struct Options {
  bool post_only = false;        ///< tag 12, P
  std::uint32_t max_floor = 0;   ///< tag 5, displayed quantity; 0 is the whole
  std::uint16_t other_tags = 0;  ///< how many tags were skipped
};

enum class DecodeStatus : std::uint8_t {
  kOk,
  kEmpty,
  kUnknownType,
  kTruncated,
  kBadAppendage,  ///< an element reaches past the appendage, or the appendage past the
                  ///< end
};

// ---- Inbound: client to exchange ----

struct EnterOrder {
  static constexpr char kType = 'O';
  static constexpr std::size_t kSize = 45;  ///< without the appendage and its length
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;
  Symbol symbol;
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  char capacity = 'P';
  char intermarket_sweep = 'N';
  char cross_type = 'N';
  ClientOrderId client_id;
  Options options;
  void map(auto& io) {
    io(user_ref), io(side), io(quantity), io(symbol), io(price_e4), io(time_in_force);
    io(display), io(capacity), io(intermarket_sweep), io(cross_type), io(client_id);
  }
};

struct ReplaceOrder {
  static constexpr char kType = 'U';
  static constexpr std::size_t kSize = 38;
  std::uint32_t original_ref = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;  ///< of the whole chain, what has been executed included
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  char intermarket_sweep = 'N';
  ClientOrderId client_id;
  Options options;
  void map(auto& io) {
    io(original_ref), io(user_ref), io(quantity), io(price_e4), io(time_in_force);
    io(display), io(intermarket_sweep), io(client_id);
  }
};

struct CancelOrder {
  static constexpr char kType = 'X';
  static constexpr std::size_t kSize = 9;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;  ///< what shall remain in all; 0 cancels the rest
  void map(auto& io) { io(user_ref), io(quantity); }
};

struct MassCancel {
  static constexpr char kType = 'C';
  static constexpr std::size_t kSize = 17;
  std::uint32_t user_ref = 0;
  Text<4> firm;
  Symbol symbol;  ///< blank is all
  Options options;
  void map(auto& io) { io(user_ref), io(firm), io(symbol); }
};

struct AccountQuery {
  static constexpr char kType = 'Q';
  static constexpr std::size_t kSize = 1;
  void map(auto&) {}
};

// ---- Outbound: exchange to client ----

struct SystemEvent {
  static constexpr char kType = 'S';
  static constexpr std::size_t kSize = 10;
  std::uint64_t timestamp_ns = 0;
  char event = 'S';
  void map(auto& io) { io(timestamp_ns), io(event); }
};

struct Accepted {
  static constexpr char kType = 'A';
  static constexpr std::size_t kSize = 62;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;
  Symbol symbol;
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  std::uint64_t order_reference = 0;
  char capacity = 'P';
  char intermarket_sweep = 'N';
  char cross_type = 'N';
  char state = 'L';  ///< L live, D dead: nothing follows
  ClientOrderId client_id;
  Options options;
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(side), io(quantity), io(symbol), io(price_e4);
    io(time_in_force), io(display), io(order_reference), io(capacity);
    io(intermarket_sweep), io(cross_type), io(state), io(client_id);
  }
};

struct Replaced {
  static constexpr char kType = 'U';
  static constexpr std::size_t kSize = 66;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t original_ref = 0;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;  ///< shares still open
  Symbol symbol;
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  std::uint64_t order_reference = 0;
  char capacity = 'P';
  char intermarket_sweep = 'N';
  char cross_type = 'N';
  char state = 'L';
  ClientOrderId client_id;
  Options options;
  void map(auto& io) {
    io(timestamp_ns), io(original_ref), io(user_ref), io(side), io(quantity);
    io(symbol), io(price_e4), io(time_in_force), io(display), io(order_reference);
    io(capacity), io(intermarket_sweep), io(cross_type), io(state), io(client_id);
  }
};

struct Canceled {
  static constexpr char kType = 'C';
  static constexpr std::size_t kSize = 18;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;  ///< shares taken off now
  char reason = 'U';
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(quantity), io(reason); }
};

/// Self-match prevention took shares off.
struct AiqCanceled {
  static constexpr char kType = 'D';
  static constexpr std::size_t kSize = 32;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t decrement = 0;
  char reason = 'Q';
  std::uint32_t quantity_prevented = 0;
  std::uint64_t price_e4 = 0;
  char liquidity = 'R';
  char strategy = '*';
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(decrement), io(reason), io(quantity_prevented);
    io(price_e4), io(liquidity), io(strategy);
  }
};

struct Executed {
  static constexpr char kType = 'E';
  static constexpr std::size_t kSize = 34;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;
  std::uint64_t price_e4 = 0;
  char liquidity = 'A';  ///< A added, R removed
  std::uint64_t match = 0;
  Options options;
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(quantity), io(price_e4), io(liquidity);
    io(match);
  }
};

struct BrokenTrade {
  static constexpr char kType = 'B';
  static constexpr std::size_t kSize = 36;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint64_t match = 0;
  char reason = 'S';
  ClientOrderId client_id;
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(match), io(reason), io(client_id);
  }
};

struct Rejected {
  static constexpr char kType = 'J';
  static constexpr std::size_t kSize = 29;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint16_t reason = 0;
  ClientOrderId client_id;
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(reason), io(client_id); }
};

struct AccountQueryResponse {
  static constexpr char kType = 'Q';
  static constexpr std::size_t kSize = 13;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t next_user_ref = 0;
  void map(auto& io) { io(timestamp_ns), io(next_user_ref); }
};

/// An iceberg's displayed part was refilled, or a displayed price was changed.
struct Restated {
  static constexpr char kType = 'R';
  static constexpr std::size_t kSize = 14;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  char reason = 'R';
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(reason); }
  Options options;
};

/// Priority changed: the order has a new reference on the feed.
struct PriorityUpdate {
  static constexpr char kType = 'T';
  static constexpr std::size_t kSize = 30;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint64_t price_e4 = 0;
  char display = kVisible;
  std::uint64_t order_reference = 0;
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(price_e4), io(display), io(order_reference);
  }
};

struct MassCancelResponse {
  static constexpr char kType = 'X';
  static constexpr std::size_t kSize = 25;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  Text<4> firm;
  Symbol symbol;
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(firm), io(symbol); }
  Options options;
};

inline constexpr std::size_t kMaxSize = 66 + 2 + 3 + 6;

namespace detail {

inline DecodeStatus decode_appendage(Bytes rest, Options& options) {
  if (rest.empty()) return DecodeStatus::kOk;
  if (rest.size() < 2) return DecodeStatus::kBadAppendage;
  const std::size_t length = load_be<std::uint16_t>(rest.data());
  if (rest.size() - 2 < length) return DecodeStatus::kBadAppendage;
  Bytes elements = rest.subspan(2, length);
  while (!elements.empty()) {
    const auto size = std::to_integer<std::size_t>(elements[0]);
    if (size == 0 || elements.size() < 1 + size) return DecodeStatus::kBadAppendage;
    const auto tag = std::to_integer<int>(elements[1]);
    const Bytes value = elements.subspan(2, size - 1);
    if (tag == 12 && value.size() == 1) {
      options.post_only = static_cast<char>(value[0]) == 'P';
    } else if (tag == 5 && value.size() == 4) {
      options.max_floor = load_be<std::uint32_t>(value.data());
    } else {
      ++options.other_tags;
    }
    elements = elements.subspan(1 + size);
  }
  return DecodeStatus::kOk;
}

template <class Message, class Handler>
DecodeStatus deliver(Bytes bytes, Handler& handler) {
  if (bytes.size() < Message::kSize) return DecodeStatus::kTruncated;
  Message message;
  Reader reader(bytes.data() + 1);
  message.map(reader);
  Options skipped;
  Options* options = &skipped;
  if constexpr (requires { message.options; }) options = &message.options;
  const DecodeStatus status = decode_appendage(bytes.subspan(Message::kSize), *options);
  if (status != DecodeStatus::kOk) return status;
  if constexpr (requires(const Message& m) { handler.on(m); }) handler.on(message);
  return DecodeStatus::kOk;
}

}  // namespace detail

/// Decodes a message from the client and calls `handler.on(message)`.
template <class Handler>
DecodeStatus decode_inbound(Bytes bytes, Handler&& handler) {
  using namespace detail;
  if (bytes.empty()) return DecodeStatus::kEmpty;
  switch (static_cast<char>(bytes[0])) {
    case EnterOrder::kType:
      return deliver<EnterOrder>(bytes, handler);
    case ReplaceOrder::kType:
      return deliver<ReplaceOrder>(bytes, handler);
    case CancelOrder::kType:
      return deliver<CancelOrder>(bytes, handler);
    case MassCancel::kType:
      return deliver<MassCancel>(bytes, handler);
    case AccountQuery::kType:
      return deliver<AccountQuery>(bytes, handler);
    default:
      return DecodeStatus::kUnknownType;
  }
}

/// Decodes a message from the exchange and calls `handler.on(message)`.
template <class Handler>
DecodeStatus decode_outbound(Bytes bytes, Handler&& handler) {
  using namespace detail;
  if (bytes.empty()) return DecodeStatus::kEmpty;
  switch (static_cast<char>(bytes[0])) {
    case SystemEvent::kType:
      return deliver<SystemEvent>(bytes, handler);
    case Accepted::kType:
      return deliver<Accepted>(bytes, handler);
    case Replaced::kType:
      return deliver<Replaced>(bytes, handler);
    case Canceled::kType:
      return deliver<Canceled>(bytes, handler);
    case AiqCanceled::kType:
      return deliver<AiqCanceled>(bytes, handler);
    case Executed::kType:
      return deliver<Executed>(bytes, handler);
    case BrokenTrade::kType:
      return deliver<BrokenTrade>(bytes, handler);
    case Rejected::kType:
      return deliver<Rejected>(bytes, handler);
    case AccountQueryResponse::kType:
      return deliver<AccountQueryResponse>(bytes, handler);
    case Restated::kType:
      return deliver<Restated>(bytes, handler);
    case PriorityUpdate::kType:
      return deliver<PriorityUpdate>(bytes, handler);
    case MassCancelResponse::kType:
      return deliver<MassCancelResponse>(bytes, handler);
    default:
      return DecodeStatus::kUnknownType;
  }
}

/// Writes a message and its appendage to `out` (at least kMaxSize bytes); returns the
/// size. Messages whose appendage is optional are written without one.
template <class Message>
std::size_t encode(const Message& message, std::byte* out) {
  out[0] = static_cast<std::byte>(Message::kType);
  Writer writer(out + 1);
  const_cast<Message&>(message).map(writer);  // a Writer only reads the fields
  if constexpr (requires { message.options; }) {
    std::byte* const length_at = out + Message::kSize;
    std::byte* at = length_at + 2;
    if (message.options.max_floor != 0) {
      at[0] = std::byte{5}, at[1] = std::byte{5};
      store_be(at + 2, message.options.max_floor);
      at += 6;
    }
    if (message.options.post_only) {
      at[0] = std::byte{2}, at[1] = std::byte{12}, at[2] = static_cast<std::byte>('P');
      at += 3;
    }
    store_be(length_at, static_cast<std::uint16_t>(at - length_at - 2));
    return static_cast<std::size_t>(at - out);
  }
  return Message::kSize;
}

}  // namespace pyscalp::wire::ouch
