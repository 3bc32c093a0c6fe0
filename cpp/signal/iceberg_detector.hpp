// Finds icebergs of one instrument: orders that show one slice of what they have, and
// are refilled by the exchange when it is executed.
//
// What is looked for is an order executed in full, and then a new one at its price and
// side: a refill, or the order of somebody else. A refill comes at once, that is with
// the same stamp and as the next thing that happens to any order of the instrument; it
// is as large as the slice before, and smaller only where nothing is left behind it. A
// chain of such refills is a HiddenOrder with a belief, kept as log-odds:
//
//   log-odds = ln(prior / (1 - prior)) + Σ over refills of
//                ln P(so soon | iceberg) / P(so soon | others)
//              + ln P(such a size | iceberg) / P(such a size | others)
//              + ln 2 for every slice during which a hidden order traded at its price
//
// Others are traders who come, or come back, to a price after an execution. They answer
// in microseconds and more, but may be stamped alike. How often is learnt from the
// chains that ended before they were believed in:
//
//   P(at once | others) = (1000 · at_once_by_chance + those chains' refills at once) /
//                         (1000 + executions in full of orders that were in no chain)
//
// and P(late | others) likewise of late ones.
// They show the same size again with probability 0.3 + 0.7 · (share of that size among
// all new orders of the session), a smaller one with half of what is left.
//
// Where a venue takes time over its refills, `refill_within` lets them come later,
// among other orders: then only those as large as the slice before count, and they say
// less.
//
// The size that is left comes from slice_counts.hpp.
//
// Thread-safety: none. Nothing allocated, all of fixed size; an event costs a few
// nanoseconds, a refill about 0.5 us. Sources: Frey and Sandås, The Impact of Iceberg
// Orders in Limit Order Books (2009); Christensen and Woodmansey, Prediction of Hidden
// Liquidity in the Limit Order Book of GLOBEX Futures (2013), Journal of Trading 8(3);
// Zotikov and Antonov (2019), arXiv:1909.09495. pyscalp/reference/iceberg.py does the
// same another way.
#pragma once

#include <array>
#include <span>

#include "book/order_event.hpp"
#include "signal/market_view.hpp"
#include "signal/slice_counts.hpp"

namespace pyscalp::signal {

struct IcebergDetectorOptions {
  double threshold = 0.98;  ///< belief from which on it is spoken of; above 0, below 1
  double prior = 0.02;      ///< belief before any refill; above 0, below 1
  /// Share of refills that come at once; above 0, up to 1.
  double at_once = 0.95;
  /// Share of executions in full after which somebody else comes just as soon, before
  /// anything is learnt.
  double at_once_by_chance = 0.01;
  /// Refills may come so much later; 0 for a venue that never delays them. Up to 1 s.
  MonoNanos refill_within{};
  /// Share of executions in full after which somebody else comes within that, before
  /// anything is learnt.
  double late_by_chance = 0.1;
  /// Largest relative difference of one slice from the next; 0 for a venue that does
  /// not randomise them. Up to 0.5.
  double slice_spread = 0.0;
};

/// An order of which one slice at a time is seen, or what is taken for one.
struct HiddenOrder {
  std::uint64_t reference = 0;  ///< of the slice that is shown, or was last
  Price price;
  Side side = Side::kBuy;
  bool last = false;           ///< nothing is behind what is shown
  bool waiting = false;        ///< the slice is executed; will there be another?
  bool hidden_traded = false;  ///< while this slice is shown
  int refills = 0;
  int late = 0;      ///< of these
  Qty slice = 0;     ///< of a full refill
  Qty shown = 0;     ///< size of the slice that is shown
  Qty open = 0;      ///< left of it
  Qty executed = 0;  ///< of all its slices
  Qty hidden = 0;    ///< traded by hidden orders at its price since it is known
  double log_odds = 0.0;
  double reserve = 0.0;  ///< estimate of what is not shown
  UnixNanos first{};     ///< when its first slice was executed
  UnixNanos refilled{};  ///< when it was refilled last

  double belief() const;
  /// Estimate of what is still to be executed, shown or not.
  double remainder() const { return static_cast<double>(open) + reserve; }
};

/// What became of a HiddenOrder.
struct Sighting {
  enum class Kind : std::uint8_t {
    kRefilled,   ///< for the first time too
    kUncovered,  ///< reduced by its owner: the reserve goes first, so it has none
    kExhausted,  ///< its last slice is executed, or no other came
    kWithdrawn,  ///< cancelled or replaced
  };
  Kind kind = Kind::kRefilled;
  bool believed_before = false;  ///< at or beyond the threshold before this
  HiddenOrder order;             ///< after this
};

class IcebergDetector {
 public:
  using Options = IcebergDetectorOptions;
  /// Of each side; where more are followed, the one least believed in is forgotten.
  static constexpr std::size_t kOrders = 8;

