#include "binance/venue_errors.hpp"

#include <algorithm>
#include <array>

namespace pyscalp::binance {

namespace {

using session::RejectReason;

constexpr int kForbidden = 403;
constexpr int kTimedOut = 408;
constexpr int kBanned = 418;
constexpr int kTooMany = 429;

// Where the venue names no time: what its documents call the least.
constexpr MonoNanos kSilenceTooMany = seconds(60);
constexpr MonoNanos kSilenceBanned = seconds(120);
constexpr MonoNanos kSilenceForbidden = seconds(300);

template <std::size_t N>
bool among(const std::array<std::int32_t, N>& codes, std::int32_t code) {
  return std::ranges::find(codes, code) != codes.end();
}

bool limited(const Answer& answer) {
  return answer.status == kTooMany || answer.status == kBanned ||
         answer.status == kForbidden || answer.code == -1003;
}

}  // namespace

bool may_have_happened(const Answer& answer) {
  constexpr std::array<std::int32_t, 4> kUnknown{-1000, -1001, -1006, -1007};
  if (answer.ok() || answer.code == -1008 || limited(answer)) return false;
  return answer.status >= 500 || answer.status == kTimedOut || answer.code >= 0 ||
         among(kUnknown, answer.code);
}

RejectReason reject_reason(Market market, const Answer& answer) {
  constexpr std::array<std::int32_t, 5> kRate{-1003, -1008, -1015, -2025, -4045};
  constexpr std::array<std::int32_t, 4> kPermission{-1002, -1022, -2014, -2015};
  constexpr std::array<std::int32_t, 3> kFunds{-2018, -2019, -2027};
  constexpr std::array<std::int32_t, 14> kRules{-1013, -1100, -1102, -1106, -1111,
                                                -1121, -4003, -4004, -4005, -4013,
                                                -4014, -4016, -4023, -4024};
  const std::int32_t code = answer.code;
  if (clock_is_off(answer)) return RejectReason::kClock;
  if (limited(answer) || among(kRate, code)) return RejectReason::kRate;
  if (among(kPermission, code)) return RejectReason::kPermission;
  if (among(kRules, code) || code == -4131 || code == -4164)
    return RejectReason::kRules;
  if (market == Market::kUsdm) {
    if (code == -5022) return RejectReason::kPostOnly;
    if (code == -2022) return RejectReason::kReduceOnly;
    if (among(kFunds, code)) return RejectReason::kFunds;
    return RejectReason::kOther;
  }
  if (code == -2010) {
    // One number for many reasons; the text tells.
    if (answer.text.find("immediately match") != std::string_view::npos) {
      return RejectReason::kPostOnly;
    }
    if (answer.text.find("insufficient balance") != std::string_view::npos) {
      return RejectReason::kFunds;
    }
  }
  return RejectReason::kOther;
}

bool no_such_order(const Answer& answer) {
  return answer.code == -2011 || answer.code == -2013;
}

bool clock_is_off(const Answer& answer) {
  return answer.code == -1021 || answer.code == -5028;
}

bool not_permitted(const Answer& answer) {
  constexpr std::array<std::int32_t, 4> kPermission{-1002, -1022, -2014, -2015};
  return answer.status == 401 || among(kPermission, answer.code);
}

MonoNanos silence_after(const Answer& answer) {
  if (!limited(answer)) return {};
  if (answer.retry_after > MonoNanos{}) return answer.retry_after;
  if (answer.status == kForbidden) return kSilenceForbidden;
  return answer.status == kBanned ? kSilenceBanned : kSilenceTooMany;
}

}  // namespace pyscalp::binance
