#include "exchange/recorded_day.hpp"

#include <gtest/gtest.h>

#include "participants.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

UnixNanos at(std::int64_t seconds) { return {seconds * 1'000'000'000}; }

/// Four adds of ABC, a second apart, from second 100.
std::vector<std::byte> small_day() {
  std::vector<std::vector<std::byte>> messages;
  messages.push_back(bytes(directory(kAbc, "ABC", at(90))));
  for (std::uint32_t i = 0; i < 4; ++i) {
    messages.push_back(bytes(itch::AddOrder{header(kAbc, at(100 + i)), i + 1, 'B', 10,
                                            Text<8>("ABC"), 100'000}));
  }
  return binary_file(messages);
}

TEST(RecordedDay, StepsThroughTheFileAtItsTimes) {
  const auto file = small_day();
  Market market(RecordedDay::instruments(file), kFees);
  RecordedDay day(file);
  EXPECT_EQ(day.next_time(), at(90));
  EXPECT_EQ(day.bytes_done(), 0U);
  EXPECT_EQ(day.fast_forward(market), 0U);
  for (std::int64_t second : {90, 100, 101, 102, 103}) {
    EXPECT_EQ(day.next_time(), at(second));
    day.step(market);
  }
  EXPECT_EQ(day.next_time(), std::nullopt);
  day.step(market);
  EXPECT_EQ(day.messages(), 5U);
  EXPECT_EQ(day.bytes_done(), day.bytes_total());
  EXPECT_FALSE(day.truncated());
  EXPECT_EQ(market.feed(), file);
}

TEST(RecordedDay, AMomentIsAllOfOneStamp) {
  std::vector<std::vector<std::byte>> messages;
  messages.push_back(bytes(directory(kAbc, "ABC", at(90))));
  // The last but one goes back, and so is played with those before it.
  for (const std::int64_t second : {100, 100, 101, 101, 100, 102}) {
    messages.push_back(bytes(itch::AddOrder{header(kAbc, at(second)), messages.size(),
                                            'B', 10, Text<8>("ABC"), 100'000}));
  }
  const auto file = binary_file(messages);
  Market market(RecordedDay::instruments(file), kFees);
  RecordedDay day(file, at(95), RecordedDay::Pace::kMoment);
  EXPECT_EQ(day.fast_forward(market), 1U);
  const std::pair<std::int64_t, Qty> steps[] = {{100, 20}, {101, 50}, {102, 60}};
  for (const auto& [second, qty] : steps) {
    EXPECT_EQ(day.next_time(), at(second));
    day.step(market);
    EXPECT_EQ(market.best(kAbc, Side::kBuy).qty, qty);
  }
  EXPECT_EQ(day.next_time(), std::nullopt);
  EXPECT_EQ(day.messages(), 7U);
  EXPECT_EQ(market.feed(), file);
}

TEST(RecordedDay, JoinsLaterWithEverythingBefore) {
  const auto file = small_day();
  Market market(RecordedDay::instruments(file), kFees);
  RecordedDay day(file, at(102));
  EXPECT_EQ(day.fast_forward(market), 3U);  // R and two adds; 102 itself comes later
  EXPECT_EQ(day.next_time(), at(102));
  EXPECT_EQ(market.best(kAbc, Side::kBuy).qty, 20);
  const auto feed = market.feed();
  EXPECT_TRUE(std::equal(feed.begin(), feed.end(), file.begin()));
  EXPECT_EQ(feed.size(), day.bytes_done());
  EXPECT_EQ(day.fast_forward(market), 0U);

  RecordedDay past_the_end(file, at(1'000));
  Market other(RecordedDay::instruments(file), kFees);
  EXPECT_EQ(past_the_end.fast_forward(other), 5U);
  EXPECT_EQ(past_the_end.next_time(), std::nullopt);
}

TEST(RecordedDay, EveryCutEndsAtTheLastWholeMessage) {
  const auto file = small_day();
  std::size_t whole = 0;
  std::uint64_t count = 0;
  for (std::size_t size = 0; size < file.size(); ++size) {
    const std::vector<std::byte> cut(file.begin(),
                                     file.begin() + static_cast<std::ptrdiff_t>(size));
    if (size == whole + 2 + load_be<std::uint16_t>(file.data() + whole)) {
      whole = size;
      ++count;
    }
    Market market({{kAbc, "ABC"}}, kFees);
    RecordedDay day(cut);
    while (day.next_time()) day.step(market);
    ASSERT_EQ(day.messages(), count);
    ASSERT_EQ(day.truncated(), size != whole);
    ASSERT_EQ(day.bytes_done(), whole);
  }
}

TEST(RecordedDay, AnEndMarkEndsIt) {
  auto file = small_day();
  const std::size_t size = file.size();
  file.resize(size + 2 + 20);  // length 0, then bytes that are no messages
  Market market(RecordedDay::instruments(file), kFees);
  RecordedDay day(file);
  while (day.next_time()) day.step(market);
  EXPECT_EQ(day.messages(), 5U);
  EXPECT_FALSE(day.truncated());
}

TEST(RecordedDay, TimeNeverRunsBackward) {
  const auto file = binary_file({bytes(itch::SystemEvent{header(kAbc, at(5)), 'O'}),
                                 bytes(itch::SystemEvent{header(kAbc, at(3)), 'S'}),
                                 {std::byte{'?'}},  // too short for a time
                                 bytes(itch::SystemEvent{header(kAbc, at(6)), 'Q'})});
  Market market({{kAbc, "ABC"}}, kFees);
  RecordedDay day(file);
  std::vector<UnixNanos> times;
  for (; day.next_time(); day.step(market)) times.push_back(*day.next_time());
  EXPECT_EQ(times, (std::vector{at(5), at(5), at(5), at(6)}));
}

TEST(RecordedDay, InstrumentsOfTheDirectory) {
  const auto file = binary_file({
      bytes(directory(InstrumentId{7}, "ABC")),
      bytes(directory(InstrumentId{7}, "TWICE")),
      bytes(directory(InstrumentId{8}, "ABC")),
      bytes(directory(InstrumentId{0}, "NONE")),
      bytes(directory(InstrumentId{9}, "")),
      bytes(directory(InstrumentId{2}, "XYZ")),
  });
  const auto found = RecordedDay::instruments(file);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, InstrumentId{7});
  EXPECT_EQ(found[0].symbol, "ABC");
  EXPECT_EQ(found[1].symbol, "XYZ");
  EXPECT_EQ(found[1].tick, dollars(0.01));
  EXPECT_NO_THROW(Market(found, kFees));
  EXPECT_TRUE(RecordedDay::instruments({}).empty());
}

/// The recorded day of AMZN and AAPL.
class AmznDay : public ::testing::Test {
 protected:
  void SetUp() override {
    if (amzn_day().empty()) {
      GTEST_SKIP() << "needs PYSCALP_DATA with itch/AMZN_AAPL_2012-06-21.itch50.xz, "
                      "and xz";
    }
  }
};

TEST_F(AmznDay, WithoutParticipantsComesOutByteForByte) {
  Market market(RecordedDay::instruments(amzn_day()), kFees);
  RecordedDay day(amzn_day());
  while (day.next_time()) day.step(market);
  EXPECT_EQ(day.messages(), 381'980U);
  EXPECT_FALSE(day.truncated());
  EXPECT_EQ(market.feed().size(), amzn_day().size());
  EXPECT_TRUE(market.feed() == amzn_day());
  EXPECT_TRUE(market.reports().empty());
  EXPECT_EQ(market.anomalies(), Anomalies{});
}

TEST_F(AmznDay, WithParticipantsTheFeedIsTheBookAndNothingComesFromNowhere) {
  const auto instruments = RecordedDay::instruments(amzn_day());
  Market market(instruments, kFees);
  Market alone(instruments, kFees);
  RecordedDay day(amzn_day());
  RecordedDay day_alone(amzn_day());
  FeedBook feed;
  Participants participants(11);
  std::map<std::uint64_t, Qty> matches;  // maker shares less taker shares
  std::uint64_t fills = 0;
  std::uint64_t against_recorded = 0;
  std::uint64_t recorded_taking = 0;

  while (const auto now = day.next_time()) {
    day.step(market);
    day_alone.step(alone);
    alone.clear_outputs();
    if (participants.below(10) == 0) participants.act(market, *now);

    for (const Report& report : market.reports()) {
      if (report.kind != ReportKind::kExecuted) continue;
      ++fills;
      const bool maker = report.liquidity == Liquidity::kMaker;
      if (report.counterparty != kRecordedAccount) {
        matches[report.match] += maker ? report.qty : -report.qty;
      } else {
        ++(maker ? recorded_taking : against_recorded);
      }
    }
    feed.read(market.feed());
    feed.types.clear();
    feed.trades.clear();
    market.clear_outputs();
    ASSERT_EQ(feed.errors, 0) << "message " << day.messages();
    const bool thorough = day.messages() % 1'000 == 0 || !day.next_time();
    for (const InstrumentId id : {kAbc, kXyz}) {
      for (const Side side : {Side::kBuy, Side::kSell}) {
        const std::size_t levels = thorough ? 1'000'000 : 2;
        const auto depth = market.depth(id, side, levels);
        ASSERT_EQ(depth, feed.depth(id, side, levels)) << "message " << day.messages();
        if (!thorough) continue;
        expect_no_more_than_recorded(market, alone, feed, id, side);
      }
    }
  }
  for (const auto& [match, difference] : matches) ASSERT_EQ(difference, 0) << match;
  EXPECT_GT(fills, 5'000U);
  EXPECT_GT(against_recorded, 1'000U);
  EXPECT_GT(recorded_taking, 1'000U);
  EXPECT_EQ(market.anomalies(), Anomalies{});
  for (AccountId account = 1; account <= 3; ++account) {
    EXPECT_EQ(market.working_orders(account), 0U);  // the day is over
  }
  EXPECT_EQ(market.resting_orders(), alone.resting_orders());
}

}  // namespace
}  // namespace pyscalp::exchange
