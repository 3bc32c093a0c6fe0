// Random order flow against a matcher that is naive and written from the rules alone:
// one std::map a side, ordered by price, displayed before hidden, and arrival.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "market_fixture.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

struct Event {
  ReportKind kind;
  AccountId account;
  std::uint32_t ref;
  Qty qty;
  Price price;
  Qty leaves;
  AccountId counterparty;
  char reason;
  friend bool operator==(const Event&, const Event&) = default;
};

std::ostream& operator<<(std::ostream& out, const Event& e) {
  return out << "{kind " << static_cast<int>(e.kind) << " account " << e.account
             << " ref " << e.ref << " qty " << e.qty << " price " << e.price.value
             << " leaves " << e.leaves << " with " << e.counterparty << " reason "
             << e.reason << '}';
}

class NaiveMarket {
 public:
  std::vector<Event> events;

  void enter(const NewOrder& o) {
    const bool bad = o.qty < 1 || o.qty > 999'999 || o.price.value <= 0 ||
                     o.price.value % 10'000'000 != 0 || live(o.account, o.client_ref);
    if (bad) {
      say(ReportKind::kRejected, o, o.qty, 0);
      return;
    }
    say(ReportKind::kAccepted, o, o.qty, o.qty);
    arrive({o, o.qty, 0, 0});
  }

  void replace(AccountId account, std::uint32_t original, std::uint32_t ref, Qty total,
               Price price) {
    if (!live(account, original) || live(account, ref)) return;
    const auto [side, key] = places.at({account, original});
    Entry entry = sides[side].at(key);
    const bool bad =
        total < 1 || total > 999'999 || price.value <= 0 || price.value % 10'000'000;
    if (bad) return cancel(account, original, 0);
    const Qty before = entry.shown + entry.reserve;
    const Qty open = total - entry.filled;
    if (open > 0 && price == entry.order.price && open < before) {
      places.erase({account, original});
      entry.order.client_ref = ref;
      const Qty from_reserve = std::min(entry.reserve, before - open);
      entry.reserve -= from_reserve;
      entry.shown -= before - open - from_reserve;
      sides[side][key] = entry;
      places[{account, ref}] = {side, key};
      return say(ReportKind::kReplaced, entry.order, open, open);
    }
    take_out(account, original);
    entry.order.client_ref = ref;
    entry.order.price = price;
    entry.order.time_in_force = TimeInForce::kDay;
    say(ReportKind::kReplaced, entry.order, std::max<Qty>(open, 0),
        std::max<Qty>(open, 0));
    if (open > 0) arrive({entry.order, open, 0, entry.filled});
  }

  void cancel(AccountId account, std::uint32_t ref, Qty total) {
    if (!live(account, ref)) return;
    const auto [side, key] = places.at({account, ref});
    Entry& entry = sides[side].at(key);
    const Qty before = entry.shown + entry.reserve;
    const Qty to = total == 0 ? 0 : std::max<Qty>(total - entry.filled, 0);
    if (to >= before) return;
    const Qty from_reserve = std::min(entry.reserve, before - to);
    entry.reserve -= from_reserve;
    entry.shown -= before - to - from_reserve;
    say(ReportKind::kCanceled, entry.order, before - to, to, 0, 'U');
    if (to == 0) take_out(account, ref);
  }

  std::vector<PriceLevel> depth(Side side) const {
    std::vector<PriceLevel> levels;
    for (const auto& [key, entry] : sides[index(side)]) {
      if (entry.order.hidden) continue;
      if (levels.empty() || levels.back().price != entry.order.price) {
        levels.push_back({entry.order.price, 0});
      }
      levels.back().qty += entry.shown;
    }
    return levels;
  }

 private:
  using Key = std::tuple<std::int64_t, bool, std::uint64_t>;
  struct Entry {
    NewOrder order;
    Qty shown;
    Qty reserve;
    Qty filled;
  };

  bool live(AccountId account, std::uint32_t ref) const {
    return places.count({account, ref}) > 0;
  }
  void take_out(AccountId account, std::uint32_t ref) {
    const auto [side, key] = places.at({account, ref});
    sides[side].erase(key);
    places.erase({account, ref});
  }
  void put(const Entry& entry) {
    const int side = index(entry.order.side);
    const std::int64_t price = entry.order.price.value;
    const Key key{side == 0 ? -price : price, entry.order.hidden, ++arrivals};
    sides[side].emplace(key, entry);
    places[{entry.order.account, entry.order.client_ref}] = {side, key};
  }

