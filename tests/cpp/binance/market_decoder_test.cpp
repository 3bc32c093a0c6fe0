#include "binance/market_decoder.hpp"

#include <gtest/gtest.h>

namespace pyscalp::binance {
namespace {
TEST(X, Y) {
  SymbolRules r;
  SymbolRules::read(
      {.name = "BTCUSDT", .id = InstrumentId{1}, .tick = "0.01", .step = "0.00001"}, r);
  SymbolTable t({&r, 1});
  MarketDecoder d(t);
  std::string_view l =
      R"({"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}})";
  MarketMessage m;
  EXPECT_EQ(d.decode(std::as_bytes(std::span(l)), m), MessageStatus::kOk);
  EXPECT_TRUE(m.by_shape);
  EXPECT_EQ(m.bid.qty, 378826);
  EXPECT_EQ(d.decode_by_fields(std::as_bytes(std::span(l)), m), MessageStatus::kOk);
  EXPECT_EQ(m.bid.qty, 378826);
}
}  // namespace
}  // namespace pyscalp::binance
