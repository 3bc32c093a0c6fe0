#include "capture/sequencer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pyscalp::capture {
namespace {

struct Given {
  std::uint64_t sequence;
  std::int64_t receipt_ns;
  friend bool operator==(const Given&, const Given&) = default;
};

class SequencerTest : public testing::Test {
 protected:
  void keep(std::uint64_t sequence, std::int64_t receipt_ns, Bytes bytes) {
    const auto wanted = message(sequence);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()));
    given.push_back({sequence, receipt_ns});
  }
  void take(std::uint64_t sequence, std::int64_t receipt_ns = 0) {
    sequencer.take(sequence, receipt_ns, message(sequence),
                   [this](auto... what) { keep(what...); });
  }
  void flush() {
    sequencer.flush([this](auto... what) { keep(what...); });
  }
  static std::vector<std::byte> message(std::uint64_t sequence) {
    return std::vector<std::byte>(sequence % 7 + 1, static_cast<std::byte>(sequence));
  }
  std::vector<std::uint64_t> sequences() const {
    std::vector<std::uint64_t> all;
    for (const Given& one : given) all.push_back(one.sequence);
    return all;
  }

  Sequencer sequencer;
  std::vector<Given> given;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(SequencerTest, begins_where_the_capture_does) {
  take(500), take(501);
  EXPECT_EQ(sequences(), (Numbers{500, 501}));
  EXPECT_EQ(sequencer.counters().gaps, 0u);
}

TEST_F(SequencerTest, the_other_line_fills_and_repeats) {
  take(1, 10), take(1, 11), take(3, 12), take(3, 13), take(2, 14), take(2, 15);
  EXPECT_EQ(given, (std::vector<Given>{{1, 10}, {2, 14}, {3, 12}}));
  EXPECT_EQ(sequencer.counters().duplicates, 3u);
  EXPECT_EQ(sequencer.counters().gaps, 0u);
}

TEST_F(SequencerTest, a_gap_is_left_after_a_second_and_what_comes_later_is_dropped) {
  take(1, 0), take(3, 100), take(4, 100 + Sequencer::kPatience);
  EXPECT_EQ(sequences(), (Numbers{1}));
  take(5, 101 + Sequencer::kPatience);
  EXPECT_EQ(sequences(), (Numbers{1, 3, 4, 5}));
  EXPECT_EQ(sequencer.counters().gaps, 1u);
  EXPECT_EQ(sequencer.counters().missing, 1u);
  take(2, 102 + Sequencer::kPatience);
  EXPECT_EQ(sequences(), (Numbers{1, 3, 4, 5}));
}

TEST_F(SequencerTest, what_waits_is_bounded) {
  take(1);
  for (std::uint64_t i = 0; i <= Sequencer::kMaxHeld; ++i) take(10 + i);
  EXPECT_EQ(given.size(), 2 + Sequencer::kMaxHeld);
  EXPECT_EQ(sequencer.counters().missing, 8u);
}

TEST_F(SequencerTest, the_end_gives_what_waits) {
  take(1), take(5), take(9);
  flush();
  EXPECT_EQ(sequences(), (Numbers{1, 5, 9}));
  EXPECT_EQ(sequencer.counters().gaps, 2u);
  EXPECT_EQ(sequencer.counters().missing, 6u);
}

TEST_F(SequencerTest, two_lossy_reordered_lines_give_what_either_had) {
  std::mt19937_64 random(5);
  for (int run = 0; run < 50; ++run) {
    sequencer = {};
    given.clear();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> arrivals;  // when, which
    std::vector<bool> seen(2'001);
    for (std::uint64_t sequence = 1; sequence <= 2'000; ++sequence) {
      for (int line = 0; line < 2; ++line) {
        const bool lost = sequence > 1 && random() % 10 == 0;
        const std::uint64_t at = sequence * 10 + random() % 200;
        if (!lost) arrivals.emplace_back(sequence == 1 ? 0 : at, sequence);
        if (!lost) seen[sequence] = true;
      }
    }
    std::sort(arrivals.begin(), arrivals.end());
    for (const auto& [at, sequence] : arrivals) {
      take(sequence, static_cast<std::int64_t>(at));
    }
    flush();
    Numbers wanted;
    for (std::uint64_t i = 1; i < seen.size(); ++i) {
      if (seen[i]) wanted.push_back(i);
    }
    ASSERT_EQ(sequences(), wanted);
    const std::uint64_t last = wanted.back();
    EXPECT_EQ(sequencer.counters().missing, last - wanted.size());
  }
}

}  // namespace
}  // namespace pyscalp::capture
