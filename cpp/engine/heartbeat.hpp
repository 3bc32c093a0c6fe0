// The heartbeat: evaluate, check, execute, run to completion for each input.
//
// What every venue shares: orders, positions, risk, signals, tactics, records. What a
// venue is of itself, its feed, books and order session, is the `Venue`; a class made
// of both takes the venue's inputs (engine.hpp for ITCH and OUCH). A strategy cannot
// tell them apart: the code that decides is the same.
//
// Sans-I/O and single-threaded. Inputs are bytes with the time they came; outputs are
// the bytes of the order session, requests for what is missing, and records in a ring.
// The same object trades live, on paper and in a replay: it cannot tell which. Once the
// instruments are known it does not allocate, lock or call the system.
//
// What its functions do is in heartbeat_bodies.hpp, for the file that makes an engine.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "engine/config.hpp"
#include "engine/outlet.hpp"
#include "engine/record.hpp"
#include "engine/touch_before.hpp"
#include "engine/venue.hpp"
#include "order/ledger.hpp"
#include "order/markouts.hpp"
#include "order/scalper.hpp"
#include "order/working_orders.hpp"
#include "risk/gate.hpp"
#include "signal/market_levels.hpp"
#include "signal/signal_set.hpp"

namespace pyscalp::engine {

struct UserSignalFigures {
  std::uint64_t calls = 0;
  std::uint64_t not_finite = 0;  ///< answers that were no number
};

template <class V>
class Heartbeat {
 public:
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void on_command(Command command, MonoNanos now);

  /// For the histograms alone: a message that an input had at `now` had come to this
  /// machine at `arrived`. Where a clock was set in between, it may be after.
  void note_arrival(MonoNanos arrived, MonoNanos now) {
    if (arrived <= now) record_stage(Stage::kArrival, arrived, now);
  }

  MonoNanos next_deadline() const { return next_deadline_; }
  Phase phase() const { return phase_; }
  bool finished() const { return phase_ == Phase::kEnded || phase_ == Phase::kFailed; }

  // ---- Views, for tests and reports; the engine's thread, or after it has ended ----

  const order::Ledger& ledger() const { return ledger_; }
  const order::WorkingOrders& orders() const { return orders_; }
  const risk::Gate& gate() const { return gate_; }
  Snapshot snapshot(MonoNanos now) const;
  std::size_t instrument_count() const { return traded_.size(); }
  /// Of the n-th configured instrument.
  const signal::SignalSet& signals(std::size_t n) const { return traded_[n].signals; }
  /// What became of a user's signal, over all instruments; nothing without one.
  std::optional<UserSignalFigures> user_signal() const;
  /// The mean drift from decision to arrival of its taking orders, see
  /// order/expectation.hpp.
  Price network(std::size_t n) const { return traded_[n].network; }
  /// The venue's number of the n-th configured instrument; 0 until it is told.
  InstrumentId instrument(std::size_t n) const { return traded_[n].id; }
  /// Safe to read from any thread while the engine runs.
  const Histogram& histogram(Stage stage) const {
    return histograms_[static_cast<std::size_t>(stage)];
  }

 protected:
  struct Traded {
    Traded(const TradingConfig& config, const TradedInstrument& instrument);

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
    bool whole = true;       ///< false while the book is being rebuilt
    book::Touch last_touch;  ///< while it is not whole: what it was before
    bool last_trading = false;
  };
  /// Adapters that give books and sessions their own, small view of the engine.
  struct MarketListener;
  struct OrderListener;

  /// `ring` and `kill_switch` outlive the engine. The configuration has been checked;
  /// the rest is what the venue is made of.
  template <class... Arguments>
  Heartbeat(const TradingConfig& config, SpscRing& ring,
            const risk::KillSwitch& kill_switch, Arguments&&... venue);
  ~Heartbeat() = default;

  // ---- What inputs are made of ----

  /// Every input begins with this. `bytes` and `rest` are what the journal keeps of it.
  void begin_input(RecordKind kind, MonoNanos now, Bytes bytes = {},
                   std::uint8_t detail = 0, Bytes rest = {});
  /// Before an input changes the books: what was to be seen of them before `now`.
  void settle_markouts(MonoNanos now);
  /// It has been decoded, and has changed what it does change.
  void note_decoded() { stage_at_ = stamp(); }
  void note_booked() {
    note_decoded();
    record_stage(Stage::kFeed, input_at_, stage_at_);
  }
  void evaluate_touched(MonoNanos now);
  /// What is due by the time alone, apart from the venue's own.
  void keep_time(MonoNanos now);
  /// What every input ends with: breakers, the way to the end, the next deadline.
  void settle(MonoNanos now);

