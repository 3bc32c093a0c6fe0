// The client's order session at Binance, spot and USD-M: whole messages and time in,
// whole requests out.
//
// Source: the exchange's WebSocket API, REST and user data documents.
//
// One thread; reads no clock, makes no system call, allocates only when constructed.
// The owner of the sockets says when a connection is up or down, hands over every
// message and response, and sends what `next_request` gives. Only what has passed the
// risk gate can be sent: `send` and `cancel` take nothing else.
//
// Before it is live the session logs on (Ed25519, where asked to), subscribes to user
// data, cancels what an earlier run of ours left open, and asks for balances and
// positions. What is said twice, by an answer and by the user stream, is told once, in
// whatever order it comes.
//
// An order whose request was not answered, or met an error after which it may stand all
// the same, is *unknown*: it counts at its worst, and the venue is asked for it by our
// own name of it until it is found, or until it cannot arrive any more: when its
// timestamp is older than the receive window and `arrival_margin`. An order is never
// sent again. When the user stream was down, every open order is unknown until asked
// for, and its missing trades are fetched one by one.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "binance/client_id.hpp"
#include "binance/order_answers.hpp"
#include "binance/order_requests.hpp"
#include "binance/rate_budget.hpp"
#include "binance/request_pool.hpp"
#include "binance/signing.hpp"
#include "binance/tracked_orders.hpp"
#include "risk/gated.hpp"
#include "session/order_events.hpp"
#include "session/session_state.hpp"

namespace pyscalp::binance {

struct OrderSessionOptions {
  Market market = Market::kSpot;
  RunName run;  ///< must be valid, and another for each run
  Lane orders_by = Lane::kWebSocket;
  bool logon = false;  ///< session.logon; needs an Ed25519 key
  std::uint32_t first_user_ref = 1;
  /// How old a request may be when it arrives, ms; 1 to 60,000.
  std::int64_t recv_window_ms = 2'000;
  /// How long past its window a request may still take effect inside the venue, whose
  /// own time limit for its engine is 10 s, and how far the clocks may differ.
  MonoNanos arrival_margin = seconds(11);
  MonoNanos answer_timeout = seconds(2);
  /// How long trades and ends may be missing on the user stream before they are asked
  /// for.
  MonoNanos stream_wait = milliseconds(500);
  MonoNanos retry_after = seconds(1);  ///< between two askings for the same
  MonoNanos listen_key_ping = seconds(30 * 60);
  std::uint32_t orders = 1 << 12;         ///< remembered; a power of two
  std::uint32_t open = 256;               ///< open at once
  std::uint32_t trades = 1 << 14;         ///< remembered against repetition
  std::size_t answer_capacity = 1 << 20;  ///< longest message that is read
};

enum class Connection : std::uint8_t {
  kApi = 0,         ///< the WebSocket API
  kUserStream = 1,  ///< USD-M: the stream of `listen_key()`
  kHttp = 2,        ///< REST
};
inline constexpr std::size_t kConnections = 3;

/// One request to send. Views are valid until the next call of the session.
struct OutboundRequest {
  std::uint64_t id = 0;
  std::string_view verb;  ///< of HTTP; empty for a message of the WebSocket API
  std::string_view text;  ///< the message, or path?query
};

/// Things that were counted.
enum class SessionCount : std::uint8_t {
  kUnreadable,     ///< messages that could not be read
  kUnmatched,      ///< answers and events that fit no request or order
  kForeignOrders,  ///< events and listings of orders that are not ours
  kLeftovers,      ///< orders of earlier runs that were cancelled
  kTimeouts,       ///< requests without an answer
  kUnknown,        ///< orders that became unknown
  kClockRequests,  ///< times that the clock had to be set anew
  kHolds,          ///< silences that the venue asked for
  kRepeats,        ///< trades said again
};
inline constexpr std::size_t kSessionCounts = 9;

class OrderSession {
 public:
  /// `signer` outlives it.
  OrderSession(const OrderSessionOptions& options, Signer& signer);
  OrderSession(const OrderSession&) = delete;
  OrderSession& operator=(const OrderSession&) = delete;

  // ---- Start-up ----

  /// A symbol to trade; without it nothing is sent for the instrument. False: too many,
  /// an asset's name is too long, or the instrument is there already.
  bool add_symbol(const SymbolRules& rules, std::string_view base,
                  std::string_view quote);
  /// Of exchangeInfo.rateLimits.
  bool set_limit(RateKind kind, MonoNanos interval, std::int64_t limit) {
    return budget_.set_limit(kind, interval, limit);
  }

  // ---- The clock: requests carry the time, and the session reads none ----