  /// Whether every field is within the range stated with it.
  static bool valid(const Options& options);

  /// `valid(options)` is the caller's duty.
  explicit IcebergDetector(const Options& options);

  /// Takes what happened to an order of the instrument. Returns what is to be said of
  /// hidden orders now; valid until the next call. That a refill did not come is known
  /// at the next event after it was due.
  std::span<const Sighting> on_order(const book::OrderEvent& event,
                                     UnixNanos venue_time);
  /// Only trades against hidden orders are of interest.
  void on_trade(const Trade& trade);
  /// Starts a new session. What is known of orders is forgotten; what was learnt of
  /// icebergs' sizes and of chance stays.
  void reset();

  /// The believed one of the best price of a side that has something behind what is
  /// shown, or null. Valid until the next call of another function.
  const HiddenOrder* wall(Side side) const {
    const int at = walls_[index(side)];
    return at < 0 ? nullptr
                  : &halves_[index(side)].orders[static_cast<std::size_t>(at)];
  }
  bool believed(const HiddenOrder& order) const { return order.log_odds >= threshold_; }
  const SliceCounts& slice_counts() const { return counts_; }
  const Options& options() const { return options_; }
  /// Hidden orders that were forgotten for want of room.
  std::uint64_t forgotten() const { return forgotten_; }

 private:
  static constexpr std::size_t kTaken = 4;
  static constexpr std::size_t kParts = 8;
  static constexpr std::size_t kPrints = 8;
  static constexpr std::size_t kSizes = 512;
  static constexpr int kNone = -1;

  /// An order executed in full that may be refilled.
  struct Taken {
    bool waiting = false;
    int order = kNone;  ///< among the side's orders, or none that is followed
    Price price;
    Qty slice = 0;
    UnixNanos time{};
    std::uint64_t event = 0;
  };
  /// What was executed of an order that is still there.
  struct Part {
    std::uint64_t reference = 0;
    Qty executed = 0;
  };
  struct Print {
    Price price = kNoPrice;
    UnixNanos time{};
  };
  struct Half {
    /// 0 where the place is free or the order waits.
    std::array<std::uint64_t, kOrders> references{};
    std::array<bool, kOrders> used{};
    std::array<HiddenOrder, kOrders> orders{};
    std::array<Taken, kTaken> taken{};
    std::size_t next_taken = 0;
    std::array<Part, kParts> parts{};
    std::size_t next_part = 0;
    int count = 0;
  };

  bool refill(const book::OrderEvent& event, UnixNanos time);
  void link(const Taken& taken, bool at_once, bool alike, const book::OrderEvent& event,
            UnixNanos time);
  void settle();
  bool due(const Taken& taken) const;
  void expire(Side side, Taken& taken);
  void execute(const book::OrderEvent& event, UnixNanos time);
  void take_off(const book::OrderEvent& event);
  void wait(Half& half, const Taken& taken);
  Qty whole_size(Half& half, const book::OrderEvent& event);
  void end(Side side, int at, Sighting::Kind kind);
  void say(Sighting::Kind kind, bool believed_before, const HiddenOrder& order);
  int find(const Half& half, std::uint64_t reference) const;
  int make_room(Side side);
  void look_for_wall(Side side);
  double time_odds(bool at_once) const;
  double size_odds(Qty slice, bool alike) const;
  bool printed(Price price) const;

  Options options_;
  double threshold_;
  double prior_;
  std::array<Half, 2> halves_;
  std::array<int, 2> walls_{kNone, kNone};
  int waiting_ = 0;
  std::uint64_t events_ = 0;
  UnixNanos latest_{};
  std::uint64_t forgotten_ = 0;
  std::array<std::uint32_t, kSizes> sizes_{};  ///< new orders by size, modulo kSizes
  std::uint32_t sized_ = 0;
  double unfollowed_ = 0.0;  ///< executions in full of orders in no chain
  /// Refills of chains that ended without belief.
  double at_once_by_chance_ = 0.0;
  double late_by_chance_ = 0.0;
  std::array<Print, kPrints> prints_{};
  std::size_t next_print_ = 0;
  SliceCounts counts_;
  /// All that wait may end at one event, and one be refilled or end besides.
  std::array<Sighting, 2 * kTaken + 2> sightings_{};
  std::size_t said_ = 0;
};

}  // namespace pyscalp::signal
