#include "binance/order_fields.hpp"

#include <algorithm>
#include <limits>

namespace pyscalp::binance {

namespace {

constexpr std::int64_t kNanosPerMillisecond = 1'000'000;
constexpr int kCommissionScale = 8;
/// More than any commission: what is above says nothing that is true.
constexpr std::int64_t kMaxCommissionE8 = 1'000'000'000'000'000;

AnswerStatus named(NumberStatus status) {
  switch (status) {
    case NumberStatus::kOk:
      return AnswerStatus::kOk;
    case NumberStatus::kOffGrid:
      return AnswerStatus::kOffGrid;
    default:
      return AnswerStatus::kBadNumber;
  }
}

UnixNanos time_of(std::int64_t ms) {
  constexpr std::int64_t kMost =
      std::numeric_limits<std::int64_t>::max() / kNanosPerMillisecond;
  return {ms < 0 || ms > kMost ? 0 : ms * kNanosPerMillisecond};
}

bool read_status(std::string_view text, OrderStatus& status) {
  struct Named {
    std::string_view text;
    OrderStatus status;
  };
  constexpr Named kNames[] = {
      {"NEW", OrderStatus::kNew},
      {"PARTIALLY_FILLED", OrderStatus::kPartiallyFilled},
      {"FILLED", OrderStatus::kFilled},
      {"CANCELED", OrderStatus::kCanceled},
      {"EXPIRED", OrderStatus::kExpired},
      {"EXPIRED_IN_MATCH", OrderStatus::kExpiredInMatch},
      {"REJECTED", OrderStatus::kRejected},
      {"PENDING_NEW", OrderStatus::kPendingNew},
      {"PENDING_CANCEL", OrderStatus::kPendingCancel},
  };
  for (const Named& item : kNames) {
    if (item.text != text) continue;
    status = item.status;
    return true;
  }
  return false;
}

/// What an amount of the base asset is worth at the price of a lot, rounded half away
/// from 0; saturates.
Money worth(std::int64_t amount_e8, Price price, const SymbolRules& rules) {
  // Lots are unit x 10^-scale of the asset.
  const int scale = rules.qty_grid().scale();
  Int128 product = static_cast<Int128>(amount_e8) * price.value;
  Int128 divisor = rules.qty_grid().unit();
  for (int i = scale; i < kCommissionScale; ++i) divisor *= 10;
  for (int i = kCommissionScale; i < scale; ++i) product *= 10;
  const Int128 half = product < 0 ? -divisor / 2 : divisor / 2;
  const Int128 money = (product + half) / divisor;
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  return {static_cast<std::int64_t>(std::clamp<Int128>(money, -kMax, kMax))};
}

AnswerStatus read_commission(std::string_view amount, std::string_view asset,
                             const TradedSymbol& symbol, TradeReport& trade) {
  if (amount.empty() || asset.empty()) return AnswerStatus::kOk;  // not said
  const bool negative = amount.front() == '-';
  if (negative) amount.remove_prefix(1);
  std::int64_t value = 0;
  if (parse_decimal(amount, kCommissionScale, value) != NumberStatus::kOk ||
      value > kMaxCommissionE8 || asset.size() > trade.asset.size()) {
    return AnswerStatus::kBadNumber;
  }
  trade.amount_e8 = negative ? -value : value;
  std::ranges::copy(asset, trade.asset.begin());
  if (asset == symbol.quote_name()) {
    trade.commission_in = session::CommissionIn::kQuote;
    trade.commission = {trade.amount_e8 * (kNanosPerUnit / 100'000'000)};
  } else if (asset == symbol.base_name()) {
    trade.commission_in = session::CommissionIn::kBase;
    trade.commission = worth(trade.amount_e8, trade.price, symbol.rules);
  } else {
    trade.commission_in = session::CommissionIn::kOther;
  }
  return AnswerStatus::kOk;
}

}  // namespace

AnswerStatus convert(const TradeFields& fields, const TradedSymbol& symbol,
                     TradeReport& trade) {
  trade = {};
  if (fields.id < 0 || fields.qty.empty() || fields.price.empty() ||
      fields.order_id < 0) {
    return AnswerStatus::kShape;
  }
  trade.id = static_cast<std::uint64_t>(fields.id);
  trade.order_id = static_cast<std::uint64_t>(fields.order_id);
  trade.maker = fields.maker;
  trade.time = time_of(fields.time_ms);
  AnswerStatus status = named(symbol.rules.qty(fields.qty, trade.qty));
  if (status != AnswerStatus::kOk) return status;
  status = named(symbol.rules.price(fields.price, trade.price));
  if (status != AnswerStatus::kOk) return status;
  if (trade.qty == 0) return AnswerStatus::kBadNumber;
  return read_commission(fields.commission, fields.asset, symbol, trade);
}

AnswerStatus convert(const OrderFields& fields, const AnswerReader& reader,
                     OrderReport& report) {
  report = {};
  if (fields.symbol.empty() || fields.client_id.empty() || fields.status.empty() ||
      fields.order_id < 0 || fields.qty.empty() || fields.filled.empty() ||
      fields.price.empty() || (fields.side != "BUY" && fields.side != "SELL")) {
    return AnswerStatus::kShape;
  }
  report.symbol = reader.symbol(fields.symbol);
  if (report.symbol == nullptr) return AnswerStatus::kOtherSymbol;
  const SymbolRules& rules = report.symbol->rules;
  if (!read_status(fields.status, report.status)) return AnswerStatus::kBadStatus;
  // A spot cancel is reported under a name of its own.
  report.client_id = fields.original_id.empty() ? fields.client_id : fields.original_id;
  report.order_id = static_cast<std::uint64_t>(fields.order_id);
  report.side = fields.side == "BUY" ? Side::kBuy : Side::kSell;
  report.time = time_of(fields.time_ms);
  AnswerStatus status = named(rules.qty(fields.qty, report.qty));
  if (status != AnswerStatus::kOk) return status;
  status = named(rules.qty(fields.filled, report.filled));
  if (status != AnswerStatus::kOk) return status;
  status = named(rules.price(fields.price, report.price));
  if (status != AnswerStatus::kOk) return status;
  if (fields.execution != "TRADE" && fields.execution != "CALCULATED") {
    return AnswerStatus::kOk;
  }
  TradeFields trade{fields.last_qty, fields.last_price, fields.commission,
                    fields.asset,    fields.trade_id,   fields.order_id,
                    fields.time_ms,  fields.maker};
  report.has_trade = true;
  return convert(trade, *report.symbol, report.trade);
}

bool read_rate_kind(std::string_view text, RateKind& kind) {
  if (text == "REQUEST_WEIGHT") {
    kind = RateKind::kWeight;
  } else if (text == "ORDERS") {
    kind = RateKind::kOrders;
  } else if (text == "RAW_REQUESTS") {
    kind = RateKind::kRaw;
  } else {
    return false;
  }
  return true;
}

bool read_interval(std::string_view text, std::int64_t many, MonoNanos& interval) {
  if (text.empty() || many <= 0 || many > 1'000) return false;
  const char unit = text.front() & ~0x20;  // upper case
  const std::int64_t length = unit == 'S'   ? 1
                              : unit == 'M' ? 60
                              : unit == 'H' ? 3'600
                              : unit == 'D' ? 86'400
                                            : 0;
  interval = seconds(length * many);
  return length != 0;
}

bool same_header(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

bool read_rate_header(const HttpHeader& header, RateUse& use) {
  constexpr std::string_view kWeight = "x-mbx-used-weight-";
  constexpr std::string_view kOrders = "x-mbx-order-count-";
  static_assert(kWeight.size() == kOrders.size());
  if (header.name.size() <= kWeight.size()) return false;
  const std::string_view name(header.name.data(), kWeight.size());
  const std::string_view window(header.name.data() + kWeight.size(),
                                header.name.size() - kWeight.size());
  if (same_header(name, kWeight)) {
    use.kind = RateKind::kWeight;
  } else if (same_header(name, kOrders)) {
    use.kind = RateKind::kOrders;
  } else {
    return false;
  }
  std::int64_t many = 0;
  use.limit = 0;
  const std::string_view digits(window.data(), window.size() - 1);
  return parse_decimal(digits, 0, many) == NumberStatus::kOk &&
         read_interval({&window.back(), 1}, many, use.interval) &&
         parse_decimal(header.value, 0, use.count) == NumberStatus::kOk;
}

}  // namespace pyscalp::binance
