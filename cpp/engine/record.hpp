// What leaves the engine through its ring, for the journal and for whoever watches.
//
// A record is a RecordHeader and then the bytes of one of the structs below, or the raw
// bytes of an input. All are plain bytes; times are the engine's.
#pragma once

#include <array>
#include <type_traits>

#include "engine/config.hpp"
#include "order/fill.hpp"
#include "order/markouts.hpp"
#include "risk/denial.hpp"
#include "risk/trading_state.hpp"

namespace pyscalp::engine {

enum class RecordKind : std::uint8_t {
  // Inputs, in the order the engine took them; enough to run it again.
  kDatagram = 1,    ///< `detail` is the feed::Line
  kOrderBytes = 2,  ///< from the venue's order session
  kConnected = 3,
  kDisconnected = 4,
  kTime = 5,
  kCommand = 6,  ///< `detail` is the Command
  kSnapshotConnected = 7,
  kSnapshotDisconnected = 8,
  kSnapshotBytes = 9,
  // Of venues that talk over WebSockets and HTTP; `detail` is the venue's number of the
  // connection.
  kLinkUp = 10,
  kLinkDown = 11,
  kMessage = 12,     ///< a whole one
  kHttpAnswer = 13,  ///< see the venue's inputs
  kBookAnswer = 14,  ///< u16 instrument, the body; `detail` 1: there is no answer
  // What the engine decided and what became of it.
  kOrderSent = 16,   ///< SentOrder
  kCancelSent = 17,  ///< SentCancel
  kDenied = 18,      ///< DeniedWish
  kFill = 19,        ///< order::Fill
  kRoundTrip = 20,   ///< order::RoundTrip
  kTrip = 21,        ///< risk::Trip, a breaker
  kConnection = 22,  ///< `detail` is the ConnectionEvent
  kGap = 23,         ///< `detail` 1: a gap opened, 0: closed; GapEvent
  kReject = 24,      ///< VenueReject
  kMarkout = 25,     ///< order::Markout, some time after its fill
  // For people.
  kSample = 32,    ///< Sample
  kSnapshot = 33,  ///< Snapshot
};

struct RecordHeader {
  MonoNanos time;
  RecordKind kind;
  std::uint8_t detail = 0;
  std::uint8_t reserved[6] = {};
};
static_assert(sizeof(RecordHeader) == 16);

enum class Command : std::uint8_t {
  kStop = 1,
  kKill = 2,
  kSwitchSeen = 3,  ///< journalled only: the kill switch was found engaged
};

enum class ConnectionEvent : std::uint8_t {
  kConnected = 1,
  kDisconnected = 2,
  kLoggedIn = 3,
  kLive = 4,
  kRefused = 5,
  kSessionEnded = 6,
  kLinkDead = 7,
  kMessageLost = 8,
  kBooksVoid = 9,         ///< a snapshot has begun to come in
  kSnapshotApplied = 10,  ///< the books are rebuilt, the feed goes on
  kSnapshotFailed = 11,
};

enum class Phase : std::uint8_t {
  kConnecting = 0,
  kRunning = 1,
  kStopping = 2,
  kEnded = 3,   ///< flat, nothing working
  kFailed = 4,  ///< ended, but not known to be flat
};

struct SentOrder {
  order::Wish wish;
  std::uint32_t user_ref = 0;
  std::uint8_t gap_open = 0;  ///< the feed had a gap: deadline exits alone
  std::uint8_t deadline_exit = 0;
  std::uint8_t reserved[2] = {};
};

struct SentCancel {
  std::uint32_t user_ref = 0;
  std::uint32_t reserved = 0;
};

struct DeniedWish {
  order::Wish wish;
  risk::Denial denial = risk::Denial::kNone;
  std::uint8_t reserved[7] = {};
};

struct GapEvent {
  std::uint64_t expected = 0;
};

struct VenueReject {
  std::uint32_t user_ref = 0;
  std::uint32_t reason = 0;
};

/// The touch and the position of one instrument at one moment.
struct Sample {
  MonoNanos time;
  Price bid;
  Price ask;
  Qty position;
  Money equity;  ///< of the whole account
  InstrumentId instrument;
  std::uint8_t reserved[6] = {};
};
static_assert(sizeof(Sample) == 48);

/// Durations inside the engine, and one that contains the venue.
enum class Stage : std::uint8_t {
  kArrival = 0,         ///< card or kernel has the datagram -> user space takes it up;
                        ///< of transports that stamp
  kFeed = 1,            ///< datagram in user space -> messages in sequence and booked
  kSignal = 2,          ///< -> forecasts, tactics: a wish
  kGate = 3,            ///< -> an order that may be sent
  kEncode = 4,          ///< -> its bytes
  kSend = 5,            ///< -> handed to the kernel
  kTickToTrade = 6,     ///< datagram in user space -> order handed to the kernel
  kOrderRoundTrip = 7,  ///< order sent -> its ack: network and venue, both ways
  kStopToOrder = 8,  ///< datagram that reached a stop in user space -> its order handed
                     ///< to the kernel; contains the cancel of a resting target
};
inline constexpr std::size_t kStages = 9;
const char* name(Stage stage);

struct InstrumentSnapshot {
  InstrumentId instrument;
  std::uint8_t reserved[6] = {};
  Price bid;
  Price ask;
  Qty bid_qty;
  Qty ask_qty;
  Qty position;
  Money net;  ///< of closed round trips
};

struct Snapshot {
  MonoNanos now;
  UnixNanos venue_time;
  std::uint64_t packets = 0;
  std::uint64_t messages = 0;
  std::uint64_t orders = 0;
  std::uint64_t cancels = 0;
  std::uint64_t executions = 0;
  std::uint64_t round_trips = 0;
  std::uint64_t rejects = 0;
  std::uint64_t orders_not_sent = 0;  ///< passed the gate, but the session had no room
  std::uint64_t gaps = 0;
  std::uint64_t gap_requests = 0;
  std::uint64_t deadline_exits = 0;
  std::uint64_t events_lost = 0;  ///< records refused by a full ring
  Qty traded_qty = 0;
  Qty maker_qty = 0;
  Money realised;
  Money unrealised;
  Money fees;
  Money equity;
  MonoNanos longest_holding;
  std::uint32_t breakers = 0;
  std::uint32_t open_orders = 0;
  Phase phase = Phase::kConnecting;
  risk::TradingState state = risk::TradingState::kActive;
  std::uint8_t gap_open = 0;
  std::uint8_t instrument_count = 0;
  std::array<std::uint64_t, risk::kDenials> denied{};
  std::array<InstrumentSnapshot, kMaxTraded> instruments{};
};

static_assert(std::is_trivially_copyable_v<SentOrder>);
static_assert(std::is_trivially_copyable_v<DeniedWish>);
static_assert(std::is_trivially_copyable_v<Snapshot>);

}  // namespace pyscalp::engine
