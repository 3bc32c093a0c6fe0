#include "capture/binance.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "capture/binance_fields.hpp"
#include "capture/decimal.hpp"

namespace pyscalp::capture {

using event::EventKind;
using event::EventSide;
using event::MarketEvent;

namespace {

/// How recordings of several symbols name whose an answer of REST is.
constexpr std::string_view kSnapshotStream = "@depthSnapshot";

}  // namespace

BinanceDecoder::BinanceDecoder(std::int64_t qty_scale) {
  qty_scale_ = qty_scale;
  for (std::int64_t unit = qty_scale; unit > 1; unit /= 10) ++qty_digits_;
}

std::size_t BinanceDecoder::decode(Bytes bytes, Events& out) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              bytes.size());
  std::size_t at = 0;
  while (!failed()) {
    const std::size_t stop = text.find('\n', at);
    if (stop == std::string_view::npos) {
      if (text.size() - at > kMaxLine)
        fail("has a line of more than 16 MiB", offset() + at);
      break;
    }
    place_ = offset() + at;
    waiting_ = false;
    line(text.substr(at, stop - at), text.substr(stop + 1), out);
    if (waiting_ && text.size() - at <= kMaxLine) break;
    at = stop + 1;
  }
  return at;
}

void BinanceDecoder::end(Bytes rest, Events& out) {
  std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  ended_ = true;
  while (!text.empty() && !failed()) {
    const std::size_t stop = text.find('\n');
    const std::uint64_t bad = counters_.undecodable;
    waiting_ = false;
    const bool last = stop == std::string_view::npos;
    line(text.substr(0, stop), last ? std::string_view{} : text.substr(stop + 1), out);
    if (last) {
      // The last line need not end in a line feed; if it is no whole JSON it is cut.
      cut_ = counters_.undecodable != bad;
      if (cut_) {
        counters_.undecodable = bad;
        --counters_.messages;
      }
      return;
    }
    text.remove_prefix(stop + 1);
  }
}

void BinanceDecoder::line(std::string_view text, std::string_view later, Events& out) {
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  ++counters_.messages;
  if (text.empty()) return;
  std::string_view stamp;
  if (text.front() != '{') {
    stamp = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), stamp.size() + 1));
  }
  common_ = MarketEvent{};
  common_.sequence = counters_.messages;
  BinanceFields fields;
  std::uint64_t received = 0;
  if ((!stamp.empty() && !to_number(stamp, received)) || !read_fields(text, fields)) {
    ++counters_.undecodable;
    return;
  }
  common_.receipt_time = to_nanoseconds(received);
  std::uint64_t time = 0;
  to_number(fields.transacted.empty() ? fields.told : fields.transacted, time);
  common_.venue_time = to_nanoseconds(time);
  built_.clear();
  later_ = later;
  const bool sound = dispatch(fields);
  if (waiting_) {
    --counters_.messages;
    return;
  }
  if (!sound && !failed()) ++counters_.undecodable;
  if (!sound || built_.empty()) return;
  built_.back().flags |= event::kLast;
  for (const MarketEvent& event : built_) give(event, out);
}

bool BinanceDecoder::dispatch(const BinanceFields& f) {
  if (!f.snapshot_id.empty()) return snapshot(f, f.snapshot_id, f.bids, f.asks);
  if (f.event == "depthUpdate") {
    const bool partial = f.stream.find("@depth5") != std::string_view::npos ||
                         f.stream.find("@depth10") != std::string_view::npos ||
                         f.stream.find("@depth20") != std::string_view::npos;
    return partial ? snapshot(f, f.last_id, f.b, f.a) : diff(f);
  }
  if (f.event == "trade" || f.event == "aggTrade") return trade(f);
  if (f.event == "bookTicker" || (f.event.empty() && !f.big_b.empty()))
    return ticker(f);
  const std::string_view what = !f.event.empty()   ? f.event
                                : f.stream.empty() ? "control"
                                                   : f.stream;
  std::string other = "other " + std::string(what.substr(0, 40));
  for (char& c : other) {
    if (c < ' ' || c > '~') c = '?';  // for a person, and for Python's text
  }
  ++counters_.more[other];
  return true;
}

