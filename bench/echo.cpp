#include "bench/echo.hpp"

#include <cstring>
#include <utility>

#include "base/cpu.hpp"
#include "bench/stamp.hpp"
#include "bench/trigger_stock.hpp"
#include "wire/moldudp64.hpp"
#include "wire/ouch50.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::bench {

namespace {

namespace ouch = wire::ouch;
namespace soup = wire::soup;

/// Number of messages, length, type and locate of a packet's first message begin here.
constexpr std::size_t kTypeAt = wire::mold::kHeaderSize + 2;
constexpr std::size_t kReferenceAt = kTypeAt + 11;
constexpr std::size_t kTriggerSize = kTypeAt + wire::itch::AddOrder::kSize;
/// Turns without a packet between two looks at the TCP socket.
constexpr std::uint32_t kDrainEvery = 1'024;

}  // namespace

net::Opened<std::unique_ptr<Echo>> Echo::open(const EchoOptions& options) {
  auto receiver = net::open_receiver(
      options.transport,
      {{options.feed_a, options.feed_b}, options.interface_address, net::kBurst});
  if (!receiver) return {std::nullopt, receiver.error};
  return {std::unique_ptr<Echo>(new Echo(options, std::move(receiver))), {}};
}

Echo::Echo(const EchoOptions& options, net::OpenedReceiver receiver)
    : options_(options),
      note_(std::move(receiver.note)),
      receiver_(std::move(*receiver.value)),
      echoed_(options.triggers) {
  mark_[0] = static_cast<std::byte>(wire::itch::AddOrder::kType);
  store_be(mark_.data() + 1, options.locate);
  mark_[3] = std::byte{0};
  std::array<std::byte, soup::kHeaderSize + ouch::kMaxSize> bytes;
  ouch::EnterOrder order;
  order.user_ref = 1;
  order.quantity = 1;
  order.symbol = ouch::Symbol(TriggerStock::kSymbol);
  order.price_e4 = TriggerStock::kAskE4;
  order.time_in_force = ouch::kTimeInForceIoc;
  const std::size_t size = ouch::encode(order, bytes.data() + soup::kHeaderSize);
  soup::encode_header(soup::kUnsequencedData, size, bytes.data());
  order_.assign(bytes.begin(),
                bytes.begin() + static_cast<std::ptrdiff_t>(soup::kHeaderSize + size));
}

std::optional<std::string> Echo::run() {
  if (auto problem = log_in()) return problem;
  std::visit([this](auto& receiver) { loop(receiver); }, receiver_);
  if (gone_ && !stop_.load(std::memory_order_relaxed))
    return "the exchange has closed the order session";
  return std::nullopt;
}

std::optional<std::string> Echo::log_in() {
  auto stream = net::TcpStream::connect(options_.orders);
  if (!stream) return stream.error;
  orders_ = std::move(*stream);
  while (orders_->progress() == net::ConnectState::kConnecting) {
    if (stop_.load(std::memory_order_relaxed)) return "stopped";
  }
  if (orders_->progress() != net::ConnectState::kConnected)
    return orders_->failure_text();
  soup::LoginRequest login;
  login.sequence = soup::number_text(0);
  std::array<std::byte, soup::kHeaderSize + soup::LoginRequest::kSize> bytes;
  soup::encode(login, bytes.data());
  orders_->send(bytes);
  return std::nullopt;
}

template <class Receiver>
void Echo::loop(Receiver& receiver) {
  std::uint32_t idle = 0;
  while (!gone_ && !stop_.load(std::memory_order_relaxed)) {
    const auto packets = receiver.poll();
    if (!packets.empty()) {
      const MonoNanos seen = stamp();
      for (const net::Packet& packet : packets) on_packet(packet.payload, seen);
      continue;
    }
    if constexpr (net::SleepingReceiver<Receiver>) {
      const int fd = orders_->fd();
      receiver.wait(std::span<const int>(&fd, 1), milliseconds(10).value);
      drain();
    } else {
      if (++idle % kDrainEvery == 0) drain();
      cpu_relax();
    }
  }
}

void Echo::on_packet(Bytes payload, MonoNanos seen) {
  if (payload.size() != kTriggerSize ||
      std::memcmp(payload.data() + kTypeAt, mark_.data(), mark_.size()) != 0) {
    return;
  }
  const auto number = load_be<std::uint64_t>(payload.data() + kReferenceAt) -
                      TriggerStock::kFirstTrigger;
  // The book at rest is made of the same messages.
  if (number >= echoed_.size()) return;
  const net::IoResult result = orders_->send(order_);
  echoed_[number] = {seen.value, stamp().value};
  if (result.status != net::IoStatus::kOk) gone_ = true;
}

void Echo::drain() {
  std::array<std::byte, 4'096> buffer;
  const auto status = orders_->receive(buffer).status;
  if (status != net::IoStatus::kOk && status != net::IoStatus::kAgain) gone_ = true;
}

net::ReceiverCounters Echo::counters() {
  return std::visit([](auto& receiver) { return receiver.counters(); }, receiver_);
}

}  // namespace pyscalp::bench
