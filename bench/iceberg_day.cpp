#include "bench/iceberg_day.hpp"

#include <algorithm>
#include <array>
#include <queue>

#include "base/random.hpp"
#include "exchange/agents.hpp"

namespace pyscalp::bench {
namespace {

using exchange::AccountId;
using exchange::Agents;
using exchange::Market;
using exchange::NewOrder;
using exchange::Report;
using exchange::ReportKind;

constexpr AccountId kIcebergs = 1;
constexpr AccountId kDecoys = 2;
constexpr AccountId kCrowd = 3;
constexpr AccountId kTakers = 4;

constexpr std::int64_t kMicro = 1'000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr MonoNanos kTakerWait = milliseconds(120);
constexpr std::int64_t kLeftBehind = 12;  ///< ticks from the touch

exchange::AgentParameters parameters_of(const IcebergDaySettings& settings) {
  exchange::AgentParameters parameters;
  const exchange::StockParameters fitted = parameters.stocks.front();
  parameters.stocks.clear();
  for (std::uint32_t i = 1; i <= settings.stocks; ++i) {
    parameters.stocks.push_back(fitted);
    parameters.stocks.back().symbol = "ICE" + std::to_string(i);
  }
  return parameters;
}

class Scene {
 public:
  Scene(const IcebergDaySettings& settings, exchange::RecordFile& record)
      : settings_(settings),
        parameters_(parameters_of(settings)),
        instruments_(Agents::instruments(parameters_)),
        // Numbers from 1, as on a recording.
        market_(instruments_, FeeSchedule{}, {.first_number = 1}),
        agents_(parameters_, settings.seed, instruments_),
        random_(settings.seed ^ 0x1CEBE26),
        record_(record) {}

  IcebergDay play() {
    const std::int64_t end = parameters_.open.value + settings_.duration.value;
    for (const exchange::Instrument& instrument : instruments_) {
      const std::int64_t open = parameters_.open.value;
      later(open + wait(settings_.iceberg_wait), Deed::kIceberg, index(instrument.id));
      later(open + wait(settings_.decoy_wait), Deed::kDecoy, index(instrument.id));
      for (const Side side : {Side::kBuy, Side::kSell}) {
        later(open + wait(kTakerWait), Deed::kTake, index(instrument.id), side);
      }
    }
    for (;;) {
      const auto next = agents_.next_time();
      if (!next || next->value > end) break;
      if (!agenda_.empty() && agenda_.top().time < next->value) {
        const Appointment due = agenda_.top();
        agenda_.pop();
        keep(due);
      } else {
        agents_.step(market_);
        collect(next->value);
      }
    }
    return std::move(day_);
  }

 private:
  enum class Deed : std::uint8_t {
    kIceberg,
    kDecoy,
    kAnswer,
    kJoin,
    kLeave,
    kTake,
    kReview,
    kLifeEnds
  };
  struct Appointment {
    std::int64_t time = 0;
    std::uint64_t number = 0;
    Deed deed = Deed::kIceberg;
    std::uint32_t what = 0;  ///< instrument, maker, or order of the crowd
    Side side = Side::kBuy;
    bool operator<(const Appointment& other) const {  // earliest on top
      return time != other.time ? time > other.time : number > other.number;
    }
  };
  /// An iceberg or a decoy.
  struct Maker {
    AccountId account = 0;
    std::uint32_t client_ref = 0;  ///< of its present order
    InstrumentId instrument{};
    Side side = Side::kBuy;
    Price price{};
    Qty display = 0;
    std::int64_t answers_left = 0;
    bool fast = false;
    bool gone = false;
  };

  void later(std::int64_t time, Deed deed, std::uint32_t what, Side side = Side::kBuy) {
    agenda_.push({time, next_number_++, deed, what, side});
  }
  std::int64_t wait(MonoNanos mean) {
    return 1 + static_cast<std::int64_t>(random_.exponential() *
                                         static_cast<double>(mean.value));
  }

  void keep(const Appointment& due) {
    switch (due.deed) {
      case Deed::kIceberg:
        later(due.time + wait(settings_.iceberg_wait), Deed::kIceberg, due.what);
        return come(due, kIcebergs);
      case Deed::kDecoy:
        later(due.time + wait(settings_.decoy_wait), Deed::kDecoy, due.what);
        return come(due, kDecoys);
      case Deed::kAnswer:
        return answer(due.what, due.time);
      case Deed::kJoin:
        return join(makers_[due.what], due.time);
      case Deed::kLeave:
        market_.cancel(kCrowd, due.what, 0, {due.time});
        return collect(due.time);
      case Deed::kTake:
        later(due.time + wait(kTakerWait), Deed::kTake, due.what, due.side);
        return take(InstrumentId{static_cast<std::uint16_t>(due.what)}, due.side,
                    due.time);
      case Deed::kReview:
        return review(due.what, due.time);
      case Deed::kLifeEnds:
        return life_ends(due.what, due.time);
    }
  }

