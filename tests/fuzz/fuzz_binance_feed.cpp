// Any text as a message of the market streams, by its shape and by its fields, and
// lines of texts as what a feed is told: both parsers say the same, and a book that is
// fresh is never crossed.
#include <memory>

#include "binance/market_feed.hpp"
#include "check.hpp"

namespace {

using namespace pyscalp;
using namespace pyscalp::binance;

constexpr DecoderCapacity kCapacity{.longest = 1 << 16, .levels = 256};

std::vector<SymbolRules> rules() {
  std::vector<SymbolRules> made(2);
  FUZZ_CHECK(
      SymbolRules::read(
          {.name = "BTCUSDT", .id = InstrumentId{1}, .tick = "0.01", .step = "0.00001"},
          made[0]) == RulesStatus::kOk);
  FUZZ_CHECK(SymbolRules::read({.name = "ETHUSDT_PERPETUAL",
                                .id = InstrumentId{2},
                                .tick = "0.05",
                                .step = "0.5"},
                               made[1]) == RulesStatus::kOk);
  return made;
}

struct Listener {
  MarketFeed* feed = nullptr;
  bool fresh[3] = {};

  void on_stale(InstrumentId id) {
    FUZZ_CHECK(fresh[index(id)]);
    fresh[index(id)] = false;
  }
  void on_fresh(InstrumentId id) {
    FUZZ_CHECK(!fresh[index(id)]);
    fresh[index(id)] = true;
  }
  void on_level(const book::BookChange& change) {
    FUZZ_CHECK(fresh[index(change.instrument)]);
  }
  void on_trade(const book::TradeView& trade) {
    FUZZ_CHECK(trade.price.value > 0 && trade.qty > 0);
  }
};

/// Each line is a message; its first byte says of which connection, or that it answers
/// a request for a snapshot, or that a connection goes.
void check_feed(Bytes text) {
  static const auto of = rules();
  for (const Market market : {Market::kSpot, Market::kUsdm}) {
    FeedOptions options;
    options.market = market;
    options.decoder = kCapacity;
    options.held = {.changes = 4, .levels = 16};
    options.levels = {.levels = 64};
    options.band = 0;
    MarketFeed feed(of, options);
    Listener listener{&feed};
    feed.on_up(0, {});
    feed.on_up(1, {});
    MonoNanos now{};
    for (std::size_t at = 0; at < text.size();) {
      std::size_t stop = at;
      while (stop < text.size() && static_cast<char>(text[stop]) != '\n') ++stop;
      now += seconds(1);
      InstrumentId id{};
      const bool asked = feed.take_snapshot_request(now, id);
      const char how = static_cast<char>(text[at]);
      const Bytes line = text.subspan(at + 1, stop > at ? stop - at - 1 : 0);
      if (how == 's') {
        feed.on_snapshot(asked ? id : InstrumentId{1}, line, now, listener);
      } else if (how == 'd') {
        feed.on_down(1, now, listener);
      } else {
        feed.on_message(how & 1, line, now, listener);
      }
      for (const InstrumentId each : {InstrumentId{1}, InstrumentId{2}}) {
        FUZZ_CHECK(feed.stale(each) != listener.fresh[index(each)]);
        FUZZ_CHECK(feed.stale(each) == feed.books().flagged(each));
        FUZZ_CHECK(feed.stale(each) || !feed.books().touch(each).crossed());
      }
      at = stop + 1;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::exact_copy(data, size);
  check_feed(bytes);
  return 0;
}
