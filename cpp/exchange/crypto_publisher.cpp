#include "exchange/crypto_publisher.hpp"

#include <algorithm>
#include <limits>

#include "exchange/json_text.hpp"

namespace pyscalp::exchange {
namespace {

/// Ids of the real venue are large: whoever keeps them in 32 bits is to notice.
constexpr std::uint64_t kFirstId = 5'000'000'000;
/// Touched levels of one interval beyond which the doubles are taken out.
constexpr std::size_t kTouchedMany = 8192;

std::int64_t ms(UnixNanos time) { return time.value / 1'000'000; }

bool before(const TouchedLevel& a, const TouchedLevel& b) {
  if (a.side != b.side) return a.side < b.side;
  return a.price < b.price;
}

bool same(const TouchedLevel& a, const TouchedLevel& b) {
  return a.side == b.side && a.price == b.price;
}

void take_doubles_out(std::vector<TouchedLevel>& touched) {
  std::sort(touched.begin(), touched.end(), before);
  touched.erase(std::unique(touched.begin(), touched.end(), same), touched.end());
}

void write_level(JsonText& json, const CryptoSymbol& symbol, Price price, Qty qty) {
  json.open('[').text(symbol.price_text(price)).text(symbol.qty_text(qty)).close(']');
}

void write_side(JsonText& json, std::string_view key, const CryptoSymbol& symbol,
                const std::vector<PriceLevel>& levels) {
  json.key(key).open('[');
  for (const PriceLevel& level : levels) {
    write_level(json, symbol, level.price, level.qty);
  }
  json.close(']');
}

}  // namespace

CryptoPublisher::CryptoPublisher(CryptoProtocol protocol,
                                 std::vector<CryptoSymbol> symbols,
                                 const Market& market,
                                 const StreamSubscriptions& subscriptions)
    : protocol_(protocol),
      symbols_(std::move(symbols)),
      market_(market),
      subscriptions_(subscriptions),
      shared_id_(kFirstId) {
  for (const CryptoSymbol& symbol : symbols_) {
    if (index(symbol.id) >= books_.size()) books_.resize(index(symbol.id) + 1U);
    Book& made = book(symbol.id);
    made.last_id = kFirstId;
    for (const int every : depth_intervals(protocol)) {
      Cadence cadence;
      cadence.every_ms = every;
      cadence.told_id = kFirstId;
      made.cadences.push_back(cadence);
    }
  }
}

const CryptoSymbol* CryptoPublisher::find(std::string_view name) const {
  for (const CryptoSymbol& symbol : symbols_) {
    if (symbol.name == name) return &symbol;
  }
  return nullptr;
}

const CryptoSymbol& CryptoPublisher::of(InstrumentId id) const {
  return *std::find_if(symbols_.begin(), symbols_.end(),
                       [id](const CryptoSymbol& one) { return one.id == id; });
}

std::string CryptoPublisher::stream(const CryptoSymbol& symbol,
                                    std::string_view rest) const {
  return lower_case(symbol.name).append(rest);
}

void CryptoPublisher::tell(std::string name, std::string text) {
  messages_.push_back({std::move(name), std::move(text)});
}

// ---- What happened ----

void CryptoPublisher::observe(UnixNanos wall) {
  if (!market_.touched().empty()) {
    for (const CryptoSymbol& symbol : symbols_) {
      touched_.clear();
      for (const TouchedLevel& one : market_.touched()) {
        if (one.instrument == symbol.id) touched_.push_back(one);
      }
      if (touched_.empty()) continue;
      take_doubles_out(touched_);
      note_levels(symbol.id, touched_);
    }
  }
  tell_trades(wall);
  if (market_.touched().empty()) return;
  for (const CryptoSymbol& symbol : symbols_) {
    tell_touch(symbol, wall);
    for (Cadence& cadence : book(symbol.id).cadences) {
      if (cadence.every_ms == 0) tell_depth(symbol, cadence, wall);
    }
  }
}

/// Numbers the changes, and keeps them for every interval.
void CryptoPublisher::note_levels(InstrumentId id,
                                  const std::vector<TouchedLevel>& touched) {
  Book& at = book(id);
  std::uint64_t& counter = spot() ? at.last_id : shared_id_;
  const std::uint64_t first = counter + 1;
  counter += touched.size();
  at.last_id = counter;
  for (Cadence& cadence : at.cadences) {
    if (cadence.first_id == 0) cadence.first_id = first;
    cadence.touched.insert(cadence.touched.end(), touched.begin(), touched.end());
    if (cadence.touched.size() > kTouchedMany) take_doubles_out(cadence.touched);
  }
}

void CryptoPublisher::tell_touch(const CryptoSymbol& symbol, UnixNanos wall) {
  Book& at = book(symbol.id);
  bool changed = false;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const PriceLevel best = market_.best(symbol.id, side);
    if (best == at.touch[index(side)]) continue;
    at.touch[index(side)] = best;
    changed = true;
  }
  if (!changed) return;
  std::string name = stream(symbol, "@bookTicker");
  if (subscriptions_.wanted(name))
    tell(std::move(name), touch_text(symbol, true, wall));
}