  void come(const Appointment& due, AccountId account) {
    Maker maker;
    maker.account = account;
    maker.instrument = InstrumentId{static_cast<std::uint16_t>(due.what)};
    maker.side = random_.chance(0.5) ? Side::kBuy : Side::kSell;
    const Price best = market_.best(maker.instrument, maker.side).price;
    const Price other = market_.best(maker.instrument, opposite(maker.side)).price;
    if (best == kNoPrice || other == kNoPrice) return;
    // At the touch, or one tick in front of it where there is room.
    const Price tick = market_.instrument(maker.instrument)->tick;
    maker.price = best;
    const Price front{best.value + sign(maker.side) * tick.value};
    if (random_.chance(0.5) && better(maker.side, other, front)) maker.price = front;
    maker.display = display();
    maker.fast = random_.chance(0.5);
    maker.answers_left = random_.between(1, 49);
    makers_.push_back(maker);
    const auto number = static_cast<std::uint32_t>(makers_.size() - 1);
    const bool stays = random_.chance(0.75);
    const std::int64_t life = stays ? random_.between(30 * kSecond, 180 * kSecond)
                                    : random_.between(kSecond, 20 * kSecond);
    later(due.time + life, Deed::kLifeEnds, number);
    later(due.time + kSecond, Deed::kReview, number);
    (account == kIcebergs ? day_.icebergs : day_.decoys) += 1;
    enter(number, account == kIcebergs ? total(maker.display) : maker.display,
          due.time);
  }

  Qty display() {
    static constexpr std::array<Qty, 5> kRound{50, 100, 200, 300, 500};
    static constexpr std::array<std::uint32_t, 5> kWeights{10, 50, 20, 10, 10};
    return random_.chance(0.5) ? kRound[random_.discrete(kWeights)]
                               : random_.between(50, 500);
  }
  /// Some sizes are whole numbers of slices, some round, some neither.
  Qty total(Qty display) {
    double slices = 2 + 48 * random_.uniform();
    if (settings_.heavy_tail) {
      // Log-uniform by rejection: a density of 1 / slices.
      while (random_.uniform() * slices > 2) slices = 2 + 48 * random_.uniform();
    }
    const auto any = static_cast<Qty>(slices * static_cast<double>(display));
    const double kind = random_.uniform();
    if (kind < 0.3) return std::max<Qty>(2, any / display) * display;
    if (kind < 0.7) return std::max(2 * display, (any + 99) / 100 * 100);
    return any;
  }

  void enter(std::uint32_t number, Qty qty, std::int64_t now) {
    Maker& maker = makers_[number];
    maker.client_ref = static_cast<std::uint32_t>(owner_.size());
    owner_.push_back(number);
    NewOrder order;
    order.account = maker.account;
    order.client_ref = maker.client_ref;
    order.instrument = maker.instrument;
    order.side = maker.side;
    order.qty = qty;
    order.price = maker.price;
    order.post_only = true;
    if (maker.account == kIcebergs) order.display_qty = maker.display;
    ++standing(maker);
    market_.enter(order, {now});
    collect(now);
  }

  /// A decoy that was executed comes back.
  void answer(std::uint32_t number, std::int64_t now) {
    Maker& maker = makers_[number];
    const Price best = market_.best(maker.instrument, maker.side).price;
    // The price has moved on: nobody would come back to it.
    if (maker.gone || (best != kNoPrice && behind(maker, best) > kLeftBehind / 2)) {
      return;
    }
    if (!random_.chance(0.8)) maker.display = display();
    enter(number, maker.display, now);
  }

  void join(const Maker& maker, std::int64_t now) {
    NewOrder order;
    order.account = kCrowd;
    order.client_ref = ++crowd_ref_;
    order.instrument = maker.instrument;
    order.side = maker.side;
    order.qty = random_.chance(0.6) ? maker.display : display();
    order.price = maker.price;
    order.post_only = true;
    later(now + random_.between(kSecond, 30 * kSecond), Deed::kLeave, order.client_ref);
    market_.enter(order, {now});
    collect(now);
  }

