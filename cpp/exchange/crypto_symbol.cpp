#include "exchange/crypto_symbol.hpp"

#include "capture/decimal.hpp"

namespace pyscalp::exchange {

std::string decimal_text(std::int64_t value_e9, int decimals) {
  const bool negative = value_e9 < 0;
  std::uint64_t value = negative ? 0 - static_cast<std::uint64_t>(value_e9)
                                 : static_cast<std::uint64_t>(value_e9);
  constexpr std::uint64_t kUnit = kNanosPerUnit;
  std::string text = std::to_string(value / kUnit);
  value %= kUnit;
  if (decimals > 0) {
    std::string fraction = std::to_string(value);
    fraction.insert(0, 9 - fraction.size(), '0');
    text += '.';
    text.append(fraction, 0, static_cast<std::size_t>(decimals));
  }
  if (negative) text.insert(0, 1, '-');
  return text;
}

std::string money_text(Money money) {
  return decimal_text(money.value, money.value % 10 == 0 ? 8 : 9);
}

std::optional<std::int64_t> parse_e9(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.front() == '-' ||
      capture::parse_decimal(text, 9, value) != capture::DecimalStatus::kOk) {
    return std::nullopt;
  }
  return value;
}

std::string CryptoSymbol::price_text(Price lot) const {
  return decimal_text(coin_price_e9(lot), price_decimals);
}

std::string CryptoSymbol::qty_text(Qty lots) const {
  return decimal_text(lots * step_e9, qty_decimals);
}

std::string problem_of(const CryptoSymbol& symbol) {
  if (symbol.name.empty() || symbol.name.size() > 8) {
    return "symbol '" + symbol.name + "' is not 1 to 8 characters";
  }
  if (symbol.base.empty() || symbol.quote.empty()) {
    return symbol.name + ": its base and quote assets are not known";
  }
  if (symbol.tick_e9 <= 0 || symbol.step_e9 <= 0) {
    return symbol.name + ": tick and step must be above 0";
  }
  const Int128 product = static_cast<Int128>(symbol.tick_e9) * symbol.step_e9;
  if (product % (Int128{kNanosPerUnit} * 10) != 0 ||
      product / kNanosPerUnit > (std::int64_t{1} << 32)) {
    return symbol.name +
           ": tick times step, the price of one lot, must be a multiple of 0.00000001 "
           "and at most 4";
  }
  if (symbol.min_qty < 1 || symbol.max_qty < symbol.min_qty ||
      symbol.max_qty > 4'000'000'000) {
    return symbol.name + ": quantities must be 1 to 4,000,000,000 steps";
  }
  return "";
}

bool split_name(std::string_view name, std::string& base, std::string& quote) {
  for (const std::string_view one : {"USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI",
                                     "EUR", "TRY", "BTC", "ETH", "BNB", "USD"}) {
    if (name.size() > one.size() && name.ends_with(one)) {
      base = name.substr(0, name.size() - one.size());
      quote = one;
      return true;
    }
  }
  return false;
}

}  // namespace pyscalp::exchange