std::string_view BinanceDecoder::symbol_of(const BinanceFields& f) {
  if (!f.symbol.empty()) return f.symbol;
  const std::size_t at = f.stream.find('@');
  if (at != std::string_view::npos && at != 0) {
    upper_ = f.stream.substr(0, at);
    for (char& c : upper_) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper_;
  }
  return {};
}

std::string_view BinanceDecoder::only_symbol() {
  const auto& symbols = instruments().symbols();
  if (symbols.size() == 1) return symbols.begin()->second;
  if (!symbols.empty()) return {};
  // The file has named no symbol yet: the first line that does decides.
  std::string_view rest = later_;
  while (!rest.empty()) {
    const std::size_t stop = rest.find('\n');
    if (stop == std::string_view::npos && !ended_) break;
    BinanceFields later;
    std::string_view json = rest.substr(0, stop);
    json.remove_prefix(std::min(json.find('{'), json.size()));
    if (read_fields(json, later) && !later.symbol.empty()) return later.symbol;
    rest = stop == std::string_view::npos ? std::string_view{} : rest.substr(stop + 1);
  }
  waiting_ = !ended_;
  return {};
}

bool BinanceDecoder::diff(const BinanceFields& f) {
  const std::string_view symbol = symbol_of(f);
  std::uint64_t first = 0, last = 0;
  if (symbol.empty() || !to_number(f.first_id, first) || !to_number(f.last_id, last)) {
    return false;
  }
  common_.instrument = number_of(symbol);
  common_.code = 'd';
  common_.other = last;
  common_.kind = EventKind::kLevel;
  if (!levels(f.b, EventSide::kBuy) || !levels(f.a, EventSide::kSell)) return false;
  Book& book = books_[common_.instrument];
  const bool futures = !f.previous_id.empty();
  std::uint64_t previous = 0;
  if (futures && !to_number(f.previous_id, previous)) return false;
  if (!futures) previous = first - 1;  // what a spot diff follows on
  if (last <= book.last_id) {
    ++counters_.more["repeated"];
    built_.clear();
    return true;
  }
  const bool stale = futures ? last < book.snapshot_id : last <= book.snapshot_id;
  if (book.last_id != 0 && previous != book.last_id) ++counters_.gaps;
  if (book.snapshot_id != 0 && !stale && !book.joined) {
    if (book.last_id == 0 && previous > book.snapshot_id) ++counters_.gaps;
    book.joined = true;
  }
  book.last_id = last;
  if (stale) {
    ++counters_.more["before_snapshot"];
    built_.clear();
    return true;
  }
  recent_.insert(recent_.end(), built_.begin(), built_.end());
  for (; recent_.size() > kMaxRecent; recent_.pop_front()) {
    books_[recent_.front().instrument].dropped_id = recent_.front().other;
  }
  return true;
}

bool BinanceDecoder::snapshot(const BinanceFields& f, std::string_view id_text,
                              std::string_view bids, std::string_view asks) {
  std::uint64_t id = 0;
  std::string_view symbol = symbol_of(f);
  if (symbol.empty()) symbol = only_symbol();
  if (waiting_) return true;
  if (symbol.empty()) {
    ++counters_.more["snapshot_of_unknown_symbol"];
    return true;
  }
  if (!to_number(id_text, id)) return false;
  common_.instrument = number_of(symbol);
  common_.code = 's';
  common_.other = id;
  common_.flags = event::kSnapshot;
  common_.kind = EventKind::kClear;
  built_.push_back(common_);
  common_.kind = EventKind::kLevel;
  if (!levels(bids, EventSide::kBuy) || !levels(asks, EventSide::kSell)) return false;
  // Of a partial stream: it comes again by itself.
  if (!f.stream.empty() && !f.stream.ends_with(kSnapshotStream)) return true;
  Book& book = books_[common_.instrument];
  book.snapshot_id = id;
  book.joined = book.last_id > id;
  if (book.dropped_id > id) ++counters_.gaps;
  for (MarketEvent event : recent_) {
    if (event.instrument != common_.instrument || event.other <= id) continue;
    event.receipt_time = common_.receipt_time;
    event.sequence = common_.sequence;
    event.flags = event::kSnapshot;
    built_.push_back(event);
  }
  return true;
}

