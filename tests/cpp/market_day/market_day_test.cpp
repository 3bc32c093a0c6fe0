// The made-up market day: its mix, that it is valid, that a seed means one day.
#include "bench/market_day.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "bench/market_day_file.hpp"
#include "book/itch_books.hpp"

namespace pyscalp::bench {
namespace {

/// Books that watch every message: each must be taken, and no book be crossed.
struct Watched {
  book::ItchBooks books{[] {
    book::BookCapacity capacity;
    capacity.orders = 1u << 22;
    capacity.levels = 1u << 21;
    return capacity;
  }()};
  std::uint64_t hash = 14'695'981'039'346'656'037u;  ///< FNV-1a
  std::uint64_t crossed = 0;
  std::uint64_t late = 0;         ///< timestamps that go back
  std::uint64_t out_of_turn = 0;  ///< executions that pass by the front of the best
  std::uint64_t descending = 0;   ///< references that do not ascend in their partition
  std::uint64_t last_ns = 0;
  std::map<std::uint64_t, std::uint64_t> last_reference;  ///< by residue class

  struct Nobody {};

  void message(Bytes message) {
    for (const std::byte byte : message) {
      hash = (hash ^ static_cast<std::uint8_t>(byte)) * 1'099'511'628'211u;
    }
    const std::uint64_t now_ns = wire::itch::timestamp_ns(message);
    late += now_ns < last_ns ? 1 : 0;
    last_ns = now_ns;
    const char type = static_cast<char>(message[0]);
    const auto reference = [&](std::size_t at) {
      return load_be<std::uint64_t>(message.data() + at);
    };
    if (type == 'E' || type == 'C') execution(reference(11));
    if (type == 'A' || type == 'F') ascends(reference(11));
    if (type == 'U') ascends(reference(19));
    Nobody nobody;
    EXPECT_EQ(books.apply(message, nobody), wire::itch::DecodeStatus::kOk);
    const InstrumentId id{load_be<std::uint16_t>(message.data() + 1)};
    const book::Touch touch = books.books().touch(id);
    crossed += touch.two_sided() && !touch.sound() ? 1 : 0;
  }
  void execution(std::uint64_t reference) {
    book::OrderView order;
    const bool known = books.books().find(reference, order);
    const bool best =
        known && order.price == books.books().touch(order.instrument).price(order.side);
    out_of_turn += best && books.books().qty_ahead(reference) == 0 ? 0 : 1;
  }
  void ascends(std::uint64_t reference) {
    std::uint64_t& last = last_reference[reference % 4];
    descending += reference <= last ? 1 : 0;
    last = reference;
  }
};

struct Written {
  Watched watched;
  std::array<std::uint64_t, 128> counts{};
  std::uint64_t messages = 0;
  std::uint64_t opening_messages = 0;
  std::uint64_t live_orders = 0;
  double far_share = 0;
  std::vector<std::uint64_t> activity;

