// The loop of LiveSession's engine thread, once for each transport.
//
// Included by live_session.cpp for the transports of net::AnyReceiver, and by whoever
// brings a net::MarketDataReceiver of their own to LiveSession::open_over.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/cpu.hpp"
#include "live/live_session.hpp"

namespace pyscalp::live {

template <net::MarketDataReceiver Receiver>
std::optional<std::string> LiveSession::open_over(Receiver& receiver,
                                                  std::string note) {
  settle();
  transport_ = {"other", std::move(note), {}, {}};
  loop_ = [this, &receiver] { loop(receiver); };
  return open_rest();
}

template <class Receiver>
void LiveSession::loop(Receiver& receiver) {
  while (!engine_->finished() && !abandoned()) {
    poll_commands();
    const bool fed = poll_feed(receiver);
    const bool answered = poll_orders();
    const MonoNanos now = clock_.now();
    spin_gaps_.idle(now);
    if (now >= engine_->next_deadline()) {
      if (!engine_->on_time(now)) drop_connection(now);
      send_pending();
      spin_gaps_.worked();
    }
    send_requests(now);
    if (config_.snapshot) follow_snapshot(now);
    send_pending();
    if (!connected_) poll_connection(now);
    if (!running()) check_patience(now);
    count_allocations();
    const bool idle = !fed && !answered;
    // It takes system calls: in a quiet moment, unless none comes.
    if (now >= publish_at_ && (idle || now >= publish_at_ + seconds(1))) {
      publish(receiver.counters());
      publish_at_ = now + kPublishEvery;
      spin_gaps_.worked();
    }
    // Likewise: it asks two clocks.
    if (now >= wall_read_at_ && (idle || now >= wall_read_at_ + milliseconds(100))) {
      if (wall_.read(clock_)) wall_read_at_ = now + WallMap::kGoodFor;
    }
    if (!idle) continue;
    if constexpr (net::SleepingReceiver<Receiver>) {
      rest(receiver, now);
      spin_gaps_.worked();
    } else {
      cpu_relax();
    }
  }
  spin_gaps_.stop(clock_.now());
  send_pending();
  publish(receiver.counters());
}

template <class Receiver>
bool LiveSession::poll_feed(Receiver& receiver) {
  bool any = false;
  auto packets = receiver.poll();
  if constexpr (net::MemoryReceiver<Receiver>) {
    // What else the loop looks at costs system calls, during which a packet waits.
    for (int i = 1; i < kFeedPolls && packets.empty(); ++i) {
      cpu_relax();
      packets = receiver.poll();
    }
  }
  for (const net::Packet& packet : packets) {
    any = heard_ = true;
    const MonoNanos now = found();
    engine_->on_datagram(static_cast<feed::Line>(packet.group), packet.payload, now);
    send_pending();
    if (packet.arrived.value != 0 && wall_.known())
      engine_->note_arrival(wall_.mono(packet.arrived), now);
  }
  return poll_retransmission() || any;
}

template <class Receiver>
void LiveSession::rest(Receiver& receiver, MonoNanos now) {
  // What is not in a deadline of the engine's or in a descriptor is looked at so often.
  const bool pressing = !connected_ || (snapshot_ && !snapshot_connected_) ||
                        engine_->feed().gap_open() || !engine_->order_bytes().empty();
  const MonoNanos longest = pressing ? kNap : kLongestSleep;
  const MonoNanos until = std::min(engine_->next_deadline(), now + longest);
  std::array<int, 3> others;
  std::size_t count = 0;
  if (orders_) others[count++] = orders_->fd();
  if (requested_) others[count++] = retransmission_->fd();
  if (snapshot_) others[count++] = snapshot_->fd();
  receiver.wait(std::span<const int>(others.data(), count), (until - now).value);
}

}  // namespace pyscalp::live