  void take(InstrumentId instrument, Side hit, std::int64_t now) {
    if (standing_[stand(instrument, hit)] <= 0) return;
    const Price best = market_.best(instrument, hit).price;
    if (best == kNoPrice) return;
    static constexpr std::array<std::uint32_t, 4> kWeights{45, 30, 20, 5};
    NewOrder order;
    order.account = kTakers;
    order.client_ref = ++taker_ref_;
    order.instrument = instrument;
    order.side = opposite(hit);
    switch (random_.discrete(kWeights)) {
      case 0:
        order.qty = 100;
        break;
      case 1:
        order.qty = random_.between(1, 99);
        break;
      case 2:
        order.qty = 100 * random_.between(2, 6);
        break;
      default:
        order.qty = 100 * random_.between(10, 20);
    }
    order.price = best;
    order.time_in_force = exchange::TimeInForce::kIoc;
    market_.enter(order, {now});
    collect(now);
  }

  /// Whoever is left far behind by the market goes.
  void review(std::uint32_t number, std::int64_t now) {
    const Maker& maker = makers_[number];
    if (maker.gone) return;
    const Price best = market_.best(maker.instrument, maker.side).price;
    if (best != kNoPrice && behind(maker, best) > kLeftBehind) {
      return life_ends(number, now);
    }
    later(now + kSecond, Deed::kReview, number);
  }

  void life_ends(std::uint32_t number, std::int64_t now) {
    Maker& maker = makers_[number];
    if (maker.gone) return;
    maker.gone = true;
    market_.cancel(maker.account, maker.client_ref, 0, {now});
    collect(now);
  }

  /// Ticks from the touch to the maker's price, positive where the touch is better.
  std::int64_t behind(const Maker& maker, Price best) const {
    return sign(maker.side) * (best.value - maker.price.value) /
           market_.instrument(maker.instrument)->tick.value;
  }

  /// Takes the market's outputs, and lets those who were executed answer.
  void collect(std::int64_t now) {
    day_.file.insert(day_.file.end(), market_.feed().begin(), market_.feed().end());
    std::vector<Report> ours;
    for (const Report& report : market_.reports()) {
      if (report.display_qty > 0) record_.append(report);
      if ((report.account == kIcebergs || report.account == kDecoys) &&
          report.kind != ReportKind::kAccepted) {
        ours.push_back(report);
      }
    }
    market_.clear_outputs();
    for (const Report& report : ours) heed(report, now);
  }

  void heed(const Report& report, std::int64_t now) {
    const std::uint32_t number = owner_[report.client_ref];
    Maker& maker = makers_[number];
    const bool executed = report.kind == ReportKind::kExecuted;
    if (report.dead) --standing(maker);
    const bool slice_done =
        report.kind == ReportKind::kRefilled || (executed && report.dead);
    if (slice_done && random_.chance(0.3)) {
      later(now + random_.over_octaves(kMicro, 15), Deed::kJoin, number);
    }
    if (!report.dead) return;
    if (maker.account == kIcebergs || !executed || maker.answers_left == 0) {
      maker.gone = true;
      return;
    }
    --maker.answers_left;
    ++day_.answers;
    if (random_.chance(settings_.same_stamp)) {
      ++day_.answers_same_stamp;
      return answer(number, now);
    }
    const std::int64_t reaction = maker.fast ? random_.between(kMicro, 5 * kMicro)
                                             : random_.over_octaves(50 * kMicro, 10);
    later(now + reaction, Deed::kAnswer, number);
  }

  static std::size_t stand(InstrumentId instrument, Side side) {
    return 2 * std::size_t{index(instrument)} + index(side);
  }
  /// Orders of icebergs and decoys that stand on the maker's side.
  int& standing(const Maker& maker) {
    return standing_[stand(maker.instrument, maker.side)];
  }

  IcebergDaySettings settings_;
  exchange::AgentParameters parameters_;
  std::vector<exchange::Instrument> instruments_;
  Market market_;
  Agents agents_;
  Random random_;
  exchange::RecordFile& record_;
  std::priority_queue<Appointment> agenda_;
  std::uint64_t next_number_ = 0;
  std::vector<Maker> makers_;
  std::vector<std::uint32_t> owner_;  ///< by client_ref
  std::uint32_t crowd_ref_ = 0;
  std::uint32_t taker_ref_ = 0;
  std::array<int, 2 * 65> standing_{};
  IcebergDay day_;
};

}  // namespace

std::vector<exchange::Instrument> iceberg_day_instruments(
    const IcebergDaySettings& settings) {
  return Agents::instruments(parameters_of(settings));
}

IcebergDay iceberg_day(const IcebergDaySettings& settings,
                       exchange::RecordFile& record) {
  return Scene(settings, record).play();
}

}  // namespace pyscalp::bench
