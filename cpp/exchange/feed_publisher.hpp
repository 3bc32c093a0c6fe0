// The market-data side of the venue: numbers messages, packs them into MoldUDP64
// datagrams, and keeps all of them for retransmission.
//
// Sans-I/O, one thread. Memory: the whole session's messages, in chunks that never
// move.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "wire/moldudp64.hpp"

namespace pyscalp::exchange {

/// Requests for retransmission by what became of them, and what could not be sent.
struct FeedStatistics {
  std::uint64_t packets = 0;  ///< of data, given to drain_packets
  std::uint64_t requests_answered = 0;
  std::uint64_t requests_malformed = 0;      ///< not 20 bytes, or count 0
  std::uint64_t requests_wrong_session = 0;  ///< of another session's name
  std::uint64_t requests_out_of_range = 0;   ///< of a message that is not there
  std::uint64_t messages_refused = 0;        ///< empty, cut, or too long for a datagram
};

class FeedPublisher {
 public:
  static constexpr std::size_t kMaxPacket = wire::mold::PacketBuilder::kMaxPacket;

  /// `session`: up to ten characters.
  explicit FeedPublisher(std::string_view session) : session_(session) {}

  /// Numbers messages that each stand behind their u16 length, and packs them into
  /// datagrams of their own, as few as 1,400 bytes each allow.
  void publish(Bytes framed) { append(framed, true); }
  /// Numbers messages that nobody is sent: they can be asked for.
  void store(Bytes framed) { append(framed, false); }

  /// Calls `visit(Bytes datagram)` for each datagram not given out yet, in order. The
  /// bytes are valid during the call. `visit` may publish more.
  template <class Visit>
  void drain_packets(Visit&& visit) {
    for (std::size_t i = 0; i < cuts_.size(); ++i) {
      const Cut cut = cuts_[i];
      wire::mold::encode({session_, cut.sequence, cut.count}, packet_.data());
      std::memcpy(packet_.data() + wire::mold::kHeaderSize,
                  chunks_[cut.chunk].bytes.get() + cut.offset, cut.size);
      ++statistics_.packets;
      visit(Bytes(packet_.data(), wire::mold::kHeaderSize + cut.size));
    }
    cuts_.clear();
  }

  /// Answers a request packet with one downstream packet of as many of the messages as
  /// fit; writes it to `out` (kMaxPacket bytes) and returns its size. 0: refused, and
  /// counted by reason.
  std::size_t answer(Bytes request, std::byte* out);

  /// Valid until the next call of either.
  Bytes heartbeat() { return control(wire::mold::kHeartbeat); }
  Bytes end_of_session() { return control(wire::mold::kEndOfSession); }

  const wire::mold::Session& session() const { return session_; }
  std::uint64_t next_sequence() const { return next_sequence_; }
  const FeedStatistics& statistics() const { return statistics_; }

 private:
  static constexpr std::size_t kChunkSize = std::size_t{1} << 20;
  static constexpr std::uint64_t kIndexStep = 32;

  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    std::uint32_t used = 0;
  };
  struct Place {
    std::uint32_t chunk = 0;
    std::uint32_t offset = 0;
  };
  /// A datagram to be: messages that lie together in one chunk.
  struct Cut {
    std::uint64_t sequence = 0;
    std::uint32_t chunk = 0;
    std::uint32_t offset = 0;
    std::uint16_t size = 0;
    std::uint16_t count = 0;
  };

  void append(Bytes framed, bool send);
  Place keep(Bytes framed_message);
  Place place_of(std::uint64_t sequence) const;
  /// Length of the framed message at `place`, which moves on to where it truly lies.
  std::size_t framed_size(Place& place) const;
  Bytes control(std::uint16_t count);

  wire::mold::Session session_;
  std::uint64_t next_sequence_ = 1;
  std::vector<Chunk> chunks_;
  std::vector<Place> index_;  ///< of messages 1, 1 + kIndexStep, ...
  std::vector<Cut> cuts_;
  FeedStatistics statistics_;
  std::array<std::byte, kMaxPacket> packet_;
  std::array<std::byte, wire::mold::kHeaderSize> control_;
};

}  // namespace pyscalp::exchange
