// The exchange's end of the tick-to-trade bench, which is also who measures: it stamps
// the packet that goes out and the order that comes in, and believes nobody else.
//
// It sends a feed as MoldUDP64 on one line, takes orders as OUCH over SoupBinTCP, and
// answers each with Accepted and Canceled. Triggers go out at intended times (open
// loop): one that is held up is measured from when it should have gone as well. Between
// triggers the rest of a market day may run, message by message at its own pace.
//
// One thread spins in `run`; `stop` may be called by another.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/feed_sender.hpp"
#include "bench/trigger_stock.hpp"
#include "bench/trip.hpp"
#include "net/tcp.hpp"
#include "wire/binary_file.hpp"
#include "wire/moldudp64.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::bench {

struct OutsiderOptions {
  net::Endpoint feed;  ///< multicast group
  std::uint32_t interface_address = 0;
  net::Endpoint orders;  ///< to listen on; port 0 takes any
  std::uint16_t locate = 1;
  std::uint64_t triggers = 1'000;
  MonoNanos period = milliseconds(2);
  MonoNanos patience = milliseconds(100);  ///< for an order, then it counts as none
  /// A BinaryFILE whose beginning is sent first, and whose rest runs meanwhile: `pace`
  /// nanoseconds of the day in one of ours. Outlives the run; empty: no feed.
  Bytes day;
  std::size_t opening_bytes = 0;
  double pace = 0;  ///< 0: the opening alone
};

struct OutsiderCounts {
  std::uint64_t unexpected = 0;   ///< orders that no trigger asked for
  std::uint64_t order_bytes = 0;  ///< size of the last order, its frame included
  std::uint64_t feed_packets = 0;
  std::uint64_t feed_messages = 0;
  std::uint64_t not_sent = 0;   ///< packets that the kernel refused
  std::int64_t behind_max = 0;  ///< how late the feed was at worst, in ns
  bool day_ended = false;       ///< the day was shorter than the run
};

class Outsider {
 public:
  static constexpr int kSilentMost = 50;

  static net::Opened<std::unique_ptr<Outsider>> open(const OutsiderOptions& options);

  /// Whether the feed goes out as frames, past the sockets.
  bool raw() const { return feed_.raw(); }
  net::Endpoint orders() const { return listener_.endpoint(); }
  /// The whole measurement; why it could not be made, for a person. A client that lets
  /// kSilentMost triggers in a row go by is measured no further.
  std::optional<std::string> run();
  void stop() { stop_.store(true, std::memory_order_relaxed); }

  const std::vector<Trip>& trips() const { return trips_; }
  const OutsiderCounts& counts() const { return counts_; }

 private:
  struct OrderHandler;

  Outsider(const OutsiderOptions& options, FeedSender feed, net::TcpListener listener);

  std::optional<std::string> await_login();
  void send_opening();
  void make_trip(Trip& trip, std::uint64_t number);
  void turn();
  std::optional<Bytes> next_of_day();
  void pump_day(MonoNanos now);
  void poll_orders();
  void on_frame(const wire::soup::Frame& frame);
  void answer_order();
  template <class Message>
  void queue_message(const Message& message);
  void flush();
  void send_packet();
  void send_alone(Bytes message);
  Bytes restamped(Bytes message, std::uint64_t time_ns);
  std::uint64_t venue_time(MonoNanos now) const;
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }

  const OutsiderOptions options_;
  FeedSender feed_;
  net::TcpListener listener_;
  std::optional<net::TcpStream> client_;
  std::atomic<bool> stop_{false};

  TriggerStock stock_;
  wire::mold::PacketBuilder packet_;
  wire::mold::Session session_{"TICKTRADE"};
  std::uint64_t sequence_ = 1;
  MonoNanos started_{};
  MonoNanos ended_at_{};  ///< the trip before

  // The day behind the triggers.
  wire::BinaryFileReader day_;
  std::optional<Bytes> next_;  ///< its next message; nothing at the end
  std::uint64_t day_from_ns_ = 0;
  MonoNanos day_started_{};
  std::array<std::byte, wire::itch::kMaxSize> stamped_;

  // The client's orders.
  wire::soup::FrameReader frames_;
  std::array<std::byte, 4'096> buffer_;
  std::vector<std::byte> outgoing_;
  std::uint64_t outgoing_sequence_ = 1;
  bool logged_in_ = false;
  bool gone_ = false;
  bool waiting_ = false;  ///< for the order to the trigger that is out
  MonoNanos arrived_{};   ///< of the bytes being read
  MonoNanos order_at_{};  ///< of the order waited for; 0: none yet
  std::uint32_t last_ref_ = 0;
  bool answer_due_ = false;
  std::uint32_t answer_ref_ = 0;
  std::uint32_t answer_qty_ = 0;
  char answer_side_ = 'B';
  std::uint64_t answer_price_ = 0;
  MonoNanos answer_at_{};

  std::vector<Trip> trips_;
  OutsiderCounts counts_;
};

}  // namespace pyscalp::bench
