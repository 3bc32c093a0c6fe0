// Snapshots of the day so far, GLIMPSE-like over SoupBinTCP.
//
// A client logs in asking for message 1 and is sent, as sequenced messages, the state
// of one moment: system events, R, H, Y, h, an A for every resting displayed order with
// the shares it shows now, best price first and in queue order; then G with the
// MoldUDP64 number of the first message that is not contained; then the session ends
// and the connection is closed. Clients that log in at the same moment of the feed
// share one image. What images may take is bounded: a client beyond that waits, with
// heartbeats, and one that does not read is dropped in time.
//
// Sans-I/O, one thread. A connection that breaks the protocol is closed with a counted
// reason and touches no other.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "exchange/day_state.hpp"
#include "exchange/feed_publisher.hpp"
#include "exchange/login.hpp"
#include "exchange/market.hpp"
#include "wire/soupbintcp.hpp"

namespace pyscalp::exchange {

/// Why a connection for a snapshot ended.
enum class SnapshotEnd : std::uint8_t {
  kOpen,          ///< it has not
  kWhole,         ///< all was sent
  kPeer,          ///< the client went away, or logged out
  kRefused,       ///< wrong name or password (J A); session or number (J S)
  kLoginTimeout,  ///< no login within 30 s
  kSilent,        ///< nothing heard for 15 s
  kBadFrame,      ///< a frame that no client may send
  kTooSlow,       ///< not all taken within kWholeWithin of the login
};
inline constexpr std::size_t kSnapshotEnds = 8;

struct SnapshotStatistics {
  std::uint64_t connections = 0;
  std::uint64_t logins = 0;
  std::uint64_t images = 0;  ///< made; clients of one moment share one
  std::array<std::uint64_t, kSnapshotEnds> ended{};
};

struct SnapshotServerOptions {
  /// All images together; one is made however large it is.
  std::size_t image_bytes_max = std::size_t{256} << 20;
  MonoNanos whole_within = seconds(60);
};

class SnapshotServer {
 public:
  using Id = std::uint32_t;

  /// `market` and `feed` outlive the server, and stand at the same moment whenever it
  /// is called.
  SnapshotServer(std::string_view session, std::vector<Login> logins,
                 const Market& market, const FeedPublisher& feed,
                 SnapshotServerOptions options = {});

  /// All that is published, as it is published.
  void observe(Bytes framed) { day_.take(framed); }

  // ---- Connections ----
  Id connect();
  void on_bytes(Id id, Bytes bytes, UnixNanos now);
  void disconnect(Id id);
  /// What the client is to be sent next; valid until the next call.
  Bytes pending(Id id) const;
  void consumed(Id id, std::size_t size);
  /// True once the server has ended the connection: send what is pending, close the
  /// socket and call disconnect. An id that is not there counts as closed.
  bool closed(Id id) const;

  /// Heartbeats, those who wait, dead clients; several times a second.
  void on_time(MonoNanos mono, UnixNanos now);

  std::size_t connections() const { return connections_.size(); }
  const SnapshotStatistics& statistics() const { return statistics_; }

 private:
  struct Image {
    std::uint64_t next_sequence = 0;
    std::vector<std::byte> frames;
  };
  struct Connection {
    Id id = 0;
    SnapshotEnd end = SnapshotEnd::kOpen;
    bool logged_in = false;
    MonoNanos opened{};
    MonoNanos login{};
    MonoNanos heard{};
    MonoNanos sent{};
    std::vector<std::byte> control;  ///< goes before the image
    std::shared_ptr<const Image> image;
    std::size_t taken = 0;  ///< of the image
    wire::soup::FrameReader reader;
  };

  Connection* find(Id id) const;
  void on_frame(Connection& connection, const wire::soup::Frame& frame, UnixNanos now);
  void log_in(Connection& connection, Bytes payload, UnixNanos now);
  void refuse(Connection& connection, char reason);
  void finish(Connection& connection, SnapshotEnd end);
  void send(Connection& connection, Bytes bytes);
  /// Gives the connection the image of this moment; false where there is no room.
  bool give_image(Connection& connection, UnixNanos now);
  std::shared_ptr<const Image> make_image(UnixNanos now) const;

  Text<10> session_;
  std::vector<Login> logins_;
  const Market& market_;
  const FeedPublisher& feed_;
  SnapshotServerOptions options_;
  DayState day_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::weak_ptr<const Image>> images_;
  Id last_id_ = 0;
  MonoNanos mono_{};
  bool started_ = false;
  SnapshotStatistics statistics_;
};

}  // namespace pyscalp::exchange