  /// It is `at` now. Until this is called, and again after the venue refused a
  /// timestamp, the session asks the venue for its time.
  void set_clock(UnixNanos at, MonoNanos now);
  bool clock_needed() const { return clock_needed_; }

  // ---- Connections; handlers as in session/order_events.hpp, which may call send and
  // cancel, nothing else ----

  template <class Handler>
  void on_up(Connection connection, MonoNanos now, Handler&& handler) {
    up(connection, now);
    hand_over(handler);
  }
  template <class Handler>
  void on_down(Connection connection, MonoNanos now, Handler&& handler) {
    down(connection, now);
    hand_over(handler);
  }
  /// A message of the WebSocket API: an answer, or on spot a user event.
  template <class Handler>
  void on_answer(Bytes json, MonoNanos now, Handler&& handler) {
    take_message(json, now);
    hand_over(handler);
  }
  /// A message of the user stream.
  template <class Handler>
  void on_user_event(Bytes json, MonoNanos now, Handler&& handler) {
    on_answer(json, now, handler);
  }
  /// The response to the HTTP request `id`.
  template <class Handler>
  void on_http_answer(std::uint64_t id, int status, std::span<const HttpHeader> headers,
                      Bytes body, MonoNanos now, Handler&& handler) {
    take_http(id, status, headers, body, now);
    hand_over(handler);
  }
  /// Timeouts, questions that are due. Call at next_deadline(), or in each poll.
  template <class Handler>
  void on_time(MonoNanos now, Handler&& handler) {
    if (!work_ && now < deadline_) return;
    pump(now);
    hand_over(handler);
  }
  MonoNanos next_deadline() const { return work_ ? MonoNanos{} : deadline_; }

  // ---- Requests ----

  /// The oldest request of the lane that was not sent. HTTP requests also want the
  /// header X-MBX-APIKEY: api_key().
  /// None while the venue wants silence.
  std::optional<OutboundRequest> next_request(Lane lane, MonoNanos now);
  /// Call when the first byte of it goes out: from then on it may take effect.
  void request_sent(Lane lane) { pool_.sent(lane); }
  std::string_view api_key() const { return signer_.api_key(); }

  /// USD-M: what the path of the user stream ends with; empty until there is one. A
  /// new number means another key: connect the user stream anew.
  std::string_view listen_key() const { return {listen_key_.data(), listen_key_size_}; }
  std::uint32_t listen_key_number() const { return listen_key_number_; }
  /// The venue asks for new connections (serverShutdown); cleared by on_up.
  bool reconnect_asked() const { return reconnect_asked_; }

  // ---- Orders ----

  /// Queues the order and returns its user reference. 0: not live, silent by the
  /// venue's wish, no room, no symbol, spent, or not to be expressed.
  std::uint32_t send(risk::GatedOrder order, MonoNanos now);
  /// Queues a cancel of all that is open; goes while the session is not live, too.
  /// False: no connection, silent by the venue's wish, not open, no room, or spent.
  bool cancel(risk::GatedCancel cancel, MonoNanos now);
  /// Queues a cancel of every open order of the symbol, whoever placed it.
  bool cancel_all(InstrumentId instrument, MonoNanos now);
  /// The reference that the next order gets.
  std::uint32_t next_user_ref() const { return next_user_ref_; }

  session::SessionState state() const;
  bool live() const { return live_ && orders_up() && !clock_needed_; }
  /// How many more orders the venue takes now, by its own counts; 0 while it wants
  /// silence.
  std::int64_t requests_allowed(MonoNanos now) const {
    return budget_.allowed({1, 1}, now, wall(now));
  }
  std::uint32_t unknown_count() const { return unknown_; }
  std::size_t open_count() const { return orders_.open_count(); }
  std::uint64_t count(SessionCount what) const {
    return counts_[static_cast<std::size_t>(what)];
  }

 private:
  /// A question that the session has for the venue itself.
  struct Chore {
    RequestKind kind = RequestKind::kServerTime;
    std::uint32_t symbol = 0;
    bool wanted = false;
    std::uint64_t under_way = 0;
    MonoNanos not_before{};
  };
  static constexpr std::size_t kMaxListenKey = 128;

  template <class Handler>
  void hand_over(Handler& handler) {
    for (std::size_t i = 0; i < event_count_; ++i) {
      session::deliver(events_[i], handler);
    }
    event_count_ = 0;
  }

