// Messages of a crypto venue, from text to book, beside the best public parser on the
// same lines in the same run. The lines are real ones: USD-M BTCUSDT.
#include <benchmark/benchmark.h>

#include "bench/crypto_lines.hpp"

#if defined(PYSCALP_HAS_BINANCE)

#include "bench/crypto_peer.hpp"
#include "binance/market_feed.hpp"

namespace pyscalp::bench {
namespace {

using binance::MessageStatus;

constexpr const char* kCapture = "usdm_btcusdt_20240808.gz";
constexpr InstrumentId kBitcoin{1};

const CryptoLines& capture() {
  static const CryptoLines lines(kCapture);
  return lines;
}

const binance::SymbolRules& rules() {
  static const binance::SymbolRules made = [] {
    binance::SymbolRules rules;
    binance::SymbolRules::read(
        {.name = "BTCUSDT", .id = kBitcoin, .tick = "0.10", .step = "0.001"}, rules);
    return rules;
  }();
  return made;
}

constexpr std::size_t kTickers = 1'024;
constexpr std::size_t kTrades = 1'024;
constexpr std::size_t kChanges = 4'096;

/// Counts what it is told, as an engine would have to look at it.
struct Counter {
  std::uint64_t levels = 0;
  std::uint64_t books = 0;
  std::uint64_t trades = 0;

  void on_level(const book::BookChange&) { ++levels; }
  void on_book(InstrumentId) { ++books; }
  void on_trade(const book::TradeView&) { ++trades; }
};

/// A feed whose book has become fresh and that has run on for a while, and the line
/// behind which it has.
struct FreshFeed {
  static constexpr std::size_t kRunOn = 1'000;

  FreshFeed() : feed({&rules(), 1}, {.market = binance::Market::kUsdm}) {
    feed.on_up(0, {});
    const auto& lines = capture().all();
    bool asked = false;
    while (at < lines.size() && feed.stale(kBitcoin)) {
      const Bytes line = bytes_of(lines[at++]);
      InstrumentId id{};
      asked |= feed.take_snapshot_request({}, id);
      if (lines[at - 1].starts_with("{\"lastUpdateId\"")) {
        feed.on_snapshot(kBitcoin, line, {}, counter);
      } else {
        feed.on_message(0, line, {}, counter);
      }
    }
    for (std::size_t i = 0; i < kRunOn && at < lines.size(); ++i)
      feed.on_message(0, bytes_of(lines[at++]), {}, counter);
  }

  binance::MarketFeed feed;
  Counter counter;
  std::size_t at = 0;
};

/// Lap after lap of one piece; an iteration is a message.
void run(benchmark::State& state, const char* stream, std::size_t count) {
  if (!capture().missing().empty())
    return state.SkipWithError(capture().missing().c_str());
  FreshFeed fresh;
  CryptoPiece piece(capture().all(), fresh.at, stream, count);
  if (fresh.feed.stale(kBitcoin) || piece.lines().size() != count)
    return state.SkipWithError("the capture is not as it was");
  const auto size = static_cast<benchmark::IterationCount>(count);
  std::uint64_t refused = 0;
  while (state.KeepRunningBatch(size)) {
    for (const std::string_view line : piece.lines()) {
      refused += fresh.feed.on_message(0, bytes_of(line), {}, fresh.counter) !=
                 MessageStatus::kOk;
    }
    state.PauseTiming();
    piece.advance();
    state.ResumeTiming();
  }
  if (refused != 0 || fresh.feed.decoder_counters().by_fields != 0)
    state.SkipWithError("a message was not taken as it should be");
}

/// Changes of depth are told once to a feed: told again, prices of before and after the
/// piece would cross.
void depth(benchmark::State& state) {
  if (!capture().missing().empty())
    return state.SkipWithError(capture().missing().c_str());
  const CryptoPiece piece(capture().all(), FreshFeed().at, "@depth", kChanges);
  const auto size = static_cast<benchmark::IterationCount>(piece.lines().size());
  std::uint64_t refused = 0;
  auto fresh = std::make_unique<FreshFeed>();
  while (state.KeepRunningBatch(size)) {
    for (const std::string_view line : piece.lines()) {
      refused += fresh->feed.on_message(0, bytes_of(line), {}, fresh->counter) !=
                 MessageStatus::kOk;
    }
    state.PauseTiming();
    if (fresh->feed.decoder_counters().by_fields != 0) ++refused;
    fresh = std::make_unique<FreshFeed>();
    state.ResumeTiming();
  }
  if (refused != 0 || piece.lines().size() != kChanges)
    state.SkipWithError("a message was not taken as it should be");
}

/// The public parser on the same lines: every field to numbers, and no book.
void run_peer(benchmark::State& state, const char* stream, std::size_t count,
              bool (*parse)(CryptoPeer&, std::string_view)) {
  if (!capture().missing().empty())
    return state.SkipWithError(capture().missing().c_str());
  const CryptoPiece piece(capture().all(), FreshFeed().at, stream, count);
  CryptoPeer peer;
  const auto size = static_cast<benchmark::IterationCount>(count);
  std::uint64_t refused = 0;
  while (state.KeepRunningBatch(size)) {
    for (const std::string_view line : piece.lines()) refused += !parse(peer, line);
  }
  if (refused != 0) state.SkipWithError("a message was refused");
}

void ticker(benchmark::State& state) { run(state, "@bookTicker", kTickers); }
void trade(benchmark::State& state) { run(state, "@trade", kTrades); }
void peer_ticker(benchmark::State& state) {
  run_peer(state, "@bookTicker", kTickers, CryptoPeer::ticker);
}
void peer_trade(benchmark::State& state) {
  run_peer(state, "@trade", kTrades, CryptoPeer::trade);
}
void peer_depth(benchmark::State& state) {
  run_peer(state, "@depth", kChanges, CryptoPeer::depth);
}

BENCHMARK(ticker)->Name("crypto/bookTicker, text to book");
BENCHMARK(trade)->Name("crypto/trade, text to listener");
BENCHMARK(depth)->Name("crypto/depthUpdate, text to book");
BENCHMARK(peer_ticker)->Name("crypto/bookTicker, simdjson on demand alone");
BENCHMARK(peer_trade)->Name("crypto/trade, simdjson on demand alone");
BENCHMARK(peer_depth)->Name("crypto/depthUpdate, simdjson on demand alone");

}  // namespace
}  // namespace pyscalp::bench

#else

namespace {
void without(benchmark::State& state) {
  state.SkipWithError("needs simdjson (Debian: libsimdjson-dev)");
}
BENCHMARK(without)->Name("crypto/messages, text to book");
}  // namespace

#endif
