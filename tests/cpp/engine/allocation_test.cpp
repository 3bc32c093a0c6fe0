// Once the directory has been read and the first trades made, nothing is allocated.
#include <random>

#include "base/allocations.hpp"
#include "engine/engine.hpp"
#include "fixture.hpp"

namespace pyscalp::engine {
namespace {

/// A small market and venue that prepare their bytes without allocating.
class Mixed {
 public:
  Mixed() {
    rig_.start();
    for (std::uint64_t i = 0; i < kRefs; ++i) live_[i] = 0;
  }

  void step() {
    rig_.now =
        rig_.now + MonoNanos{200'000 + static_cast<std::int64_t>(random_() % 200'000)};
    switch (random_() % 10) {
      case 0:
        rig_.engine.on_time(rig_.now);
        break;
      case 1:
        answer();
        break;
      case 2:
        lose_one();
        break;
      case 3:
        noise();
        break;
      case 4:
        rig_.engine.on_order_bytes(heartbeat_, rig_.now);
        break;
      default:
        market();
        break;
    }
    rig_.engine.order_bytes_sent(rig_.engine.order_bytes().size(), rig_.now);
    std::array<std::byte, mold::kHeaderSize> request;
    while (rig_.engine.take_request(rig_.now, request)) {
    }
    while (rig_.ring.try_pop([](Bytes) {})) {
    }
  }
  const Rig& rig() const { return rig_; }

 private:
  static constexpr std::uint64_t kRefs = 64;

  template <class Message>
  void append(const Message& message) {
    std::array<std::byte, itch::kMaxSize> bytes;
    builder_.append(Bytes(bytes.data(), encode(message, bytes.data())));
  }
  /// An order near the touch comes or goes; the touch leans and straightens.
  Bytes next_datagram() {
    builder_.start(mold::Session("FEED1"), rig_.sequence++);
    const std::uint64_t slot = random_() % kRefs;
    if (live_[slot] != 0) {
      append(rig_.remove(live_[slot]));
      live_[slot] = 0;
    } else {
      live_[slot] = ++reference_;
      const bool buy = random_() % 2 == 0;
      const auto behind = static_cast<std::uint32_t>(random_() % 3) * kCent;
      const auto shares = static_cast<std::uint32_t>(1 + random_() % 20) * 100;
      append(rig_.add(live_[slot], buy ? 'B' : 'S', shares,
                      buy ? kBid - behind : kAsk + behind));
    }
    return builder_.finish();
  }
  void market() {
    rig_.engine.on_datagram(feed::Line::kA, next_datagram(), rig_.now);
    rig_.engine.on_datagram(feed::Line::kB, builder_.finish(), rig_.now);
  }
  /// A datagram that comes late, after the one behind it.
  void lose_one() {
    std::array<std::byte, mold::PacketBuilder::kMaxPacket> late;
    const Bytes bytes = next_datagram();
    std::copy(bytes.begin(), bytes.end(), late.begin());
    const std::size_t size = bytes.size();
    market();
    rig_.engine.on_datagram(feed::Line::kRetransmission, Bytes(late.data(), size),
                            rig_.now);
  }
  void noise() {
    std::array<std::byte, 60> bytes;
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_());
    rig_.engine.on_datagram(feed::Line::kA, bytes, rig_.now);
  }
  template <class Message>
  void send(Message message) {
    message.timestamp_ns = static_cast<std::uint64_t>(rig_.now.value);
    std::array<std::byte, soup::kHeaderSize + ouch::kMaxSize> out;
    const std::size_t size = ouch::encode(message, out.data() + soup::kHeaderSize);
    soup::encode_header(soup::kSequencedData, size, out.data());
    rig_.engine.on_order_bytes(Bytes(out.data(), soup::kHeaderSize + size), rig_.now);
  }
  /// What the venue may say of the one open order.
  void answer() {
    order::Order open;
    rig_.engine.orders().for_each_open(
        [&](const order::Order& order) { open = order; });
    if (open.user_ref == 0) return;
    const auto leaves = static_cast<std::uint32_t>(open.leaves);
    if (!open.accepted) {
      ouch::Accepted m;
      m.user_ref = open.user_ref;
      m.order_reference = 1'000'000 + open.user_ref;
      m.price_e4 = price_to_e4(open.wish.limit);
      m.quantity = leaves;
      send(m);
    } else if (open.state == order::OrderState::kPendingCancel ||
               (open.wish.time_in_force == order::TimeInForce::kIoc &&
                random_() % 2 == 0)) {
      send(ouch::Canceled{0, open.user_ref, leaves, 'U'});
    } else if (random_() % 3 == 0) {
      ouch::Executed m;
      m.user_ref = open.user_ref;
      m.quantity = 1 + static_cast<std::uint32_t>(random_() % leaves);
      m.price_e4 = price_to_e4(open.wish.limit);
      m.match = ++match_;
      send(m);
    }
  }

  Rig rig_;
  std::mt19937_64 random_{7};
  mold::PacketBuilder builder_;
  Buffer heartbeat_ = Rig::frame(soup::kServerHeartbeat);
  std::array<std::uint64_t, kRefs> live_{};
  std::uint64_t reference_ = 1'000;
  std::uint64_t match_ = 0;
};

TEST(EngineMemory, AHundredThousandMixedInputsAllocateNothing) {
  Mixed mixed;
  for (int i = 0; i < 5'000; ++i) mixed.step();
  const std::uint64_t before = allocations_of_this_thread();
  for (int i = 0; i < 100'000; ++i) mixed.step();
  EXPECT_EQ(allocations_of_this_thread(), before);
  // And they were inputs that made it work.
  const Snapshot snapshot = mixed.rig().engine.snapshot(mixed.rig().now);
  EXPECT_GT(snapshot.round_trips, 100u);
  EXPECT_GT(snapshot.cancels, 100u);
  EXPECT_GT(snapshot.gaps, 1'000u);
  EXPECT_EQ(snapshot.state, risk::TradingState::kActive);
  EXPECT_EQ(snapshot.events_lost, 0u);
}

TEST(EngineMemory, TheCountCounts) {
  const std::uint64_t before = allocations_of_this_thread();
  const auto one = std::make_unique<int>(1);
  EXPECT_EQ(*one, 1);
  EXPECT_GT(allocations_of_this_thread(), before);
}

}  // namespace
}  // namespace pyscalp::engine