  // ---- Instruments and their books ----

  Traded* traded(InstrumentId id) {
    const std::uint8_t slot = traded_of_[index(id)];
    return slot == 0 ? nullptr : &traded_[slot - 1u];
  }
  /// The venue names an instrument. False: another one is held under its symbol, and
  /// the engine has halted.
  bool name_instrument(InstrumentId id, std::string_view symbol, MonoNanos now);
  /// A price may be wrong from here on, until the book is whole again: the last one is
  /// kept for deadline exits, what signals have made of the past is void.
  void void_book(Traded& instrument);

  // ---- The rest ----

  MonoNanos stamp() const { return config_.measure ? clock_.now() : MonoNanos{}; }
  void record_stage(Stage stage, MonoNanos from, MonoNanos to);
  void note_connection(ConnectionEvent what, MonoNanos now);
  /// The venue's bytes of the newest order have all left, at `now`.
  void note_sent(MonoNanos now);
  /// What we believe of our orders or position may be wrong: HALTED until a person has
  /// looked.
  void halt_in_doubt(std::string_view reason, MonoNanos now);
  /// The mid of a book that is sound; kNoPrice otherwise, and while the feed has a gap.
  Price known_mid(InstrumentId id) const;

  const TradingConfig config_;
  V venue_;
  order::WorkingOrders orders_;
  order::Ledger ledger_;
  const risk::KillSwitch& shared_switch_;
  risk::KillSwitch seen_switch_;  ///< what the gate looks at: set between inputs alone
  risk::Gate gate_;
  Outlet outlet_;
  std::vector<Traded> traded_;
  std::array<std::uint8_t, 1 << 16> traded_of_{};  ///< by number: slot + 1, 0 is none
  std::uint64_t packets_ = 0;
  std::uint64_t rejects_ = 0;
  std::uint32_t unsent_ref_ = 0;  ///< newest order whose bytes have not left yet

 private:
  void evaluate(Traded& instrument, bool ticked, MonoNanos now);
  /// Half a book has no touch: then the last one that was whole.
  book::Touch touch_of(const Traded& instrument) const {
    return instrument.whole ? venue_.touch(instrument.id) : instrument.last_touch;
  }
  bool trading(const Traded& instrument) const {
    return instrument.whole ? venue_.trading(instrument.id) : instrument.last_trading;
  }
  signal::MarketView market_view(Traded& instrument, MonoNanos now);
  risk::MarketState market_state(const Traded& instrument) const;
  order::ScalperView scalper_view(Traded& instrument, bool ticked, MonoNanos now);
  void watch_depth(Traded& instrument, const signal::MarketView& market, MonoNanos now);
  void place(Traded& instrument, const order::Wish& wish, MonoNanos now);
  void cancel(std::uint32_t user_ref, MonoNanos now);
  void cancel_all(MonoNanos now);
  /// When the message being applied would have come had it not been held up: `now` less
  /// what its lag behind the venue's stamp exceeds the least one of late.
  MonoNanos tick_time(MonoNanos now) {
    const MonoNanos lag{now.value - venue_.venue_time().value};
    // The floor rises by 0.1 % of the time, so that clocks may drift apart.
    if (lag_floor_ != kNever) lag_floor_.value += (now - lag_at_).value / 1000;
    lag_at_ = now;
    if (lag < lag_floor_) lag_floor_ = lag;
    return now - (lag - lag_floor_);
  }
  bool in_session() const;
  bool closing() const;
  void advance_phase(MonoNanos now);
  void sample(MonoNanos now);

  const MonoClock clock_;  ///< for the histograms alone, never for a decision
  order::Markouts markouts_;

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
  MonoNanos unsent_input_at_{};
  MonoNanos unsent_stop_at_ = kNever;  ///< if it is a stop, when that was reached

  std::uint64_t orders_sent_ = 0;
  std::uint64_t orders_not_sent_ = 0;
  std::uint64_t cancels_sent_ = 0;
  std::array<Histogram, kStages> histograms_;
};

}  // namespace pyscalp::engine
