#include "journal/recorder.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace pyscalp::journal {

namespace {

using engine::ConnectionEvent;
using engine::RecordKind;

template <class Body>
Body read(Bytes body) {
  Body value;
  std::memcpy(&value, body.data(), sizeof value);
  return value;
}

template <class... Arguments>
std::string text(const char* format, Arguments... arguments) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, format, arguments...);
  return buffer;
}

double units(std::int64_t e9) { return static_cast<double>(e9) / 1e9; }

const char* describe(ConnectionEvent what) {
  switch (what) {
    case ConnectionEvent::kConnected:
      return "connected to the order port";
    case ConnectionEvent::kDisconnected:
      return "order connection lost";
    case ConnectionEvent::kLoggedIn:
      return "logged in";
    case ConnectionEvent::kLive:
      return "order session live";
    case ConnectionEvent::kRefused:
      return "login refused: wrong name or password, or still logged in elsewhere";
    case ConnectionEvent::kSessionEnded:
      return "the venue ended the session";
    case ConnectionEvent::kLinkDead:
      return "order link dead: nothing heard in time";
    case ConnectionEvent::kMessageLost:
      return "a message of the venue could not be read: orders may not be as believed";
    case ConnectionEvent::kBooksVoid:
      return "the books are being rebuilt from a snapshot";
    case ConnectionEvent::kSnapshotApplied:
      return "books rebuilt from a snapshot";
    case ConnectionEvent::kSnapshotFailed:
      return "no snapshot could be had; trying again";
  }
  return "?";
}

}  // namespace

std::string Recorder::symbol(InstrumentId id) const {
  for (std::size_t i = 0; i < snapshot_.instrument_count && i < symbols_.size(); ++i) {
    if (snapshot_.instruments[i].instrument == id) return symbols_[i];
  }
  return text("#%u", unsigned{index(id)});
}

template <class... Fields>
void Recorder::fold(Fields... fields) {
  // Field by field: the padding of a struct says nothing and may differ.
  for (const std::int64_t field : {static_cast<std::int64_t>(fields)...}) {
    for (int shift = 0; shift < 64; shift += 8) {
      digest_ = (digest_ ^ ((static_cast<std::uint64_t>(field) >> shift) & 0xFF)) *
                0x100000001b3ull;
    }
  }
}

void Recorder::note(MonoNanos time, const char* kind, std::string words) {
  events_.push_back({time, kind, std::move(words)});
}

void Recorder::on_connection(MonoNanos time, ConnectionEvent what) {
  if (what == ConnectionEvent::kMessageLost) message_lost_ = true;
  note(time, "connection", describe(what));
}

void Recorder::on_trip(const risk::Trip& trip) {
  const auto value = static_cast<long long>(trip.value);
  const auto limit = static_cast<long long>(trip.limit);
  // Of one instrument: the account's state is not what changes.
  std::string words =
      index(trip.instrument) != 0
          ? text("%s of %s: %lld reached the limit %lld, which now only reduces",
                 risk::name(trip.breaker), symbol(trip.instrument).c_str(), value,
                 limit)
          : text("%s: %lld reached the limit %lld, now %s", risk::name(trip.breaker),
                 value, limit, risk::name(trip.state));
  const auto reason = trip.reason.trimmed();
  if (!reason.empty()) words += " (" + std::string(reason) + ")";
  note(trip.time, "breaker", std::move(words));
}

/// Numbers of fills rise, but one that a full ring refused is not among them.
void Recorder::on_markout(const order::Markout& markout) {
  const auto fill = std::lower_bound(
      fills_.begin(), fills_.end(), markout.fill,
      [](const order::Fill& f, std::uint32_t number) { return f.number < number; });
  if (fill == fills_.end() || fill->number != markout.fill) return;
  markouts_[static_cast<std::size_t>(fill - fills_.begin())][markout.horizon] =
      markout.mid;
}

void Recorder::take(Bytes record) {
  const auto header = read<engine::RecordHeader>(record);
  const Bytes body = record.subspan(sizeof header);
  switch (header.kind) {
    case RecordKind::kOrderSent: {
      const auto sent = read<engine::SentOrder>(body);
      const order::Wish& wish = sent.wish;
      fold(header.kind, header.time.value, sent.user_ref, wish.instrument, wish.side,
           wish.qty, wish.limit.value, wish.time_in_force, wish.post_only, wish.intent,
           wish.signal, wish.decision_mid.value);
      if (sent.gap_open != 0 && sent.deadline_exit == 0) ++orders_in_gap_;
      break;
    }
    case RecordKind::kCancelSent:
      fold(header.kind, header.time.value, read<engine::SentCancel>(body).user_ref);
      break;
    case RecordKind::kFill: {
      const auto& fill = fills_.emplace_back(read<order::Fill>(body));
      markouts_.emplace_back().fill(kNoPrice);
      fold(header.kind, header.time.value, fill.venue_time.value, fill.match,
           fill.user_ref, fill.qty, fill.price.value, fill.fee.value, fill.liquidity,
           fill.position_after, fill.arrival_mid.value);
      note(header.time, "fill",
           text("%s %s %.10g at %.4f (%s)", symbol(fill.instrument).c_str(),
                fill.side == Side::kBuy ? "bought" : "sold",
                static_cast<double>(fill.qty) * lot_, units(fill.price.value) / lot_,
                fill.liquidity == Liquidity::kMaker ? "maker" : "taker"));
      break;
    }
    case RecordKind::kRoundTrip: {
      const auto& trip = round_trips_.emplace_back(read<order::RoundTrip>(body));
      fold(header.kind, trip.id, trip.opened.value, trip.closed.value, trip.net.value);
      note(header.time, "round_trip",
           text("%s closed after %.1f s: net %+.4f", symbol(trip.instrument).c_str(),
                units((trip.closed - trip.opened).value), units(trip.net.value)));
      break;
    }
    case RecordKind::kMarkout:
      on_markout(read<order::Markout>(body));
      break;
    case RecordKind::kTrip:
      on_trip(read<risk::Trip>(body));
      break;
    case RecordKind::kConnection:
      on_connection(header.time, static_cast<ConnectionEvent>(header.detail));
      break;
    case RecordKind::kGap:
      note(
          header.time, "gap",
          text("feed %s at message %llu",
               header.detail != 0 ? "incomplete" : "complete again",
               static_cast<unsigned long long>(read<engine::GapEvent>(body).expected)));
      break;
    case RecordKind::kReject: {
      const auto reject = read<engine::VenueReject>(body);
      note(header.time, "reject",
           text("order %u refused by the venue, reason 0x%X", reject.user_ref,
                reject.reason));
      break;
    }
    case RecordKind::kSample:
      samples_.push_back(read<engine::Sample>(body));
      break;
    case RecordKind::kSnapshot:
      snapshot_ = read<engine::Snapshot>(body);
      break;
    default:
      break;  // inputs: for the journal alone
  }
}

}  // namespace pyscalp::journal
