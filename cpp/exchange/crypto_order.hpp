// An order of a crypto venue, and the texts in which the venue speaks of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/crypto_wallet.hpp"

namespace pyscalp::exchange {

enum class CryptoOrderType : std::uint8_t { kLimit, kMarket, kLimitMaker };
enum class CryptoTimeInForce : std::uint8_t { kGtc, kIoc, kFok, kGtx };
enum class CryptoStatus : std::uint8_t {
  kNew,
  kPartiallyFilled,
  kFilled,
  kCanceled,
  kExpired,
  kExpiredInMatch,  ///< it would have traded with an order of its own account
};
std::string_view text_of(CryptoOrderType type);
std::string_view text_of(CryptoTimeInForce time_in_force);
std::string_view text_of(CryptoStatus status);
inline std::string_view text_of(Side side) {
  return side == Side::kBuy ? "BUY" : "SELL";
}

struct CryptoFill {
  Price price{};
  Qty qty = 0;
  Money fee{};
  std::uint64_t trade = 0;  ///< the Market's match number
};

struct CryptoOrder {
  AccountId account = 0;
  std::int64_t id = 0;
  std::string client_id;
  std::uint32_t client_ref = 0;  ///< in the Market and the exchange's record
  const CryptoSymbol* symbol = nullptr;
  Side side = Side::kBuy;
  CryptoOrderType type = CryptoOrderType::kLimit;
  CryptoTimeInForce time_in_force = CryptoTimeInForce::kGtc;
  Price price{};  ///< of a lot; kMarket: the last that it may take
  Qty qty = 0;
  Qty filled = 0;
  Money quote{};  ///< that the fills came to
  CryptoStatus status = CryptoStatus::kNew;
  bool reduce_only = false;
  std::int64_t time_ms = 0;
  std::int64_t update_ms = 0;
  std::vector<CryptoFill> fills;  ///< of its entry: as taker

  bool open() const {
    return status == CryptoStatus::kNew || status == CryptoStatus::kPartiallyFilled;
  }
  Qty left() const { return qty - filled; }
  CryptoClaim claim(Qty of) const { return {symbol, side, price, of, reduce_only}; }
  std::string price_text() const {
    return symbol->price_text(type == CryptoOrderType::kMarket ? Price{0} : price);
  }
  /// Mean price of the fills for one coin, 0 where there are none.
  std::string mean_text() const;
};

/// How much an answer to a new order says.
enum class CryptoAnswer : std::uint8_t { kAck, kResult, kFull };

/// The answer to a new order, in the state it had by then.
std::string placed_text(CryptoProtocol protocol, const CryptoOrder& order,
                        CryptoAnswer answer);
/// The answer to a cancel, under the id that the cancel had.
std::string canceled_text(CryptoProtocol protocol, const CryptoOrder& order,
                          std::string_view cancel_id);
/// The answer to a question for an order.
std::string queried_text(CryptoProtocol protocol, const CryptoOrder& order);

/// What happened to an order, for the user's own stream.
struct CryptoOrderEvent {
  std::string_view execution;      ///< NEW, TRADE, CANCELED, EXPIRED
  std::string_view cancel_id;      ///< of the cancel that did it; else empty
  std::optional<CryptoFill> fill;  ///< TRADE
  bool maker = false;              ///< TRADE
  Money realized{};                ///< TRADE on USD-M
  std::uint64_t execution_number = 0;
  std::int64_t wall_ms = 0;
};
/// executionReport, or ORDER_TRADE_UPDATE.
std::string event_text(CryptoProtocol protocol, const CryptoOrder& order,
                       const CryptoOrderEvent& event);
/// outboundAccountPosition of the symbol's assets, or ACCOUNT_UPDATE of its position.
std::string account_event_text(CryptoProtocol protocol, const CryptoWallet& wallet,
                               const CryptoSymbol& symbol, std::int64_t wall_ms);

}  // namespace pyscalp::exchange
