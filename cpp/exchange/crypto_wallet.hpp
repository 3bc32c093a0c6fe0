// What one account of a crypto venue owns: balances on spot; on USD-M a wallet in each
// quote asset and the positions that are settled in it.
//
// Amounts at 1e-9 of their asset, exact.
#pragma once

#include <map>
#include <string>

#include "exchange/crypto_symbol.hpp"

namespace pyscalp::exchange {

struct CryptoBalance {
  std::int64_t free_e9 = 0;
  /// By open orders: what they need of the asset, on USD-M their whole notional.
  std::int64_t locked_e9 = 0;
};

struct CryptoPosition {
  Qty qty = 0;       ///< below 0: short
  Money cost{};      ///< what the open quantity was bought or sold for; sign of qty
  Money realized{};  ///< since the start, fees left out

  /// Price of entry of one coin at 1e-9; 0 where flat.
  std::int64_t entry_e9(const CryptoSymbol& symbol) const {
    if (qty == 0) return 0;
    const Int128 coins = static_cast<Int128>(qty) * symbol.step_e9;
    return static_cast<std::int64_t>(static_cast<Int128>(cost.value) * kNanosPerUnit /
                                     coins);
  }
};

/// An order as far as it ties up what an account owns.
struct CryptoClaim {
  const CryptoSymbol* symbol = nullptr;
  Side side = Side::kBuy;
  Price price{};
  Qty qty = 0;
  bool reduce_only = false;
};

class CryptoWallet {
 public:
  /// `leverage`: of USD-M, by which margin is reckoned.
  CryptoWallet(CryptoProtocol protocol, std::map<std::string, std::int64_t> balances,
               int leverage);

  /// Ties up what an order needs; false where that is not there.
  bool claim(const CryptoClaim& order);
  /// Sets free what `order.qty` of an order no longer needs.
  void release(const CryptoClaim& order);
  /// `order.qty` was traded at `price`; the claim on it ends. Returns what USD-M
  /// realised by it.
  Money fill(const CryptoClaim& order, Price price, Money fee);

  const std::map<std::string, CryptoBalance>& balances() const { return balances_; }
  const CryptoPosition& position(InstrumentId id) const;
  /// Of the wallet in one asset: what new orders may still tie up.
  std::int64_t available_e9(const std::string& asset) const;

 private:
  bool spot() const { return protocol_ == CryptoProtocol::kSpot; }

  CryptoProtocol protocol_;
  std::map<std::string, CryptoBalance> balances_;
  std::map<InstrumentId, CryptoPosition> positions_;
  std::map<InstrumentId, std::string> settled_in_;
  int leverage_;
};

}  // namespace pyscalp::exchange
