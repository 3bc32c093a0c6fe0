#include "feed/packet_arbiter.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "capture/pcap_reader.hpp"
#include "wire/ethernet.hpp"

namespace pyscalp::feed {
namespace {

using Buffer = std::vector<std::byte>;
using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

constexpr MonoNanos kPatience = milliseconds(20);

/// An arbiter and what came out of it.
struct Out {
  PacketArbiter arbiter;
  std::vector<std::uint64_t> numbers;  ///< every number delivered
  std::vector<Buffer> packets;         ///< what was delivered, whole
  Runs lost;

  explicit Out(const ArbiterOptions& options = {}) : arbiter(options) {}

  auto deliver() {
    return [this](std::uint64_t sequence, Bytes packet, std::uint32_t skip) {
      numbers.push_back(sequence + skip);
      packets.emplace_back(packet.begin(), packet.end());
    };
  }
  auto lose() {
    return [this](std::uint64_t first, std::uint64_t end) {
      lost.push_back({first, end});
    };
  }
  ArbiterStatus give(int line, std::uint64_t sequence, std::uint32_t count = 1,
                     MonoNanos now = {}) {
    const Buffer bytes(8, static_cast<std::byte>(sequence));
    return arbiter.on_packet(line, sequence, count, bytes, now, deliver(), lose());
  }
  void wait(MonoNanos now) { arbiter.on_time(now, deliver(), lose()); }
  void finish() { arbiter.finish({}, deliver(), lose()); }
};

using Numbers = std::vector<std::uint64_t>;

TEST(PacketArbiter, TakesEachPacketFromWhicheverLineIsFirst) {
  Out out;
  EXPECT_EQ(out.give(0, 10), ArbiterStatus::kFirst);
  EXPECT_EQ(out.give(1, 10), ArbiterStatus::kDuplicate);
  EXPECT_EQ(out.give(1, 11), ArbiterStatus::kFirst);
  EXPECT_EQ(out.give(0, 11), ArbiterStatus::kDuplicate);
  EXPECT_EQ(out.numbers, (Numbers{10, 11}));
  EXPECT_EQ(out.arbiter.counters().first[0], 1u);
  EXPECT_EQ(out.arbiter.counters().first[1], 1u);
}

TEST(PacketArbiter, HoldsWhatComesAheadUntilTheOtherLineFillsTheGap) {
  Out out;
  out.give(0, 1);
  EXPECT_EQ(out.give(0, 4), ArbiterStatus::kHeld);
  EXPECT_EQ(out.give(1, 4), ArbiterStatus::kDuplicate);
  EXPECT_EQ(out.give(0, 3), ArbiterStatus::kHeld);
  EXPECT_TRUE(out.arbiter.gap_open());
  EXPECT_EQ(out.give(1, 2), ArbiterStatus::kFirst);
  EXPECT_FALSE(out.arbiter.gap_open());
  EXPECT_EQ(out.numbers, (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(out.packets[3], Buffer(8, std::byte{4}));
  EXPECT_EQ(out.lost, Runs{});
}

TEST(PacketArbiter, NamesAGapThatNoLineFillsInTime) {
  Out out;
  out.give(0, 1, 1, {0});
  out.give(0, 4, 1, {5});
  out.give(0, 6, 1, {6});
  EXPECT_EQ(out.arbiter.next_deadline(), kPatience + MonoNanos{5});
  out.wait(kPatience + MonoNanos{4});
  EXPECT_EQ(out.lost, Runs{});
  out.wait(kPatience + MonoNanos{5});
  EXPECT_EQ(out.lost, (Runs{{2, 4}}));
  EXPECT_EQ(out.numbers, (Numbers{1, 4}));
  EXPECT_EQ(out.give(1, 3, 1, kPatience), ArbiterStatus::kLate);
  out.finish();
  EXPECT_EQ(out.lost, (Runs{{2, 4}, {5, 6}}));
  EXPECT_EQ(out.numbers, (Numbers{1, 4, 6}));
  EXPECT_EQ(out.arbiter.counters().lost, 3u);
  EXPECT_EQ(out.arbiter.counters().late, 1u);
  EXPECT_EQ(out.arbiter.next_deadline(), kNever);
}

TEST(PacketArbiter, AHeartbeatShowsALossAtTheTail) {
  Out out;
  out.give(0, 1);
  out.give(0, 2, 0);
  EXPECT_FALSE(out.arbiter.gap_open());
  out.give(0, 4, 0);
  EXPECT_TRUE(out.arbiter.gap_open());
  out.finish();
  EXPECT_EQ(out.lost, (Runs{{2, 4}}));
}

TEST(PacketArbiter, GoesOnFarAheadOnlyWhenThatInsists) {
  Out out({.window = 8});
  out.give(0, 1);
  out.give(0, 3);
  EXPECT_EQ(out.give(0, std::uint64_t{1} << 60), ArbiterStatus::kFarAhead);
  EXPECT_EQ(out.give(0, 2), ArbiterStatus::kFirst);
  EXPECT_EQ(out.numbers, (Numbers{1, 2, 3}));
  EXPECT_EQ(out.give(0, 100), ArbiterStatus::kFarAhead);
  EXPECT_EQ(out.give(0, 101), ArbiterStatus::kFarAhead);
  EXPECT_EQ(out.give(0, 102), ArbiterStatus::kFirst);
  EXPECT_EQ(out.lost, (Runs{{4, 102}}));
  EXPECT_EQ(out.give(0, 103), ArbiterStatus::kFirst);
}

TEST(PacketArbiter, AFullWindowGivesUpTheOldestGapAndLosesNothingElse) {
  Out out({.window = 8});
  out.give(0, 1);
  for (std::uint64_t n = 3; n <= 20; ++n) {
    if (n != 6) out.give(0, n);
  }
  EXPECT_EQ(out.lost, (Runs{{2, 3}, {6, 7}}));
  EXPECT_EQ(out.numbers.size(), 18u);
  EXPECT_EQ(out.arbiter.counters().far_ahead, 0u);
}

TEST(PacketArbiter, WhatIsHeldGoesBeforeAJump) {
  Out out({.window = 8});
  out.give(0, 1);
  out.give(0, 4);
  for (const std::uint64_t far : {50, 51, 52}) out.give(0, far);
  EXPECT_EQ(out.numbers, (Numbers{1, 4, 52}));
  EXPECT_EQ(out.lost, (Runs{{2, 4}, {5, 52}}));
}

TEST(PacketArbiter, PacketsOfSeveralNumbersMayBeCutDifferently) {
  Out out;
  out.give(0, 1, 5);
  EXPECT_EQ(out.give(1, 4, 4), ArbiterStatus::kFirst);
  EXPECT_EQ(out.numbers, (Numbers{1, 6}));
  EXPECT_EQ(out.arbiter.expected(), 8u);
  EXPECT_EQ(out.give(0, 12, 6), ArbiterStatus::kHeld);
  EXPECT_EQ(out.give(0, 10, 3), ArbiterStatus::kHeld);
  EXPECT_EQ(out.give(1, 8, 3),
            ArbiterStatus::kFirst);  // 8 9 10, then 11 12, then 13...
  EXPECT_EQ(out.numbers, (Numbers{1, 6, 8, 11, 13}));
  EXPECT_EQ(out.arbiter.expected(), 18u);
  out.give(0, 20, 1);
  EXPECT_EQ(out.give(1, 18, 4), ArbiterStatus::kFirst);
  EXPECT_EQ(out.arbiter.expected(), 22u);
  EXPECT_FALSE(out.arbiter.gap_open());
  EXPECT_EQ(out.give(0, 22, 1), ArbiterStatus::kFirst);
}

TEST(PacketArbiter, WhatIsTooLargeToBeHeldIsMissedAndNamed) {
  Out out({.packet_max = 4});
  out.give(0, 1);
  EXPECT_EQ(out.give(0, 3), ArbiterStatus::kTooLarge);
  EXPECT_EQ(out.give(0, 2), ArbiterStatus::kFirst);
  EXPECT_TRUE(out.arbiter.gap_open());
  out.finish();
  EXPECT_EQ(out.lost, (Runs{{3, 4}}));
}

TEST(PacketArbiter, BeginsWhereToldAndAnew) {
  Out out({.first = 5});
  EXPECT_EQ(out.give(0, 7), ArbiterStatus::kHeld);
  out.finish();
  EXPECT_EQ(out.lost, (Runs{{5, 7}}));
  out.give(0, 9);
  out.arbiter.restart(1);
  EXPECT_FALSE(out.arbiter.gap_open());
  EXPECT_EQ(out.give(0, 1), ArbiterStatus::kFirst);
  EXPECT_EQ(out.give(0, 2), ArbiterStatus::kFirst);
  EXPECT_EQ(out.give(0, UINT64_MAX), ArbiterStatus::kFarAhead);
  EXPECT_EQ(out.numbers, (Numbers{7, 1, 2}));
}

TEST(PacketArbiter, RandomLinesGiveEachNumberOnceInOrderOrNameIt) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Out out({.window = 64, .patience = milliseconds(5)});
    struct Flight {
      int line;
      std::uint64_t sequence;
      std::uint32_t count;
    };
    std::multimap<std::int64_t, Flight> flights;
    std::map<std::uint64_t, int> copies;
    std::uint64_t sequence = 1;
    for (std::int64_t at = 0; at < 400; ++at) {
      const auto count = static_cast<std::uint32_t>(1 + random.below(4));
      for (int line = 0; line < 2; ++line) {
        if (random.chance(0.2)) continue;
        const auto late = static_cast<std::int64_t>(random.below(8));
        for (std::uint32_t i = 0; i < count; ++i) ++copies[sequence + i];
        flights.insert({at * 100'000 + late * 200'000, {line, sequence, count}});
      }
      sequence += count;
    }
    const std::uint64_t first = flights.begin()->second.sequence;
    for (const auto& [at, flight] : flights) {
      out.wait({at});
      out.give(flight.line, flight.sequence, flight.count, {at});
    }
    out.finish();
    std::uint64_t next = first;
    std::size_t run = 0;
    for (const std::uint64_t number : out.numbers) {
      while (run < out.lost.size() && out.lost[run].first == next) {
        next = out.lost[run++].second;
      }
      ASSERT_LE(next, number) << seed;
      next = std::max(next, number);
      // The packet's further numbers: up to what comes next.
      const auto after =
          std::upper_bound(out.numbers.begin(), out.numbers.end(), number);
      const std::uint64_t limit = after == out.numbers.end() ? sequence : *after;
      while (next < limit && (run == out.lost.size() || next < out.lost[run].first)) {
        ++next;
      }
    }
    ASSERT_TRUE(std::is_sorted(out.numbers.begin(), out.numbers.end())) << seed;
    for (const auto& [begin, end] : out.lost) {
      for (std::uint64_t n = begin; n < end; ++n) {
        ASSERT_FALSE(std::binary_search(out.numbers.begin(), out.numbers.end(), n));
      }
    }
    const std::uint64_t heard = copies.rbegin()->first;
    for (std::uint64_t n = first; n < heard; ++n) {
      if (copies.contains(n)) continue;
      const bool named = std::any_of(
          out.lost.begin(), out.lost.end(),
          [&](const auto& lost) { return n >= lost.first && n < lost.second; });
      EXPECT_TRUE(named) << seed << " " << n;
    }
  }
}

// ---- Real lines ----

/// A packet of one of the two lines of CME MDP 3: u32 number and u64 time,
/// little-endian.
struct Captured {
  int line;
  std::uint64_t sequence;
  MonoNanos time;
  Buffer bytes;
};

std::vector<Captured> cme_lines() {
  const char* const data = std::getenv("PYSCALP_DATA");
  if (data == nullptr) return {};
  const std::string path =
      std::string(data) + "/pcap/Cme/Mdp3.Sbe.v1.6/Cme.Mdp3.Sbe.v6.1.pcap.zst";
  std::FILE* const pipe = ::popen(("zstd -dcq '" + path + "'").c_str(), "r");
  if (pipe == nullptr) return {};
  std::vector<Captured> packets;
  std::map<std::uint16_t, int> lines;
  capture::PcapReader reader;
  std::array<std::byte, 1 << 16> part;
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe)) {
    reader.feed(Bytes(part.data(), size), [&](const capture::CapturedPacket& packet) {
      wire::ethernet::Payload payload;
      if (wire::ethernet::decode(packet.link_type, packet.bytes, payload) !=
              wire::ethernet::FrameStatus::kOk ||
          payload.bytes.size() < 12) {
        return;
      }
      const int line = lines
                           .try_emplace(payload.flow.destination_port,
                                        static_cast<int>(lines.size()))
                           .first->second;
      packets.push_back({line,
                         load_le<std::uint32_t>(payload.bytes.data()),
                         {packet.time.value},
                         Buffer(payload.bytes.begin(), payload.bytes.end())});
    });
  }
  ::pclose(pipe);
  return packets;
}

