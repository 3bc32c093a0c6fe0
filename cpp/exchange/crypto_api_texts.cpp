// The longer answers of the API: rules, accounts, balances, positions.
#include "exchange/crypto_api.hpp"
#include "exchange/json_text.hpp"

namespace pyscalp::exchange {
namespace {

std::int64_t ms(UnixNanos time) { return time.value / 1'000'000; }

void write_limit(JsonText& json, const CryptoLimit& limit, std::optional<int> count) {
  json.open('{').field("rateLimitType", limit.orders ? "ORDERS" : "REQUEST_WEIGHT");
  json.field("interval", limit.interval).field("intervalNum", limit.number);
  json.field("limit", limit.limit);
  if (count) json.field("count", *count);
  json.close('}');
}

void write_filters(JsonText& json, const CryptoSymbol& symbol, bool spot) {
  const std::string tick = decimal_text(symbol.tick_e9, symbol.price_decimals);
  const std::string step = decimal_text(symbol.step_e9, symbol.qty_decimals);
  const std::string highest = symbol.price_text(price_max(symbol.instrument()));
  json.key("filters").open('[');
  json.open('{').field("filterType", "PRICE_FILTER").field("minPrice", tick);
  json.field("maxPrice", highest).field("tickSize", tick).close('}');
  for (const char* const name : {"LOT_SIZE", "MARKET_LOT_SIZE"}) {
    json.open('{').field("filterType", name);
    json.field("minQty", symbol.qty_text(symbol.min_qty));
    json.field("maxQty", symbol.qty_text(symbol.max_qty)).field("stepSize", step);
    json.close('}');
  }
  if (spot) {
    json.open('{').field("filterType", "NOTIONAL");
    json.field("minNotional", money_text(symbol.min_notional));
    json.field("applyMinToMarket", true).field("maxNotional", "9000000000.00000000");
    json.field("applyMaxToMarket", false).field("avgPriceMins", 0).close('}');
  } else {
    json.open('{').field("filterType", "MIN_NOTIONAL");
    json.field("notional", money_text(symbol.min_notional)).close('}');
  }
  json.close(']');
}

void write_spot_symbol(JsonText& json, const CryptoSymbol& symbol) {
  json.open('{').field("symbol", symbol.name).field("status", "TRADING");
  json.field("baseAsset", symbol.base).field("baseAssetPrecision", 8);
  json.field("quoteAsset", symbol.quote).field("quotePrecision", 8);
  json.field("quoteAssetPrecision", 8);
  json.raw_field("orderTypes", R"(["LIMIT","LIMIT_MAKER","MARKET"])");
  json.field("icebergAllowed", false).field("ocoAllowed", false);
  json.field("quoteOrderQtyMarketAllowed", false);
  json.field("isSpotTradingAllowed", true).field("isMarginTradingAllowed", false);
  write_filters(json, symbol, true);
  json.raw_field("permissions", "[]")
      .field("defaultSelfTradePreventionMode", "EXPIRE_MAKER");
  json.raw_field("allowedSelfTradePreventionModes", R"(["EXPIRE_MAKER"])").close('}');
}

void write_usdm_symbol(JsonText& json, const CryptoSymbol& symbol) {
  json.open('{').field("symbol", symbol.name).field("pair", symbol.name);
  json.field("contractType", "PERPETUAL").field("deliveryDate", 4'133'404'800'000);
  json.field("onboardDate", 1'569'398'400'000).field("status", "TRADING");
  json.field("baseAsset", symbol.base).field("quoteAsset", symbol.quote);
  json.field("marginAsset", symbol.quote);
  json.field("pricePrecision", symbol.price_decimals);
  json.field("quantityPrecision", symbol.qty_decimals).field("baseAssetPrecision", 8);
  json.field("quotePrecision", 8).field("underlyingType", "COIN");
  write_filters(json, symbol, false);
  json.raw_field("orderTypes", R"(["LIMIT","MARKET"])");
  json.raw_field("timeInForce", R"(["GTC","IOC","FOK","GTX"])").close('}');
}

}  // namespace

std::string CryptoApi::exchange_info(UnixNanos wall) const {
  JsonText json;
  json.open('{').field("timezone", "UTC").field("serverTime", ms(wall));
  if (!spot()) json.field("futuresType", "U_MARGINED");
  json.key("rateLimits").open('[');
  for (const CryptoLimit& limit : limits_.limits()) {
    write_limit(json, limit, std::nullopt);
  }
  json.close(']').raw_field("exchangeFilters", "[]").key("symbols").open('[');
  for (const CryptoSymbol& symbol : publisher_.symbols()) {
    spot() ? write_spot_symbol(json, symbol) : write_usdm_symbol(json, symbol);
  }
  return std::move(json.close(']').close('}')).str();
}

std::string CryptoApi::rate_limits(const CryptoCaller& caller, AccountId account,
                                   UnixNanos wall) const {
  JsonText json;
  json.open('[');
  write_limit(json, limits_.limits()[0], limits_.used_weight(caller.address, wall));
  if (account != 0) {
    const std::array<int, 2> orders = limits_.orders(account, wall);
    write_limit(json, limits_.limits()[1], orders[0]);
    write_limit(json, limits_.limits()[2], orders[1]);
  }
  return std::move(json.close(']')).str();
}

std::string CryptoApi::account_text(AccountId account, CryptoMoment now) const {
  const CryptoWallet& wallet = desk_.wallet(account);
  JsonText json;
  if (spot()) {
    json.open('{').field("canTrade", true).field("canWithdraw", false);
    json.field("canDeposit", false).field("updateTime", ms(now.wall));
    json.field("accountType", "SPOT").key("balances").open('[');
    for (const auto& [asset, balance] : wallet.balances()) {
      json.open('{').field("asset", asset);
      json.field("free", money_text({balance.free_e9}));
      json.field("locked", money_text({balance.locked_e9})).close('}');
    }
    json.close(']').raw_field("permissions", R"(["SPOT"])").field("uid", account);
    return std::move(json.close('}')).str();
  }
  std::int64_t total = 0;
  std::int64_t available = 0;
  for (const auto& [asset, balance] : wallet.balances()) {
    total += balance.free_e9;
    available += wallet.available_e9(asset);
  }
  json.open('{').field("canTrade", true);
  json.field("totalWalletBalance", money_text({total}));
  json.field("availableBalance", money_text({available}));
  json.raw_field("assets", balance_text(account, now));
  json.raw_field("positions", positions_text(account, {}, now));
  return std::move(json.close('}')).str();
}

std::string CryptoApi::balance_text(AccountId account, CryptoMoment now) const {
  const CryptoWallet& wallet = desk_.wallet(account);
  JsonText json;
  json.open('[');
  for (const auto& [asset, balance] : wallet.balances()) {
    const std::string held = money_text({balance.free_e9});
    const std::string available = money_text({wallet.available_e9(asset)});
    json.open('{').field("accountAlias", "paper").field("asset", asset);
    json.field("balance", held).field("walletBalance", held);
    json.field("crossWalletBalance", held).field("crossUnPnl", "0.00000000");
    json.field("availableBalance", available).field("maxWithdrawAmount", available);
    json.field("marginAvailable", true).field("updateTime", ms(now.wall)).close('}');
  }
  return std::move(json.close(']')).str();
}

std::string CryptoApi::positions_text(AccountId account, const Parameters& given,
                                      CryptoMoment now) const {
  const CryptoWallet& wallet = desk_.wallet(account);
  JsonText json;
  json.open('[');
  for (const CryptoSymbol& symbol : publisher_.symbols()) {
    if (const auto name = given.get("symbol"); name && *name != symbol.name) continue;
    const CryptoPosition& position = wallet.position(symbol.id);
    json.open('{').field("symbol", symbol.name).field("positionSide", "BOTH");
    json.field("positionAmt", symbol.qty_text(position.qty));
    json.field("entryPrice", decimal_text(position.entry_e9(symbol), 9));
    json.field("breakEvenPrice", decimal_text(position.entry_e9(symbol), 9));
    json.field("unRealizedProfit", "0.00000000").field("liquidationPrice", "0");
    json.field("notional", money_text(position.cost));
    json.field("marginAsset", symbol.quote).field("updateTime", ms(now.wall));
    json.close('}');
  }
  return std::move(json.close(']')).str();
}

}  // namespace pyscalp::exchange
