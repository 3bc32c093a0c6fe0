// The agents of one stock: what they do when their time has come.
#pragma once

#include <cstdlib>

#include "exchange/agenda.hpp"
#include "exchange/latent_value.hpp"
#include "exchange/market.hpp"

namespace pyscalp::exchange {

/// One population: providers, noise traders, informed traders, those under pressure,
/// and those who hide. Each stock has its own, with its own random numbers, so that one
/// stock's day does not depend on another's.
class StockAgents {
 public:
  /// Accounts are numbered from here: 64 for each stock.
  static constexpr AccountId kFirstAccount = 1000;
  static constexpr AccountId kAccountsPerStock = 64;

  StockAgents(const StockParameters& parameters, const Instrument& instrument,
              std::uint32_t number, std::uint64_t seed);

  /// Enters the first book and the first appointments.
  void begin(Market& market, Agenda& agenda, std::int64_t now);
  /// Keeps one appointment.
  void keep(const Appointment& appointment, Market& market, Agenda& agenda);

  /// What providers quote around, for tests and plots.
  Price value() const { return value_.now(); }

 private:
  enum Role : std::uint8_t { kNoise = 32, kInformed, kPressed, kHider, kIceberger };
  /// Orders that one trader still has to send; its place is free once none are left.
  struct Programme {
    Role role = kNoise;
    Side side = Side::kBuy;
    std::int64_t left = 0;
    bool patient = false;     ///< noise: seconds rather than milliseconds between them
    std::int64_t pace = 0;    ///< others: longest wait, ns
    std::int64_t worth = 0;   ///< informed: where the value will be
    std::int64_t widest = 0;  ///< others: spread within which they begin
    std::int64_t hurry_at = 0;  ///< …, or the time from which they take any
  };
  /// One appointment's surroundings.
  struct Now {
    Market& market;
    Agenda& agenda;
    std::int64_t time;
  };

  // Providers.
  void value_step(const Now& now);
  void quote(const Now& now, Side side, std::int64_t life);
  void lean_once(const Now& now);
  void quote_deep(const Now& now, Side side);
  void review(const Now& now, Side side);
  void life_ends(const Now& now, OrderName name);
  void start_wave(const Now& now);
  void reprice(const Now& now, Side side);
  void answer_trade(const Now& now, Side hit);
  AccountId role_of(const AgentOrder& order) const;
  Side leaning_side();
  AccountId some_provider();
  Price quote_price(const Now& now, Side side);
  std::int64_t life();
  std::int64_t fleeting_life();
  Qty quote_qty();

  // Takers.
  void start_noise(const Now& now);
  void start_burst(const Now& now);
  void start_drift(const Now& now, Side side);
  void start_pressure(const Now& now);
  std::uint32_t start_programme(const Programme& programme);
  void programme_step(const Now& now, std::uint32_t number);
  void take(const Now& now, const Programme& programme);
  bool bides(const Now& now, Programme& programme) const;
  std::int64_t widest_spread();
  Qty take_qty();

  // Hiders.
  void place_hidden(const Now& now);
  void place_iceberg(const Now& now);
  void review_hidden(const Now& now);

  // Plumbing.
  /// Enters what `wanted` says of side, price, size, display and hiding.
  OrderName place(const Now& now, AccountId role, NewOrder wanted, bool deep = false);
  void withdraw(const Now& now, OrderName name);
  void later(const Now& now, std::int64_t wait, Deed deed, Side side = Side::kBuy,
             OrderName name = {});
  /// Exponential of this mean, shorter in busy times.
  std::int64_t wait(MonoNanos mean);
  std::int64_t spread_of(Price mean);
  Price on_tick(std::int64_t price, Side side) const;
  Price touch(const Now& now, Side side) const;
  Price inside(const Now& now, Side side, Price price) const;
  std::int64_t edge(Side side, Price price) const;

  StockParameters parameters_;
  InstrumentId instrument_;
  std::int64_t tick_;
  std::uint32_t number_;
  Random random_;
  LatentValue value_;
  AgentOrders orders_;
  std::vector<Programme> programmes_;
  std::array<std::uint32_t, kAccountsPerStock> next_client_ref_{};
  double lean_ = 0;  ///< positive: the book leans to bids
  std::int64_t lean_until_ = 0;
  std::int64_t burst_move_ = 0;
  Price waved_at_;  ///< the value at the last wave of repricing
  std::array<bool, 2> review_due_{};
};

}  // namespace pyscalp::exchange