  // order_session.cpp: connections, time, requests
  void up(Connection connection, MonoNanos now);
  void down(Connection connection, MonoNanos now);
  void pump(MonoNanos now);
  bool run(Chore& chore, MonoNanos now);
  Chore* chore(RequestKind kind);
  Chore* chore_of(std::uint64_t id);
  void want(RequestKind kind);
  void ask(TrackedOrder& order, MonoNanos now);
  void give_up(PooledRequest& request, MonoNanos now);
  void fail_lane(Lane lane, MonoNanos now);
  void user_data_down(MonoNanos now);
  void resynchronise(MonoNanos now);
  bool make(const Request& request, Lane lane, std::uint32_t user_ref,
            std::uint32_t symbol, MonoNanos now, std::uint64_t& id);
  std::optional<Lane> lane_for(RequestKind kind) const;
  bool lane_up(Lane lane) const {
    return up_[static_cast<std::size_t>(lane == Lane::kHttp ? Connection::kHttp
                                                            : Connection::kApi)];
  }
  bool ready(Lane lane) const {
    return lane_up(lane) && (lane == Lane::kHttp || !options_.logon || logged_on_);
  }
  bool orders_up() const { return ready(options_.orders_by); }
  void due(MonoNanos at) {
    if (at < deadline_) deadline_ = at;
  }
  UnixNanos wall(MonoNanos now) const { return {now.value + clock_offset_}; }

  // order_session_answers.cpp: what the venue says
  void take_message(Bytes json, MonoNanos now);
  void take_http(std::uint64_t id, int status, std::span<const HttpHeader> headers,
                 Bytes body, MonoNanos now);
  void take_answer(PooledRequest& request, const Answer& answer, AnswerStatus read,
                   MonoNanos now);
  void take_used(const Answer& answer, MonoNanos now);
  void take_event(const Answer& answer, MonoNanos now);
  void take_order_event(MonoNanos now);
  void on_place(TrackedOrder& order, const Answer& answer, MonoNanos now);
  void on_cancel(TrackedOrder& order, const Answer& answer, MonoNanos now);
  void on_status(TrackedOrder& order, const PooledRequest& request,
                 const Answer& answer, MonoNanos now);
  void on_trades(TrackedOrder& order, const PooledRequest& request, MonoNanos now);
  bool take_listen_key(MonoNanos now);
  bool on_open_orders(MonoNanos now);
  void cancel_stray(const OrderReport& report, MonoNanos now);
  bool on_balances();
  bool on_positions();
  void flat_where_not_listed();
  void on_chore(Chore& chore, const PooledRequest& request, const Answer& answer,
                AnswerStatus read, MonoNanos now);

  // order_session_orders.cpp: what it means for an order
  void apply(TrackedOrder& order, const OrderReport& report, MonoNanos now);
  bool names(const TrackedOrder& order, const OrderReport& report) const;
  void accept(TrackedOrder& order, const OrderReport& report);
  void book(TrackedOrder& order, const TradeReport& trade, MonoNanos now);
  void settle(TrackedOrder& order, MonoNanos now);
  void close(TrackedOrder& order);
  void reject(TrackedOrder& order, std::int32_t code, session::RejectReason reason);
  void not_found(TrackedOrder& order, const PooledRequest& request, MonoNanos now);
  void make_unknown(TrackedOrder& order, MonoNanos ask_at);
  void lose(std::string_view what, MonoNanos now);
  void emit(const session::OrderEvent& event);
  void note(SessionCount what) { ++counts_[static_cast<std::size_t>(what)]; }
  std::uint32_t symbol_index(const TradedSymbol* symbol) const {
    return static_cast<std::uint32_t>(symbol - reader_.symbols().data());
  }

  OrderSessionOptions options_;
  Signer& signer_;
  RequestEncoder encoder_;
  AnswerReader reader_;
  RequestPool pool_;
  TrackedOrders orders_;
  RateBudget budget_;
  std::vector<Chore> chores_;
  std::vector<session::OrderEvent> events_;  ///< of the call under way
  std::size_t event_count_ = 0;
  std::vector<std::uint8_t> symbol_of_;            ///< by instrument: its place and 1
  std::bitset<AnswerReader::kMaxSymbols> listed_;  ///< in the list of positions at hand
  std::array<bool, kConnections> up_{};
  bool logged_on_ = false;
  bool user_data_up_ = false;
  bool live_ = false;
  bool was_live_ = false;
  bool refused_ = false;
  bool reconnect_asked_ = false;
  bool clock_needed_ = true;
  bool work_ = false;  ///< pump has something to do at once
  std::int64_t clock_offset_ = 0;
  MonoNanos deadline_ = kNever;
  MonoNanos ping_at_ = kNever;
  std::uint32_t next_user_ref_;
  std::uint32_t unknown_ = 0;
  std::array<char, kMaxListenKey> listen_key_{};
  std::size_t listen_key_size_ = 0;
  std::uint32_t listen_key_number_ = 0;
  std::array<std::uint64_t, kSessionCounts> counts_{};
};

}  // namespace pyscalp::binance
