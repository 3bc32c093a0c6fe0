// A venue's market data: messages of several connections in, one book a symbol out.
//
// Give every text message of every connection to `on_message`. All connections may
// carry the same streams: the first copy of a message wins, by update id and trade id
// of its symbol and stream, the others are kRepeated. What the book is made of, and
// when it is not to be traded on, is DepthBook's. The listener is a template parameter
// and has any of these functions; those it lacks cost nothing:
//
//   on_level(const book::BookChange&)  what is displayed at one price is another
//   on_book(InstrumentId)              a message about the book has been taken whole
//   on_trade(const book::TradeView&)   a trade of the market, also while stale
//   on_stale(InstrumentId)             do not trade on the book from here on
//   on_fresh(InstrumentId)             all of the book is another: read it anew
//
// A snapshot is asked for by `take_snapshot_request`, which the owner answers by
// `on_snapshot` or `on_snapshot_failed`: one at a time is in flight for a symbol, the
// whole feed asks at most every `snapshot_interval`, and a symbol waits longer each
// time in vain. It is asked for once a change of depth is held, so that it cannot end
// before the stream begins, unless the venue's own copy is late: then it is refused.
//
// What cannot be read is named, counted, and makes stale what it may have been about: a
// change of depth its symbol, a text of which nothing is known every symbol. Ids of one
// connection that run backwards kBackwardsToBelieve times in a row say that the venue
// counts anew, or that an id was absurd: what is known of that stream is forgotten.
//
// Sans-I/O, single-threaded, all memory taken at construction.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "binance/depth_book.hpp"
#include "binance/market_decoder.hpp"
#include "book/trade_view.hpp"

