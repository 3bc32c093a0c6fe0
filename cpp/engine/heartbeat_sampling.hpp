// What the engine tells of itself, four times a second. Included by
// heartbeat_bodies.hpp.
#pragma once

#include <algorithm>

#include "engine/heartbeat.hpp"

namespace pyscalp::engine {

template <class V>
void Heartbeat<V>::sample(MonoNanos now) {
  next_sample_ = now + config_.sample_every;
  for (const Traded& instrument : traded_) {
    if (index(instrument.id) == 0) continue;
    const book::Touch touch = venue_.touch(instrument.id);
    outlet_.put(RecordKind::kSample, now,
                Sample{now,
                       touch.bid,
                       touch.ask,
                       ledger_.position(instrument.id).qty(),
                       ledger_.equity(),
                       instrument.id,
                       {}});
  }
  outlet_.put(RecordKind::kSnapshot, now, snapshot(now));
}

template <class V>
Snapshot Heartbeat<V>::snapshot(MonoNanos now) const {
  const order::Totals& totals = ledger_.totals();
  Snapshot snapshot;
  snapshot.now = now;
  snapshot.venue_time = venue_.venue_time();
  snapshot.packets = packets_;
  const FeedFigures feed = venue_.feed_figures();
  snapshot.messages = feed.messages;
  snapshot.orders = orders_sent_;
  snapshot.cancels = cancels_sent_;
  snapshot.executions = totals.executions;
  snapshot.round_trips = totals.round_trips;
  snapshot.rejects = rejects_;
  snapshot.orders_not_sent = orders_not_sent_;
  snapshot.gaps = feed.gaps;
  snapshot.gap_requests = feed.requests;
  snapshot.deadline_exits = gate_.counts().deadline_exits;
  snapshot.events_lost = outlet_.lost();
  snapshot.traded_qty = totals.traded_qty;
  snapshot.maker_qty = totals.maker_qty;
  snapshot.realised = ledger_.realised();
  snapshot.unrealised = ledger_.unrealised();
  snapshot.fees = totals.fees;
  snapshot.equity = ledger_.equity();
  snapshot.longest_holding =
      std::max(totals.longest_holding, ledger_.longest_open(now));
  snapshot.breakers = gate_.breakers();
  snapshot.open_orders = orders_.open_count();
  snapshot.phase = phase_;
  snapshot.state = gate_.state();
  snapshot.gap_open = venue_.gap_open() ? 1 : 0;
  snapshot.denied = gate_.counts().denied;
  for (const Traded& instrument : traded_) {
    const book::Touch touch = venue_.touch(instrument.id);
    InstrumentSnapshot& out = snapshot.instruments[snapshot.instrument_count++];
    out.instrument = instrument.id;
    out.bid = touch.bid;
    out.ask = touch.ask;
    out.bid_qty = touch.bid_qty;
    out.ask_qty = touch.ask_qty;
    out.position = ledger_.position(instrument.id).qty();
    out.net = instrument.net;
  }
  return snapshot;
}

template <class V>
std::optional<UserSignalFigures> Heartbeat<V>::user_signal() const {
  std::optional<UserSignalFigures> figures;
  for (const Traded& instrument : traded_) {
    const auto* user = instrument.signals.template get<signal::UserSignal>();
    if (user == nullptr) continue;
    if (!figures) figures.emplace();
    figures->calls += user->calls();
    figures->not_finite += user->not_finite();
  }
  return figures;
}

}  // namespace pyscalp::engine
