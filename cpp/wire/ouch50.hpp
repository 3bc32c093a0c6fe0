// OUCH 5.0: order entry, both directions, with the appendage of tagged options.
//
// Source: Nasdaq OUCH 5.0, revision 1.04 (2024-05-01). Inbound messages travel in
// SoupBinTCP unsequenced data, outbound ones in sequenced data. Stateless.
#pragma once

#include "wire/ouch50_messages.hpp"

namespace pyscalp::wire::ouch {

namespace detail {

template <class Message, class Handler>
DecodeStatus deliver(Bytes bytes, Handler& handler) {
  if (bytes.size() < Message::kSize) return DecodeStatus::kTruncated;
  const Bytes appendage = bytes.subspan(Message::kSize);
  Message message;
  Reader reader(bytes.data() + 1);
  message.map(reader);
  Options skipped;
  Options* options = &skipped;
  if constexpr (requires { message.options; }) options = &message.options;
  const DecodeStatus status = decode_appendage(appendage, *options);
  if (status != DecodeStatus::kOk) return status;
  if constexpr (requires(const Message& m) { handler.on(m, appendage); }) {
    handler.on(message, appendage);
  } else if constexpr (requires(const Message& m) { handler.on(m); }) {
    handler.on(message);
  }
  return DecodeStatus::kOk;
}

}  // namespace detail

/// Decodes a message from the client and calls `handler.on(message)`, or, where the
/// handler has that, `handler.on(message, appendage)` with the bytes behind the fields
/// as they stand, for those who pass a message on.
template <class Handler>
DecodeStatus decode_inbound(Bytes bytes, Handler&& handler) {
  using namespace detail;
  if (bytes.empty()) return DecodeStatus::kEmpty;
  switch (static_cast<char>(bytes[0])) {
    case EnterOrder::kType:
      return deliver<EnterOrder>(bytes, handler);
    case CancelOrder::kType:
      return deliver<CancelOrder>(bytes, handler);
    case ReplaceOrder::kType:
      return deliver<ReplaceOrder>(bytes, handler);
    case ModifyOrder::kType:
      return deliver<ModifyOrder>(bytes, handler);
    case MassCancel::kType:
      return deliver<MassCancel>(bytes, handler);
    case DisableOrderEntry::kType:
      return deliver<DisableOrderEntry>(bytes, handler);
    case EnableOrderEntry::kType:
      return deliver<EnableOrderEntry>(bytes, handler);
    case AccountQuery::kType:
      return deliver<AccountQuery>(bytes, handler);
    default:
      return DecodeStatus::kUnknownType;
  }
}

/// The same for a message from the exchange.
template <class Handler>
DecodeStatus decode_outbound(Bytes bytes, Handler&& handler) {
  using namespace detail;
  if (bytes.empty()) return DecodeStatus::kEmpty;
  switch (static_cast<char>(bytes[0])) {
    case Accepted::kType:
      return deliver<Accepted>(bytes, handler);
    case Executed::kType:
      return deliver<Executed>(bytes, handler);
    case Canceled::kType:
      return deliver<Canceled>(bytes, handler);
    case Replaced::kType:
      return deliver<Replaced>(bytes, handler);
    case Rejected::kType:
      return deliver<Rejected>(bytes, handler);
    case AiqCanceled::kType:
      return deliver<AiqCanceled>(bytes, handler);
    case PriorityUpdate::kType:
      return deliver<PriorityUpdate>(bytes, handler);
    case Restated::kType:
      return deliver<Restated>(bytes, handler);
    case Modified::kType:
      return deliver<Modified>(bytes, handler);
    case BrokenTrade::kType:
      return deliver<BrokenTrade>(bytes, handler);
    case CancelPending::kType:
      return deliver<CancelPending>(bytes, handler);
    case CancelReject::kType:
      return deliver<CancelReject>(bytes, handler);
    case MassCancelResponse::kType:
      return deliver<MassCancelResponse>(bytes, handler);
    case DisableResponse::kType:
      return deliver<DisableResponse>(bytes, handler);
    case EnableResponse::kType:
      return deliver<EnableResponse>(bytes, handler);
    case AccountQueryResponse::kType:
      return deliver<AccountQueryResponse>(bytes, handler);
    case SystemEvent::kType:
      return deliver<SystemEvent>(bytes, handler);
    default:
      return DecodeStatus::kUnknownType;
  }
}

/// Writes the fields of a message alone: Message::kSize bytes. That is the whole of a
/// message without options whose appendage may be left out.
template <class Message>
std::size_t encode_fields(const Message& message, std::byte* out) {
  out[0] = static_cast<std::byte>(Message::kType);
  Writer writer(out + 1);
  const_cast<Message&>(message).map(writer);  // a writer only reads the fields
  return Message::kSize;
}

/// Writes a message and its options to `out` (at least kMaxSize bytes); returns the
/// size. Messages whose appendage is optional are written without one where no option
/// is set.
template <class Message>
std::size_t encode(const Message& message, std::byte* out) {
  encode_fields(message, out);
  if constexpr (requires { message.options; }) {
    return Message::kSize + detail::encode_appendage(message.options,
                                                     Message::kAppendage,
                                                     out + Message::kSize);
  }
  return Message::kSize;
}

}  // namespace pyscalp::wire::ouch
