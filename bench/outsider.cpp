#include "bench/outsider.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/cpu.hpp"
#include "bench/stamp.hpp"
#include "wire/ouch50.hpp"

namespace pyscalp::bench {

namespace {

namespace ouch = wire::ouch;
namespace soup = wire::soup;

/// The venue's clock as the run begins: half past nine.
constexpr std::uint64_t kOpens = 34'200'000'000'000;
/// Between two packets of the opening, so that every contender can follow.
constexpr MonoNanos kOpeningGap{100'000};
/// From the opening to the first trigger: books settle, sessions come to life.
constexpr MonoNanos kSettle = milliseconds(300);
/// The reset is to be in the client's book before it hears that its order is gone, or
/// it would send the same again. Under a feed the reset stands behind other packets, in
/// a queue that the answer does not stand in: so half of kApart.
constexpr MonoNanos kBeforeAnswer{300'000};
/// The gate takes the same wish again within a millisecond for a mistake, and every
/// other trigger is the same. So those that are late keep this distance from the end of
/// the one before.
constexpr MonoNanos kApart{600'000};
constexpr MonoNanos kLoginPatience = seconds(20);
/// Where an ITCH message has its time.
constexpr std::size_t kTimeAt = 5;

std::uint64_t time_of(Bytes message) {
  std::uint64_t time = 0;
  Reader reader(message.data() + kTimeAt);
  reader.u48(time);
  return time;
}

}  // namespace

net::Opened<std::unique_ptr<Outsider>> Outsider::open(const OutsiderOptions& options) {
  auto feed = FeedSender::open(options.feed, options.interface_address);
  if (!feed) return {std::nullopt, feed.error};
  auto listener = net::TcpListener::open(options.orders);
  if (!listener) return {std::nullopt, listener.error};
  return {std::unique_ptr<Outsider>(
              new Outsider(options, std::move(*feed), std::move(*listener))),
          {}};
}

Outsider::Outsider(const OutsiderOptions& options, FeedSender feed,
                   net::TcpListener listener)
    : options_(options),
      feed_(std::move(feed)),
      listener_(std::move(listener)),
      stock_(options.locate),
      day_(options.day),
      trips_(options.triggers) {
  outgoing_.reserve(4'096);
}

std::optional<std::string> Outsider::run() {
  if (auto problem = await_login()) return problem;
  started_ = stamp();
  send_opening();
  for (const MonoNanos until = stamp() + kSettle; stamp() < until && !stopped();)
    turn();
  day_started_ = stamp();
  const MonoNanos first = day_started_ + options_.period;
  int silent = 0;
  for (std::uint64_t i = 0; i < options_.triggers && silent < kSilentMost; ++i) {
    Trip& trip = trips_[i];
    trip.intended = first.value + static_cast<std::int64_t>(i) * options_.period.value;
    const auto due = [&](MonoNanos now) {
      return now.value >= trip.intended && now >= ended_at_ + kApart;
    };
    while (!due(stamp()) || answer_due_) {
      if (stopped()) return "stopped";
      if (gone_) return "the client has closed its order session";
      turn();
    }
    make_trip(trip, i);
    silent = trip.arrived == 0 ? silent + 1 : 0;
  }
  while (answer_due_ && !gone_ && !stopped()) turn();
  return std::nullopt;
}

std::optional<std::string> Outsider::await_login() {
  const MonoNanos until = stamp() + kLoginPatience;
  while (!logged_in_) {
    if (stopped()) return "stopped";
    if (stamp() >= until || gone_) return "no client has logged in";
    if (!client_) {
      const int fd = listener_.fd();
      net::wait_readable(&fd, 1, milliseconds(10).value);
      client_ = listener_.accept();
    } else {
      poll_orders();
    }
  }
  return std::nullopt;
}

// ---- What goes out ----

std::uint64_t Outsider::venue_time(MonoNanos now) const {
  return kOpens + static_cast<std::uint64_t>((now - started_).value);
}

Bytes Outsider::restamped(Bytes message, std::uint64_t time_ns) {
  if (message.size() < kTimeAt + 6 || message.size() > stamped_.size()) return message;
  std::memcpy(stamped_.data(), message.data(), message.size());
  Writer writer(stamped_.data() + kTimeAt);
  writer.u48(time_ns);
  return {stamped_.data(), message.size()};
}

void Outsider::send_packet() {
  sequence_ += packet_.count();
  ++counts_.feed_packets;
  counts_.feed_messages += packet_.count();
  feed_.prepare(packet_.finish());
  if (!feed_.send()) ++counts_.not_sent;
}

void Outsider::send_alone(Bytes message) {
  packet_.start(session_, sequence_);
  packet_.append(message);
  send_packet();
}

void Outsider::send_opening() {
  MonoNanos at = stamp();
  const auto send = [&] {
    if (packet_.count() == 0) return;
    while (stamp() < at) turn();
    send_packet();
    at = stamp() + kOpeningGap;
  };
  const auto append = [&](Bytes message) {
    if (packet_.append(message)) return;
    send();
    packet_.start(session_, sequence_);
    packet_.append(message);
  };
  packet_.start(session_, sequence_);
  while (day_.offset() < options_.opening_bytes && !stopped()) {
    const auto message = day_.next();
    if (!message) break;
    append(restamped(*message, venue_time(stamp())));
  }
  stock_.open(venue_time(stamp()), append);
  send();
  if (options_.pace > 0) next_ = next_of_day();
  if (next_) day_from_ns_ = time_of(*next_);
}

/// The market of a measurement does not close: events of the whole market are left out.
std::optional<Bytes> Outsider::next_of_day() {
  auto message = day_.next();
  while (message && static_cast<char>((*message)[0]) == wire::itch::SystemEvent::kType)
    message = day_.next();
  return message;
}

void Outsider::pump_day(MonoNanos now) {
  if (!next_) return;
  const double passed = static_cast<double>((now - day_started_).value) * options_.pace;
  const std::uint64_t due = day_from_ns_ + static_cast<std::uint64_t>(passed);
  const std::uint64_t first = time_of(*next_);
  if (first > due) return;
  const auto behind = static_cast<double>(due - first) / options_.pace;
  counts_.behind_max = std::max(counts_.behind_max, static_cast<std::int64_t>(behind));
  // What is due goes together, as at an exchange: up to a packet of it.
  packet_.start(session_, sequence_);
  const std::uint64_t time_ns = venue_time(now);
  while (next_ && time_of(*next_) <= due &&
         packet_.append(restamped(*next_, time_ns))) {
    next_ = next_of_day();
  }
  counts_.day_ended = !next_;
  send_packet();
}

void Outsider::make_trip(Trip& trip, std::uint64_t number) {
  packet_.start(session_, sequence_++);
  packet_.append(stock_.trigger(number, venue_time(stamp())));
  feed_.prepare(packet_.finish());
  waiting_ = true;
  order_at_ = {};
  const MonoNanos sent = stamp();
  if (!feed_.send()) ++counts_.not_sent;
  ++counts_.feed_packets;
  ++counts_.feed_messages;
  trip.sent = sent.value;
  const MonoNanos until = sent + options_.patience;
  while (order_at_.value == 0 && !gone_ && !stopped() && stamp() < until) turn();
  waiting_ = false;
  trip.arrived = order_at_.value;
  send_alone(stock_.reset(number, venue_time(stamp())));
  ended_at_ = stamp();
  answer_at_ = ended_at_ + kBeforeAnswer;
}

/// Orders first, as they are what is measured.
void Outsider::turn() {
  poll_orders();
  const MonoNanos now = stamp();
  if (answer_due_ && !waiting_ && now >= answer_at_) answer_order();
  if (day_started_.value != 0) pump_day(now);
}

// ---- What comes in ----

struct Outsider::OrderHandler {
  Outsider& outsider;

  void on(const ouch::EnterOrder& order) {
    outsider.answer_ref_ = order.user_ref;
    outsider.answer_qty_ = order.quantity;
    outsider.answer_side_ = order.side;
    outsider.answer_price_ = order.price_e4;
    outsider.last_ref_ = order.user_ref;
    outsider.answer_due_ = true;
    if (outsider.waiting_ && outsider.order_at_.value == 0) {
      outsider.order_at_ = outsider.arrived_;
    } else {
      ++outsider.counts_.unexpected;
      outsider.answer_at_ = outsider.arrived_ + kBeforeAnswer;
    }
  }
  void on(const ouch::AccountQuery&) {
    ouch::AccountQueryResponse response;
    response.timestamp_ns = outsider.venue_time(outsider.arrived_);
    response.next_user_ref = outsider.last_ref_ + 1;
    outsider.queue_message(response);
    outsider.flush();
  }
};

void Outsider::poll_orders() {
  if (!client_ || gone_) return;
  const net::IoResult result = client_->receive(buffer_);
  if (result.status == net::IoStatus::kAgain) return;
  arrived_ = stamp();
  const auto take = [this](const soup::Frame& frame) { on_frame(frame); };
  gone_ = result.status != net::IoStatus::kOk ||
          !frames_.feed(Bytes(buffer_.data(), result.size), take);
}

void Outsider::on_frame(const soup::Frame& frame) {
  if (frame.type == soup::kUnsequencedData) {
    counts_.order_bytes = soup::kHeaderSize + frame.payload.size();
    ouch::decode_inbound(frame.payload, OrderHandler{*this});
  } else if (frame.type == soup::kLoginRequest) {
    std::array<std::byte, soup::kHeaderSize + soup::LoginAccepted::kSize> bytes;
    soup::LoginAccepted accepted{{}, soup::number_text(outgoing_sequence_)};
    accepted.session = session_;
    soup::encode(accepted, bytes.data());
    outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
    flush();
    logged_in_ = true;
  } else if (frame.type == soup::kLogoutRequest) {
    gone_ = true;
  }
}

void Outsider::answer_order() {
  answer_due_ = false;
  ouch::Accepted accepted;
  accepted.timestamp_ns = venue_time(stamp());
  accepted.user_ref = answer_ref_;
  accepted.side = answer_side_;
  accepted.quantity = answer_qty_;
  accepted.symbol = ouch::Symbol(TriggerStock::kSymbol);
  accepted.price_e4 = answer_price_;
  accepted.time_in_force = ouch::kTimeInForceIoc;
  accepted.order_reference = outgoing_sequence_;
  queue_message(accepted);
  queue_message(ouch::Canceled{accepted.timestamp_ns, answer_ref_, answer_qty_, 'I'});
  flush();
}

template <class Message>
void Outsider::queue_message(const Message& message) {
  std::array<std::byte, soup::kHeaderSize + ouch::kMaxSize> bytes;
  const std::size_t size = ouch::encode(message, bytes.data() + soup::kHeaderSize);
  soup::encode_header(soup::kSequencedData, size, bytes.data());
  outgoing_.insert(
      outgoing_.end(), bytes.begin(),
      bytes.begin() + static_cast<std::ptrdiff_t>(soup::kHeaderSize + size));
  ++outgoing_sequence_;
}

void Outsider::flush() {
  std::size_t done = 0;
  while (done < outgoing_.size() && !gone_) {
    const net::IoResult result =
        client_->send(Bytes(outgoing_.data() + done, outgoing_.size() - done));
    if (result.status == net::IoStatus::kAgain) continue;
    if (result.status != net::IoStatus::kOk) gone_ = true;
    done += result.size;
  }
  outgoing_.clear();
}

}  // namespace pyscalp::bench
