#include "exchange/crypto_order.hpp"

#include "exchange/json_text.hpp"

namespace pyscalp::exchange {
namespace {

constexpr std::string_view kSelfTrade = "EXPIRE_MAKER";

void spot_state(JsonText& json, const CryptoOrder& order) {
  json.field("price", order.price_text());
  json.field("origQty", order.symbol->qty_text(order.qty));
  json.field("executedQty", order.symbol->qty_text(order.filled));
  json.field("origQuoteOrderQty", "0.00000000");
  json.field("cummulativeQuoteQty", money_text(order.quote));
  json.field("status", text_of(order.status));
  json.field("timeInForce", text_of(order.time_in_force));
  json.field("type", text_of(order.type)).field("side", text_of(order.side));
}

std::string usdm_order(const CryptoOrder& order, bool query) {
  const CryptoSymbol& symbol = *order.symbol;
  JsonText json;
  json.open('{').field("orderId", order.id).field("symbol", symbol.name);
  json.field("status", text_of(order.status));
  json.field("clientOrderId", order.client_id);
  json.field("price", order.price_text()).field("avgPrice", order.mean_text());
  json.field("origQty", symbol.qty_text(order.qty));
  json.field("executedQty", symbol.qty_text(order.filled));
  if (!query) json.field("cumQty", symbol.qty_text(order.filled));
  json.field("cumQuote", money_text(order.quote));
  json.field("timeInForce", text_of(order.time_in_force));
  json.field("type", text_of(order.type)).field("reduceOnly", order.reduce_only);
  json.field("closePosition", false).field("side", text_of(order.side));
  json.field("positionSide", "BOTH").field("stopPrice", "0");
  json.field("workingType", "CONTRACT_PRICE").field("priceProtect", false);
  json.field("origType", text_of(order.type)).field("priceMatch", "NONE");
  json.field("selfTradePreventionMode", kSelfTrade).field("goodTillDate", 0);
  if (query) json.field("time", order.time_ms);
  json.field("updateTime", order.update_ms);
  return std::move(json.close('}')).str();
}

std::string execution_report(const CryptoOrder& order, const CryptoOrderEvent& event) {
  const CryptoSymbol& symbol = *order.symbol;
  const CryptoFill fill = event.fill.value_or(CryptoFill{});
  const bool canceled = !event.cancel_id.empty();
  JsonText json;
  json.open('{').field("e", "executionReport").field("E", event.wall_ms);
  json.field("s", symbol.name);
  json.field("c", canceled ? event.cancel_id : std::string_view(order.client_id));
  json.field("S", text_of(order.side)).field("o", text_of(order.type));
  json.field("f", text_of(order.time_in_force)).field("q", symbol.qty_text(order.qty));
  json.field("p", order.price_text()).field("P", symbol.price_text(Price{0}));
  json.field("F", symbol.qty_text(0)).field("g", -1);
  json.field("C", canceled ? std::string_view(order.client_id) : std::string_view());
  json.field("x", event.execution).field("X", text_of(order.status));
  json.field("r", "NONE").field("i", order.id).field("l", symbol.qty_text(fill.qty));
  json.field("z", symbol.qty_text(order.filled));
  json.field("L", symbol.price_text(fill.price)).field("n", money_text(fill.fee));
  if (event.fill) {
    json.field("N", symbol.quote);
  } else {
    json.raw_field("N", "null");
  }
  json.field("T", event.wall_ms);
  if (event.fill) {
    json.field("t", fill.trade);
  } else {
    json.field("t", -1);
  }
  json.field("I", event.execution_number);
  json.field("w", order.open() && order.type != CryptoOrderType::kMarket);
  json.field("m", event.maker).field("M", false).field("O", order.time_ms);
  json.field("Z", money_text(order.quote));
  json.field("Y", money_text(notional(fill.price, fill.qty)));
  json.field("Q", "0.00000000").field("W", order.time_ms).field("V", kSelfTrade);
  return std::move(json.close('}')).str();
}

std::string order_trade_update(const CryptoOrder& order,
                               const CryptoOrderEvent& event) {
  const CryptoSymbol& symbol = *order.symbol;
  const CryptoFill fill = event.fill.value_or(CryptoFill{});
  JsonText json;
  json.open('{').field("e", "ORDER_TRADE_UPDATE").field("E", event.wall_ms);
  json.field("T", event.wall_ms).key("o").open('{');
  json.field("s", symbol.name).field("c", order.client_id);
  json.field("S", text_of(order.side)).field("o", text_of(order.type));
  json.field("f", text_of(order.time_in_force)).field("q", symbol.qty_text(order.qty));
  json.field("p", order.price_text()).field("ap", order.mean_text()).field("sp", "0");
  json.field("x", event.execution).field("X", text_of(order.status));
  json.field("i", order.id).field("l", symbol.qty_text(fill.qty));
  json.field("z", symbol.qty_text(order.filled));
  json.field("L", symbol.price_text(fill.price));
  if (event.fill) json.field("N", symbol.quote).field("n", money_text(fill.fee));
  json.field("T", event.wall_ms).field("t", fill.trade);
  json.field("b", "0").field("a", "0").field("m", event.maker);
  json.field("R", order.reduce_only).field("wt", "CONTRACT_PRICE");
  json.field("ot", text_of(order.type)).field("ps", "BOTH").field("cp", false);
  json.field("rp", money_text(event.realized)).field("pP", false).field("si", 0);
  json.field("ss", 0).field("V", kSelfTrade).field("pm", "NONE").field("gtd", 0);
  json.field("er", "0");
  return std::move(json.close('}').close('}')).str();
}

}  // namespace

std::string_view text_of(CryptoOrderType type) {
  switch (type) {
    case CryptoOrderType::kLimit:
      return "LIMIT";
    case CryptoOrderType::kMarket:
      return "MARKET";
    case CryptoOrderType::kLimitMaker:
      break;
  }
  return "LIMIT_MAKER";
}

std::string_view text_of(CryptoTimeInForce time_in_force) {
  static constexpr std::string_view kTexts[] = {"GTC", "IOC", "FOK", "GTX"};
  return kTexts[static_cast<std::size_t>(time_in_force)];
}

std::string_view text_of(CryptoStatus status) {
  static constexpr std::string_view kTexts[] = {
      "NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"};
  return kTexts[static_cast<std::size_t>(status)];
}

std::string CryptoOrder::mean_text() const {
  if (filled == 0) return symbol->price_text(Price{0});
  const Int128 coins = static_cast<Int128>(filled) * symbol->step_e9;
  const Int128 mean = static_cast<Int128>(quote.value) * kNanosPerUnit / coins;
  return decimal_text(static_cast<std::int64_t>(mean), 9);
}

std::string placed_text(CryptoProtocol protocol, const CryptoOrder& order,
                        CryptoAnswer answer) {
  if (protocol == CryptoProtocol::kUsdm) {
    if (answer != CryptoAnswer::kAck) return usdm_order(order, false);
    CryptoOrder taken = order;
    taken.status = CryptoStatus::kNew;
    taken.filled = 0;
    taken.quote = {};
    return usdm_order(taken, false);
  }
  JsonText json;
  json.open('{').field("symbol", order.symbol->name).field("orderId", order.id);
  json.field("orderListId", -1).field("clientOrderId", order.client_id);
  json.field("transactTime", order.time_ms);
  if (answer != CryptoAnswer::kAck) {
    spot_state(json, order);
    json.field("workingTime", order.time_ms);
  }
  if (answer == CryptoAnswer::kFull) {
    json.key("fills").open('[');
    for (const CryptoFill& fill : order.fills) {
      json.open('{').field("price", order.symbol->price_text(fill.price));
      json.field("qty", order.symbol->qty_text(fill.qty));
      json.field("commission", money_text(fill.fee));
      json.field("commissionAsset", order.symbol->quote);
      json.field("tradeId", fill.trade).close('}');
    }
    json.close(']');
  }
  if (answer != CryptoAnswer::kAck) {
    json.field("selfTradePreventionMode", kSelfTrade);
  }
  return std::move(json.close('}')).str();
}

std::string canceled_text(CryptoProtocol protocol, const CryptoOrder& order,
                          std::string_view cancel_id) {
  if (protocol == CryptoProtocol::kUsdm) return usdm_order(order, false);
  JsonText json;
  json.open('{').field("symbol", order.symbol->name);
  json.field("origClientOrderId", order.client_id).field("orderId", order.id);
  json.field("orderListId", -1).field("clientOrderId", cancel_id);
  json.field("transactTime", order.update_ms);
  spot_state(json, order);
  json.field("selfTradePreventionMode", kSelfTrade);
  return std::move(json.close('}')).str();
}

std::string queried_text(CryptoProtocol protocol, const CryptoOrder& order) {
  if (protocol == CryptoProtocol::kUsdm) return usdm_order(order, true);
  JsonText json;
  json.open('{').field("symbol", order.symbol->name).field("orderId", order.id);
  json.field("orderListId", -1).field("clientOrderId", order.client_id);
  spot_state(json, order);
  json.field("stopPrice", order.symbol->price_text(Price{0}));
  json.field("icebergQty", order.symbol->qty_text(0)).field("time", order.time_ms);
  json.field("updateTime", order.update_ms).field("isWorking", true);
  json.field("workingTime", order.time_ms);
  json.field("selfTradePreventionMode", kSelfTrade);
  return std::move(json.close('}')).str();
}

std::string event_text(CryptoProtocol protocol, const CryptoOrder& order,
                       const CryptoOrderEvent& event) {
  return protocol == CryptoProtocol::kSpot ? execution_report(order, event)
                                           : order_trade_update(order, event);
}

std::string account_event_text(CryptoProtocol protocol, const CryptoWallet& wallet,
                               const CryptoSymbol& symbol, std::int64_t wall_ms) {
  const auto balance = [&](const std::string& asset) {
    const auto found = wallet.balances().find(asset);
    return found == wallet.balances().end() ? CryptoBalance{} : found->second;
  };
  JsonText json;
  if (protocol == CryptoProtocol::kSpot) {
    json.open('{').field("e", "outboundAccountPosition").field("E", wall_ms);
    json.field("u", wall_ms).key("B").open('[');
    for (const std::string& asset : {symbol.base, symbol.quote}) {
      json.open('{').field("a", asset);
      json.field("f", money_text({balance(asset).free_e9}));
      json.field("l", money_text({balance(asset).locked_e9})).close('}');
    }
    return std::move(json.close(']').close('}')).str();
  }
  const CryptoPosition& position = wallet.position(symbol.id);
  json.open('{').field("e", "ACCOUNT_UPDATE").field("E", wall_ms).field("T", wall_ms);
  json.key("a").open('{').field("m", "ORDER").key("B").open('[').open('{');
  const std::string wallet_text = money_text({balance(symbol.quote).free_e9});
  json.field("a", symbol.quote).field("wb", wallet_text).field("cw", wallet_text);
  json.field("bc", "0").close('}').close(']');
  json.key("P").open('[').open('{').field("s", symbol.name);
  json.field("pa", symbol.qty_text(position.qty));
  json.field("ep", decimal_text(position.entry_e9(symbol), 9));
  json.field("bep", decimal_text(position.entry_e9(symbol), 9));
  json.field("cr", money_text(position.realized)).field("up", "0");
  json.field("mt", "cross").field("iw", "0").field("ps", "BOTH");
  json.close('}').close(']').close('}');
  return std::move(json.close('}')).str();
}

}  // namespace pyscalp::exchange
