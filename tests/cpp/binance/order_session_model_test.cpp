// Random lives of orders: the session and order::WorkingOrders against a model of the
// venue that keeps the truth, over lost, late, repeated and reordered messages, broken
// connections and answers that do not tell.
//
// At every moment an order counts for at least what it can still do at the venue. After
// each quiet point both sides say the same of every order, to the lot.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "binance/order_session.hpp"
#include "fixture.hpp"
#include "order/working_orders.hpp"
#include "venue_model.hpp"

namespace pyscalp::binance {
namespace {

using order::OrderState;
using test::Fate;

struct Setting {
  Market market;
  Lane orders_by;
  bool logon;
};

class Life {
 public:
  Life(const Setting& setting, std::uint64_t seed)
      : setting_(setting),
        random_(seed),
        signer_(setting.logon ? KeyKind::kEd25519 : KeyKind::kHmac, test::kSampleApiKey,
                setting.logon ? test::kSamplePem : test::kSampleSecret),
        session_(options(setting), signer_),
        orders_({.orders = 1 << 12, .open = 64, .matches = 1 << 14}),
        venue_(setting.market, "BTCUSDT", seed + 1) {
    EXPECT_TRUE(session_.add_symbol(test::btc_rules(), "BTC", "USDT"));
    now_ = seconds(1'000);
    venue_.now_ms = kEpochMs;
  }

  /// One sequence: random steps, then a quiet point. False after the first difference.
  bool sequence(int steps) {
    for (int i = 0; i < steps && !failed_; ++i) {
      step();
      check_worst();
    }
    quiet();
    return !failed_;
  }

  std::uint64_t sent = 0, fills = 0, unknown = 0, reconciled = 0, rejected = 0;
  std::uint64_t canceled = 0, lost = 0, leftovers = 0, requests = 0;

  // ---- What the session tells, as the engine takes it ----

  void on_accepted(const session::OrderAccepted& e) {
    expect(
        orders_.on_accepted(e.user_ref, e.order_reference, e.price, e.dead, {}, now_),
        "accepted");
  }
  void on_executed(const session::OrderExecuted& e) {
    ++fills;
    expect(orders_.on_executed(e.user_ref, e.qty, e.match), "executed");
    if (e.commission != Money{1'000'000}) fail("commission");
  }
  void on_canceled(const session::OrderCanceled& e) {
    ++canceled;
    expect(orders_.on_canceled(e.user_ref, e.qty), "canceled");
  }
  void on_rejected(const session::OrderRejected& e) {
    ++rejected;
    expect(orders_.on_rejected(e.user_ref), "rejected");
  }
  void on_unknown(const session::OrderUnknown& e) {
    ++unknown;
    expect(orders_.on_unknown(e.user_ref), "unknown");
  }
  void on_reconciled(const session::OrderReconciled& e) {
    ++reconciled;
    expect(orders_.on_reconciled(e.user_ref, e.leaves), "reconciled");
  }
  void on_lost_message(const session::LostMessage& e) {
    ++lost;
    fail("lost: " + std::string(e.what));
  }
  void on_foreign_execution(const session::ForeignExecution&) { fail("foreign"); }
  void on_refused(const session::SessionRefused& e) {
    fail("refused: " + std::string(e.text));
  }

 private:
  static constexpr std::int64_t kEpochMs = 1'700'000'000'000;

  static OrderSessionOptions options(const Setting& setting) {
    OrderSessionOptions options;
    options.market = setting.market;
    options.orders_by = setting.orders_by;
    options.logon = setting.logon;
    options.run = RunName("t1");
    options.orders = 1 << 12;
    options.open = 64;
    options.answer_capacity = 1 << 17;
    return options;
  }
  bool spot() const { return setting_.market == Market::kSpot; }

  void fail(const std::string& what) {
    if (!failed_) ADD_FAILURE() << what << " at step " << steps_;
    failed_ = true;
  }
  void expect(order::OrderResult result, const char* what) {
    if (!order::applied(result)) {
      fail(std::string(what) + ": " + std::string(order::name(result)));
    }
  }

  // ---- The world ----

  void pass(MonoNanos time) {
    now_ += time;
    venue_.now_ms = kEpochMs + (now_ - seconds(1'000)).value / 1'000'000;
    venue_.carry_out_slow();
    session_.on_time(now_, *this);
  }
  void connect(Connection connection) {
    const auto at = static_cast<std::size_t>(connection);
    if (up_[at]) return;
    if (connection == Connection::kUserStream) {
      if (spot() || session_.listen_key().empty()) return;
      venue_.subscribed = true;
    }
    up_[at] = true;
    session_.on_up(connection, now_, *this);
  }
  void disconnect(Connection connection) {
    const auto at = static_cast<std::size_t>(connection);
    if (!up_[at]) return;
    up_[at] = false;
    if (connection == Connection::kUserStream ||
        (connection == Connection::kApi && spot())) {
      // What was under way is gone, from here on.
      venue_.subscribed = false;
      while (!venue_.stream.empty() && random_.chance(0.5)) deliver_stream();
      venue_.stream.clear();
    }
    if (connection != Connection::kUserStream) {
      const Lane lane =
          connection == Connection::kHttp ? Lane::kHttp : Lane::kWebSocket;
      auto& way = way_[static_cast<std::size_t>(lane)];
      // Some of it still arrives; nothing of it is answered.
      while (!way.empty() && random_.chance(0.5)) process(lane);
      way.clear();
      std::erase_if(venue_.answers, [&](const auto& a) { return a.lane == lane; });
    }
    session_.on_down(connection, now_, *this);
  }

  struct OnTheWay {
    std::uint64_t id;
    std::string verb, text;
  };
  bool hand_out(Lane lane) {
    const auto request = session_.next_request(lane, now_);
    if (!request) return false;
    ++requests;
    way_[static_cast<std::size_t>(lane)].push_back(
        {request->id, std::string(request->verb), std::string(request->text)});
    session_.request_sent(lane);
    return true;
  }
  bool process(Lane lane) {
    auto& way = way_[static_cast<std::size_t>(lane)];
    if (way.empty()) return false;
    const OnTheWay request = way.front();
    way.pop_front();
    venue_.take(lane, request.id, request.verb, request.text, fate());
    return true;
  }
  Fate fate() {
    if (calm_ || random_.chance(0.75)) return Fate::kFair;
    constexpr Fate kFates[] = {
        Fate::kRefused, Fate::kUnknownDone, Fate::kUnknownNot, Fate::kUnknownSlow,
        Fate::kMute,    Fate::kMuteNot,     Fate::kTooMany};
    const Fate drawn = kFates[random_.below(7)];
    // Being told to be silent is rarer than all else.
    return drawn == Fate::kTooMany && !random_.chance(0.1) ? Fate::kFair : drawn;
  }
  bool deliver_answer(std::size_t at = 0) {
    if (venue_.answers.size() <= at) return false;
    const test::VenueAnswer answer = venue_.answers[at];
    // Twice, now and then.
    if (calm_ || !random_.chance(0.05)) {
      venue_.answers.erase(venue_.answers.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (answer.lane == Lane::kHttp) {
      const HttpHeader headers[] = {{"Content-Type", "application/json"},
                                    {"X-MBX-USED-WEIGHT-1M", "12"}};
      session_.on_http_answer(answer.id, answer.status, headers,
                              test::bytes_of(answer.text), now_, *this);
    } else {
      session_.on_answer(test::bytes_of(answer.text), now_, *this);
    }
    return true;
  }
  bool deliver_stream() {
    if (venue_.stream.empty()) return false;
    const std::string event = venue_.stream.front();
    if (calm_ || !random_.chance(0.05)) venue_.stream.pop_front();
    if (spot()) {
      session_.on_answer(test::bytes_of(event), now_, *this);
    } else {
      session_.on_user_event(test::bytes_of(event), now_, *this);
    }
    return true;
  }

  // ---- What is done in it ----

  void place() {
    order::Wish wish;
    wish.instrument = test::kBtc;
    wish.side = random_.chance(0.5) ? Side::kBuy : Side::kSell;
    wish.qty = static_cast<Qty>(1 + random_.below(12));
    wish.limit = test::unit_price(300'000 + random_.between(-500, 500));
    const auto kind = random_.below(3);
    wish.post_only = kind == 0;
    wish.time_in_force =
        kind == 1 ? order::TimeInForce::kIoc : order::TimeInForce::kDay;
    if (!orders_.has_room(session_.next_user_ref())) return;
    auto gated = gate_.pass(wish);
    if (!gated) return fail("the gate");
    const std::uint32_t user_ref = session_.send(*std::move(gated), now_);
    if (user_ref == 0) return;
    ++sent;
    wishes_.push_back({user_ref, wish});
    expect(orders_.on_sent(user_ref, wish, now_), "sent");
  }
  void cancel_one() {
    std::vector<std::uint32_t> open;
    orders_.for_each_open([&](const order::Order& o) { open.push_back(o.user_ref); });
    if (open.empty()) return;
    cancel(open[random_.below(open.size())]);
  }
  void cancel(std::uint32_t user_ref) {
    if (session_.cancel(gate_.cancel(user_ref), now_)) {
      orders_.on_cancel_sent(user_ref, now_);
    }
  }
  test::VenueOrder* any_open() {
    std::vector<test::VenueOrder*> open;
    for (const Sent& s : wishes_) {
      test::VenueOrder* const order = at_venue(s.user_ref);
      if (order != nullptr && order->open()) open.push_back(order);
    }
    return open.empty() ? nullptr : open[random_.below(open.size())];
  }
  test::VenueOrder* at_venue(std::uint32_t user_ref) {
    const auto it = venue_.orders.find("pt1-" + std::to_string(user_ref));
    return it == venue_.orders.end() ? nullptr : &it->second;
  }

  void step() {
    ++steps_;
    switch (random_.below(24)) {
      case 0:
      case 1:
      case 2:
        return place();
      case 3:
        return cancel_one();
      case 4:
      case 5:
      case 6:
        hand_out(Lane::kWebSocket);
        hand_out(Lane::kHttp);
        return;
      case 7:
      case 8:
      case 9:
        process(Lane::kWebSocket);
        process(Lane::kHttp);
        return;
      case 10:
      case 11:
      case 12:
        // REST answers in any order, the WebSocket API too, by its documents.
        deliver_answer(venue_.answers.size() > 1 && random_.chance(0.2) ? 1 : 0);
        return;
      case 13:
      case 14:
      case 15:
      case 16:
        deliver_stream();
        return;
      case 17:
      case 18:
        if (test::VenueOrder* const order = any_open()) {
          venue_.trade(*order, static_cast<Qty>(1 + random_.below(8)), true);
        }
        return;
      case 19:
        if (test::VenueOrder* const order = any_open(); order && random_.chance(0.3)) {
          venue_.end(*order, random_.chance(0.5) ? "EXPIRED" : "EXPIRED_IN_MATCH");
        }
        return;
      case 20:
        if (random_.chance(0.15)) {
          disconnect(static_cast<Connection>(random_.below(kConnections)));
        } else if (random_.chance(0.2)) {
          disconnect(Connection::kUserStream);
        } else if (random_.chance(0.1) && !venue_.stream.empty()) {
          // One event never comes, and nothing tells.
          venue_.stream.pop_front();
          lossy_ = true;
        }
        return;
      case 21:
        connect(static_cast<Connection>(random_.below(kConnections)));
        return;
      case 22:
        pass(milliseconds(static_cast<std::int64_t>(random_.below(200))));
        return;
      default:
        pass(milliseconds(
            random_.chance(0.1) ? static_cast<std::int64_t>(random_.below(4'000)) : 5));
        return;
    }
  }

  /// Everything is up and is delivered, until nothing is left to be done.
  void quiet() {
    calm_ = true;
    for (int round = 0; round < 600 && !failed_; ++round) {
      connect(Connection::kApi);
      connect(Connection::kHttp);
      connect(Connection::kUserStream);
      bool moved = true;
      for (int i = 0; moved && i < 10'000 && !failed_; ++i) {
        moved = hand_out(Lane::kWebSocket);
        moved |= hand_out(Lane::kHttp);
        moved |= process(Lane::kWebSocket);
        moved |= process(Lane::kHttp);
        moved |= deliver_answer();
        moved |= deliver_stream();
        check_worst();
      }
      const bool waits = session_.next_deadline() < now_ + seconds(60);
      if (session_.live() && !waits && session_.unknown_count() == 0 &&
          venue_.slow_count() == 0) {
        if (lossy_) {
          // What is missing shows when an order is touched; none is left alone for
          // long.
          lossy_ = false;
          std::vector<std::uint32_t> open;
          orders_.for_each_open(
              [&](const order::Order& o) { open.push_back(o.user_ref); });
          for (const std::uint32_t user_ref : open) cancel(user_ref);
          continue;
        }
        compare();
        calm_ = false;
        return;
      }
      pass(milliseconds(250));
    }
    fail("it does not come to rest");
  }

  /// What an order may still do at the venue is counted, whatever is not known yet.
  void check_worst() {
    for (const Sent& s : wishes_) {
      const order::Order* const ours = orders_.find(s.user_ref);
      const test::VenueOrder* const theirs = at_venue(s.user_ref);
      if (ours == nullptr) return fail("an order is forgotten");
      Qty possible = 0;
      if (theirs != nullptr) {
        possible = theirs->filled() + theirs->leaves();
      } else if (under_way("pt1-" + std::to_string(s.user_ref))) {
        possible = s.wish.qty;
      }
      if (ours->filled + ours->leaves < possible) {
        return fail("order " + std::to_string(s.user_ref) + " counts for " +
                    std::to_string(ours->filled + ours->leaves) + " of " +
                    std::to_string(possible));
      }
    }
  }
  bool under_way(const std::string& client_id) const {
    for (const auto& way : way_) {
      for (const OnTheWay& request : way) {
        // One whose time is up will be refused.
        if (test::param(request.text, "newClientOrderId") == client_id &&
            venue_.now_ms - std::stoll(test::param(request.text, "timestamp")) <=
                2'000) {
          return true;
        }
      }
    }
    return venue_.has_slow(client_id);
  }

  void compare() {
    Qty position = 0, buying = 0, selling = 0;
    for (const Sent& s : wishes_) {
      const order::Order* const ours = orders_.find(s.user_ref);
      const test::VenueOrder* const theirs = at_venue(s.user_ref);
      const Qty filled = theirs == nullptr ? 0 : theirs->filled();
      const Qty leaves = theirs == nullptr ? 0 : theirs->leaves();
      const OrderState state = theirs == nullptr       ? OrderState::kRejected
                               : theirs->open()        ? OrderState::kLive
                               : filled == theirs->qty ? OrderState::kFilled
                                                       : OrderState::kCanceled;
      if (theirs != nullptr &&
          venue_.placed["pt1-" + std::to_string(s.user_ref)] != 1) {
        return fail("an order was sent twice");
      }
      if (ours->state != state || ours->filled != filled || ours->leaves != leaves) {
        return fail("order " + std::to_string(s.user_ref) + " is " +
                    std::string(order::name(ours->state)) + " " +
                    std::to_string(ours->filled) + "+" + std::to_string(ours->leaves) +
                    ", at the venue " + std::string(order::name(state)) + " " +
                    std::to_string(filled) + "+" + std::to_string(leaves));
      }
      position += sign(s.wish.side) * filled;
      (s.wish.side == Side::kBuy ? buying : selling) += leaves;
    }
    position += settled_;
    const order::Exposure exposure = orders_.exposure(test::kBtc);
    if (exposure.position != position || exposure.working_buy != buying ||
        exposure.working_sell != selling) {
      fail("the exposure");
    }
    if (orders_.unknown_count() != 0) fail("unknown at rest");
    if (orders_.open_count() != session_.open_count()) fail("open orders");
    // What has ended is only counted from here on.
    std::erase_if(wishes_, [&](const Sent& s) {
      const test::VenueOrder* const theirs = at_venue(s.user_ref);
      if (theirs != nullptr && theirs->open()) return false;
      if (theirs != nullptr) {
        settled_ += sign(s.wish.side) * theirs->filled();
        venue_.orders.erase(theirs->client_id);
      }
      return true;
    });
  }

  struct Sent {
    std::uint32_t user_ref;
    order::Wish wish;
  };

  Setting setting_;
  Random random_;
  Signer signer_;
  OrderSession session_;
  order::WorkingOrders orders_;
  test::VenueModel venue_;
  session::OpenGate gate_;
  MonoNanos now_{};
  std::array<bool, kConnections> up_{};
  std::array<std::deque<OnTheWay>, kLanes> way_;
  std::vector<Sent> wishes_;
  Qty settled_ = 0;
  int steps_ = 0;
  bool calm_ = false;
  bool lossy_ = false;
  bool failed_ = false;
};

class OrderSessionModel : public testing::TestWithParam<Setting> {};

TEST_P(OrderSessionModel, SaysWhatTheVenueKnows) {
  const bool whole = std::getenv("PYSCALP_LONG") != nullptr;
  // A million sequences over the five settings.
  const int lives = whole ? 2'000 : 10;
  constexpr int kSequences = 100;
  std::uint64_t sequences = 0, sent = 0, fills = 0, unknown = 0, reconciled = 0;
  for (int life = 0; life < lives; ++life) {
    const auto seed = static_cast<std::uint64_t>(life) * 1'000 + 7;
    SCOPED_TRACE("life " + std::to_string(life));
    Life one(GetParam(), seed);
    for (int i = 0; i < kSequences; ++i) {
      ++sequences;
      ASSERT_TRUE(one.sequence(40)) << "sequence " << i;
    }
    sent += one.sent;
    fills += one.fills;
    unknown += one.unknown;
    reconciled += one.reconciled;
  }
  // The paths that this is about were walked.
  EXPECT_GT(sent, sequences / 2);
  EXPECT_GT(fills, sequences / 4);
  EXPECT_GT(unknown, sequences / 8);
  EXPECT_GT(reconciled, sequences / 16);
  std::printf(
      "%llu sequences: %llu orders, %llu fills, %llu unknown, %llu reconciled\n",
      static_cast<unsigned long long>(sequences), static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(fills), static_cast<unsigned long long>(unknown),
      static_cast<unsigned long long>(reconciled));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, OrderSessionModel,
    testing::Values(Setting{Market::kSpot, Lane::kWebSocket, false},
                    Setting{Market::kSpot, Lane::kWebSocket, true},
                    Setting{Market::kSpot, Lane::kHttp, false},
                    Setting{Market::kUsdm, Lane::kWebSocket, false},
                    Setting{Market::kUsdm, Lane::kHttp, false}),
    [](const testing::TestParamInfo<Setting>& of) {
      return std::string(of.param.market == Market::kSpot ? "Spot" : "Usdm") +
             (of.param.orders_by == Lane::kHttp ? "Rest" : "WebSocket") +
             (of.param.logon ? "Logon" : "");
    });

}  // namespace
}  // namespace pyscalp::binance