  explicit Written(const MarketDaySettings& settings) {
    EXPECT_EQ(settings.problem(), "");
    MarketDay day(settings);
    for (Bytes message = day.next(); !message.empty(); message = day.next()) {
      watched.message(message);
    }
    EXPECT_TRUE(day.next().empty());
    counts = day.counts();
    messages = day.messages();
    opening_messages = day.opening_messages();
    live_orders = day.live_orders();
    activity = day.activity();
    far_share = static_cast<double>(day.far_adds()) /
                static_cast<double>(counts['A'] + counts['F']);
  }
  double share(char type) const {
    return 100.0 * static_cast<double>(counts[static_cast<unsigned char>(type)]) /
           static_cast<double>(messages);
  }
  void expect_valid() const {
    const auto& counters = watched.books.counters();
    EXPECT_EQ(counters.messages, messages);
    EXPECT_EQ(counters.unknown_types, 0u);
    EXPECT_EQ(counters.undecodable, 0u);
    EXPECT_EQ(counters.wrong_locate, 0u);
    for (int status = 1; status < book::kBookStatusCount; ++status) {
      EXPECT_EQ(counters.book[status], 0u)
          << book::name(static_cast<book::BookStatus>(status));
    }
    EXPECT_EQ(watched.books.books().order_count(), live_orders);
    EXPECT_EQ(watched.crossed, 0u);
    EXPECT_EQ(watched.late, 0u);
    EXPECT_EQ(watched.out_of_turn, 0u);
    EXPECT_EQ(watched.descending, 0u);
  }
};

MarketDaySettings settings(std::uint64_t messages, std::uint32_t instruments,
                           std::uint64_t live = 0) {
  return {messages, instruments, 1, live};
}

TEST(MarketDay, HasTheMixOfARealDay) {
  const Written day(settings(1'000'000, 2'000));
  day.expect_valid();
  EXPECT_EQ(day.messages, 1'000'000u);
  const std::map<char, std::pair<double, double>> bounds = {
      {'A', {44, 46.5}}, {'D', {40, 43}},   {'U', {7, 8.3}},
      {'E', {1.8, 2.3}}, {'I', {1.4, 1.6}}, {'X', {0.9, 1.1}},
      {'F', {0.5, 0.6}}, {'P', {0.4, 0.5}}, {'C', {0.02, 0.06}},
  };
  for (const auto& [type, bound] : bounds) {
    EXPECT_GE(day.share(type), bound.first) << type;
    EXPECT_LE(day.share(type), bound.second) << type;
  }
  for (const char type : std::string_view("SRHYLVWKJhAFECXDUPQBINO")) {
    EXPECT_GT(day.share(type), 0) << type;
  }
  EXPECT_EQ(day.counts['R'], 2'000u);
  EXPECT_NEAR(day.far_share, 0.13, 0.015);
  // 14 of 300 messages leave an order behind.
  EXPECT_NEAR(static_cast<double>(day.live_orders), 46'667.0, 1'000.0);
}

TEST(MarketDay, IsBusyInFewInstruments) {
  Written day(settings(300'000, 8'906));
  std::sort(day.activity.rbegin(), day.activity.rend());
  const auto share = [&](std::size_t top) {
    std::uint64_t all = 0;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < day.activity.size(); ++i) {
      all += day.activity[i];
      if (i < top) most += day.activity[i];
    }
    return static_cast<double>(most) / static_cast<double>(all);
  };
  EXPECT_NEAR(share(10), 0.065, 0.015);
  EXPECT_NEAR(share(100), 0.285, 0.03);
}

TEST(MarketDay, KeepsTheOrdersAlive) {
  const Written day(settings(400'000, 500, 20'000));
  day.expect_valid();
  EXPECT_NEAR(static_cast<double>(day.live_orders), 20'000.0, 500.0);
  EXPECT_NEAR(static_cast<double>(day.opening_messages), 21'000.0, 100.0);
}

TEST(MarketDay, OneInstrument) {
  const Written day(settings(300'000, 1));
  day.expect_valid();
  EXPECT_EQ(day.counts['R'], 1u);
}

TEST(MarketDay, ManySeedsAreValid) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Written day(MarketDaySettings{8'000, 1 + static_cast<std::uint32_t>(seed),
                                        seed, seed % 3 == 0 ? 500u : 0u});
    day.expect_valid();
  }
}

/// The same bytes with every compiler and library; a change of them is meant to be
/// seen, as figures measured before and after it cannot be compared.
TEST(MarketDay, OneSeedIsOneDay) {
  const Written day(settings(100'000, 300));
  EXPECT_EQ(day.watched.hash, 8'316'210'788'368'991'856u);
  const Written other(MarketDaySettings{100'000, 300, 2, 0});
  EXPECT_NE(other.watched.hash, day.watched.hash);
}

TEST(MarketDay, SaysWhatCannotBe) {
  EXPECT_EQ(settings(10'000, 0).problem(), "instruments must be 1 to 65534");
  EXPECT_EQ(settings(10'000, 65'535).problem(), "instruments must be 1 to 65534");
  EXPECT_EQ(settings(1'000, 100).problem(),
            "messages must be at least 1400 for 100 instruments");
  EXPECT_EQ(settings(10'000, 100, 5'000).problem(),
            "live_orders must be at most half of the messages");
  EXPECT_EQ(settings(1'400, 100).problem(), "");
  const Written least(settings(1'400, 100));
  least.expect_valid();
}

TEST(MarketDay, BecomesAFile) {
  const std::string path = testing::TempDir() + "market_day_test.itch";
  MarketDay day(settings(100'000, 10));
  std::uint64_t calls = 0;
  ASSERT_EQ(write_day(day, path,
                      [&](std::uint64_t) {
                        ++calls;
                        return true;
                      }),
            0);
  EXPECT_EQ(calls, 1u);
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  MarketDay again(settings(100'000, 10));
  std::size_t at = 0;
  std::uint64_t opening_bytes = 0;
  for (Bytes message = again.next(); !message.empty(); message = again.next()) {
    ASSERT_LE(at + 2 + message.size(), bytes.size());
    const auto* block = reinterpret_cast<const std::byte*>(bytes.data()) + at;
    ASSERT_EQ(load_be<std::uint16_t>(block), message.size());
    ASSERT_TRUE(std::equal(message.begin(), message.end(), block + 2));
    at += 2 + message.size();
    if (again.messages() == again.opening_messages()) opening_bytes = at;
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_EQ(opening_bytes, again.opening_bytes());
  std::remove(path.c_str());
}

TEST(MarketDay, StopsAndSaysWhatTheSystemSaid) {
  const std::string path = testing::TempDir() + "market_day_test_stopped.itch";
  MarketDay day(settings(200'000, 10));
  EXPECT_EQ(write_day(day, path, [](std::uint64_t) { return false; }), ECANCELED);
  std::remove(path.c_str());
  MarketDay other(settings(10'000, 10));
  EXPECT_EQ(write_day(other, testing::TempDir() + "no/such/folder",
                      [](std::uint64_t) { return true; }),
            ENOENT);
}

}  // namespace
}  // namespace pyscalp::bench
