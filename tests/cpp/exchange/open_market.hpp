// A test fixture: an open market whose feed is held against its book at every call.
#pragma once

#include <gtest/gtest.h>

#include "market_fixture.hpp"

namespace pyscalp::exchange::testing {

/// An open market of two instruments, its outputs checked after every call.
class OpenMarket : public ::testing::Test {
 protected:
  OpenMarket() {
    market.open(kNow);
    sync();
  }
  ~OpenMarket() override { EXPECT_EQ(feed.errors, 0); }

  void sync() {
    feed.types.clear();
    feed.read(market.feed());
    reports = market.reports();
    market.clear_outputs();
    for (const InstrumentId id : {kAbc, kXyz}) {
      for (const Side side : {Side::kBuy, Side::kSell}) {
        EXPECT_EQ(market.depth(id, side, 1'000), feed.depth(id, side));
      }
    }
  }
  void enter(const NewOrder& order) {
    market.enter(order, kNow);
    sync();
  }
  void replace(AccountId account, std::uint32_t original, std::uint32_t ref, Qty qty,
               double price) {
    market.replace(account, original, ref, qty, dollars(price), kNow);
    sync();
  }
  void cancel(AccountId account, std::uint32_t ref, Qty total) {
    market.cancel(account, ref, total, kNow);
    sync();
  }
  /// Kinds of the reports, a letter each.
  std::string kinds() const {
    std::string text;
    for (const Report& report : reports) {
      text += "AUCEJRD"[static_cast<int>(report.kind)];
    }
    return text;
  }
  std::uint16_t rejected(const NewOrder& order) {
    enter(order);
    if (kinds() != "J") return 0;
    EXPECT_TRUE(feed.types.empty());
    return reports[0].reject_reason;
  }
  PriceLevel bid() const { return market.best(kAbc, Side::kBuy); }
  PriceLevel ask() const { return market.best(kAbc, Side::kSell); }

  Market market{two_instruments(), kFees};
  FeedBook feed;
  std::vector<Report> reports;
};

inline PriceLevel level(double price, Qty qty) { return {dollars(price), qty}; }

}  // namespace pyscalp::exchange::testing
