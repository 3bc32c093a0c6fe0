#include "capture/binance_session.hpp"

#include <algorithm>

#include "capture/binance_fields.hpp"

namespace pyscalp::capture {

namespace {

StreamKind kind_of(const BinanceFields& f) {
  if (f.event == "depthUpdate") return StreamKind::kDepth;
  if (f.event == "trade") return StreamKind::kTrade;
  if (f.event == "aggTrade") return StreamKind::kAggregate;
  if (f.event == "bookTicker" || (f.event.empty() && !f.big_b.empty()))
    return StreamKind::kTicker;
  return StreamKind::kOther;
}

/// The id by which copies of a message are known; false where it has none.
bool id_of(const BinanceFields& f, StreamKind kind, std::uint64_t& id) {
  switch (kind) {
    case StreamKind::kDepth:
    case StreamKind::kTicker:
      return to_number(f.last_id, id);
    case StreamKind::kTrade:
      return to_number(f.trade_id, id);
    case StreamKind::kAggregate:
      return to_number(f.a, id);
    case StreamKind::kOther:
      return false;
  }
  return false;
}

}  // namespace

BinanceSession::BinanceSession(bool futures, std::vector<std::string> symbols,
                               bool depth)
    : futures_(futures),
      depth_(depth),
      names_(std::move(symbols)),
      symbols_(names_.size()) {}

BinanceSession::Symbol* BinanceSession::find(std::string_view name) {
  const auto at = std::find(names_.begin(), names_.end(), name);
  return at == names_.end() ? nullptr : &symbols_[at - names_.begin()];
}

void BinanceSession::on_up(MonoNanos now) {
  if (!up_since_) up_since_ = now;
}

bool BinanceSession::on_message(int connection, std::string_view text, MonoNanos now) {
  BinanceFields fields;
  const bool sound = read_fields(text, fields);
  const StreamKind kind = sound ? kind_of(fields) : StreamKind::kOther;
  std::uint64_t id = 0;
  if (!id_of(fields, kind, id)) id = std::hash<std::string_view>{}(text);
  key_.assign(fields.stream);
  // Without a wrapper, the kind and the symbol tell the stream.
  if (key_.empty()) {
    key_.assign(fields.event);
    key_.append(1, ' ').append(fields.symbol);
  }
  if (streams_[key_].repeated(id, connection)) {
    ++counters_.repeated;
    return false;
  }
  ++counters_.kinds[static_cast<int>(kind)];
  counters_.undecodable += sound ? 0 : 1;
  if (fields.event == "serverShutdown") renewals_.push_back(connection);
  Symbol* const of = find(fields.symbol);
  if (of == nullptr) return true;
  if (kind == StreamKind::kDepth) take_depth(*of, fields, now);
  if (kind == StreamKind::kTrade) take_trade(of->trades[0], id);
  if (kind == StreamKind::kAggregate) take_trade(of->trades[1], id);
  return true;
}

void BinanceSession::take_depth(Symbol& of, const BinanceFields& f, MonoNanos now) {
  std::uint64_t last = 0, previous = 0;
  if (!to_number(f.last_id, last) ||
      !to_number(futures_ ? f.previous_id : f.first_id, previous)) {
    return;
  }
  if (!futures_ && previous != 0) --previous;  // what U follows on
  if (of.last == 0) {
    of.begins = previous;
    // A snapshot that came while nothing was heard.
    if (of.phase == Phase::kWhole && previous > of.snapshot) broken(of, previous, now);
  } else if (previous != of.last) {
    broken(of, previous, now);
  }
  of.last = last;
}

void BinanceSession::broken(Symbol& of, std::uint64_t before, MonoNanos now) {
  ++counters_.gaps;
  if (gaps_.size() < kMostGaps) {
    const std::uint64_t after = of.last != 0 ? of.last : of.snapshot;
    gaps_.push_back({names_[&of - symbols_.data()], after, before});
  }
  of.begins = before;
  if (of.phase != Phase::kWhole) return;
  of.phase = Phase::kWanting;
  of.due = now;
}

void BinanceSession::take_trade(std::uint64_t& last, std::uint64_t id) {
  if (last != 0 && id > last) {
    counters_.trades_missing += id - last - 1;
  } else if (id < last && counters_.trades_missing != 0) {
    --counters_.trades_missing;  // another connection had it, a little later
  }
  last = std::max(last, id);
}

void BinanceSession::on_lost(MonoNanos now) {
  for (Symbol& of : symbols_) {
    of.last = of.snapshot = 0;
    if (of.phase == Phase::kWhole) {
      of.phase = Phase::kWanting;
      of.due = now;
    }
  }
}

bool BinanceSession::take_renewal(int connection) {
  return std::erase(renewals_, connection) != 0;
}

std::optional<std::size_t> BinanceSession::take_snapshot_request(MonoNanos now) {
  if (!depth_ || !up_since_ || now < next_request_) return std::nullopt;
  const bool quiet = now - *up_since_ >= kQuiet;
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    const std::size_t place = (next_symbol_ + i) % symbols_.size();
    Symbol& of = symbols_[place];
    if (of.phase != Phase::kWanting || now < of.due || (of.last == 0 && !quiet))
      continue;
    of.phase = Phase::kAsked;
    next_request_ = now + kRequestInterval;
    next_symbol_ = place + 1;
    ++counters_.snapshots_asked;
    return place;
  }
  return std::nullopt;
}

bool BinanceSession::on_snapshot(std::size_t symbol, std::string_view text,
                                 MonoNanos now) {
  Symbol& of = symbols_[symbol];
  BinanceFields fields;
  std::uint64_t id = 0;
  const bool sound = read_fields(text, fields) && to_number(fields.snapshot_id, id);
  if (!sound || (of.last != 0 && id < of.begins)) {
    in_vain(of, now);
    return false;
  }
  of.phase = Phase::kWhole;
  of.snapshot = id;
  of.in_vain = 0;
  ++counters_.snapshots_kept;
  return true;
}

void BinanceSession::on_snapshot_failed(std::size_t symbol, MonoNanos now) {
  in_vain(symbols_[symbol], now);
}

void BinanceSession::in_vain(Symbol& of, MonoNanos now) {
  ++counters_.snapshots_failed;
  of.phase = Phase::kWanting;
  const std::int64_t wait =
      std::min(kFirstBackoff.value << std::min(of.in_vain, 20), kLongestBackoff.value);
  of.due = now + MonoNanos{wait};
  ++of.in_vain;
}

bool BinanceSession::whole() const {
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    if (!whole(i)) return false;
  }
  return true;
}

}  // namespace pyscalp::capture
