// Orders of a crypto venue's accounts: what is refused, what is held, what is told.
#include "exchange/crypto_desk.hpp"

#include "base/random.hpp"
#include "crypto_fixture.hpp"

namespace pyscalp::exchange {
namespace {

using testing::CryptoMarket;
using testing::parameters;

std::int64_t free_of(const CryptoMarket& at, AccountId account, const char* asset) {
  return at.desk.wallet(account).balances().at(asset).free_e9;
}
std::int64_t locked_of(const CryptoMarket& at, AccountId account, const char* asset) {
  return at.desk.wallet(account).balances().at(asset).locked_e9;
}

TEST(CryptoDesk, SpotHoldsWhatAnOrderNeedsAndGivesItBack) {
  CryptoMarket at(CryptoProtocol::kSpot);
  EXPECT_EQ(at.limit(1, "BUY", "1.5", "60000"), 0);
  EXPECT_EQ(locked_of(at, 1, "USDT"), 90'000 * kNanosPerUnit);
  EXPECT_EQ(at.limit(2, "SELL", "0.5", "59000", "IOC"), 0);
  // The maker pays 5 basis points of 30,000, the taker 10; both in the quote asset.
  EXPECT_EQ(free_of(at, 1, "USDT"), (910'000 - 15) * kNanosPerUnit);
  EXPECT_EQ(free_of(at, 1, "BTC"), 10'500'000'000);
  EXPECT_EQ(locked_of(at, 1, "USDT"), 60'000 * kNanosPerUnit);
  EXPECT_EQ(free_of(at, 2, "USDT"), (1'030'000 - 30) * kNanosPerUnit);
  EXPECT_EQ(free_of(at, 2, "BTC"), 9'500'000'000);
  const auto canceled =
      at.desk.cancel_all(1, parameters({{"symbol", "BTCUSDT"}}), at.now);
  ASSERT_EQ(std::get<std::vector<CryptoDesk::Canceled>>(canceled).size(), 1U);
  EXPECT_EQ(locked_of(at, 1, "USDT"), 0);
  EXPECT_EQ(free_of(at, 1, "USDT"), (970'000 - 15) * kNanosPerUnit);
}

TEST(CryptoDesk, WhatAnAccountDoesNotHaveItCannotOffer) {
  CryptoMarket spot(CryptoProtocol::kSpot);
  EXPECT_EQ(spot.limit(1, "BUY", "17", "60000"), -2010);
  EXPECT_EQ(spot.limit(1, "SELL", "10.00001", "60000"), -2010);
  EXPECT_EQ(spot.limit(1, "SELL", "10", "60000"), 0);
  EXPECT_EQ(spot.limit(1, "SELL", "0.001", "60000"), -2010);
  CryptoMarket usdm(CryptoProtocol::kUsdm);
  // 1,000,000 at a leverage of 20.
  EXPECT_EQ(usdm.limit(1, "SELL", "334", "60000"), -2019);
  EXPECT_EQ(usdm.limit(1, "SELL", "333", "60000"), 0);
  EXPECT_EQ(usdm.limit(1, "BUY", "1", "60000"), -2019);
}

TEST(CryptoDesk, PostOnlyFillOrKillAndMarketOrders) {
  CryptoMarket at(CryptoProtocol::kSpot);
  EXPECT_EQ(at.limit(1, "SELL", "1", "60000"), 0);
  const auto maker = parameters({{"symbol", "BTCUSDT"},
                                 {"side", "BUY"},
                                 {"type", "LIMIT_MAKER"},
                                 {"quantity", "1"},
                                 {"price", "60000"}});
  EXPECT_EQ(at.place(2, maker), -2010);
  EXPECT_EQ(at.limit(2, "BUY", "1.1", "60000", "FOK"), 0);
  EXPECT_EQ(at.last->status, CryptoStatus::kExpired);
  EXPECT_EQ(at.last->filled, 0);
  EXPECT_EQ(locked_of(at, 2, "USDT"), 0);
  const auto market = parameters({{"symbol", "BTCUSDT"},
                                  {"side", "BUY"},
                                  {"type", "MARKET"},
                                  {"quantity", "1.1"}});
  EXPECT_EQ(at.place(2, market), 0);
  EXPECT_EQ(at.last->status, CryptoStatus::kExpired);
  EXPECT_EQ(at.last->filled, 100'000);
  EXPECT_EQ(at.place(2, market), 0);
  EXPECT_EQ(at.last->filled, 0);  // the market is empty
  CryptoMarket usdm(CryptoProtocol::kUsdm);
  EXPECT_EQ(usdm.limit(1, "SELL", "1", "60000"), 0);
  EXPECT_EQ(usdm.limit(2, "BUY", "1", "60000", "GTX"), -5022);
  EXPECT_EQ(usdm.limit(2, "BUY", "2", "60000", "FOK"), -5021);
}

TEST(CryptoDesk, ReduceOnlyOrdersNeverOpenAPosition) {
  CryptoMarket at(CryptoProtocol::kUsdm);
  EXPECT_EQ(at.limit(1, "SELL", "1", "60000", "GTC", "true"), -2022);
  EXPECT_EQ(at.limit(2, "SELL", "3", "60000"), 0);
  EXPECT_EQ(at.limit(1, "BUY", "2", "60000"), 0);
  EXPECT_EQ(at.limit(1, "SELL", "2", "61000", "GTC", "true"), 0);
  EXPECT_EQ(at.limit(1, "SELL", "0.5", "61000", "GTC", "true"), -2022);
  // The position shrinks another way: the order that waits would open one.
  EXPECT_EQ(at.limit(2, "BUY", "1", "59000"), 0);
  EXPECT_EQ(at.limit(1, "SELL", "1", "59000"), 0);
  EXPECT_EQ(at.market.working_orders(1), 0U);
  EXPECT_EQ(at.desk.wallet(1).position(InstrumentId{1}).qty, 1'000);
  EXPECT_EQ(at.desk.wallet(1).position(InstrumentId{1}).realized,
            (Money{-1'000 * kNanosPerUnit}));
}

TEST(CryptoDesk, AnOrderOfItsOwnAccountExpiresRatherThanTrade) {
  CryptoMarket at(CryptoProtocol::kSpot);
  EXPECT_EQ(at.limit(1, "SELL", "1", "60000"), 0);
  const CryptoOrder* const resting = at.last;
  EXPECT_EQ(at.limit(1, "BUY", "1", "60000"), 0);
  EXPECT_EQ(resting->status, CryptoStatus::kExpiredInMatch);
  EXPECT_EQ(at.last->status, CryptoStatus::kNew);
  EXPECT_EQ(locked_of(at, 1, "BTC"), 0);
}

TEST(CryptoDesk, NumbersOfClientIdsStandInTheRecord) {
  CryptoMarket at(CryptoProtocol::kSpot);
  const auto named = [&](const char* id) {
    EXPECT_EQ(at.place(1, parameters({{"symbol", "BTCUSDT"},
                                      {"side", "BUY"},
                                      {"type", "LIMIT"},
                                      {"timeInForce", "GTC"},
                                      {"quantity", "1"},
                                      {"price", "50000"},
                                      {"newClientOrderId", id}})),
              0)
        << id;
    return at.last->client_ref;
  };
  EXPECT_EQ(named("pk3x9a2-41"), 41U);
  EXPECT_EQ(named("other-41"), 0xFFFF'FFFEU);  // the number is taken
  EXPECT_EQ(named("x-99999999999"), 0xFFFF'FFFDU);
  EXPECT_EQ(named("plain"), 0xFFFF'FFFCU);
}

/// Accounts trade at random; then the wallets equal what the reports add up to.
class CryptoWallets : public ::testing::TestWithParam<int> {};

TEST_P(CryptoWallets, EqualTheSumOfTheReports) {
  const auto protocol =
      GetParam() % 2 == 0 ? CryptoProtocol::kSpot : CryptoProtocol::kUsdm;
  CryptoMarket at(protocol);
  Random random(static_cast<std::uint64_t>(GetParam()));
  for (int i = 0; i < 3'000; ++i) {
    const auto account = static_cast<AccountId>(random.between(1, 2));
    const char* const side = random.chance(0.5) ? "BUY" : "SELL";
    const std::string qty = decimal_text(random.between(1, 50) * 1'000'000, 3);
    const std::string price = std::to_string(random.between(59'990, 60'010));
    if (random.chance(0.1)) {
      at.desk.cancel_all(account, parameters({{"symbol", "BTCUSDT"}}), at.now);
    } else {
      at.limit(account, side, qty, price, random.chance(0.3) ? "IOC" : "GTC");
    }
  }
  for (const AccountId account : {1U, 2U}) {
    at.desk.cancel_all(account, parameters({{"symbol", "BTCUSDT"}}), at.now);
    std::int64_t coins = 0;  // in lots
    std::int64_t money = 0;
    std::int64_t fees = 0;
    for (const Report& report : at.reports) {
      if (report.account != account || report.kind != ReportKind::kExecuted) continue;
      coins += sign(report.side) * report.qty;
      money -= sign(report.side) * notional(report.price, report.qty).value;
      fees += report.fee.value;
    }
    ASSERT_NE(fees, 0);
    const std::int64_t start = 1'000'000 * kNanosPerUnit;
    EXPECT_EQ(locked_of(at, account, "USDT"), 0);
    EXPECT_EQ(locked_of(at, account, "BTC"), 0);
    if (protocol == CryptoProtocol::kSpot) {
      EXPECT_EQ(free_of(at, account, "USDT"), start + money - fees);
      EXPECT_EQ(free_of(at, account, "BTC"),
                10 * kNanosPerUnit + coins * at.symbol.step_e9);
      continue;
    }
    const CryptoPosition& position = at.desk.wallet(account).position(at.symbol.id);
    EXPECT_EQ(position.qty, coins);
    EXPECT_EQ(position.realized.value - position.cost.value, money);
    EXPECT_EQ(free_of(at, account, "USDT"), start + position.realized.value - fees);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CryptoWallets, ::testing::Range(1, 7));

}  // namespace
}  // namespace pyscalp::exchange