class CmeLines : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { packets_ = new std::vector(cme_lines()); }
  static void TearDownTestSuite() { delete packets_; }
  void SetUp() override {
    if (packets_->empty()) GTEST_SKIP() << "needs PYSCALP_DATA, and zstd";
  }
  /// Gives every packet that `lost(line, sequence)` spares.
  template <class LostOnLine>
  static Out arbitrate(LostOnLine&& lost) {
    Out out;
    for (const Captured& packet : *packets_) {
      if (lost(packet.line, packet.sequence)) continue;
      out.wait(packet.time);
      out.arbiter.on_packet(packet.line, packet.sequence, 1, packet.bytes, packet.time,
                            out.deliver(), out.lose());
    }
    out.finish();
    return out;
  }
  static void expect_gapless(const Out& out) {
    EXPECT_EQ(out.lost, Runs{});
    ASSERT_EQ(out.numbers.size(), 5'000u);
    EXPECT_EQ(out.numbers.front(), 5'615u);
    EXPECT_EQ(out.numbers.back(), 10'614u);
    std::size_t next = 0;
    for (const Captured& packet : *packets_) {
      if (packet.line != 0) continue;
      ASSERT_EQ(out.numbers[next], packet.sequence);
      ASSERT_EQ(out.packets[next], packet.bytes);
      ++next;
    }
  }

  static std::vector<Captured>* packets_;
};
std::vector<Captured>* CmeLines::packets_ = nullptr;

TEST_F(CmeLines, BothTogetherAreOneGaplessStream) {
  ASSERT_EQ(packets_->size(), 10'000u);
  const Out out = arbitrate([](int, std::uint64_t) { return false; });
  expect_gapless(out);
  EXPECT_EQ(out.arbiter.counters().duplicates, 5'000u);
  for (const int alone : {0, 1}) {
    expect_gapless(arbitrate([&](int line, std::uint64_t) { return line != alone; }));
  }
}

TEST_F(CmeLines, TenPerCentLostOfEachButNeverTheSameLeaveNoGap) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    std::map<std::uint64_t, int> loser;  // of each number: a line, or none
    for (std::uint64_t n = 5'616; n <= 10'614; ++n) {
      const std::uint64_t draw = random.below(10);
      loser[n] = draw < 2 ? static_cast<int>(draw) : -1;
    }
    const Out out = arbitrate([&](int line, std::uint64_t n) {
      const auto found = loser.find(n);
      return found != loser.end() && found->second == line;
    });
    expect_gapless(out);
    EXPECT_GT(out.arbiter.counters().first[1], 300u);
  }
}

TEST_F(CmeLines, WhatBothLoseIsNamedExactly) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    std::map<std::uint64_t, std::array<bool, 2>> lost;
    for (std::uint64_t n = 5'616; n < 10'614; ++n) {
      lost[n][0] = random.chance(0.1);
      lost[n][1] = random.chance(0.1);
    }
    const Out out = arbitrate([&](int line, std::uint64_t n) {
      const auto found = lost.find(n);
      return found != lost.end() && found->second[static_cast<std::size_t>(line)];
    });
    Runs both;
    std::uint64_t count = 0;
    for (const auto& [n, lines] : lost) {
      if (!lines[0] || !lines[1]) continue;
      ++count;
      if (!both.empty() && both.back().second == n) {
        ++both.back().second;
      } else {
        both.push_back({n, n + 1});
      }
    }
    EXPECT_GT(count, 20u);
    EXPECT_EQ(out.lost, both);
    EXPECT_EQ(out.numbers.size(), 5'000u - count);
    EXPECT_TRUE(std::is_sorted(out.numbers.begin(), out.numbers.end()));
  }
}

}  // namespace
}  // namespace pyscalp::feed