std::string CryptoPublisher::touch_text(const CryptoSymbol& symbol, bool event,
                                        UnixNanos wall) const {
  const PriceLevel bid = market_.best(symbol.id, Side::kBuy);
  const PriceLevel ask = market_.best(symbol.id, Side::kSell);
  const auto price = [&](const PriceLevel& level) {
    return symbol.price_text(level.qty == 0 ? Price{0} : level.price);
  };
  JsonText json;
  json.open('{');
  if (!event) {
    json.field("symbol", symbol.name).field("bidPrice", price(bid));
    json.field("bidQty", symbol.qty_text(bid.qty)).field("askPrice", price(ask));
    json.field("askQty", symbol.qty_text(ask.qty));
    if (!spot()) {
      json.field("time", ms(wall)).field("lastUpdateId", last_update_id(symbol.id));
    }
    return std::move(json.close('}')).str();
  }
  if (!spot()) json.field("e", "bookTicker");
  json.field("u", last_update_id(symbol.id)).field("s", symbol.name);
  json.field("b", price(bid)).field("B", symbol.qty_text(bid.qty));
  json.field("a", price(ask)).field("A", symbol.qty_text(ask.qty));
  if (!spot()) json.field("T", ms(wall)).field("E", ms(wall));
  return std::move(json.close('}')).str();
}

std::string CryptoPublisher::touch(const CryptoSymbol& symbol, UnixNanos wall) const {
  return touch_text(symbol, false, wall);
}

// ---- Trades ----

void CryptoPublisher::tell_trades(UnixNanos wall) {
  for (const PublicTrade& trade : market_.trades()) {
    const CryptoSymbol& symbol = of(trade.instrument);
    Book& at = book(symbol.id);
    tell_trade(symbol, trade, wall);
    if (!at.agg.empty() && (at.agg.back().aggressor != trade.aggressor ||
                            at.agg.back().price != trade.price)) {
      tell_agg(symbol, wall);
    }
    if (at.agg.empty()) {
      at.agg.push_back(trade);
    } else {
      at.agg.front().qty += trade.qty;
    }
    at.agg_last_match = trade.match;
  }
  // Spot tells them at once; USD-M gathers for 100 ms.
  if (!spot() || market_.trades().empty()) return;
  for (const CryptoSymbol& symbol : symbols_) tell_agg(symbol, wall);
}

void CryptoPublisher::tell_trade(const CryptoSymbol& symbol, const PublicTrade& trade,
                                 UnixNanos wall) {
  std::string name = stream(symbol, "@trade");
  if (!subscriptions_.wanted(name)) return;
  const bool buyer_is_maker = trade.aggressor == Side::kSell;
  JsonText json;
  json.open('{').field("e", "trade").field("E", ms(wall));
  if (!spot()) json.field("T", ms(wall));
  json.field("s", symbol.name).field("t", trade.match);
  json.field("p", symbol.price_text(trade.price));
  json.field("q", symbol.qty_text(trade.qty));
  if (spot()) {
    json.field("T", ms(wall)).field("m", buyer_is_maker).field("M", true);
  } else {
    json.field("X", "MARKET").field("m", buyer_is_maker);
  }
  tell(std::move(name), std::move(json.close('}')).str());
}

void CryptoPublisher::tell_agg(const CryptoSymbol& symbol, UnixNanos wall) {
  Book& at = book(symbol.id);
  if (at.agg.empty()) return;
  const PublicTrade sum = at.agg.front();
  at.agg.clear();
  ++at.last_agg;
  std::string name = stream(symbol, "@aggTrade");
  if (!subscriptions_.wanted(name)) return;
  JsonText json;
  json.open('{').field("e", "aggTrade").field("E", ms(wall));
  if (spot()) json.field("s", symbol.name).field("a", at.last_agg);
  if (!spot()) json.field("a", at.last_agg).field("s", symbol.name);
  json.field("p", symbol.price_text(sum.price)).field("q", symbol.qty_text(sum.qty));
  if (!spot()) json.field("nq", symbol.qty_text(sum.qty));
  json.field("f", sum.match).field("l", at.agg_last_match).field("T", ms(wall));
  json.field("m", sum.aggressor == Side::kSell);
  if (spot()) json.field("M", true);
  tell(std::move(name), std::move(json.close('}')).str());
}

// ---- Depth ----

