#include "capture/itch_file.hpp"

#include <gtest/gtest.h>

#include "decoding.hpp"

namespace pyscalp::capture {
namespace {

namespace itch = wire::itch;
using Buffer = std::vector<std::byte>;

void append(Buffer& file, Bytes message) {
  file.push_back(static_cast<std::byte>(message.size() >> 8));
  file.push_back(static_cast<std::byte>(message.size() & 255));
  file.insert(file.end(), message.begin(), message.end());
}
template <class Message>
void append(Buffer& file, const Message& message) {
  std::array<std::byte, itch::kMaxSize> bytes;
  append(file, Bytes(bytes.data(), itch::encode(message, bytes.data())));
}

Buffer small_day() {
  Buffer file;
  itch::StockDirectory directory;
  directory.header.locate = 3;
  directory.stock = itch::Symbol("AAA");
  append(file, directory);
  append(file, itch::AddOrder{{3, 0, 10}, 1, 'B', 100, itch::Symbol("AAA"), 10'000});
  append(file, itch::AddOrder{{4, 0, 11}, 2, 'S', 100, itch::Symbol("BBB"), 20'000});
  append(file, itch::OrderDelete{{3, 0, 12}, 1});
  append(file, itch::OrderDelete{{4, 0, 13}, 2});
  append(file, itch::SystemEvent{{0, 0, 14}, 'C'});
  return file;
}

const auto kPlain = [] { return ItchFileDecoder(0); };

TEST(ItchFile, one_message_one_event_in_any_pieces) {
  const Events events = decode_all(kPlain, small_day());
  ASSERT_EQ(events.size(), 6u);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1);
  EXPECT_EQ(events[3].kind, event::EventKind::kDelete);
  EXPECT_EQ(events[3].venue_time, 12);
  EXPECT_EQ(events[3].receipt_time, 0);
}

TEST(ItchFile, names_from_the_directory_and_from_orders) {
  ItchFileDecoder decoder(0);
  decode_in(decoder, small_day(), 1000);
  EXPECT_EQ(decoder.instruments().symbols(),
            (std::map<std::uint32_t, std::string>{{3, "AAA"}, {4, "BBB"}}));
}

TEST(ItchFile, midnight_is_added) {
  ItchFileDecoder decoder(1'000'000);
  EXPECT_EQ(decode_in(decoder, small_day(), 1000)[1].venue_time, 1'000'010);
}

TEST(ItchFile, every_cut_gives_the_whole_messages_before_it) {
  const Buffer file = small_day();
  for (std::size_t size = 0; size <= file.size(); ++size) {
    ItchFileDecoder decoder(0);
    const Events events = decode_in(decoder, Bytes(file).first(size), 7);
    std::size_t at = 0, whole = 0;
    while (at + 2 <= size) {
      const std::size_t next = at + 2 + load_be<std::uint16_t>(file.data() + at);
      if (next > size) break;
      at = next;
      ++whole;
    }
    EXPECT_EQ(events.size(), whole);
    EXPECT_EQ(decoder.cut(), at != size);
    if (decoder.cut()) {
      EXPECT_EQ(decoder.failed_at(), at);
    }
  }
}

TEST(ItchFile, odd_messages_are_counted_and_take_a_number) {
  Buffer file;
  append(file, Bytes(bytes_of("?something new")));
  append(file, Bytes(bytes_of("Atoo short")));
  itch::AddOrder bad{{1, 0, 0}, 1, 'Z', 100, itch::Symbol("AAA"), 10'000};
  append(file, bad);
  append(file, itch::OrderDelete{{3, 0, 12}, 1});
  const Events events = decode_all(kPlain, file);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].sequence, 4u);
  ItchFileDecoder decoder(0);
  decode_in(decoder, file, 1000);
  EXPECT_EQ(decoder.counters().unknown_types['?'], 1u);
  EXPECT_EQ(decoder.counters().undecodable, 2u);
  EXPECT_EQ(decoder.counters().messages, 4u);
  EXPECT_TRUE(decoder.failure().empty());
}

TEST(ItchFile, length_zero_ends_the_session) {
  Buffer file = small_day();
  file.insert(file.end(), 2, std::byte{0});
  const Buffer more = small_day();
  file.insert(file.end(), more.begin(), more.end());
  EXPECT_EQ(decode_all(kPlain, file).size(), 6u);
  ItchFileDecoder decoder(0);
  decode_in(decoder, file, 9);
  EXPECT_EQ(decoder.counters().more.at("after_end"), more.size());
  EXPECT_FALSE(decoder.cut());
}

TEST(ItchFile, chosen_instruments) {
  const auto by_symbol = [] {
    ItchFileDecoder decoder(0);
    decoder.choose({"BBB"}, {});
    return decoder;
  };
  const Events events = decode_all(by_symbol, small_day());
  ASSERT_EQ(events.size(), 3u);  // add, delete, and the system event of no instrument
  EXPECT_EQ(events[0].order, 2u);
  EXPECT_EQ(events[1].order, 2u);
  EXPECT_EQ(events[2].kind, event::EventKind::kSystem);
  ItchFileDecoder by_number(0);
  by_number.choose({}, {3});
  EXPECT_EQ(decode_in(by_number, small_day(), 50).size(), 4u);
  EXPECT_EQ(by_number.counters().events, 6u);
}

TEST(ItchFile, random_bytes_never_give_more_events_than_messages) {
  std::uint64_t state = 1;
  for (int run = 0; run < 200; ++run) {
    Buffer file(500);
    for (std::byte& byte : file) {
      state = state * 6'364'136'223'846'793'005u + 1;
      byte = static_cast<std::byte>(state >> 57);
    }
    ItchFileDecoder decoder(0);
    EXPECT_LE(decode_in(decoder, file, 33).size(), decoder.counters().messages);
  }
}

}  // namespace
}  // namespace pyscalp::capture
