#include "binance/symbol_rules.hpp"

#include <algorithm>

namespace pyscalp::binance {

namespace {

constexpr std::int64_t kHalfTick = 10;
/// Prices stay below a quarter of int64, so that sums and differences of a few fit.
constexpr std::int64_t kMaxPrice = std::int64_t{1} << 61;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= SymbolRules::kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

/// Price step of a lot at 1e-9.
RulesStatus lot_tick(const DecimalGrid& price, const DecimalGrid& qty, Price& tick) {
  Int128 value = static_cast<Int128>(price.unit()) * qty.unit();
  int scale = price.scale() + qty.scale();
  for (; scale > 9; --scale) {
    if (value % 10 != 0) return RulesStatus::kLotTick;
    value /= 10;
  }
  constexpr Int128 kMost = Int128{1'000'000} * kNanosPerUnit;
  for (; scale < 9 && value < kMost; ++scale) value *= 10;
  if (value >= kMost) return RulesStatus::kLotTickSize;
  if (value % kHalfTick != 0) return RulesStatus::kLotTick;
  tick = {static_cast<std::int64_t>(value)};
  return RulesStatus::kOk;
}

}  // namespace

const char* explain(RulesStatus status) {
  switch (status) {
    case RulesStatus::kOk:
      return "is as it should be";
    case RulesStatus::kName:
      return "is no symbol: 1 to 31 of A-Z, 0-9 and _";
    case RulesStatus::kInstrument:
      return "has instrument number 0, which stands for none";
    case RulesStatus::kTick:
      return "has a tickSize that is no positive decimal number";
    case RulesStatus::kStep:
      return "has a stepSize that is no positive decimal number";
    case RulesStatus::kLotTick:
      return "cannot be traded: its tickSize times its stepSize is no multiple of "
             "1e-8, "
             "the finest price step of a lot that has a middle";
    case RulesStatus::kLotTickSize:
      return "cannot be traded: its tickSize times its stepSize is 1,000,000 or more";
    case RulesStatus::kPriceRange:
      return "has a minPrice or maxPrice that is no multiple of its tickSize, or is "
             "the "
             "wrong way round";
    case RulesStatus::kQtyRange:
      return "has a minQty or maxQty that is no multiple of its stepSize, or is the "
             "wrong way round";
    case RulesStatus::kNotional:
      return "has a minNotional that is no decimal number of at most nine places";
  }
  return "is not known";
}

RulesStatus SymbolRules::read(const SymbolText& text, SymbolRules& rules) {
  SymbolRules r;
  if (!is_name(text.name)) return RulesStatus::kName;
  if (index(text.id) == 0) return RulesStatus::kInstrument;
  std::copy(text.name.begin(), text.name.end(), r.name_.begin());
  r.name_size_ = static_cast<std::uint8_t>(text.name.size());
  r.id_ = text.id;
  if (DecimalGrid::read(text.tick, r.price_grid_) != NumberStatus::kOk)
    return RulesStatus::kTick;
  if (DecimalGrid::read(text.step, r.qty_grid_) != NumberStatus::kOk)
    return RulesStatus::kStep;
  const RulesStatus lot = lot_tick(r.price_grid_, r.qty_grid_, r.tick_);
  if (lot != RulesStatus::kOk) return lot;
  r.max_ticks_ = std::min(DecimalGrid::kMaxCount, kMaxPrice / r.tick_.value);

  const auto price = [&](std::string_view number, Price off, Price& out) {
    Price value{};
    const NumberStatus status =
        number.empty() ? NumberStatus::kOk : r.price(number, value);
    // What is past every price is no bound.
    out = value.value == 0 || status == NumberStatus::kTooLarge ? off : value;
    return status == NumberStatus::kOk || status == NumberStatus::kTooLarge;
  };
  if (!price(text.min_price, Price{}, r.min_price_) ||
      !price(text.max_price, kNoPrice, r.max_price_) || r.min_price_ > r.max_price_) {
    return RulesStatus::kPriceRange;
  }
  const auto qty = [&](std::string_view number, Qty off, Qty& out) {
    Qty value = 0;
    const NumberStatus status =
        number.empty() ? NumberStatus::kOk : r.qty(number, value);
    out = value == 0 || status == NumberStatus::kTooLarge ? off : value;
    return status == NumberStatus::kOk || status == NumberStatus::kTooLarge;
  };
  if (!qty(text.min_qty, 1, r.min_qty_) ||
      !qty(text.max_qty, DecimalGrid::kMaxCount, r.max_qty_) ||
      r.min_qty_ > r.max_qty_) {
    return RulesStatus::kQtyRange;
  }
  if (!text.min_notional.empty() &&
      parse_decimal(text.min_notional, 9, r.min_notional_.value) != NumberStatus::kOk) {
    return RulesStatus::kNotional;
  }
  rules = r;
  return RulesStatus::kOk;
}

NumberStatus SymbolRules::price(std::string_view text, Price& price) const {
  std::int64_t ticks = 0;
  const NumberStatus status = price_grid_.parse(text, ticks);
  if (status != NumberStatus::kOk) return status;
  if (ticks > max_ticks_) return NumberStatus::kTooLarge;
  price = {ticks * tick_.value};
  return NumberStatus::kOk;
}

NumberStatus SymbolRules::qty(std::string_view text, Qty& qty) const {
  return qty_grid_.parse(text, qty);
}

DecimalText SymbolRules::text(Price price) const {
  if (price.value < 0 || price == kNoPrice || price.value % tick_.value != 0) return {};
  return price_grid_.text(price.value / tick_.value);
}

DecimalText SymbolRules::text(Qty qty) const {
  if (qty < 0 || qty > DecimalGrid::kMaxCount) return {};
  return qty_grid_.text(qty);
}

}  // namespace pyscalp::binance
