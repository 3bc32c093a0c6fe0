// What a new order must be: parameters, filters, post-only, reduce-only.
#include <algorithm>

#include "exchange/crypto_desk.hpp"

namespace pyscalp::exchange {
namespace {

bool sound_client_id(std::string_view id) {
  return !id.empty() && id.size() <= 36 &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '/' ||
                  c == '_' || c == '-';
         });
}

}  // namespace

CryptoError CryptoDesk::missing(std::string_view name) const {
  return error(-1102, "Mandatory parameter '" + std::string(name) +
                          "' was not sent, was empty/null, or malformed.");
}

CryptoResult<const CryptoSymbol*> CryptoDesk::symbol(const Parameters& given) const {
  const auto name = given.get("symbol");
  if (!name) return missing("symbol");
  const CryptoSymbol* const found = publisher_.find(*name);
  if (found == nullptr) return error(-1121, "Invalid symbol.");
  return found;
}

/// Reads what an order is; its amounts are in read_amounts.
std::optional<CryptoError> CryptoDesk::read(const Parameters& given,
                                            CryptoOrder& order) const {
  const auto listed = symbol(given);
  if (const auto* refused = std::get_if<CryptoError>(&listed)) return *refused;
  order.symbol = std::get<const CryptoSymbol*>(listed);
  const auto side = given.get("side");
  if (!side) return missing("side");
  if (*side != "BUY" && *side != "SELL") return error(-1117, "Invalid side.");
  order.side = *side == "BUY" ? Side::kBuy : Side::kSell;
  const auto type = given.get("type");
  if (!type) return missing("type");
  const auto in_force = given.get("timeInForce");
  if (*type == "LIMIT") {
    if (!in_force) return missing("timeInForce");
  } else if (*type == "MARKET") {
    order.type = CryptoOrderType::kMarket;
    if (in_force && spot()) {
      return error(-1106, "Parameter 'timeInForce' sent when not required.");
    }
  } else if (*type == "LIMIT_MAKER" && spot()) {
    order.type = CryptoOrderType::kLimitMaker;
  } else {
    return error(-1116, "Invalid orderType.");
  }
  if (in_force && order.type == CryptoOrderType::kLimit) {
    bool known = false;
    for (const auto one : {CryptoTimeInForce::kGtc, CryptoTimeInForce::kIoc,
                           CryptoTimeInForce::kFok, CryptoTimeInForce::kGtx}) {
      if (*in_force != text_of(one)) continue;
      if (one == CryptoTimeInForce::kGtx && spot()) continue;
      order.time_in_force = one;
      known = true;
    }
    if (!known) return error(-1115, "Invalid timeInForce.");
  }
  order.reduce_only = !spot() && given.is_true("reduceOnly");
  if (const auto position = given.get("positionSide");
      position && !spot() && *position != "BOTH") {
    return error(-4061, "Order's position side does not match user's setting.");
  }
  if (const auto id = given.get("newClientOrderId")) {
    if (!sound_client_id(*id)) {
      return error(-1100,
                   "Illegal characters found in parameter 'newClientOrderId'; legal "
                   "range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.");
    }
    order.client_id = *id;
  }
  return read_amounts(given, order);
}

std::optional<CryptoError> CryptoDesk::read_amounts(const Parameters& given,
                                                    CryptoOrder& order) const {
  const CryptoSymbol& symbol = *order.symbol;
  const auto qty_text = given.get("quantity");
  if (!qty_text) return missing("quantity");
  const std::optional<std::int64_t> qty_e9 = parse_e9(*qty_text);
  if (!qty_e9) return missing("quantity");
  const auto filter = [&](const char* name, int usdm_code, const char* usdm_text) {
    return spot() ? error(-1013, std::string("Filter failure: ") + name)
                  : error(usdm_code, usdm_text);
  };
  if (*qty_e9 % symbol.step_e9 != 0) {
    return filter("LOT_SIZE", -4023, "Qty not increased by step size.");
  }
  order.qty = *qty_e9 / symbol.step_e9;
  if (order.qty < symbol.min_qty) {
    return filter("LOT_SIZE", -4003, "Quantity less than or equal to zero.");
  }
  if (order.qty > symbol.max_qty) {
    return filter("LOT_SIZE", -4005, "Quantity greater than max quantity.");
  }
  const auto price_text = given.get("price");
  if (order.type == CryptoOrderType::kMarket) {
    if (price_text) return error(-1106, "Parameter 'price' sent when not required.");
    return std::nullopt;
  }
  if (!price_text) return missing("price");
  const std::optional<std::int64_t> price_e9 = parse_e9(*price_text);
  if (!price_e9) return missing("price");
  if (*price_e9 <= 0) {
    return filter("PRICE_FILTER", -4013, "Price less than min price.");
  }
  if (*price_e9 % symbol.tick_e9 != 0) {
    return filter("PRICE_FILTER", -4014, "Price not increased by tick size.");
  }
  const std::int64_t ticks = *price_e9 / symbol.tick_e9;
  if (ticks > price_max(symbol.instrument()).value / symbol.lot_tick().value) {
    return filter("PRICE_FILTER", -4016,
                  "Price is higher than mark price multiplier cap.");
  }
  order.price = {ticks * symbol.lot_tick().value};
  return std::nullopt;
}