void CryptoPublisher::on_time(UnixNanos wall) {
  const bool set_back = wall < last_wall_;  // the wall's clock can be
  last_wall_ = wall;
  if (!set_back && wall < next_due_) return;
  next_due_ = {std::numeric_limits<std::int64_t>::max()};
  for (const CryptoSymbol& symbol : symbols_) {
    Book& at = book(symbol.id);
    if (set_back || wall >= at.agg_due) {
      tell_agg(symbol, wall);
      at.agg_due = {wall.value + 100'000'000};
    }
    for (Cadence& cadence : at.cadences) {
      if (cadence.every_ms == 0) continue;
      if (set_back || wall >= cadence.due) {
        tell_depth(symbol, cadence, wall);
        const std::int64_t every = std::int64_t{cadence.every_ms} * 1'000'000;
        cadence.due = {(wall.value / every + 1) * every};
      }
      next_due_ = std::min(next_due_, cadence.due);
    }
  }
}

void CryptoPublisher::tell_depth(const CryptoSymbol& symbol, Cadence& cadence,
                                 UnixNanos wall) {
  if (cadence.first_id == 0) return;
  std::string suffix("@");
  suffix.append(std::to_string(cadence.every_ms)).append("ms");
  const bool usual = cadence.every_ms == depth_intervals(protocol_).front();
  std::vector<std::string> suffixes{suffix};
  if (usual) suffixes.emplace_back();
  std::string text;
  for (const std::string& with : suffixes) {
    std::string name = stream(symbol, "@depth" + with);
    if (!subscriptions_.wanted(name)) continue;
    if (text.empty()) text = diff(symbol, cadence, wall);
    tell(std::move(name), text);
  }
  for (const int levels : {5, 10, 20}) {
    for (const std::string& with : suffixes) {
      std::string name = stream(symbol, "@depth" + std::to_string(levels) + with);
      if (!subscriptions_.wanted(name)) continue;
      tell(std::move(name),
           partial(symbol, cadence, static_cast<std::size_t>(levels), wall));
    }
  }
  cadence.told_id = book(symbol.id).last_id;
  cadence.first_id = 0;
  cadence.touched.clear();
}

std::string CryptoPublisher::diff(const CryptoSymbol& symbol, Cadence& cadence,
                                  UnixNanos wall) {
  take_doubles_out(cadence.touched);
  // Spot writes the best levels first, USD-M the lowest prices.
  const auto middle =
      std::find_if(cadence.touched.begin(), cadence.touched.end(),
                   [](const TouchedLevel& one) { return one.side == Side::kSell; });
  if (spot()) std::reverse(cadence.touched.begin(), middle);
  JsonText json;
  json.open('{').field("e", "depthUpdate").field("E", ms(wall));
  if (!spot()) json.field("T", ms(wall));
  json.field("s", symbol.name).field("U", cadence.first_id);
  json.field("u", book(symbol.id).last_id);
  if (!spot()) json.field("pu", cadence.told_id);
  json.key("b").open('[');
  for (auto one = cadence.touched.begin(); one != cadence.touched.end(); ++one) {
    if (one == middle) json.close(']').key("a").open('[');
    write_level(json, symbol, one->price,
                market_.displayed(symbol.id, one->side, one->price));
  }
  if (middle == cadence.touched.end()) json.close(']').key("a").open('[');
  return std::move(json.close(']').close('}')).str();
}

std::string CryptoPublisher::partial(const CryptoSymbol& symbol, const Cadence& cadence,
                                     std::size_t levels, UnixNanos wall) const {
  const auto bids = market_.depth(symbol.id, Side::kBuy, levels);
  const auto asks = market_.depth(symbol.id, Side::kSell, levels);
  JsonText json;
  json.open('{');
  if (spot()) {
    json.field("lastUpdateId", last_update_id(symbol.id));
  } else {
    json.field("e", "depthUpdate").field("E", ms(wall)).field("T", ms(wall));
    json.field("s", symbol.name).field("U", cadence.first_id);
    json.field("u", last_update_id(symbol.id)).field("pu", cadence.told_id);
  }
  write_side(json, spot() ? "bids" : "b", symbol, bids);
  write_side(json, spot() ? "asks" : "a", symbol, asks);
  return std::move(json.close('}')).str();
}

std::string CryptoPublisher::snapshot(const CryptoSymbol& symbol, std::size_t levels,
                                      UnixNanos wall) const {
  JsonText json;
  json.open('{').field("lastUpdateId", last_update_id(symbol.id));
  if (!spot()) json.field("E", ms(wall)).field("T", ms(wall));
  write_side(json, "bids", symbol, market_.depth(symbol.id, Side::kBuy, levels));
  write_side(json, "asks", symbol, market_.depth(symbol.id, Side::kSell, levels));
  return std::move(json.close('}')).str();
}

}  // namespace pyscalp::exchange
