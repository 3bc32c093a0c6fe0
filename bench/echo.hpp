// The floor of the tick-to-trade bench: the same packet in by the same transport, an
// order of the same size out by the same kind of TCP socket, and no work between.
//
// It asks nothing of a packet but whether it is a trigger, by four bytes, and looks at
// its TCP socket only now and then. One thread spins in `run`; `stop` may be called by
// another.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/echoed.hpp"
#include "net/receiver.hpp"
#include "net/tcp.hpp"

namespace pyscalp::bench {

struct EchoOptions {
  net::TransportKind transport = net::TransportKind::kAuto;
  net::Endpoint feed_a;
  net::Endpoint feed_b;
  std::uint32_t interface_address = 0;
  net::Endpoint orders;
  std::uint16_t locate = 1;  ///< of the stock that triggers
  std::uint64_t triggers = 0;
};

class Echo {
 public:
  static net::Opened<std::unique_ptr<Echo>> open(const EchoOptions& options);

  /// Until `stop`; why it ended before, for a person.
  std::optional<std::string> run();
  void stop() { stop_.store(true, std::memory_order_relaxed); }

  const std::string& note() const { return note_; }
  const std::vector<Echoed>& echoed() const { return echoed_; }  ///< by trigger
  net::ReceiverCounters counters();

 private:
  Echo(const EchoOptions& options, net::OpenedReceiver receiver);

  template <class Receiver>
  void loop(Receiver& receiver);
  void on_packet(Bytes payload, MonoNanos seen);
  void drain();
  std::optional<std::string> log_in();

  const EchoOptions options_;
  std::string note_;
  net::AnyReceiver receiver_;
  std::optional<net::TcpStream> orders_;
  std::array<std::byte, 4> mark_;  ///< what a trigger has at kMarkAt
  std::vector<std::byte> order_;   ///< the frame that goes out
  std::vector<Echoed> echoed_;
  std::atomic<bool> stop_{false};
  bool gone_ = false;
};

}  // namespace pyscalp::bench