bool BinanceDecoder::levels(std::string_view rows, EventSide side) {
  JsonScanner scan(rows);
  scan.expect('[');
  if (scan.take(']')) return scan.good();
  MarketEvent event = common_;
  event.side = side;
  while (scan.good()) {
    scan.expect('[');
    const std::string_view price_text = scan.value();
    scan.expect(',');
    const std::string_view qty_text = scan.value();
    while (scan.take(',')) scan.value();
    scan.expect(']');
    if (!scan.good() || !decimal(price_text, 9, "price", event.price) ||
        !decimal(qty_text, qty_digits_, "quantity", event.qty)) {
      return false;
    }
    built_.push_back(event);
    if (!scan.take(',')) break;
  }
  scan.expect(']');
  return scan.good();
}

bool BinanceDecoder::ticker(const BinanceFields& f) {
  const std::string_view symbol = symbol_of(f);
  if (symbol.empty() || !to_number(f.last_id, common_.other)) return false;
  common_.instrument = number_of(symbol);
  common_.code = 'b';
  common_.kind = EventKind::kTouch;
  for (const EventSide side : {EventSide::kBuy, EventSide::kSell}) {
    const bool bid = side == EventSide::kBuy;
    MarketEvent event = common_;
    event.side = side;
    if (!decimal(bid ? f.b : f.a, 9, "price", event.price) ||
        !decimal(bid ? f.big_b : f.big_a, qty_digits_, "quantity", event.qty)) {
      return false;
    }
    if (event.qty == 0) event.price = kNoPrice.value;
    built_.push_back(event);
  }
  return true;
}

bool BinanceDecoder::trade(const BinanceFields& f) {
  const std::string_view symbol = symbol_of(f);
  const bool aggregate = f.event == "aggTrade";
  if (symbol.empty() || !to_number(aggregate ? f.a : f.trade_id, common_.other) ||
      (f.maker != "true" && f.maker != "false")) {
    return false;
  }
  MarketEvent event = common_;
  event.instrument = number_of(symbol);
  event.code = aggregate ? 'a' : 't';
  event.kind = EventKind::kTrade;
  event.side = f.maker == "true" ? EventSide::kSell : EventSide::kBuy;
  if (!decimal(f.price, 9, "price", event.price) ||
      !decimal(f.qty, qty_digits_, "quantity", event.qty)) {
    return false;
  }
  const bool of_market = f.type.empty() || f.type == "MARKET";
  if (!of_market || event.qty == 0) event.kind = EventKind::kOther;
  built_.push_back(event);
  return true;
}

bool BinanceDecoder::decimal(std::string_view text, int scale, const char* what,
                             std::int64_t& value) {
  const DecimalStatus status = parse_decimal(text, scale, value);
  if (status == DecimalStatus::kTooFine || status == DecimalStatus::kTooLarge) {
    fail("line " + std::to_string(counters_.messages) + " has a " + what + " of " +
             std::string(text.substr(0, 40)) + ", which is too " +
             (status == DecimalStatus::kTooFine ? "fine" : "large") +
             " for steps of 1e-" + std::to_string(scale) +
             (*what == 'q' ? "; choose another qty_scale" : ""),
         place_);
  }
  return status == DecimalStatus::kOk;
}

}  // namespace pyscalp::capture
