// What the tests of order entry share: a client's frames, and what a server answers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/ouch50.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::exchange::testing {

using ByteVector = std::vector<std::byte>;

inline ByteVector frame(char type, Bytes payload = {}) {
  ByteVector bytes(wire::soup::kHeaderSize + payload.size());
  wire::soup::encode_header(type, payload.size(), bytes.data());
  if (!payload.empty())
    std::memcpy(bytes.data() + wire::soup::kHeaderSize, payload.data(), payload.size());
  return bytes;
}

inline ByteVector login(std::string_view username, std::string_view password,
                        std::string_view session = "", std::string_view next = "1") {
  const wire::soup::LoginRequest request{Text<6>(username), Text<10>(password),
                                         Text<10>(session), Text<20>(next)};
  ByteVector bytes(wire::soup::kHeaderSize + wire::soup::LoginRequest::kSize);
  wire::soup::encode(request, bytes.data());
  return bytes;
}

template <class Message>
ByteVector unsequenced(const Message& message) {
  std::array<std::byte, 128> bytes;
  return frame(wire::soup::kUnsequencedData,
               {bytes.data(), wire::ouch::encode(message, bytes.data())});
}

inline wire::ouch::EnterOrder order(std::uint32_t ref, char side,
                                    std::uint32_t quantity, std::uint64_t price_e4,
                                    std::string_view symbol = "AMZN") {
  wire::ouch::EnterOrder message;
  message.user_ref = ref;
  message.side = side;
  message.quantity = quantity;
  message.symbol = wire::ouch::Symbol(symbol);
  message.price_e4 = price_e4;
  message.client_id = wire::ouch::ClientOrderId("order" + std::to_string(ref));
  return message;
}

inline wire::ouch::ReplaceOrder replacement(std::uint32_t original, std::uint32_t ref,
                                            std::uint32_t quantity,
                                            std::uint64_t price_e4) {
  wire::ouch::ReplaceOrder message;
  message.original_ref = original;
  message.user_ref = ref;
  message.quantity = quantity;
  message.price_e4 = price_e4;
  message.client_id = wire::ouch::ClientOrderId("order" + std::to_string(ref));
  return message;
}

/// Everything that a server sent, decoded, in order where it matters.
class Received {
 public:
  bool feed(Bytes bytes) {
    return reader_->feed(bytes, [this](const wire::soup::Frame& next) { take(next); });
  }

  std::string types;      ///< of all frames: "ASSH"
  std::string sequenced;  ///< OUCH types of the sequenced messages: "SAE"
  std::vector<wire::soup::LoginAccepted> logins;
  std::vector<wire::soup::LoginRejected> refusals;
  std::vector<wire::ouch::SystemEvent> events;
  std::vector<wire::ouch::Accepted> accepted;
  std::vector<wire::ouch::Replaced> replaced;
  std::vector<wire::ouch::Canceled> canceled;
  std::vector<wire::ouch::AiqCanceled> self_matched;
  std::vector<wire::ouch::Executed> executed;
  std::vector<wire::ouch::Rejected> rejected;
  std::vector<wire::ouch::AccountQueryResponse> queries;
  std::vector<wire::ouch::Restated> restated;
  std::vector<wire::ouch::PriorityUpdate> priorities;
  std::vector<wire::ouch::MassCancelResponse> mass_cancels;
  std::vector<ByteVector> raw;  ///< sequenced messages as they came

  void on(const wire::ouch::SystemEvent& m) { events.push_back(m); }
  void on(const wire::ouch::Accepted& m) { accepted.push_back(m); }
  void on(const wire::ouch::Replaced& m) { replaced.push_back(m); }
  void on(const wire::ouch::Canceled& m) { canceled.push_back(m); }
  void on(const wire::ouch::AiqCanceled& m) { self_matched.push_back(m); }
  void on(const wire::ouch::Executed& m) { executed.push_back(m); }
  void on(const wire::ouch::Rejected& m) { rejected.push_back(m); }
  void on(const wire::ouch::AccountQueryResponse& m) { queries.push_back(m); }
  void on(const wire::ouch::Restated& m) { restated.push_back(m); }
  void on(const wire::ouch::PriorityUpdate& m) { priorities.push_back(m); }
  void on(const wire::ouch::MassCancelResponse& m) { mass_cancels.push_back(m); }

 private:
  void take(const wire::soup::Frame& next) {
    types += next.type;
    if (next.type == wire::soup::kLoginAccepted)
      logins.push_back(*wire::soup::decode<wire::soup::LoginAccepted>(next.payload));
    if (next.type == wire::soup::kLoginRejected)
      refusals.push_back(*wire::soup::decode<wire::soup::LoginRejected>(next.payload));
    if (next.type != wire::soup::kSequencedData) return;
    raw.emplace_back(next.payload.begin(), next.payload.end());
    const auto status = wire::ouch::decode_outbound(next.payload, *this);
    sequenced += status == wire::ouch::DecodeStatus::kOk
                     ? static_cast<char>(next.payload[0])
                     : '?';
  }

  std::unique_ptr<wire::soup::FrameReader> reader_ =
      std::make_unique<wire::soup::FrameReader>();
};

}  // namespace pyscalp::exchange::testing
