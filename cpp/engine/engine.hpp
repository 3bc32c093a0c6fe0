// The heartbeat: ingest, evaluate, check, execute, run to completion for each input.
//
// Sans-I/O and single-threaded. Inputs are bytes with the time they came; outputs are
// the bytes of the order session, retransmission requests, and records in a ring. The
// same object trades live, on paper and in a replay: it cannot tell which. After the
// directory of instruments has been read it does not allocate, lock or call the system.
#pragma once

#include <array>
#include <string_view>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "book/itch_books.hpp"
#include "engine/config.hpp"
#include "engine/outlet.hpp"
#include "engine/record.hpp"
#include "engine/touch_before.hpp"
#include "feed/mold_session.hpp"
#include "order/ledger.hpp"
#include "order/markouts.hpp"
#include "order/scalper.hpp"
#include "order/working_orders.hpp"
#include "risk/gate.hpp"
#include "session/ouch_session.hpp"
#include "signal/market_levels.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::engine {

class Engine {
 public:
  /// `ring` and `kill_switch` outlive the engine. The configuration has been checked.
  Engine(const EngineConfig& config, SpscRing& ring,
         const risk::KillSwitch& kill_switch);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Start-up: takes the memory of the books' pools now, by the thread that calls, so
  /// that no event meets a page fault. Everything else was touched when it was made.
  void prefault() { books_.prefault(); }

  // ---- Inputs. `now` never goes back. ----

  void on_datagram(feed::Line line, Bytes datagram, MonoNanos now);
  void on_connected(MonoNanos now);
  void on_disconnected(MonoNanos now);
  /// False: the connection is to be closed, then on_disconnected is due.
  bool on_order_bytes(Bytes bytes, MonoNanos now);
  /// To be called at `next_deadline()`; more often does no harm. False as above.
  bool on_time(MonoNanos now);
  void on_command(Command command, MonoNanos now);
  /// The connection for a snapshot, opened and closed as wants_snapshot_link() says.
  /// Disconnected is also one that could not be opened.
  void on_snapshot_connected(MonoNanos now);
  void on_snapshot_disconnected(MonoNanos now);
  /// False: close it, then on_snapshot_disconnected is due.
  bool on_snapshot_bytes(Bytes bytes, MonoNanos now);

  /// For the histograms alone: a datagram that `on_datagram` had at `now` had come to
  /// this machine at `arrived`. Where a clock was set in between, it may be after.
  void note_arrival(MonoNanos arrived, MonoNanos now) {
    if (arrived <= now) record_stage(Stage::kArrival, arrived, now);
  }

  // ---- Outputs ----

  MonoNanos next_deadline() const { return next_deadline_; }
  Bytes order_bytes() const { return session_.outbound(); }
  /// The first `size` bytes were handed to the kernel at `now`.
  void order_bytes_sent(std::size_t size, MonoNanos now);
  bool take_request(MonoNanos now,
                    std::array<std::byte, wire::mold::kHeaderSize>& out) {
    return feed_.take_request(now, out);
  }
  /// Whether there should be a connection for a snapshot.
  bool wants_snapshot_link(MonoNanos now) const {
    return snapshot_.wants_link(feed_.wants_snapshot(now), now);
  }
  Bytes snapshot_bytes() const { return snapshot_.outbound(); }
  void snapshot_bytes_sent(std::size_t size) { snapshot_.consumed(size); }
  Phase phase() const { return phase_; }
  bool finished() const { return phase_ == Phase::kEnded || phase_ == Phase::kFailed; }

  // ---- Views, for tests and reports; the engine's thread, or after it has ended ----

  const book::ItchBooks& books() const { return books_; }
  const feed::MoldSession& feed() const { return feed_; }
  const feed::SnapshotSession& snapshots() const { return snapshot_; }
  const order::Ledger& ledger() const { return ledger_; }
  const order::WorkingOrders& orders() const { return orders_; }
  const risk::Gate& gate() const { return gate_; }
  const session::OuchSession& session() const { return session_; }
  Snapshot snapshot(MonoNanos now) const;
  std::size_t instrument_count() const { return traded_.size(); }
  /// Of the n-th configured instrument.
  const signal::SignalSet& signals(std::size_t n) const { return traded_[n].signals; }
  /// The mean drift from decision to arrival of its taking orders, see
  /// order/expectation.hpp.
  Price network(std::size_t n) const { return traded_[n].network; }
  /// The locate of the n-th configured instrument; 0 until the directory names it.
  InstrumentId instrument(std::size_t n) const { return traded_[n].id; }
  /// Safe to read from any thread while the engine runs.
  const Histogram& histogram(Stage stage) const {
    return histograms_[static_cast<std::size_t>(stage)];
  }

 private:
  struct Traded {
    Traded(const EngineConfig& config, const TradedInstrument& instrument);

    static constexpr std::array<Qty, 2> kNoDepth{-1, -1};

