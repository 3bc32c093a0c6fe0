#include "base/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace pyscalp {
namespace {

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string pop(SpscRing& ring) {
  std::string text = "nothing";
  ring.try_pop([&](Bytes bytes) { text = text_of(bytes); });
  return text;
}

TEST(SpscRing, RoundsItsCapacityUpToAPowerOfTwo) {
  EXPECT_EQ(SpscRing(0).capacity(), 64u);
  EXPECT_EQ(SpscRing(64).capacity(), 64u);
  EXPECT_EQ(SpscRing(65).capacity(), 128u);
  EXPECT_EQ(SpscRing(1000).capacity(), 1024u);
  EXPECT_EQ(SpscRing(1000).max_record(), 504u);
}

TEST(SpscRing, GivesRecordsBackInOrder) {
  SpscRing ring(256);
  EXPECT_TRUE(ring.empty());
  EXPECT_FALSE(ring.try_pop([](Bytes) { FAIL() << "nothing was pushed"; }));
  EXPECT_TRUE(ring.try_push(bytes_of("first")));
  EXPECT_TRUE(ring.try_push(bytes_of("head+"), bytes_of("payload")));
  EXPECT_TRUE(ring.try_push(Bytes{}));
  EXPECT_FALSE(ring.empty());
  EXPECT_EQ(pop(ring), "first");
  EXPECT_EQ(pop(ring), "head+payload");
  EXPECT_EQ(pop(ring), "");
  EXPECT_EQ(pop(ring), "nothing");
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.refused(), 0u);
}

TEST(SpscRing, RecordsStartAtMultiplesOfEight) {
  SpscRing ring(256);
  for (int size = 1; size < 9; ++size) {
    ASSERT_TRUE(
        ring.try_push(bytes_of(std::string(static_cast<std::size_t>(size), 'x'))));
    ring.try_pop([](Bytes bytes) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8, 0u);
    });
  }
}

TEST(SpscRing, FullRefusesAndCountsAndLosesNothing) {
  SpscRing ring(64);  // room for four records of 8 + 8 bytes
  const std::vector<std::string> texts = {"record_0", "record_1", "record_2",
                                          "record_3"};
  for (const auto& text : texts) EXPECT_TRUE(ring.try_push(bytes_of(text)));
  EXPECT_FALSE(ring.try_push(bytes_of("record_4")));
  EXPECT_FALSE(ring.try_push(Bytes{}));
  EXPECT_EQ(ring.refused(), 2u);
  EXPECT_EQ(pop(ring), "record_0");
  EXPECT_TRUE(ring.try_push(bytes_of("record_5")));
  EXPECT_FALSE(ring.try_push(bytes_of("record_6")));
  EXPECT_EQ(ring.refused(), 3u);
  for (const char* text : {"record_1", "record_2", "record_3", "record_5", "nothing"})
    EXPECT_EQ(pop(ring), text);
}

TEST(SpscRing, ARecordLargerThanTheLimitIsRefusedEvenWhenEmpty) {
  SpscRing ring(128);
  EXPECT_FALSE(ring.try_push(bytes_of(std::string(ring.max_record() + 1, 'x'))));
  EXPECT_EQ(ring.refused(), 1u);
  EXPECT_TRUE(ring.empty());
}

TEST(SpscRing, TheLargestRecordFitsAnEmptyRingWhereverItStands) {
  for (std::size_t shift = 0; shift < 16; ++shift) {
    SpscRing ring(128);
    for (std::size_t i = 0; i < shift; ++i) {
      ASSERT_TRUE(ring.try_push(Bytes{}));
      ASSERT_EQ(pop(ring), "");
    }
    const std::string large(ring.max_record(), 'L');
    ASSERT_TRUE(ring.try_push(bytes_of(large))) << "after " << shift << " records";
    EXPECT_EQ(pop(ring), large);
    EXPECT_TRUE(ring.empty());
  }
}

TEST(SpscRing, EqualsAQueueOverRandomPushesAndPops) {
  std::mt19937 random(7);
  SpscRing ring(512);
  std::deque<std::string> model;
  std::uint64_t refused = 0;
  for (int step = 0; step < 200'000; ++step) {
    if (random() % 2 == 0) {
      std::string text(random() % 100, static_cast<char>('a' + step % 26));
      const std::size_t cut = text.empty() ? 0 : random() % text.size();
      if (ring.try_push(bytes_of(text).first(cut), bytes_of(text).subspan(cut))) {
        model.push_back(std::move(text));
      } else {
        ++refused;
      }
    } else {
      const std::string expected = model.empty() ? "nothing" : model.front();
      ASSERT_EQ(pop(ring), expected) << "at step " << step;
      if (!model.empty()) model.pop_front();
    }
  }
  EXPECT_EQ(ring.refused(), refused);
  EXPECT_GT(refused, 0u) << "the ring was never full: the test proves too little";
}

TEST(SpscRing, CarriesRecordsBetweenTwoThreads) {
  constexpr std::uint64_t kRecords = 300'000;
  SpscRing ring(4096);
  std::uint64_t pushed_bytes = 0;
  std::thread producer([&] {
    std::mt19937_64 random(11);
    std::array<std::uint64_t, 16> words{};
    for (std::uint64_t i = 0; i < kRecords; ++i) {
      const std::size_t n = random() % words.size();
      for (std::size_t w = 0; w < n; ++w) words[w] = i * 31 + w;
      const Bytes header = std::as_bytes(std::span(&i, 1));
      const Bytes payload = std::as_bytes(std::span(words).first(n));
      while (!ring.try_push(header, payload)) std::this_thread::yield();
      pushed_bytes += header.size() + payload.size();
    }
  });
  std::uint64_t next = 0, wrong = 0, popped_bytes = 0;
  while (next < kRecords) {
    const bool got = ring.try_pop([&](Bytes bytes) {
      popped_bytes += bytes.size();
      std::uint64_t word;
      std::memcpy(&word, bytes.data(), sizeof word);
      wrong += word != next;
      for (std::size_t w = 1; w < bytes.size() / 8; ++w) {
        std::memcpy(&word, bytes.data() + 8 * w, sizeof word);
        wrong += word != next * 31 + (w - 1);
      }
      ++next;
    });
    if (!got) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(popped_bytes, pushed_bytes);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace pyscalp
