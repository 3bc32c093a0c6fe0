#include "session/ouch_session.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace pyscalp::session {

namespace {

namespace ouch = wire::ouch;
namespace soup = wire::soup;

// Where the fields of an Enter Order stand in its frame.
constexpr std::size_t kMessage = soup::kHeaderSize;
constexpr std::size_t kUserRef = kMessage + 1;
constexpr std::size_t kSide = kMessage + 5;
constexpr std::size_t kQuantity = kMessage + 6;
constexpr std::size_t kSymbol = kMessage + 10;
constexpr std::size_t kPrice = kMessage + 18;
constexpr std::size_t kTimeInForce = kMessage + 26;
// 199,999.9900 is the highest limit; what lies above means a market order.
constexpr std::int64_t kMaxLimitE4 = 1'999'999'900;
constexpr std::int64_t kNanosPerE4 = 100'000;

}  // namespace

OuchSession::OuchSession(const SessionOptions& options)
    : next_sequence_(options.first_sequence),
      incoming_sequence_(options.first_sequence),
      requested_(options.session),
      outbound_(options.outbound_capacity),
      symbols_(std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1),
      username_(options.username),
      password_(options.password),
      heartbeat_after_(options.heartbeat_after),
      dead_after_(options.dead_after) {
  for (std::size_t post_only = 0; post_only < 2; ++post_only) {
    OrderFrame& frame = order_frames_[post_only];
    ouch::EnterOrder order;
    order.options.post_only = post_only != 0;
    std::array<std::byte, ouch::kMaxSize> message{};
    const std::size_t size = ouch::encode(order, message.data());
    assert(size <= kMaxOrder);
    std::memcpy(frame.bytes.data() + kMessage, message.data(), kMaxOrder);
    soup::encode_header(soup::kUnsequencedData, size, frame.bytes.data());
    frame.size = kMessage + size;
  }
  const std::size_t size =
      ouch::encode_fields(ouch::CancelOrder{}, cancel_frame_.data() + kMessage);
  soup::encode_header(soup::kUnsequencedData, size, cancel_frame_.data());
}

void OuchSession::on_connected(MonoNanos now) {
  frames_.reset();
  outbound_.clear();
  last_received_ = now;
  state_ = SessionState::kLoggingIn;
  queue_login(now);
}

void OuchSession::on_disconnected() {
  frames_.reset();
  outbound_.clear();
  state_ = SessionState::kDisconnected;
}

Link OuchSession::on_time(MonoNanos now) {
  if (!connected()) return link();
  if (now - last_received_ >= dead_after_) {
    state_ = SessionState::kFailed;
    return Link::kClose;
  }
  const bool logged_in =
      state_ == SessionState::kSynchronising || state_ == SessionState::kLive;
  if (logged_in && now - last_sent_ >= heartbeat_after_) {
    std::array<std::byte, soup::kHeaderSize> heartbeat;
    soup::encode_header(soup::kClientHeartbeat, 0, heartbeat.data());
    // Without room, bytes are waiting to be sent, which says as much.
    queue(heartbeat, now);
    last_sent_ = now;
  }
  return Link::kKeep;
}

MonoNanos OuchSession::next_deadline() const {
  if (!connected()) return kNever;
  const MonoNanos dead = last_received_ + dead_after_;
  if (state_ != SessionState::kSynchronising && state_ != SessionState::kLive) {
    return dead;
  }
  return std::min(dead, last_sent_ + heartbeat_after_);
}

void OuchSession::logout(MonoNanos now) {
  if (!connected() || state_ == SessionState::kLoggedOut) return;
  std::array<std::byte, soup::kHeaderSize> request;
  soup::encode_header(soup::kLogoutRequest, 0, request.data());
  queue(request, now);
  state_ = SessionState::kLoggedOut;
}

