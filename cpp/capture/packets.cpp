#include "capture/packets.hpp"

#include <algorithm>
#include <utility>

#include "event/iex_events.hpp"
#include "event/itch_events.hpp"

namespace pyscalp::capture {

namespace {

using event::EventKind;
using event::MarketEvent;

constexpr char kItchLetter = 'm';
constexpr char kIexLetter = 'i';

/// Learns the length that a message's type asks for.
struct ItchSize {
  std::size_t size = 0;
  template <class Message>
  void on(const Message&) {
    size = Message::kSize;
  }
};

std::size_t itch_size(Bytes message) {
  ItchSize size;
  wire::itch::decode(message, size);
  return size.size;
}

/// True for a packet that only ITCH 5.0 would send: every message has the length of its
/// type and was sent within a day.
bool is_itch(const wire::mold::Packet& packet) {
  constexpr std::uint64_t kDay = 86'400ull * 1'000'000'000;
  bool all = packet.message_count() != 0;
  packet.for_each([&](std::uint64_t, Bytes message) {
    all = all && !message.empty() && itch_size(message) == message.size() &&
          wire::itch::timestamp_ns(message) < kDay;
  });
  return all;
}

bool is_iex(const wire::iex::Segment& segment) {
  const std::uint16_t protocol = segment.header().protocol;
  return segment.header().reserved == 0 &&
         (protocol == wire::iex::kTops15 || protocol == wire::iex::kTops ||
          protocol == wire::iex::kDeep || protocol == wire::iex::kDeepPlus);
}

bool is_unnumbered(const wire::mold::Header& header) {
  return header.sequence == 0 &&
         std::all_of(header.session.chars.begin(), header.session.chars.end(),
                     [](char c) { return c == '\0'; });
}

}  // namespace

std::size_t PacketDecoder::decode(Bytes bytes, Events& out) {
  const PcapStatus status = reader_.feed(
      bytes, [&](const CapturedPacket& captured) { packet(captured, out); });
  add_up();
  if (status != PcapStatus::kOk) {
    fail(std::string("is damaged: ") + std::string(describe(status)), reader_.offset());
  }
  return bytes.size();
}

void PacketDecoder::end(Bytes, Events& out) {
  for (auto& [session, feed] : feeds_) {
    const bool is_itch_feed = session.front() == kItchLetter;
    Feed& of = *feed;
    of.sequencer.flush(
        [&](std::uint64_t sequence, std::int64_t receipt, Bytes message) {
          is_itch_feed ? itch(of, sequence, receipt, message, out)
                       : iex(of, sequence, receipt, message, out);
        });
  }
  add_up();
  cut_ = reader_.truncated();
  cut_at_ = reader_.offset();
}

void PacketDecoder::add_up() {
  counters_.gaps = counters_.missing = 0;
  std::uint64_t duplicates = 0;
  for (const auto& [session, feed] : feeds_) {
    counters_.gaps += feed->sequencer.counters().gaps;
    counters_.missing += feed->sequencer.counters().missing;
    duplicates += feed->sequencer.counters().duplicates;
  }
  counters_.more["duplicates"] = duplicates;
  counters_.more["packets"] = packets_;
  counters_.more["other_packets"] = other_packets_;
  counters_.more["heartbeats"] = heartbeats_;
}

void PacketDecoder::packet(const CapturedPacket& captured, Events& out) {
  ++packets_;
  wire::ethernet::Payload payload;
  if (wire::ethernet::decode(captured.link_type, captured.bytes, payload) !=
          wire::ethernet::FrameStatus::kOk ||
      payload.flow.transport != wire::ethernet::Transport::kUdp) {
    ++other_packets_;
    return;
  }
  const std::uint64_t key = std::uint64_t{payload.flow.destination_address} << 16 |
                            payload.flow.destination_port;
  const auto known = flows_.find(key);
  Flow unknown;
  Flow& flow = known == flows_.end() ? unknown : known->second;
  const std::int64_t receipt_ns = captured.time.value;
  bool taken = false;
  if (flow.protocol != Protocol::kItch) {
    wire::iex::Segment of_iex;
    const bool sound = wire::iex::Segment::decode(payload.bytes, of_iex) ==
                       wire::iex::SegmentStatus::kOk;
    if (sound && is_iex(of_iex)) taken = segment(flow, of_iex, receipt_ns, out);
  }
  if (!taken && flow.protocol != Protocol::kIex) {
    wire::mold::Packet of_mold;
    const bool sound = wire::mold::Packet::decode(payload.bytes, of_mold) ==
                       wire::mold::DecodeStatus::kOk;
    if (sound && (flow.protocol == Protocol::kItch || is_itch(of_mold))) {
      taken = mold(flow, of_mold, receipt_ns, out);
    }
  }
  if (taken) {
    if (known == flows_.end()) flows_.emplace(key, std::move(unknown));
    return;
  }
  if (flow.protocol == Protocol::kUnknown) {
    ++other_packets_;
  } else {
    ++counters_.undecodable;
  }
}

bool PacketDecoder::mold(Flow& flow, const wire::mold::Packet& packet,
                         std::int64_t receipt_ns, Events& out) {
  const wire::mold::Header& header = packet.header();
  Session session{kItchLetter};
  std::copy(header.session.chars.begin(), header.session.chars.end(),
            session.begin() + 1);
  Feed* const feed = feed_of(flow, session, receipt_ns, out);
  if (feed == nullptr) return false;
  flow.protocol = Protocol::kItch;
  if (packet.message_count() == 0) ++heartbeats_;
  if (is_unnumbered(header)) {
    packet.for_each([&](std::uint64_t, Bytes message) {
      itch(*feed, ++feed->unnumbered, receipt_ns, message, out);
    });
    return true;
  }
  packet.for_each([&](std::uint64_t sequence, Bytes message) {
    feed->sequencer.take(sequence, receipt_ns, message,
                         [&](std::uint64_t number, std::int64_t receipt, Bytes bytes) {
                           itch(*feed, number, receipt, bytes, out);
                         });
  });
  return true;
}

bool PacketDecoder::segment(Flow& flow, const wire::iex::Segment& segment,
                            std::int64_t receipt_ns, Events& out) {
  const wire::iex::SegmentHeader& header = segment.header();
  Session session{kIexLetter};
  std::memcpy(session.data() + 1, &header.protocol, sizeof header.protocol);
  std::memcpy(session.data() + 3, &header.channel, sizeof header.channel);
  std::memcpy(session.data() + 7, &header.session, sizeof header.session);
  Feed* const feed = feed_of(flow, session, receipt_ns, out);
  if (feed == nullptr) return false;
  flow.protocol = Protocol::kIex;
  feed->deep_plus = header.protocol == wire::iex::kDeepPlus;
  // The other line's first segment comes with the first line's; a new run comes later.
  if (header.sequence == 1 && feed->sequencer.begun() &&
      feed->sequencer.expected() > 1 &&
      Int128{header.sent_ns} - feed->last_sent_ns > kNanosPerUnit) {
    feed->sequencer.flush([&](std::uint64_t number, std::int64_t receipt, Bytes bytes) {
      iex(*feed, number, receipt, bytes, out);
    });
    feed->sequencer.restart();
    clear(*feed, receipt_ns, out);
  }
  feed->last_sent_ns = std::max(feed->last_sent_ns, header.sent_ns);
  if (segment.is_heartbeat()) ++heartbeats_;
  segment.for_each([&](std::uint64_t sequence, Bytes message) {
    feed->sequencer.take(sequence, receipt_ns, message,
                         [&](std::uint64_t number, std::int64_t receipt, Bytes bytes) {
                           iex(*feed, number, receipt, bytes, out);
                         });
  });
  return true;
}

PacketDecoder::Feed* PacketDecoder::feed_of(Flow& flow, const Session& session,
                                            std::int64_t receipt_ns, Events& out) {
  if (flow.feed != nullptr && flow.session == session) return flow.feed;
  const auto known = feeds_.find(session);
  if (known == feeds_.end() && feeds_.size() >= kMaxFeeds) return nullptr;
  Feed* const before = std::exchange(flow.feed, nullptr);
  flow.session = session;
  if (known != feeds_.end()) return flow.feed = known->second.get();
  flow.feed = feeds_.emplace(session, std::make_unique<Feed>()).first->second.get();
  if (before != nullptr) {
    flow.feed->base = before->base;
    clear(*flow.feed, receipt_ns, out);
  } else {
    flow.feed->base = next_base_;
    next_base_ += kFeedStep;
  }
  return flow.feed;
}

void PacketDecoder::clear(Feed& feed, std::int64_t receipt_ns, Events& out) {
  ++counters_.restarts;
  MarketEvent event;
  event.receipt_time = receipt_ns;
  event.kind = EventKind::kClear;
  event.flags = event::kLast;
  event.code = '*';
  if (next_base_ <= kFeedStep) return give(event, out);
  const auto& symbols = instruments().symbols();
  for (auto at = symbols.upper_bound(feed.base);
       at != symbols.end() && at->first < feed.base + kFeedStep; ++at) {
    event.instrument = at->first;
    give(event, out);
  }
}

void PacketDecoder::itch(Feed& feed, std::uint64_t sequence, std::int64_t receipt_ns,
                         Bytes message, Events& out) {
  ++counters_.messages;
  MarketEvent event;
  event::ItchEvent visitor(event, sequence, receipt_ns, midnight_ns_);
  switch (wire::itch::decode(message, visitor)) {
    case wire::itch::DecodeStatus::kOk:
      break;
    case wire::itch::DecodeStatus::kEmpty:
      return;  // a number without a message
    case wire::itch::DecodeStatus::kUnknownType:
      ++counters_.unknown_types[std::to_integer<std::uint8_t>(message[0])];
      return;
    default:
      ++counters_.undecodable;
      return;
  }
  if (visitor.has_stock() && event.instrument != 0) {
    if (feed.named.empty()) feed.named.resize(65'536);
    const bool named = feed.named[event.instrument];
    if (!named || event.kind == EventKind::kInstrument) {
      feed.named[event.instrument] = true;
      name(feed.base + event.instrument, visitor.stock().trimmed());
    }
  }
  if (event.instrument != 0) event.instrument += feed.base;
  give(event, out);
}

void PacketDecoder::iex(Feed& feed, std::uint64_t sequence, std::int64_t receipt_ns,
                        Bytes message, Events& out) {
  ++counters_.messages;
  bool full = false;  // more symbols than a feed has numbers
  const auto number = [&](std::string_view symbol) {
    std::uint64_t key = 0;
    std::memcpy(&key, symbol.data(), std::min<std::size_t>(symbol.size(), sizeof key));
    const auto known = feed.symbols.find(key);
    if (known != feed.symbols.end()) return known->second;
    full = feed.symbols.size() + 1 >= kFeedStep;
    if (full) return std::uint32_t{0};
    return feed.symbols[key] = number_of(symbol, feed.base);
  };
  const auto take = [&](const MarketEvent& event) {
    if (!full) give(event, out);
  };
  event::IexEvents visitor(sequence, receipt_ns, feed.deep_plus, number, take);
  switch (wire::iex::decode(message, visitor)) {
    case wire::iex::DecodeStatus::kOk:
      if (visitor.bad_price() || full) ++counters_.undecodable;
      return;
    case wire::iex::DecodeStatus::kEmpty:
      return;
    case wire::iex::DecodeStatus::kUnknownType:
      ++counters_.unknown_types[std::to_integer<std::uint8_t>(message[0])];
      return;
    default:
      ++counters_.undecodable;
  }
}

}  // namespace pyscalp::capture