namespace pyscalp::binance {

struct FeedOptions {
  Market market = Market::kSpot;
  /// Trades are told from aggTrade instead of trade; the other is counted alone.
  bool aggregate_trades = false;
  MonoNanos snapshot_interval = milliseconds(500);  ///< between any two requests
  MonoNanos snapshot_timeout = seconds(10);         ///< for an answer
  MonoNanos join_timeout = seconds(5);      ///< for a change that follows a snapshot
  MonoNanos snapshot_backoff = seconds(1);  ///< after the first one in vain; doubles
  MonoNanos snapshot_backoff_max = seconds(60);
  DecoderCapacity decoder{};
  HeldCapacity held{};
  book::LevelCapacity levels{};
  /// Price steps of each side that are kept by index; 0: none.
  std::uint32_t band = 1u << 15;
  /// Levels of a side that a ticker may lie over before the depth has followed it.
  std::uint32_t covered = 2'048;
};

class MarketFeed {
 public:
  static constexpr int kConnections = 4;
  static constexpr int kBackwardsToBelieve = 3;
  /// A venue's time that is further off the last one is believed when it comes so
  /// often.
  static constexpr std::int64_t kTimeStepMax = std::int64_t{3'600} * 1'000'000'000;

  struct Counters {
    std::uint64_t messages = 0;
    std::uint64_t kinds[kMessageKindCount] = {};
    std::uint64_t statuses[kMessageStatusCount] = {};
    std::uint64_t first[kConnections] = {};  ///< messages that it was first to bring
    std::uint64_t stale = 0;                 ///< times that a fresh book became stale
    std::uint64_t fresh = 0;
    std::uint64_t snapshots_asked = 0;
    std::uint64_t snapshots_taken = 0;
    std::uint64_t snapshots_failed = 0;  ///< no answer, refused, too old, or not joined
    std::uint64_t restarts = 0;          ///< streams whose ids began anew
    std::uint64_t trades_missing = 0;    ///< numbers of trades that nobody told
    std::uint64_t trades_not_of_market = 0;
    std::uint64_t held_given_up = 0;  ///< held changes had to go for want of room
  };

  /// Start-up. Instruments are those of the rules, by their ids.
  explicit MarketFeed(std::span<const SymbolRules> rules,
                      const FeedOptions& options = {});
  MarketFeed(const MarketFeed&) = delete;
  MarketFeed& operator=(const MarketFeed&) = delete;

  /// Start-up: takes the memory of the books near their best prices now.
  void prefault() { books_.prefault(); }

  /// A connection, 0 to kConnections - 1, is there; its ids begin anew.
  void on_up(int connection, MonoNanos now);
  /// It is gone. Without another one every book is stale.
  template <class Listener>
  void on_down(int connection, MonoNanos now, Listener& listener);

  /// Takes one text message. What is not kOk has changed no book.
  template <class Listener>
  MessageStatus on_message(int connection, Bytes text, MonoNanos now,
                           Listener& listener);

  /// The answer to a request for a snapshot, whose body is `text`.
  template <class Listener>
  MessageStatus on_snapshot(InstrumentId id, Bytes text, MonoNanos now,
                            Listener& listener);
  /// There will be no answer to it.
  void on_snapshot_failed(InstrumentId id, MonoNanos now);
  /// The symbol whose snapshot is to be asked for now; false where none is.
  bool take_snapshot_request(MonoNanos now, InstrumentId& id);
  /// When `take_snapshot_request` may next have something to say or to do.
  MonoNanos next_deadline() const { return deadline_; }

  /// True where the book is not to be traded on; also where nobody follows the symbol.
  bool stale(InstrumentId id) const {
    const Followed* of = followed(id);
    return of == nullptr || !of->book.fresh();
  }
  /// The venue asked for the connection to be made anew; until it is down.
  bool reconnect_wanted(int connection) const {
    return links_[static_cast<std::size_t>(connection)].reconnect;
  }
  /// The last message that was decoded, for answers and errors of the venue.
  const MarketMessage& last_message() const { return message_; }

  const book::LevelBooks& books() const { return books_; }
  /// Null where the symbol is not followed.
  const DepthBook* depth_book(InstrumentId id) const {
    const Followed* of = followed(id);
    return of == nullptr ? nullptr : &of->book;
  }
  const SymbolTable& symbols() const { return symbols_; }
  /// The newest time that the venue has told, since 1970; 0 before the first.
  UnixNanos venue_time() const { return venue_time_; }
  const Counters& counters() const { return counters_; }
  const MarketDecoder::Counters& decoder_counters() const {
    return decoder_.counters();
  }

 private:
  enum Stream : std::uint8_t { kDepth, kTicker, kTrades, kAggregates };
  static constexpr int kStreams = 4;

  /// Ids of one stream on one connection.
  struct Seen {
    std::uint64_t last = 0;
    int behind = 0;  ///< messages in a row with lower ones
  };
  enum class Order : std::uint8_t { kForward, kBehind, kRestart };

  struct Followed {
    Followed(book::LevelBooks& books, InstrumentId id, const FeedOptions& options)
        : book(books, id, options.market, options.held, options.covered) {}

    DepthBook book;
    Seen seen[kConnections][kStreams];
    std::uint64_t trade_id[2] = {};  ///< of trade and aggTrade
    MonoNanos due{};                 ///< before which no snapshot is asked for
    MonoNanos expires = kNever;      ///< the answer, or the change that is to follow it
    int in_vain = 0;                 ///< snapshots in a row
    MonoNanos fresh_since{};
  };
  struct Link {
    bool up = false;
    bool reconnect = false;
  };

  const Followed* followed(InstrumentId id) const {
    const std::uint16_t at = place_of_[index(id)];
    return at == 0 ? nullptr : &followed_[at - 1];
  }
  Followed* followed(InstrumentId id) {
    const std::uint16_t at = place_of_[index(id)];
    return at == 0 ? nullptr : &followed_[at - 1];
  }

  Order order(Followed& of, int connection, Stream stream, std::uint64_t id);
  void note_time(UnixNanos time);
  void wake(MonoNanos at) { deadline_ = std::min(deadline_, at); }
  void ask_later(Followed& of, MonoNanos now);
  void back_off(Followed& of, MonoNanos now);
  void became_fresh(Followed& of, MonoNanos now);
  void became_stale(Followed& of, MonoNanos now);
  bool expire(Followed& of, MonoNanos now);

  template <class Listener>
  void tell_stale(Followed& of, MonoNanos now, Listener& listener) {
    became_stale(of, now);
    if constexpr (requires(InstrumentId i) { listener.on_stale(i); })
      listener.on_stale(of.book.id());
  }
  template <class Listener>
  void tell_fresh(Followed& of, MonoNanos now, Listener& listener) {
    became_fresh(of, now);
    if constexpr (requires(InstrumentId i) { listener.on_fresh(i); })
      listener.on_fresh(of.book.id());
    tell_book(of, listener);
  }
  template <class Listener>
  void tell_book(Followed& of, Listener& listener) {
    if constexpr (requires(InstrumentId i) { listener.on_book(i); })
      listener.on_book(of.book.id());
  }
  template <class Listener>
  static auto level_teller(Listener& listener) {
    return [&listener](const book::BookChange& change) {
      if constexpr (requires { listener.on_level(change); }) listener.on_level(change);
    };
  }

  /// Makes a book stale that is not, or gives up what it was waiting for.
  template <class Listener>
  void doubt(Followed& of, MonoNanos now, Listener& listener) {
    const bool was_fresh = of.book.fresh();
    of.book.make_stale();
    of.expires = kNever;
    if (was_fresh) tell_stale(of, now, listener);
  }
  template <class Listener>
  void doubt_all(MonoNanos now, Listener& listener) {
    for (std::size_t at = 0; at < symbols_.size(); ++at)
      doubt(followed_[at], now, listener);
  }
  template <class Listener>
  MessageStatus refuse(MessageStatus status, MonoNanos now, Listener& listener);
  template <class Listener>
  MessageStatus take(int connection, MonoNanos now, Listener& listener);
  template <class Listener>
  MessageStatus take_depth(Followed& of, int connection, MonoNanos now,
                           Listener& listener);
  template <class Listener>
  MessageStatus take_ticker(Followed& of, int connection, MonoNanos now,
                            Listener& listener);
  template <class Listener>
  MessageStatus take_trade(Followed& of, int connection, Listener& listener);

  FeedOptions options_;
  SymbolTable symbols_;
  book::LevelBooks books_;
  MarketDecoder decoder_;
  MarketMessage message_;
  std::unique_ptr<std::uint16_t[]> place_of_;  ///< by instrument: place + 1; 0: none
  std::vector<Followed> followed_;             ///< by the symbol's place
  std::array<Link, kConnections> links_;
  MonoNanos deadline_ = kNever;
  MonoNanos next_request_{};
  std::size_t next_place_ = 0;  ///< where the search for a request begins
  UnixNanos venue_time_{};
  int far_times_ = 0;
  Counters counters_;
};

template <class Listener>
void MarketFeed::on_down(int connection, MonoNanos now, Listener& listener) {
  if (connection < 0 || connection >= kConnections) return;
  links_[static_cast<std::size_t>(connection)] = {};
  for (const Link& link : links_) {
    if (link.up) return;
  }
  doubt_all(now, listener);
}

template <class Listener>
MessageStatus MarketFeed::on_message(int connection, Bytes text, MonoNanos now,
                                     Listener& listener) {
  ++counters_.messages;
  MessageStatus status = decoder_.decode(text, message_);
  if (status == MessageStatus::kOk) [[likely]] {
    status = take(connection & (kConnections - 1), now, listener);
  } else {
    status = refuse(status, now, listener);
  }
  ++counters_.statuses[static_cast<int>(status)];
  return status;
}

/// A message that could not be read: what it may have been about is stale.
template <class Listener>
MessageStatus MarketFeed::refuse(MessageStatus status, MonoNanos now,
                                 Listener& listener) {
  const bool about_others =
      status == MessageStatus::kUnknownEvent || status == MessageStatus::kUnknownSymbol;
  if (about_others) return status;
  if (message_.symbol == nullptr) {
    doubt_all(now, listener);
    return status;
  }
  const bool about_book = message_.kind == MessageKind::kDepthUpdate ||
                          message_.kind == MessageKind::kBookTicker;
  if (about_book) doubt(followed_[message_.symbol->place], now, listener);
  return status;
}

template <class Listener>
MessageStatus MarketFeed::take(int connection, MonoNanos now, Listener& listener) {
  const MarketMessage& m = message_;
  ++counters_.kinds[static_cast<int>(m.kind)];
  // Before the listener asks for it.
  note_time(m.transaction_time.value != 0 ? m.transaction_time : m.event_time);
  MessageStatus status = MessageStatus::kOk;
  switch (m.kind) {
    case MessageKind::kBookTicker:
      status = take_ticker(followed_[m.symbol->place], connection, now, listener);
      break;
    case MessageKind::kDepthUpdate:
      status = take_depth(followed_[m.symbol->place], connection, now, listener);
      break;
    case MessageKind::kTrade:
    case MessageKind::kAggregateTrade:
      status = take_trade(followed_[m.symbol->place], connection, listener);
      break;
    case MessageKind::kPartialDepth:
    case MessageKind::kDepthSnapshot:
      return MessageStatus::kBeside;
    case MessageKind::kShutdown:
      links_[static_cast<std::size_t>(connection)].reconnect = true;
      return status;
    case MessageKind::kAnswer:
    case MessageKind::kError:
      return status;
  }
  if (status != MessageStatus::kRepeated)
    ++counters_.first[static_cast<std::size_t>(connection)];
  return status;
}

template <class Listener>
MessageStatus MarketFeed::take_depth(Followed& of, int connection, MonoNanos now,
                                     Listener& listener) {
  const MarketMessage& m = message_;
  const bool futures = is_futures(options_.market);
  if (m.first_id > m.last_id || m.last_id - m.first_id > kIdSpanMax ||
      m.last_id > INT64_MAX || (futures && m.previous_id > m.last_id)) {
    doubt(of, now, listener);
    return MessageStatus::kAbsurdNumber;
  }
  if (futures != m.has_previous) {
    doubt(of, now, listener);
    return MessageStatus::kMissingField;
  }
  const Order order = this->order(of, connection, kDepth, m.last_id);
  if (order == Order::kRestart) doubt(of, now, listener);
  const bool was_fresh = of.book.fresh();
  const MessageStatus status =
      of.book.on_change({m.first_id, m.last_id, m.previous_id, m.bids, m.asks},
                        level_teller(listener), counters_.held_given_up);
  if (was_fresh) {
    if (of.book.fresh()) [[likely]] {
      if (status == MessageStatus::kOk) tell_book(of, listener);
      return status;
    }
    tell_stale(of, now, listener);
  } else if (of.book.fresh()) {
    tell_fresh(of, now, listener);
  }
  if (of.book.phase() == DepthBook::Phase::kWanting) wake(of.due);
  return order == Order::kRestart ? MessageStatus::kBackwards : status;
}

template <class Listener>
MessageStatus MarketFeed::take_ticker(Followed& of, int connection, MonoNanos now,
                                      Listener& listener) {
  const MarketMessage& m = message_;
  if (m.last_id > INT64_MAX ||
      (m.bid.price >= m.ask.price && m.bid.price != kNoPrice)) {
    doubt(of, now, listener);
    return MessageStatus::kAbsurdNumber;
  }
  const Order order = this->order(of, connection, kTicker, m.last_id);
  if (order == Order::kRestart) of.book.forget_ticker(level_teller(listener));
  const bool was_fresh = of.book.fresh();
  const MessageStatus status =
      of.book.on_ticker(m.last_id, m.bid, m.ask, level_teller(listener));
  if (was_fresh && !of.book.fresh()) {
    tell_stale(of, now, listener);
  } else if (status == MessageStatus::kOk || order == Order::kRestart) {
    tell_book(of, listener);
  }
  return status;
}

template <class Listener>
MessageStatus MarketFeed::take_trade(Followed& of, int connection, Listener& listener) {
  const MarketMessage& m = message_;
  const bool aggregate = m.kind == MessageKind::kAggregateTrade;
  if (m.last_id > INT64_MAX) return MessageStatus::kAbsurdNumber;
  std::uint64_t& last = of.trade_id[aggregate ? 1 : 0];
  if (order(of, connection, aggregate ? kAggregates : kTrades, m.last_id) ==
      Order::kRestart) {
    last = 0;
  }
  if (m.last_id <= last) return MessageStatus::kRepeated;
  if (last != 0) counters_.trades_missing += m.last_id - last - 1;
  last = m.last_id;
  if (aggregate != options_.aggregate_trades) return MessageStatus::kBeside;
  if (!m.of_market) {
    ++counters_.trades_not_of_market;
    return MessageStatus::kBeside;
  }
  if constexpr (requires(book::TradeView v) { listener.on_trade(v); }) {
    listener.on_trade(book::TradeView{of.book.id(), m.trade.price, m.trade.qty,
                                      m.buyer_is_maker ? Side::kSell : Side::kBuy,
                                      false});
  }
  return MessageStatus::kOk;
}

template <class Listener>
MessageStatus MarketFeed::on_snapshot(InstrumentId id, Bytes text, MonoNanos now,
                                      Listener& listener) {
  Followed* const of = followed(id);
  MessageStatus status = MessageStatus::kUnasked;
  if (of == nullptr) status = MessageStatus::kUnknownSymbol;
  if (of != nullptr && of->book.phase() == DepthBook::Phase::kAsked) {
    const Symbol& symbol = symbols_[static_cast<std::size_t>(of - followed_.data())];
    status = decoder_.decode(text, message_, &symbol);
    if (status == MessageStatus::kOk && message_.kind != MessageKind::kDepthSnapshot)
      status = MessageStatus::kUnknownEvent;
    if (status == MessageStatus::kOk && message_.last_id > INT64_MAX)
      status = MessageStatus::kAbsurdNumber;
    if (status == MessageStatus::kOk) {
      status = of->book.on_snapshot(message_.last_id, message_.bids, message_.asks);
    } else {
      of->book.not_answered();
    }
    if (status == MessageStatus::kOk) {
      ++counters_.snapshots_taken;
      of->expires = MonoNanos{now.value + options_.join_timeout.value};
      wake(of->expires);
      if (of->book.fresh()) tell_fresh(*of, now, listener);
    } else {
      ask_later(*of, now);
    }
  }
  ++counters_.statuses[static_cast<int>(status)];
  return status;
}

}  // namespace pyscalp::binance
