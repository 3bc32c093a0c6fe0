#include "binance/market_feed.hpp"

namespace pyscalp::binance {

MarketFeed::MarketFeed(std::span<const SymbolRules> rules, const FeedOptions& options)
    : options_(options),
      symbols_(rules),
      books_(options.levels),
      decoder_(symbols_, options.decoder),
      place_of_(std::make_unique<std::uint16_t[]>(1 << 16)) {
  followed_.reserve(symbols_.size());
  for (std::size_t at = 0; at < symbols_.size(); ++at) {
    const InstrumentId id = symbols_[at].rules.id();
    followed_.emplace_back(books_, id, options_);
    place_of_[index(id)] = static_cast<std::uint16_t>(at + 1);
  }
}

void MarketFeed::on_up(int connection, MonoNanos now) {
  if (connection < 0 || connection >= kConnections) return;
  links_[static_cast<std::size_t>(connection)] = {.up = true, .reconnect = false};
  for (Followed& of : followed_) {
    for (Seen& seen : of.seen[connection]) seen = {};
  }
  wake(now);
}

MarketFeed::Order MarketFeed::order(Followed& of, int connection, Stream stream,
                                    std::uint64_t id) {
  Seen& seen = of.seen[connection][stream];
  if (id >= seen.last) [[likely]] {
    seen.last = id;
    seen.behind = 0;
    return Order::kForward;
  }
  if (++seen.behind < kBackwardsToBelieve) return Order::kBehind;
  ++counters_.restarts;
  for (auto& by_stream : of.seen) by_stream[stream] = {};
  seen.last = id;
  return Order::kRestart;
}

void MarketFeed::note_time(UnixNanos time) {
  const std::int64_t step = time.value - venue_time_.value;
  if (time.value == 0) return;
  const bool far = step > kTimeStepMax || step < -kTimeStepMax;
  if (far && venue_time_.value != 0 && ++far_times_ < kBackwardsToBelieve) return;
  far_times_ = 0;
  if (step > 0 || far) venue_time_ = time;
}

void MarketFeed::became_fresh(Followed& of, MonoNanos now) {
  ++counters_.fresh;
  of.expires = kNever;
  of.fresh_since = now;
}

void MarketFeed::became_stale(Followed& of, MonoNanos now) {
  ++counters_.stale;
  of.expires = kNever;
  // A book that was fresh for long starts with a clean slate.
  if (now.value - of.fresh_since.value > options_.snapshot_backoff_max.value) {
    of.in_vain = 0;
  } else {
    back_off(of, now);
  }
  wake(of.due);
}

/// The snapshot was in vain.
void MarketFeed::ask_later(Followed& of, MonoNanos now) {
  ++counters_.snapshots_failed;
  of.expires = kNever;
  back_off(of, now);
}

/// The next one waits, twice as long every time.
void MarketFeed::back_off(Followed& of, MonoNanos now) {
  const std::int64_t wait =
      std::min(options_.snapshot_backoff.value << std::min(of.in_vain, 20),
               options_.snapshot_backoff_max.value);
  ++of.in_vain;
  of.due = MonoNanos{now.value + wait};
  wake(of.due);
}

void MarketFeed::on_snapshot_failed(InstrumentId id, MonoNanos now) {
  Followed* const of = followed(id);
  if (of == nullptr || of->book.phase() != DepthBook::Phase::kAsked) return;
  of->book.not_answered();
  ask_later(*of, now);
}

/// Gives up an answer that does not come, or a snapshot that nothing follows.
bool MarketFeed::expire(Followed& of, MonoNanos now) {
  if (of.expires > now) return false;
  if (of.book.phase() == DepthBook::Phase::kAsked) {
    of.book.not_answered();
  } else if (of.book.phase() == DepthBook::Phase::kJoining) {
    of.book.make_stale();
  } else {
    of.expires = kNever;
    return false;
  }
  ask_later(of, now);
  return true;
}

bool MarketFeed::take_snapshot_request(MonoNanos now, InstrumentId& id) {
  if (now < deadline_) return false;
  deadline_ = kNever;
  Followed* chosen = nullptr;
  for (std::size_t i = 0; i < followed_.size(); ++i) {
    Followed& of = followed_[(next_place_ + i) % followed_.size()];
    expire(of, now);
    if (of.expires != kNever) wake(of.expires);
    if (of.book.phase() != DepthBook::Phase::kWanting) continue;
    if (chosen == nullptr && of.due <= now && next_request_ <= now) {
      chosen = &of;
    } else {
      wake(std::max(of.due, next_request_));
    }
  }
  if (chosen == nullptr) return false;
  chosen->book.asked();
  chosen->expires = MonoNanos{now.value + options_.snapshot_timeout.value};
  next_request_ = MonoNanos{now.value + options_.snapshot_interval.value};
  next_place_ = static_cast<std::size_t>(chosen - followed_.data()) + 1;
  wake(chosen->expires);
  // Others that want one were looked at with the old limit in mind.
  wake(next_request_);
  ++counters_.snapshots_asked;
  id = chosen->book.id();
  return true;
}

}  // namespace pyscalp::binance
