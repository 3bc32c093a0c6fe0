// Any text through the reader of the crypto venue's answers and user events: whatever
// it accepts holds what its contract says.
#include "binance/order_answers.hpp"
#include "check.hpp"

namespace pyscalp {
namespace {

using binance::AnswerStatus;

struct AnyAnswer {
  AnyAnswer() {
    binance::SymbolRules rules;
    FUZZ_CHECK(
        binance::SymbolRules::read(
            {.name = "BTCUSDT", .id = InstrumentId{7}, .tick = "0.01", .step = "0.001"},
            rules) == binance::RulesStatus::kOk);
    FUZZ_CHECK(reader.add_symbol(rules, "BTC", "USDT"));
  }
  void check(const binance::OrderReport& report) {
    const binance::SymbolRules& rules = report.symbol->rules;
    FUZZ_CHECK(!report.client_id.empty());
    FUZZ_CHECK(report.qty >= 0 && report.filled >= 0 && report.price.value >= 0);
    // What is read can be written, and is read again as the same.
    Qty qty = -1;
    Price price{-1};
    FUZZ_CHECK(rules.qty(rules.text(report.qty).view(), qty) ==
                   binance::NumberStatus::kOk &&
               qty == report.qty);
    FUZZ_CHECK(rules.price(rules.text(report.price).view(), price) ==
                   binance::NumberStatus::kOk &&
               price == report.price);
    if (report.has_trade) check(report.trade);
  }
  static void check(const binance::TradeReport& trade) {
    FUZZ_CHECK(trade.qty > 0 && trade.price.value >= 0 && trade.time.value >= 0);
  }
  void contents() {
    binance::OrderReport report;
    binance::TradeReport trade;
    binance::BalanceRow balance;
    binance::PositionRow position;
    const binance::TradedSymbol& symbol = reader.symbols()[0];
    if (reader.order(report) == AnswerStatus::kOk) check(report);
    // Each list once, whatever it is a list of.
    for (int rows = 0; rows < 4'096; ++rows) {
      const AnswerStatus status = which == 0   ? reader.next_order(report)
                                  : which == 1 ? reader.next_trade(symbol, trade)
                                  : which == 2 ? reader.next_balance(balance)
                                  : which == 3 ? reader.next_position(position)
                                               : reader.next_fill(symbol, trade);
      if (status == AnswerStatus::kEnd) return;
      if (status != AnswerStatus::kOk) continue;
      if (which == 0) check(report);
      if (which == 1 || which == 4) check(trade);
      if (which == 3) FUZZ_CHECK(position.symbol == &symbol);
    }
    FUZZ_CHECK(false);  // a text of 4 KiB has no such list
  }

  int which = 0;
  binance::AnswerReader reader{1 << 13};
};

}  // namespace
}  // namespace pyscalp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pyscalp;
  static AnyAnswer reader;
  const auto text = fuzz::exact_copy(data, size);
  for (reader.which = 0; reader.which < 5; ++reader.which) {
    binance::Answer answer;
    if (reader.reader.read_message(text, answer) == AnswerStatus::kOk)
      reader.contents();
    const std::string_view view(reinterpret_cast<const char*>(data), size);
    const binance::HttpHeader headers[] = {
        {"X-MBX-USED-WEIGHT-1M", view}, {view, "7"}, {"Retry-After", view}};
    if (reader.reader.read_http(200, headers, text, answer) == AnswerStatus::kOk) {
      FUZZ_CHECK(answer.retry_after >= MonoNanos{});
      reader.contents();
    }
  }
  return 0;
}
