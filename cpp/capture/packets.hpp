// Packet captures (pcap, pcapng) of ITCH 5.0 on MoldUDP64 and of IEX DEEP, TOPS and
// DEEP+ on IEX-TP, as events.
//
// What a flow (destination address and port) carries is told by its bytes: IEX-TP by
// version, protocol id and lengths that agree; ITCH by a MoldUDP64 packet all of whose
// messages have the length of their type and a time of day. Packets of other flows are
// counted in `more["other_packets"]`.
//
// All lines of one session (its name; IEX: protocol, channel and session) are one feed:
// each message is given once, in sequence (capture/sequencer.hpp), with the capture
// time of the packet that brought it. A feed that begins anew (IEX: sequence 1 again,
// sent more than a second after the last; MoldUDP64: a new session on the same flow)
// gives a kClear of its instruments with code '*'. Packets whose session and sequence
// are all zero, as anonymised captures have them, are given as they come and numbered
// from 1.
//
// Instruments are ITCH's locate, or for IEX the order of appearance; those of the
// second feed in a file are 65,536 higher, of the third 131,072, and so on: kClear
// names 65,536 times the feed's number where that is not 0.
#pragma once

#include <cstring>
#include <memory>

#include "capture/decoder.hpp"
#include "capture/pcap_reader.hpp"
#include "capture/sequencer.hpp"
#include "wire/ethernet.hpp"
#include "wire/iex_tp.hpp"
#include "wire/moldudp64.hpp"

namespace pyscalp::capture {

class PacketDecoder final : public Decoder {
 public:
  static constexpr std::size_t kMaxFeeds = 64;  ///< packets of more are of others
  static constexpr std::uint32_t kFeedStep = 65'536;

  /// `midnight_ns`: midnight US Eastern in UTC, added to ITCH's times; 0 leaves them.
  explicit PacketDecoder(std::int64_t midnight_ns) : midnight_ns_(midnight_ns) {}

 private:
  enum class Protocol : std::uint8_t { kUnknown, kItch, kIex };
  struct Feed {
    std::uint32_t base = 0;  ///< added to the numbers of its instruments
    bool deep_plus = false;
    Sequencer sequencer;
    std::uint64_t unnumbered = 0;  ///< messages of packets without session and sequence
    std::int64_t last_sent_ns = 0;  ///< of the latest IEX segment
    std::unordered_map<std::uint64_t, std::uint32_t> symbols;  ///< IEX: eight bytes
    std::vector<bool> named;                                   ///< ITCH: by locate
  };
  /// A session's name, behind a letter for the protocol.
  using Session = std::array<char, 12>;
  struct Flow {
    Protocol protocol = Protocol::kUnknown;
    Session session{};
    Feed* feed = nullptr;  ///< that session's
  };

  std::size_t decode(Bytes bytes, Events& out) override;
  void end(Bytes rest, Events& out) override;
  void packet(const CapturedPacket& packet, Events& out);
  bool mold(Flow& flow, const wire::mold::Packet& packet, std::int64_t receipt_ns,
            Events& out);
  bool segment(Flow& flow, const wire::iex::Segment& segment, std::int64_t receipt_ns,
               Events& out);
  Feed* feed_of(Flow& flow, const Session& session, std::int64_t receipt_ns,
                Events& out);
  void clear(Feed& feed, std::int64_t receipt_ns, Events& out);
  void itch(Feed& feed, std::uint64_t sequence, std::int64_t receipt_ns, Bytes message,
            Events& out);
  void iex(Feed& feed, std::uint64_t sequence, std::int64_t receipt_ns, Bytes message,
           Events& out);
  void add_up();

  std::int64_t midnight_ns_;
  PcapReader reader_;
  std::unordered_map<std::uint64_t, Flow> flows_;
  std::map<Session, std::unique_ptr<Feed>> feeds_;
  std::uint32_t next_base_ = 0;
  std::uint64_t other_packets_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t heartbeats_ = 0;
};

}  // namespace pyscalp::capture