    std::string_view symbol;
    Price tick{};
    signal::MarketLevels levels;
    signal::SignalSet signals;
    order::Scalper scalper;
    order::QueueFlow flow;
    Price network;       ///< drift from decision to arrival, see order/expectation.hpp
    bool leave = false;  ///< a signal has let go of what is held or entered
    MonoNanos stop_at = kNever;  ///< when the stop now wanted was reached
    InstrumentId id{};
    bool touched = false;
    MonoNanos last_tick = risk::kNoTick;
    MonoNanos closed{-kNever.value / 2};
    MonoNanos last_sent{-kNever.value / 2};
    MonoNanos last_cancel{-kNever.value / 2};
    MonoNanos next_deadline = kNever;
    signal::Forecast forecast;
    std::array<Qty, 2> depth = kNoDepth;  ///< by Side, as the gate was told
    Money net{};
    TouchBefore touch_before;
    book::Touch last_touch;  ///< while the books are not whole: what it was before
    bool last_trading = false;
  };
  /// Adapters that give the books and the session their own, small view of the engine.
  struct FeedListener;
  struct VenueListener;
  struct SnapshotListener;

  Traded* traded(InstrumentId id) {
    const std::uint8_t slot = traded_of_[index(id)];
    return slot == 0 ? nullptr : &traded_[slot - 1u];
  }
  MonoNanos stamp() const { return config_.measure ? clock_.now() : MonoNanos{}; }
  void record_stage(Stage stage, MonoNanos from, MonoNanos to);
  void follow_gap(MonoNanos now);
  void note_connection(ConnectionEvent what, MonoNanos now);
  void evaluate_touched(MonoNanos now);
  void evaluate(Traded& instrument, bool ticked, MonoNanos now);
  /// Half a book has no touch: then the last one that was whole.
  book::Touch touch_of(const Traded& instrument) const {
    return books_whole_ ? books_.books().touch(instrument.id) : instrument.last_touch;
  }
  bool trading(const Traded& instrument) const {
    return books_whole_ ? books_.trading_state(instrument.id) == 'T' &&
                              books_.system_event() == 'Q'
                        : instrument.last_trading;
  }
  signal::MarketView market_view(Traded& instrument, MonoNanos now);
  risk::MarketState market_state(const Traded& instrument) const;
  order::ScalperView scalper_view(Traded& instrument, bool ticked, MonoNanos now);
  void watch_depth(Traded& instrument, const signal::MarketView& market, MonoNanos now);
  /// The mid of a book that is sound; kNoPrice otherwise, and while the feed has a gap.
  Price known_mid(InstrumentId id) const;
  /// Before an input changes the books: what was to be seen of them before `now`.
  void settle_markouts(MonoNanos now);
  void place(Traded& instrument, const order::Wish& wish, MonoNanos now);
  void cancel(std::uint32_t user_ref, MonoNanos now);
  void cancel_all(MonoNanos now);
  /// What we believe of our orders or position may be wrong: HALTED until a person has
  /// looked.
  void halt_in_doubt(std::string_view reason, MonoNanos now);
  /// When the message being applied would have come had it not been held up: `now` less
  /// what its lag behind the venue's stamp exceeds the least one of late.
  MonoNanos tick_time(MonoNanos now) {
    const MonoNanos lag{now.value - books_.venue_time().value};
    // The floor rises by 0.1 % of the time, so that clocks may drift apart.
    if (lag_floor_ != kNever) lag_floor_.value += (now - lag_at_).value / 1000;
    lag_at_ = now;
    if (lag < lag_floor_) lag_floor_ = lag;
    return now - (lag - lag_floor_);
  }
  bool in_session() const;
  bool closing() const;
  /// What every input ends with: breakers, the way to the end, the next deadline.
  void settle(MonoNanos now);
  void advance_phase(MonoNanos now);
  void sample(MonoNanos now);
  void journal_input(RecordKind kind, MonoNanos now, Bytes bytes, std::uint8_t detail);
  bool keep_link(session::Link link, MonoNanos now);

  const EngineConfig config_;
  const MonoClock clock_;  ///< for the histograms alone, never for a decision
  Outlet outlet_;
  feed::MoldSession feed_;
  feed::SnapshotSession snapshot_;
  book::ItchBooks books_;
  order::WorkingOrders orders_;
  order::Ledger ledger_;
  order::Markouts markouts_;
  const risk::KillSwitch& shared_switch_;
  risk::KillSwitch seen_switch_;  ///< what the gate looks at: set between inputs alone
  risk::Gate gate_;
  session::OuchSession session_;
  std::vector<Traded> traded_;
  std::array<std::uint8_t, 1 << 16> traded_of_{};  ///< by locate: slot + 1, 0 is none

  std::uint32_t feed_generation_ = 0;
  bool gap_was_open_ = false;
  bool books_whole_ = true;  ///< false while they are being rebuilt
  bool stopping_ = false;
  bool killed_ = false;
  bool cancel_all_owed_ = false;  ///< asked for while the session was not live
  MonoNanos lag_floor_ = kNever;
  MonoNanos lag_at_{};
  MonoNanos stop_requested_ = kNever;
  Phase phase_ = Phase::kConnecting;
  MonoNanos next_sample_{};
  MonoNanos next_deadline_{};

  // Of the input that is being worked on.
  MonoNanos input_at_{};
  MonoNanos stage_at_{};
  std::uint32_t unsent_ref_ = 0;  ///< newest order whose bytes have not left yet
  MonoNanos unsent_input_at_{};
  MonoNanos unsent_stop_at_ = kNever;  ///< if it is a stop, when that was reached

  std::uint64_t packets_ = 0;
  std::uint64_t orders_sent_ = 0;
  std::uint64_t orders_not_sent_ = 0;
  std::uint64_t cancels_sent_ = 0;
  std::uint64_t rejects_ = 0;
  std::array<Histogram, kStages> histograms_;
};

}  // namespace pyscalp::engine
