#include "exchange/crypto_wallet.hpp"

#include <algorithm>
#include <cstdlib>

namespace pyscalp::exchange {

CryptoWallet::CryptoWallet(CryptoProtocol protocol,
                           std::map<std::string, std::int64_t> balances, int leverage)
    : protocol_(protocol), leverage_(std::max(leverage, 1)) {
  for (const auto& [asset, amount] : balances) balances_[asset] = {amount, 0};
}

bool CryptoWallet::claim(const CryptoClaim& order) {
  const CryptoSymbol& symbol = *order.symbol;
  if (spot()) {
    const bool buy = order.side == Side::kBuy;
    CryptoBalance& balance = balances_[buy ? symbol.quote : symbol.base];
    const std::int64_t needed =
        buy ? notional(order.price, order.qty).value : order.qty * symbol.step_e9;
    if (needed > balance.free_e9) return false;
    balance.free_e9 -= needed;
    balance.locked_e9 += needed;
    return true;
  }
  settled_in_[symbol.id] = symbol.quote;
  const Qty held = position(symbol.id).qty;
  const Qty against = order.side == Side::kBuy ? -held : held;
  // What only closes a position needs no margin of its own.
  if (!order.reduce_only && order.qty > against &&
      notional(order.price, order.qty).value / leverage_ > available_e9(symbol.quote)) {
    return false;
  }
  balances_[symbol.quote].locked_e9 += notional(order.price, order.qty).value;
  return true;
}

void CryptoWallet::release(const CryptoClaim& order) {
  const CryptoSymbol& symbol = *order.symbol;
  if (!spot()) {
    balances_[symbol.quote].locked_e9 -= notional(order.price, order.qty).value;
    return;
  }
  const bool buy = order.side == Side::kBuy;
  CryptoBalance& balance = balances_[buy ? symbol.quote : symbol.base];
  const std::int64_t freed =
      buy ? notional(order.price, order.qty).value : order.qty * symbol.step_e9;
  balance.locked_e9 -= freed;
  balance.free_e9 += freed;
}

Money CryptoWallet::fill(const CryptoClaim& order, Price price, Money fee) {
  const CryptoSymbol& symbol = *order.symbol;
  const bool buy = order.side == Side::kBuy;
  const Money value = notional(price, order.qty);
  release(order);
  if (spot()) {
    const std::int64_t coins = order.qty * symbol.step_e9;
    balances_[symbol.base].free_e9 += buy ? coins : -coins;
    balances_[symbol.quote].free_e9 += (buy ? -value.value : value.value) - fee.value;
    return {};
  }
  CryptoPosition& position = positions_[symbol.id];
  settled_in_[symbol.id] = symbol.quote;
  const Qty signed_qty = sign(order.side) * order.qty;
  Money realized{};
  Qty closing = 0;
  if (position.qty != 0 && (position.qty > 0) != (signed_qty > 0)) {
    closing = std::min(std::abs(position.qty), order.qty);
    // The closed part of what the position cost; the last close takes all of it.
    const auto closed_cost = static_cast<std::int64_t>(
        static_cast<Int128>(position.cost.value) * closing / std::abs(position.qty));
    const std::int64_t proceeds = notional(price, closing).value;
    realized = {(position.qty > 0 ? proceeds : -proceeds) - closed_cost};
    position.cost.value -= closed_cost;
    position.qty += position.qty > 0 ? -closing : closing;
  }
  const Qty opening = order.qty - closing;
  position.qty += sign(order.side) * opening;
  position.cost.value += sign(order.side) * notional(price, opening).value;
  position.realized += realized;
  balances_[symbol.quote].free_e9 += realized.value - fee.value;
  return realized;
}

const CryptoPosition& CryptoWallet::position(InstrumentId id) const {
  static const CryptoPosition kFlat{};
  const auto found = positions_.find(id);
  return found == positions_.end() ? kFlat : found->second;
}

std::int64_t CryptoWallet::available_e9(const std::string& asset) const {
  const auto found = balances_.find(asset);
  if (found == balances_.end()) return 0;
  if (spot()) return found->second.free_e9;
  std::int64_t available = found->second.free_e9 - found->second.locked_e9 / leverage_;
  for (const auto& [id, position] : positions_) {
    if (settled_in_.at(id) == asset)
      available -= std::abs(position.cost.value) / leverage_;
  }
  return available;
}

}  // namespace pyscalp::exchange
