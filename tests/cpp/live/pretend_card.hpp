// A network card that is a thread: it writes frames into buffers of a ring, as a card
// does that a library such as ef_vi or DPDK drives, and a receiver reads them in place.
// It shows that a transport of one's own is one class, and nothing else is touched.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <thread>

#include "net/frame_reader.hpp"
#include "net/socket_receiver.hpp"
#include "net/transport.hpp"

namespace pyscalp::live::testing {

class PretendCard {
 public:
  static constexpr std::uint64_t kBuffers = 4'096;

  /// Hears the groups in the network of the calling thread.
  explicit PretendCard(const net::ReceiverOptions& options)
      : state_(std::make_unique<State>(options)) {
    auto wire = net::SocketReceiver::open(options);
    if (!wire) return;
    state_->wire = std::move(wire.value);
    state_->thread = std::thread([state = state_.get()] { state->run(); });
  }
  PretendCard(PretendCard&&) = default;
  PretendCard& operator=(PretendCard&&) = default;

  explicit operator bool() const { return state_->wire.has_value(); }

  std::span<const net::Packet> poll() {
    release();
    // Acquire: the frames were written before the card said so.
    const std::uint64_t ready = state_->written.load(std::memory_order_acquire);
    std::size_t count = 0;
    while (at_ != ready && count < net::kPacketsAtOnce) {
      const Buffer& buffer = state_->buffers[at_++ % kBuffers];
      const Bytes frame(buffer.bytes.data(), buffer.size);
      if (state_->reader.read(frame, true, packets_[count], counters_)) ++count;
    }
    return {packets_.data(), count};
  }
  // Release: the frames were read before the card may write over them.
  void release() { state_->freed.store(at_, std::memory_order_release); }
  net::ReceiverCounters counters() {
    counters_.ring_dropped = state_->dropped.load(std::memory_order_relaxed);
    return counters_;
  }
  std::span<const int> descriptors() const { return {}; }  // it is only polled
  std::span<const net::Endpoint> groups() const { return state_->reader.groups(); }

 private:
  struct Buffer {
    std::size_t size = 0;
    std::array<std::byte, 2'048> bytes;
  };
  struct State {
    explicit State(const net::ReceiverOptions& options) : reader(options.groups) {}
    ~State() {
      stop.store(true, std::memory_order_relaxed);
      if (thread.joinable()) thread.join();
    }

    void run() {
      while (!stop.load(std::memory_order_relaxed)) {
        const auto packets = wire->poll();
        for (const net::Packet& packet : packets) receive(packet);
        if (packets.empty()) std::this_thread::yield();
      }
    }

    void receive(const net::Packet& packet) {
      const std::uint64_t at = written.load(std::memory_order_relaxed);
      if (at - freed.load(std::memory_order_acquire) == kBuffers) {
        dropped.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      Buffer& buffer = buffers[at % kBuffers];
      const net::Endpoint& group = reader.groups()[packet.group];
      using namespace wire::ethernet;
      encode_udp_header({0x0A000001, group.address, 9, group.port}, packet.payload,
                        buffer.bytes.data());
      std::memcpy(buffer.bytes.data() + kUdpFrameHeaderSize, packet.payload.data(),
                  packet.payload.size());
      buffer.size = kUdpFrameHeaderSize + packet.payload.size();
      written.store(at + 1, std::memory_order_release);
    }

    net::FrameReader reader;
    std::optional<net::SocketReceiver> wire;
    std::unique_ptr<Buffer[]> buffers = std::make_unique<Buffer[]>(kBuffers);
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> freed{0};
    std::atomic<std::uint64_t> dropped{0};
    std::atomic<bool> stop{false};
    std::thread thread;
  };

  std::unique_ptr<State> state_;
  std::uint64_t at_ = 0;
  net::ReceiverCounters counters_;
  std::array<net::Packet, net::kPacketsAtOnce> packets_;
};

static_assert(net::MarketDataReceiver<PretendCard>);

}  // namespace pyscalp::live::testing
