// Request weights and order counts of a crypto venue: who has used how much of which
// limit, and who is over it.
//
// Windows are those of the clock, as the venue's are: a minute's count begins anew with
// the minute. Sans-I/O, one thread.
#pragma once

#include <array>
#include <map>
#include <string>

#include "exchange/crypto_symbol.hpp"

namespace pyscalp::exchange {

struct CryptoLimitsConfig {
  int weight = 6000;          ///< of requests, a minute and address
  int orders_short = 100;     ///< orders of an account in 10 s
  int orders_long = 200'000;  ///< in a day (spot) or a minute (USD-M)
  int ignored = 10;           ///< requests after a 429 until the address is banned
  MonoNanos ban = seconds(120);
};

/// One limit as exchangeInfo and the answers' headers speak of it.
struct CryptoLimit {
  bool orders = false;   ///< ORDERS, else REQUEST_WEIGHT
  std::string interval;  ///< SECOND, MINUTE, DAY
  int number = 1;        ///< of intervals
  char letter = 'M';
  int limit = 0;
  std::int64_t window_ns = 0;
};

class CryptoLimits {
 public:
  CryptoLimits(CryptoProtocol protocol, const CryptoLimitsConfig& config);

  enum class Verdict : std::uint8_t { kFree, kTooMany, kBanned };
  struct Charged {
    Verdict verdict = Verdict::kFree;
    int used = 0;               ///< of the weight, with this
    std::int64_t retry_s = 0;   ///< where not kFree: the address is free again then
    std::int64_t until_ms = 0;  ///< kBanned: since 1970
  };
  /// Charges an address with a request's weight.
  Charged charge(const std::string& address, int weight, UnixNanos wall);
  int used_weight(const std::string& address, UnixNanos wall) const;

  /// Counts an order; false, and not counted, where a limit is reached.
  bool count_order(AccountId account, UnixNanos wall);
  /// Orders counted in the short and the long window.
  std::array<int, 2> orders(AccountId account, UnixNanos wall) const;

  /// Weight, orders in the short window, orders in the long one.
  const std::array<CryptoLimit, 3>& limits() const { return limits_; }

 private:
  struct Window {
    std::int64_t number = -1;
    int used = 0;
  };
  struct Address {
    Window weight;
    int ignored = 0;
    UnixNanos banned_until{};
  };
  static int used(const Window& window, const CryptoLimit& limit, UnixNanos wall) {
    return window.number == wall.value / limit.window_ns ? window.used : 0;
  }

  CryptoLimitsConfig config_;
  std::array<CryptoLimit, 3> limits_;
  std::map<std::string, Address> addresses_;
  std::map<AccountId, std::array<Window, 2>> accounts_;
};

}  // namespace pyscalp::exchange