std::uint32_t OuchSession::send(risk::GatedOrder order, MonoNanos now) {
  const order::Wish& wish = order.wish();
  const ouch::Symbol& symbol = symbols_[index(wish.instrument)];
  const std::int64_t price_e4 = wish.limit.value / kNanosPerE4;
  if (!live() || order.spent() || next_user_ref_ == 0 || symbol == ouch::Symbol{} ||
      wish.qty <= 0 || wish.qty > kMaxQty || price_e4 <= 0 || price_e4 > kMaxLimitE4 ||
      price_e4 * kNanosPerE4 != wish.limit.value) {
    return 0;
  }
  const OrderFrame& frame = order_frames_[wish.post_only ? 1 : 0];
  std::byte* const out = outbound_.reserve(frame.bytes.size());
  if (out == nullptr) return 0;
  std::memcpy(out, frame.bytes.data(), frame.bytes.size());
  store_be(out + kUserRef, next_user_ref_);
  out[kSide] = static_cast<std::byte>(wish.side == Side::kBuy ? 'B' : 'S');
  store_be(out + kQuantity, static_cast<std::uint32_t>(wish.qty));
  std::memcpy(out + kSymbol, symbol.chars.data(), symbol.chars.size());
  store_be(out + kPrice, static_cast<std::uint64_t>(price_e4));
  out[kTimeInForce] = static_cast<std::byte>(
      wish.time_in_force == order::TimeInForce::kIoc ? ouch::kTimeInForceIoc
                                                     : ouch::kTimeInForceDay);
  outbound_.commit(frame.size);
  last_sent_ = now;
  return next_user_ref_++;
}

bool OuchSession::cancel(risk::GatedCancel cancel, MonoNanos now) {
  if (!live() || cancel.spent()) return false;
  std::byte* const out = outbound_.reserve(cancel_frame_.size());
  if (out == nullptr) return false;
  std::memcpy(out, cancel_frame_.data(), cancel_frame_.size());
  store_be(out + kUserRef, cancel.user_ref());
  outbound_.commit(cancel_frame_.size());
  last_sent_ = now;
  return true;
}

Link OuchSession::link() const {
  return state_ == SessionState::kRefused || state_ == SessionState::kEnded ||
                 state_ == SessionState::kFailed
             ? Link::kClose
             : Link::kKeep;
}

void OuchSession::fail(BadInput input) {
  note(input);
  state_ = SessionState::kFailed;
}

bool OuchSession::queue(Bytes bytes, MonoNanos now) {
  std::byte* const out = outbound_.reserve(bytes.size());
  if (out == nullptr) return false;
  std::memcpy(out, bytes.data(), bytes.size());
  outbound_.commit(bytes.size());
  last_sent_ = now;
  return true;
}

void OuchSession::queue_login(MonoNanos now) {
  soup::LoginRequest request;
  request.username = username_;
  request.password = password_;
  request.session = requested_;
  request.sequence = soup::number_text(next_sequence_);
  std::array<std::byte, soup::kHeaderSize + soup::LoginRequest::kSize> frame;
  soup::encode(request, frame.data());
  queue(frame, now);
}

void OuchSession::queue_account_query() {
  std::array<std::byte, soup::kHeaderSize + ouch::AccountQuery::kSize> frame;
  const std::size_t size =
      ouch::encode_fields(ouch::AccountQuery{}, frame.data() + kMessage);
  soup::encode_header(soup::kUnsequencedData, size, frame.data());
  queue(frame, now_);
}

bool OuchSession::accept_login(Bytes payload) {
  const auto message = soup::decode<soup::LoginAccepted>(payload);
  if (!message) return false;
  const auto sequence = soup::parse_number(message->sequence);
  if (!sequence || *sequence == 0) return false;
  // Asked for the most recent message alone, the venue sends that one first, and it may
  // be the answer to a query of an earlier run. So two are asked and one is waited
  // past.
  answers_due_ = next_sequence_ == 0 ? 2 : 1;
  const bool first = session_.trimmed().empty();
  const bool same = !first && session_.trimmed() == message->session.trimmed();
  if (same && *sequence != next_sequence_) note(BadInput::kSequenceJump);
  if (!same || *sequence > next_sequence_) {
    lost_ = true;
    next_sequence_ = *sequence;
  }
  incoming_sequence_ = *sequence;
  session_ = message->session;
  requested_ = message->session;
  state_ = SessionState::kSynchronising;
  return true;
}

void OuchSession::forget_session() {
  session_ = {};
  requested_ = {};
  next_sequence_ = 1;
  lost_ = true;
}

/// Counts a sequenced message; false if it was seen on an earlier connection.
bool OuchSession::next_is_new() {
  const std::uint64_t number = incoming_sequence_++;
  if (number < next_sequence_) return false;
  next_sequence_ = number + 1;
  ++messages_;
  return true;
}

void OuchSession::lose(BadInput input) {
  note(input);
  lost_ = true;
}

}  // namespace pyscalp::session