/// What may be had at once within the order's limit, of what is displayed.
Qty CryptoDesk::within(const CryptoOrder& order) const {
  Qty sum = 0;
  for (const PriceLevel& level :
       market_.depth(order.symbol->id, opposite(order.side), 5000)) {
    if (!crosses(order.side, order.price, level.price)) break;
    sum += level.qty;
  }
  return sum;
}

/// A market order's limit: the last level that it needs.
void CryptoDesk::reach_market(CryptoOrder& order) const {
  Qty left = order.qty;
  for (const PriceLevel& level :
       market_.depth(order.symbol->id, opposite(order.side), 5000)) {
    order.price = level.price;
    left -= level.qty;
    if (left <= 0) break;
  }
}

std::optional<CryptoError> CryptoDesk::check(const Account& account,
                                             CryptoOrder& order) const {
  const CryptoSymbol& symbol = *order.symbol;
  if (!market_.trading(symbol.id)) return error(-1013, "Market is closed.");
  if (order.type == CryptoOrderType::kMarket) reach_market(order);
  const Money value = notional(order.price, order.qty);
  if (value < symbol.min_notional && order.price.value > 0 && !order.reduce_only) {
    return spot() ? error(-1013, "Filter failure: NOTIONAL")
                  : error(-4164, "Order's notional must be no smaller than " +
                                     money_text(symbol.min_notional) +
                                     " (unless you choose reduce only).");
  }
  const auto found = account.by_client_id.find(order.client_id);
  if (found != account.by_client_id.end() && account.orders.at(found->second)->open()) {
    return spot() ? error(-2010, "Duplicate order sent.")
                  : error(-4116, "ClientOrderId is duplicated.");
  }
  if (const auto refused = check_reduce_only(account, order)) return refused;
  const PriceLevel touch = market_.best(symbol.id, opposite(order.side));
  const bool takes = touch.qty > 0 && crosses(order.side, order.price, touch.price);
  if (takes && order.type == CryptoOrderType::kLimitMaker) {
    return error(-2010, "Order would immediately match and take.");
  }
  if (takes && order.time_in_force == CryptoTimeInForce::kGtx) {
    return error(-5022,
                 "Due to the order could not be executed as maker, the Post Only order "
                 "will be rejected.");
  }
  if (!spot() && order.time_in_force == CryptoTimeInForce::kFok &&
      within(order) < order.qty) {
    return error(-5021,
                 "Due to the order could not be filled immediately, the FOK order has "
                 "been rejected.");
  }
  return std::nullopt;
}

/// Reduce-only orders together may close the position and no more.
std::optional<CryptoError> CryptoDesk::check_reduce_only(
    const Account& account, const CryptoOrder& order) const {
  if (!order.reduce_only) return std::nullopt;
  Qty open = order.qty;
  for (const std::int64_t id : account.open) {
    const CryptoOrder& other = *account.orders.at(id);
    if (other.reduce_only && other.symbol == order.symbol && other.side == order.side) {
      open += other.left();
    }
  }
  const Qty held = account.wallet.position(order.symbol->id).qty;
  if (open > (order.side == Side::kBuy ? -held : held)) {
    return error(-2022, "ReduceOnly Order is rejected.");
  }
  return std::nullopt;
}

}  // namespace pyscalp::exchange
