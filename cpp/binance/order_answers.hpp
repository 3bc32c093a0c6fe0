// What the venue says about orders and the account, decoded: answers of the WebSocket
// API and of REST, and the events of user data streams, spot and USD-M.
//
// Source: the exchange's WebSocket API, REST and user data documents.
//
// simdjson parses; decimals become lots and prices of a lot through SymbolRules,
// exactly. Anything that does not fit has a name. One thread; all memory is taken at
// construction, and a text larger than that is kTooLong. Views point into the reader
// and are valid until the next read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "binance/rate_budget.hpp"
#include "binance/symbol_rules.hpp"
#include "session/order_events.hpp"

namespace pyscalp::binance {

/// A symbol that orders may be about.
struct TradedSymbol {
  SymbolRules rules;
  std::array<char, 12> base{};   ///< asset bought, padded with zeros
  std::array<char, 12> quote{};  ///< asset paid

  std::string_view base_name() const { return text(base); }
  std::string_view quote_name() const { return text(quote); }
  static std::string_view text(const std::array<char, 12>& chars) {
    std::size_t size = 0;
    while (size < chars.size() && chars[size] != '\0') ++size;
    return {chars.data(), size};
  }
};

enum class AnswerStatus : std::uint8_t {
  kOk = 0,
  kEnd,          ///< no further row
  kTooLong,      ///< larger than the reader's memory
  kNotJson,      ///< no JSON, or nested too deeply
  kShape,        ///< a field that must be there is not, or is of another type
  kBadNumber,    ///< no decimal number, or absurdly large
  kOffGrid,      ///< a price off the tick, or a quantity off the lot step
  kOtherSymbol,  ///< of a symbol that is not traded here; skip it
  kBadStatus,    ///< an order status that the documents do not name
};
std::string_view name(AnswerStatus status);

enum class OrderStatus : std::uint8_t {
  kPendingNew = 0,
  kNew,
  kPartiallyFilled,
  kPendingCancel,
  kFilled,
  kCanceled,
  kRejected,
  kExpired,
  kExpiredInMatch,  ///< self-trade prevention
};
/// Nothing will trade any more.
constexpr bool is_final(OrderStatus status) { return status >= OrderStatus::kFilled; }

struct TradeReport {
  std::uint64_t id = 0;
  std::uint64_t order_id = 0;
  Qty qty = 0;
  Price price{};
  bool maker = false;
  session::CommissionIn commission_in = session::CommissionIn::kNotSaid;
  Money commission{};
  std::int64_t amount_e8 = 0;
  std::array<char, 12> asset{};
  UnixNanos time{};
};

/// One order as the venue has it, from an answer, a list or an event alike.
struct OrderReport {
  const TradedSymbol* symbol = nullptr;
  std::string_view client_id;  ///< the one it was placed under
  std::uint64_t order_id = 0;
  Side side = Side::kBuy;
  OrderStatus status = OrderStatus::kNew;
  Qty qty = 0;
  Qty filled = 0;  ///< all of its trades so far
  Price price{};
  bool has_trade = false;  ///< an event of a trade: `trade` is it
  TradeReport trade;
  UnixNanos time{};
};

enum class AnswerKind : std::uint8_t {
  kAnswer = 0,        ///< to the request `id`
  kOrder,             ///< event: `order()`
  kBalances,          ///< event: rows of `balance()`, and of `position()` on USD-M
  kListenKeyExpired,  ///< event: the stream ends
  kStreamTerminated,  ///< event: the subscription ends
  kServerShutdown,    ///< event: connect anew
  kOtherEvent,        ///< not needed: TRADE_LITE, listStatus, balanceUpdate, …
};

struct Answer {
  AnswerKind kind = AnswerKind::kAnswer;
  bool has_id = false;
  std::uint64_t id = 0;
  int status = 0;         ///< of HTTP, or the like of it in the message
  std::int32_t code = 0;  ///< negative: the venue's error
  std::string_view text;  ///< of the error
  bool ok() const { return status == 200 && code >= 0; }
  /// How long to be silent, from now; 0 where not said.
  MonoNanos retry_after{};
  std::array<RateUse, 8> used{};  ///< what the venue counts of us
  std::size_t used_count = 0;
  UnixNanos event_time{};
};

struct HttpHeader {
  std::string_view name;  ///< any case
  std::string_view value;
};

struct BalanceRow {
  std::string_view asset;
  std::int64_t free_e8 = 0;
  std::int64_t locked_e8 = 0;
};

struct PositionRow {
  const TradedSymbol* symbol = nullptr;
  Qty qty = 0;         ///< signed
  bool hedge = false;  ///< one of two sides held apart; not traded here
};

class AnswerReader {
 public:
  /// Takes texts of up to `capacity` bytes.
  explicit AnswerReader(std::size_t capacity);
  ~AnswerReader();
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;

  /// Start-up. False: no more than kMaxSymbols, or an asset's name is too long.
  bool add_symbol(const SymbolRules& rules, std::string_view base,
                  std::string_view quote);
  static constexpr std::size_t kMaxSymbols = 64;
  std::span<const TradedSymbol> symbols() const { return symbols_; }
  const TradedSymbol* symbol(std::string_view name) const;

  // ---- Each reads one text; then its contents can be asked for ----

  /// A message of the WebSocket API or of a user data stream.
  AnswerStatus read_message(Bytes text, Answer& answer);
  /// An HTTP response. A body that is no JSON is kNotJson where the status is 200; with
  /// any other the answer is whole without it.
  AnswerStatus read_http(int status, std::span<const HttpHeader> headers, Bytes body,
                         Answer& answer);

  /// The one order of the answer or event.
  AnswerStatus order(OrderReport& report);
  /// The trades that an answer to an order names (spot, FULL), one a call.
  AnswerStatus next_fill(const TradedSymbol& symbol, TradeReport& trade);
  /// Rows of a list, one a call, then kEnd. A row that cannot be read is passed by the
  /// next call.
  AnswerStatus next_order(OrderReport& report);
  AnswerStatus next_trade(const TradedSymbol& symbol, TradeReport& trade);
  AnswerStatus next_balance(BalanceRow& row);
  AnswerStatus next_position(PositionRow& row);

  AnswerStatus listen_key(std::string_view& key);
  AnswerStatus server_time(UnixNanos& time);

 private:
  struct Parser;

  AnswerStatus parse(Bytes text);

  std::unique_ptr<Parser> parser_;
  std::vector<TradedSymbol> symbols_;
};

/// Takes "X-MBX-USED-WEIGHT-1M" and "X-MBX-ORDER-COUNT-10S" apart; false: another name.
bool read_rate_header(const HttpHeader& header, RateUse& use);

}  // namespace pyscalp::binance
