// Any texts as answers and user events of the crypto venue, into a session that has
// orders open: nothing may break, and what it tells must add up for WorkingOrders.
//
// The first byte chooses market and way; each line after it is one message, or with a
// digit in front the response to an HTTP request.
#include <string_view>

#include "bench/micro_trading.hpp"
#include "binance/order_session.hpp"
#include "check.hpp"
#include "order/working_orders.hpp"

namespace pyscalp {
namespace {

using binance::Connection;
using binance::Lane;

struct Owner {
  explicit Owner(std::uint8_t choice)
      : session(options(choice), signer),
        orders({.orders = 64, .open = 8, .matches = 256}) {
    binance::SymbolRules rules;
    FUZZ_CHECK(
        binance::SymbolRules::read(
            {.name = "BTCUSDT", .id = bench::kTraded, .tick = "0.01", .step = "1"},
            rules) == binance::RulesStatus::kOk);
    FUZZ_CHECK(session.add_symbol(rules, "BTC", "USDT"));
    session.set_clock({1'700'000'000'000'000'000}, desk.now);
    for (const Connection connection : {Connection::kApi, Connection::kHttp}) {
      session.on_up(connection, desk.now, *this);
    }
  }
  static binance::OrderSessionOptions options(std::uint8_t choice) {
    binance::OrderSessionOptions options;
    options.market =
        (choice & 1) != 0 ? binance::Market::kUsdm : binance::Market::kSpot;
    options.orders_by = (choice & 2) != 0 ? Lane::kHttp : Lane::kWebSocket;
    options.run = binance::RunName("f1");
    options.orders = 64;
    options.open = 8;
    options.trades = 256;
    options.answer_capacity = 1 << 14;
    return options;
  }
  void send_requests() {
    for (const Lane lane : {Lane::kWebSocket, Lane::kHttp}) {
      while (session.next_request(lane, desk.now)) session.request_sent(lane);
    }
  }
  void place() {
    desk.pass();
    risk::Verdict verdict = desk.ask();
    if (!verdict || !orders.has_room(session.next_user_ref())) return;
    const std::uint32_t user_ref = session.send(*std::move(verdict.order), desk.now);
    if (user_ref != 0) {
      FUZZ_CHECK(order::applied(orders.on_sent(user_ref, desk.wish, desk.now)));
    }
  }

  // A venue that says anything may close an order and fill it later; it may not make us
  // book more than was ordered, nor the same thing twice.
  void took(order::OrderResult result) {
    FUZZ_CHECK(result != order::OrderResult::kOverfill &&
               result != order::OrderResult::kDuplicateFill &&
               result != order::OrderResult::kOvercancel &&
               result != order::OrderResult::kBadQty &&
               result != order::OrderResult::kAlreadyAccepted);
  }
  void on_accepted(const session::OrderAccepted& e) {
    took(orders.on_accepted(e.user_ref, e.order_reference, e.price, e.dead, {},
                            desk.now));
  }
  void on_executed(const session::OrderExecuted& e) {
    FUZZ_CHECK(e.qty > 0 && e.price.value >= 0);
    took(orders.on_executed(e.user_ref, e.qty, e.match));
  }
  void on_canceled(const session::OrderCanceled& e) {
    took(orders.on_canceled(e.user_ref, e.qty));
  }
  void on_rejected(const session::OrderRejected& e) {
    took(orders.on_rejected(e.user_ref));
  }
  void on_unknown(const session::OrderUnknown& e) {
    took(orders.on_unknown(e.user_ref));
  }
  void on_reconciled(const session::OrderReconciled& e) {
    took(orders.on_reconciled(e.user_ref, e.leaves));
  }

  bench::TradingDesk desk;
  binance::Signer signer{binance::KeyKind::kHmac, "key", "secret"};
  binance::OrderSession session;
  order::WorkingOrders orders;
};

}  // namespace
}  // namespace pyscalp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pyscalp;
  if (size == 0) return 0;
  Owner owner(data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    owner.send_requests();
    if (!line.empty() && line.front() >= '0' && line.front() <= '9') {
      // Requests are numbered from 1.
      const auto id = static_cast<std::uint64_t>(line.front() - '0');
      line.remove_prefix(1);
      const auto body = fuzz::exact_copy(
          reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
      const int status = line.find("\"code\":-") == line.npos ? 200 : 400;
      const binance::HttpHeader headers[] = {
          {"X-MBX-USED-WEIGHT-1M", line}, {line, "7"}, {"Retry-After", line}};
      owner.session.on_http_answer(id, status, headers, body, owner.desk.now, owner);
    } else if (!line.empty() && line.front() == '!') {
      // A connection goes and comes back.
      const auto connection =
          static_cast<binance::Connection>(line.size() % binance::kConnections);
      owner.session.on_down(connection, owner.desk.now, owner);
      owner.session.on_up(connection, owner.desk.now, owner);
    } else {
      const auto text = fuzz::exact_copy(
          reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
      owner.session.on_answer(text, owner.desk.now, owner);
    }
    owner.place();
    owner.desk.pass(milliseconds(static_cast<std::int64_t>(line.size()) * 7));
    owner.session.on_time(owner.desk.now, owner);
    FUZZ_CHECK(owner.session.open_count() <= 8);
  }
  return 0;
}
