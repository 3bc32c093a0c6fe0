#include "exchange/crypto_limits.hpp"

namespace pyscalp::exchange {
namespace {

constexpr std::int64_t kMinute = 60 * kNanosPerUnit;
constexpr std::int64_t kDay = 86'400 * kNanosPerUnit;

}  // namespace

CryptoLimits::CryptoLimits(CryptoProtocol protocol, const CryptoLimitsConfig& config)
    : config_(config),
      limits_{{{false, "MINUTE", 1, 'M', config.weight, kMinute},
               {true, "SECOND", 10, 'S', config.orders_short, 10 * kNanosPerUnit},
               {true, "DAY", 1, 'D', config.orders_long, kDay}}} {
  if (protocol == CryptoProtocol::kUsdm) {
    limits_[2] = {true, "MINUTE", 1, 'M', config.orders_long, kMinute};
  }
}

CryptoLimits::Charged CryptoLimits::charge(const std::string& address, int weight,
                                           UnixNanos wall) {
  Address& at = addresses_[address];
  const auto ban_left = [&] {
    const std::int64_t left = at.banned_until.value - wall.value;
    return (left + kNanosPerUnit - 1) / kNanosPerUnit;
  };
  Charged charged;
  if (wall < at.banned_until) {
    charged.verdict = Verdict::kBanned;
    charged.retry_s = ban_left();
    charged.until_ms = at.banned_until.value / 1'000'000;
    return charged;
  }
  const CryptoLimit& limit = limits_[0];
  const std::int64_t number = wall.value / limit.window_ns;
  if (at.weight.number != number) at.weight = {number, 0}, at.ignored = 0;
  at.weight.used += weight;
  charged.used = at.weight.used;
  if (at.weight.used <= limit.limit) return charged;
  if (++at.ignored > config_.ignored) {
    at.banned_until = {wall.value + config_.ban.value};
    charged.verdict = Verdict::kBanned;
    charged.retry_s = ban_left();
    charged.until_ms = at.banned_until.value / 1'000'000;
    return charged;
  }
  charged.verdict = Verdict::kTooMany;
  charged.retry_s =
      ((number + 1) * limit.window_ns - wall.value + kNanosPerUnit - 1) / kNanosPerUnit;
  return charged;
}

int CryptoLimits::used_weight(const std::string& address, UnixNanos wall) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? 0 : used(found->second.weight, limits_[0], wall);
}

bool CryptoLimits::count_order(AccountId account, UnixNanos wall) {
  std::array<Window, 2>& windows = accounts_[account];
  for (std::size_t i = 0; i < 2; ++i) {
    if (used(windows[i], limits_[i + 1], wall) >= limits_[i + 1].limit) return false;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const int before = used(windows[i], limits_[i + 1], wall);
    windows[i] = {wall.value / limits_[i + 1].window_ns, before + 1};
  }
  return true;
}

std::array<int, 2> CryptoLimits::orders(AccountId account, UnixNanos wall) const {
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return {0, 0};
  return {used(found->second[0], limits_[1], wall),
          used(found->second[1], limits_[2], wall)};
}

}  // namespace pyscalp::exchange