  void arrive(Entry in) {
    const NewOrder& o = in.order;
    auto& contra = sides[1 - index(o.side)];
    const auto within = [&] {
      return !contra.empty() &&
             crosses(o.side, o.price, contra.begin()->second.order.price);
    };
    if (o.post_only && within()) {
      bool displayed = false;
      for (const auto& place : contra) {
        const NewOrder& other = place.second.order;
        displayed |= crosses(o.side, o.price, other.price) && !other.hidden;
      }
      return say(ReportKind::kCanceled, o, in.shown, 0, 0, displayed ? 'G' : 'F');
    }
    while (in.shown > 0 && within()) {
      Entry& best = contra.begin()->second;
      const NewOrder resting = best.order;
      if (resting.account == o.account) {
        say(ReportKind::kSelfMatch, resting, best.shown + best.reserve, 0, o.account,
            'Q');
        take_out(resting.account, resting.client_ref);
        continue;
      }
      const Qty qty = std::min(in.shown, best.shown);
      in.shown -= qty, in.filled += qty;
      best.shown -= qty, best.filled += qty;
      say(ReportKind::kExecuted, resting, qty, best.shown + best.reserve, o.account);
      NewOrder at_their_price = o;
      at_their_price.price = resting.price;
      say(ReportKind::kExecuted, at_their_price, qty, in.shown, resting.account);
      if (best.shown > 0) continue;
      Entry next = best;
      take_out(resting.account, resting.client_ref);
      if (next.reserve == 0) continue;
      next.shown = std::min(next.reserve, resting.display_qty);
      next.reserve -= next.shown;
      put(next);
      say(ReportKind::kRefilled, resting, next.shown, next.shown + next.reserve);
    }
    if (in.shown == 0) return;
    if (o.time_in_force == TimeInForce::kIoc) {
      return say(ReportKind::kCanceled, o, in.shown, 0, 0, 'I');
    }
    if (!o.hidden && o.display_qty > 0 && o.display_qty < in.shown) {
      in.reserve = in.shown - o.display_qty;
      in.shown = o.display_qty;
    }
    put(in);
  }

  void say(ReportKind kind, const NewOrder& o, Qty qty, Qty leaves,
           AccountId counterparty = 0, char reason = ' ') {
    events.push_back(
        {kind, o.account, o.client_ref, qty, o.price, leaves, counterparty, reason});
  }

  std::map<Key, Entry> sides[2];
  std::map<std::pair<AccountId, std::uint32_t>, std::pair<int, Key>> places;
  std::uint64_t arrivals = 0;
};

Event event(const Report& r) {
  return {r.kind,  r.account, r.client_ref,   r.qty,
          r.price, r.leaves,  r.counterparty, r.reason};
}

class RandomFlow : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomFlow, FillsAndBookEqualTheNaiveMatcher) {
  std::mt19937_64 random(GetParam());
  const auto below = [&](std::uint64_t n) { return random() % n; };
  Market market(two_instruments(), kFees);
  market.open(kNow);
  market.clear_outputs();
  NaiveMarket naive;
  FeedBook feed;
  std::uint64_t executions = 0;
  std::uint64_t refills = 0;
  std::uint64_t self_matches = 0;

  for (int operation = 0; operation < 40'000; ++operation) {
    const auto account = static_cast<AccountId>(1 + below(4));
    const auto ref = static_cast<std::uint32_t>(1 + below(40));
    const auto qty = static_cast<Qty>(below(300));
    Price price{static_cast<std::int64_t>(10'000 - 8 + below(16)) * 10'000'000};
    if (below(200) == 0) price.value += 100'000;
    const std::uint64_t what = below(10);
    if (what < 6) {
      NewOrder o = order(account, ref, below(2) ? Side::kBuy : Side::kSell, qty, 0);
      o.price = price;
      if (below(6) == 0) o.time_in_force = TimeInForce::kIoc;
      o.post_only = below(6) == 0;
      o.hidden = below(6) == 0;
      if (below(4) == 0) o.display_qty = static_cast<Qty>(1 + below(60));
      market.enter(o, kNow);
      naive.enter(o);
    } else if (what < 8) {
      const auto next = static_cast<std::uint32_t>(1 + below(40));
      market.replace(account, ref, next, qty, price, kNow);
      naive.replace(account, ref, next, qty, price);
    } else {
      const Qty total = below(2) ? qty : 0;
      market.cancel(account, ref, total, kNow);
      naive.cancel(account, ref, total);
    }

    std::vector<Event> events;
    for (const Report& report : market.reports()) {
      events.push_back(event(report));
      executions += report.kind == ReportKind::kExecuted;
      refills += report.kind == ReportKind::kRefilled;
      self_matches += report.kind == ReportKind::kSelfMatch;
    }
    ASSERT_EQ(events, naive.events) << "operation " << operation;
    feed.read(market.feed());
    ASSERT_EQ(feed.errors, 0) << "operation " << operation;
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto depth = market.depth(kAbc, side, 1'000);
      ASSERT_EQ(depth, naive.depth(side)) << "operation " << operation;
      ASSERT_EQ(depth, feed.depth(kAbc, side)) << "operation " << operation;
      const PriceLevel best = depth.empty() ? PriceLevel{} : depth.front();
      ASSERT_EQ(market.best(kAbc, side), best);
    }
    naive.events.clear();
    market.clear_outputs();
  }
  EXPECT_GT(executions, 10'000U);
  EXPECT_GT(refills, 500U);
  EXPECT_GT(self_matches, 500U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFlow, ::testing::Values(1, 2, 3));

TEST(NumberIndexTest, EqualsAMapUnderChurn) {
  std::mt19937_64 random(7);
  NumberIndex fast;
  std::map<std::uint64_t, std::uint32_t> slow;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    // Numbers close together, far apart, and 0.
    const std::uint64_t number = (random() % 3'000) << (random() % 2 * 40);
    const auto found = slow.find(number);
    ASSERT_EQ(fast.find(number), found == slow.end() ? kNil : found->second);
    if (found == slow.end()) {
      fast.insert(number, i);
      slow[number] = i;
    } else {
      fast.erase(number);
      slow.erase(number);
    }
    ASSERT_EQ(fast.size(), slow.size());
  }
  for (const auto& [number, at] : slow) ASSERT_EQ(fast.find(number), at);
}

}  // namespace
}  // namespace pyscalp::exchange
