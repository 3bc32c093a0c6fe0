#include "table/columns.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "base/types.hpp"
#include "table/instrument_numbers.hpp"

namespace pyscalp::table {
namespace {

template <class T>
T value(const Block& block, std::size_t column, std::size_t row) {
  T found;
  std::memcpy(&found, block.columns[column].get() + row * sizeof(T), sizeof(T));
  return found;
}

TEST(Table, GivesItsRowsInBlocksAndForgetsThem) {
  Table table({{"price", ColumnKind::kPrice}, {"side", ColumnKind::kSide}}, 4);
  for (int i = 0; i < 10; ++i) {
    table.next_row();
    table.put(0, std::int64_t{i});
    table.put(1, static_cast<std::uint8_t>(i % 2));
  }
  EXPECT_EQ(table.rows_waiting(), 10u);
  const std::vector<Block> blocks = table.take();
  ASSERT_EQ(blocks.size(), 3u);
  std::int64_t row = 0;
  for (const Block& block : blocks) {
    for (std::size_t i = 0; i < block.rows; ++i, ++row) {
      EXPECT_EQ(value<std::int64_t>(block, 0, i), row);
      EXPECT_EQ(value<std::uint8_t>(block, 1, i), row % 2);
    }
  }
  EXPECT_EQ(row, 10);
  EXPECT_EQ(table.rows_waiting(), 0u);
  EXPECT_TRUE(table.take().empty());
  table.next_row();
  table.put(0, std::int64_t{99});
  table.put(1, std::uint8_t{0});
  EXPECT_EQ(table.rows(), 11u);
  EXPECT_EQ(value<std::int64_t>(table.take().at(0), 0, 0), 99);
}

TEST(Table, WithoutColumnsWasNotAskedFor) { EXPECT_FALSE(Table().wanted()); }

TEST(Validity, MarksWhatIsNotThere) {
  std::vector<std::int64_t> prices(19, 5);
  const auto bytes = [&] { return reinterpret_cast<const std::byte*>(prices.data()); };
  EXPECT_EQ(validity(ColumnKind::kPrice, bytes(), 19).absent, 0u);
  EXPECT_TRUE(validity(ColumnKind::kPrice, bytes(), 19).bits.empty());
  prices[0] = prices[9] = prices[18] = kNoPrice.value;
  const Validity found = validity(ColumnKind::kPrice, bytes(), 19);
  EXPECT_EQ(found.absent, 3u);
  EXPECT_EQ(found.bits, (std::vector<std::uint8_t>{0xFE, 0xFD, 0x03}));
  // The same number is a quantity like any other.
  EXPECT_EQ(validity(ColumnKind::kQty, bytes(), 19).absent, 0u);
}

TEST(Columns, HaveAWidthAndAName) {
  for (int i = 0; i <= static_cast<int>(ColumnKind::kMatch); ++i) {
    const auto kind = static_cast<ColumnKind>(i);
    EXPECT_GT(width(kind), 0u);
    EXPECT_STRNE(name(kind), "?");
  }
}

TEST(InstrumentNumbers, KeepsShortOnesAndFindsPlacesForTheRest) {
  InstrumentNumbers numbers;
  EXPECT_EQ(numbers.place(0), 0u);
  EXPECT_EQ(numbers.place(17), 17u);
  const std::uint32_t far = numbers.place(4'000'000'000u);
  EXPECT_EQ(far, 65'535u);
  EXPECT_EQ(numbers.place(4'000'000'000u), far);
  EXPECT_EQ(numbers.number(static_cast<std::uint16_t>(far)), 4'000'000'000u);
  // The venue's own 65,535 comes later and finds its place taken.
  EXPECT_EQ(numbers.place(65'535), 65'534u);
  EXPECT_EQ(numbers.find(65'535), 65'534u);
  EXPECT_EQ(numbers.find(17), 17u);
  EXPECT_EQ(numbers.find(18), 0u);
  for (std::uint32_t i = 0; i < 65'532; ++i) {
    ASSERT_LT(numbers.place(1'000'000 + i), InstrumentNumbers::kPlaces);
  }
  EXPECT_EQ(numbers.place(2'000'000), InstrumentNumbers::kPlaces);
}

TEST(InstrumentNumbers, AClearOfAFeedIsOneOfEachOfItsInstruments) {
  InstrumentNumbers numbers;
  const auto first = numbers.place(65'536 + 1);
  const auto second = numbers.place(65'536 + 2);
  const auto other = numbers.place(3 * 65'536 + 1);
  numbers.place(1);
  std::vector<std::uint32_t> cleared;
  const auto apply = [&](const event::MarketEvent& event) {
    cleared.push_back(event.instrument);
  };
  event::MarketEvent event;
  event.kind = event::EventKind::kClear;
  event.code = '*';
  event.instrument = 65'536;
  numbers.renumber(event, apply);
  EXPECT_EQ(cleared, (std::vector<std::uint32_t>{second, first}));
  event.code = 'R';  // of one instrument that happens to have such a number
  cleared.clear();
  numbers.renumber(event, apply);
  EXPECT_EQ(cleared.size(), 1u);
  EXPECT_NE(cleared[0], other);
  event.instrument = 0;
  numbers.renumber(event, apply);
  EXPECT_EQ(cleared.back(), 0u);
}

}  // namespace
}  // namespace pyscalp::table
