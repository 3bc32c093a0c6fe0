#include "exchange/crypto_api.hpp"

#include <algorithm>

#include "exchange/crypto_signature.hpp"
#include "exchange/json_text.hpp"

namespace pyscalp::exchange {
namespace {

constexpr std::int64_t kRecvWindowMax = 60'000;
constexpr std::int64_t kMicroseconds = 100'000'000'000'000;  ///< above: not ms

std::int64_t ms(UnixNanos time) { return time.value / 1'000'000; }

template <class Texts, class Text>
std::string array_of(const Texts& orders, Text&& text) {
  std::string json("[");
  for (const auto& one : orders) {
    if (json.size() > 1) json += ',';
    json += text(one);
  }
  return json += ']';
}

}  // namespace

std::string error_text(const CryptoError& error) {
  JsonText json;
  json.open('{').field("code", error.code).field("msg", error.text);
  return std::move(json.close('}')).str();
}

CryptoApi::CryptoApi(CryptoProtocol protocol, const CryptoPublisher& publisher,
                     CryptoDesk& desk, const CryptoLimitsConfig& limits,
                     std::vector<CryptoKey> keys)
    : protocol_(protocol),
      publisher_(publisher),
      desk_(desk),
      limits_(protocol, limits),
      keys_(std::move(keys)) {}

// ---- Who may ----

const CryptoKey* CryptoApi::key(std::string_view api_key) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(),
                   [&](const CryptoKey& one) { return one.api_key == api_key; });
  return found == keys_.end() ? nullptr : &*found;
}

bool CryptoApi::is_ed25519(std::string_view api_key) const {
  const CryptoKey* const found = key(api_key);
  return found != nullptr && found->secret.empty();
}

CryptoResult<AccountId> CryptoApi::authenticate(const Parameters& given,
                                                const CryptoCaller& caller,
                                                CryptoMoment now) const {
  const CryptoKey* found = nullptr;
  if (caller.session == 0) {
    if (caller.api_key.size() != 64) {
      return CryptoError{-2014, "API-key format invalid.", 401};
    }
    found = key(caller.api_key);
    if (found == nullptr) {
      return CryptoError{-2015, "Invalid API-key, IP, or permissions for action.", 401};
    }
  }
  const std::optional<std::int64_t> told = given.integer("timestamp");
  if (!told) {
    return CryptoError{-1102,
                       "Mandatory parameter 'timestamp' was not sent, was empty/null, "
                       "or malformed."};
  }
  const std::int64_t timestamp = *told > kMicroseconds ? *told / 1000 : *told;
  std::int64_t window = 5'000;
  if (const auto text = given.get("recvWindow")) {
    const std::optional<std::int64_t> e9 = parse_e9(*text);
    if (!e9 || *e9 / kNanosPerUnit > kRecvWindowMax) {
      return CryptoError{-1131, "recvWindow must be less than 60000"};
    }
    window = *e9 / kNanosPerUnit;
  }
  const std::int64_t server = ms(now.wall);
  if (timestamp >= server + 1000) {
    return CryptoError{
        -1021, "Timestamp for this request was 1000ms ahead of the server's time."};
  }
  if (server - timestamp > window) {
    return CryptoError{-1021,
                       "Timestamp for this request is outside of the recvWindow."};
  }
  if (caller.session != 0) return caller.session;
  const auto signature = given.get("signature");
  if (!signature) {
    return CryptoError{-1102,
                       "Mandatory parameter 'signature' was not sent, was empty/null, "
                       "or malformed."};
  }
  const bool right =
      found->secret.empty()
          ? ed25519_matches(found->public_pem, caller.payload, *signature)
          : hmac_matches(found->secret, caller.payload, *signature);
  if (!right) {
    return CryptoError{-1022, "Signature for this request is not valid."};
  }
  return found->account;
}

std::optional<CryptoReply> CryptoApi::charge(const CryptoCaller& caller, int weight,
                                             CryptoMoment now) {
  const CryptoLimits::Charged charged =
      limits_.charge(caller.address, weight, now.wall);
  if (charged.verdict == CryptoLimits::Verdict::kFree) return std::nullopt;
  CryptoReply reply;
  reply.used_weight = charged.used;
  reply.retry_s = charged.retry_s;
  if (charged.verdict == CryptoLimits::Verdict::kBanned) {
    reply.status = 418;
    reply.body =
        error_text({-1003, "Way too much request weight used; IP banned until " +
                               std::to_string(charged.until_ms) +
                               ". Please use WebSocket Streams for live updates to "
                               "avoid bans."});
    return reply;
  }
  reply.status = 429;
  reply.body = error_text({-1003, "Too much request weight used; current limit is " +
                                      std::to_string(limits_.limits()[0].limit) +
                                      " request weight per 1 MINUTE."});
  return reply;
}

// ---- What is asked ----

CryptoReply CryptoApi::unknown(const CryptoCaller& caller, const std::string& what,
                               CryptoMoment now) {
  if (const auto refused = charge(caller, 1, now)) return *refused;
  CryptoReply reply;
  reply.status = 404;
  reply.body = error_text({-1020, "This operation is not supported: " + what});
  reply.used_weight = limits_.used_weight(caller.address, now.wall);
  return reply;
}

CryptoReply CryptoApi::call(const CryptoRoute& route, const Parameters& given,
                            const CryptoCaller& caller, CryptoMoment now) {
  if (const auto refused = charge(caller, weight_of(protocol_, route, given), now)) {
    return *refused;
  }
  CryptoReply reply;
  reply.used_weight = limits_.used_weight(caller.address, now.wall);
  const auto answer = [&]() -> CryptoResult<std::string> {
    if (given.doubled()) {
      return CryptoError{-1101, "Too many parameters; duplicate values detected."};
    }
    AccountId account = caller.session;
    if (route.access == CryptoAccess::kKey) {
      const CryptoKey* const found = key(caller.api_key);
      if (found == nullptr && account == 0) {
        return CryptoError{-2015, "Invalid API-key, IP, or permissions for action.",
                           401};
      }
      if (found != nullptr) account = found->account;
    }
    if (route.access == CryptoAccess::kSigned) {
      const CryptoResult<AccountId> who = authenticate(given, caller, now);
      if (const auto* refused = std::get_if<CryptoError>(&who)) return *refused;
      account = std::get<AccountId>(who);
    }
    return act(route, given, account, now, reply);
  }();
  if (const auto* refused = std::get_if<CryptoError>(&answer)) {
    reply.status = refused->status;
    reply.body = error_text(*refused);
  } else {
    reply.body = std::get<std::string>(answer);
  }
  return reply;
}

CryptoResult<std::string> CryptoApi::act(const CryptoRoute& route,
                                         const Parameters& given, AccountId account,
                                         CryptoMoment now, CryptoReply& reply) {
  switch (route.deed) {
    case CryptoDeed::kPing:
      return std::string("{}");
    case CryptoDeed::kTime: {
      JsonText json;
      json.open('{').field("serverTime", ms(now.wall)).close('}');
      return json.str();
    }
    case CryptoDeed::kExchangeInfo:
      return exchange_info(now.wall);
    case CryptoDeed::kDepth:
      return depth(given, now);
    case CryptoDeed::kTouch: {
      const CryptoSymbol* const symbol =
          publisher_.find(given.get("symbol").value_or(""));
      if (symbol == nullptr) return CryptoError{-1121, "Invalid symbol."};
      return publisher_.touch(*symbol, now.wall);
    }
    case CryptoDeed::kPlace:
      return place(given, account, now, reply);
    case CryptoDeed::kCancel: {
      const auto canceled = desk_.cancel(account, given, now);
      if (const auto* refused = std::get_if<CryptoError>(&canceled)) return *refused;
      const auto& one = std::get<CryptoDesk::Canceled>(canceled);
      return canceled_text(protocol_, *one.order, one.cancel_id);
    }
    case CryptoDeed::kCancelAll: {
      const auto canceled = desk_.cancel_all(account, given, now);
      if (const auto* refused = std::get_if<CryptoError>(&canceled)) return *refused;
      if (!spot()) {
        return std::string(
            R"({"code":200,"msg":"The operation of cancel all open order is done."})");
      }
      return array_of(std::get<std::vector<CryptoDesk::Canceled>>(canceled),
                      [this](const CryptoDesk::Canceled& one) {
                        return canceled_text(protocol_, *one.order, one.cancel_id);
                      });
    }
    case CryptoDeed::kQuery: {
      const auto found = desk_.query(account, given);
      if (const auto* refused = std::get_if<CryptoError>(&found)) return *refused;
      return queried_text(protocol_, *std::get<const CryptoOrder*>(found));
    }
    case CryptoDeed::kOpenOrders: {
      const auto open = desk_.open_orders(account, given);
      if (const auto* refused = std::get_if<CryptoError>(&open)) return *refused;
      return array_of(
          std::get<std::vector<const CryptoOrder*>>(open),
          [this](const CryptoOrder* one) { return queried_text(protocol_, *one); });
    }
    case CryptoDeed::kAccount:
      return account_text(account, now);
    case CryptoDeed::kBalance:
      return balance_text(account, now);
    case CryptoDeed::kPositions:
      return positions_text(account, given, now);
    case CryptoDeed::kListenKeyStart:
    case CryptoDeed::kListenKeyPing:
    case CryptoDeed::kListenKeyStop:
      return listen(route.deed, given, account, now);
  }
  return CryptoError{-1020, "This operation is not supported."};
}

CryptoResult<std::string> CryptoApi::depth(const Parameters& given,
                                           CryptoMoment now) const {
  const CryptoSymbol* const symbol = publisher_.find(given.get("symbol").value_or(""));
  if (symbol == nullptr) return CryptoError{-1121, "Invalid symbol."};
  const std::int64_t limit = given.integer("limit").value_or(spot() ? 100 : 500);
  const std::int64_t most = spot() ? 5000 : 1000;
  const auto usual = {5, 10, 20, 50, 100, 500, 1000};
  const bool known =
      spot() ? limit >= 1 : std::find(usual.begin(), usual.end(), limit) != usual.end();
  if (!known) return CryptoError{-4021, "Invalid depth limit."};
  return publisher_.snapshot(*symbol, static_cast<std::size_t>(std::min(limit, most)),
                             now.wall);
}

CryptoResult<std::string> CryptoApi::place(const Parameters& given, AccountId account,
                                           CryptoMoment now, CryptoReply& reply) {
  if (!limits_.count_order(account, now.wall)) {
    reply.retry_s = 10;
    return CryptoError{-1015,
                       "Too many new orders; current limit is " +
                           std::to_string(limits_.limits()[1].limit) +
                           " orders per 10 SECOND.",
                       429};
  }
  const auto placed = desk_.place(account, given, now);
  if (const auto* refused = std::get_if<CryptoError>(&placed)) return *refused;
  const CryptoOrder& order = *std::get<const CryptoOrder*>(placed);
  reply.account = account;
  CryptoAnswer answer = spot() && order.type != CryptoOrderType::kLimitMaker
                            ? CryptoAnswer::kFull
                            : CryptoAnswer::kAck;
  if (const auto wanted = given.get("newOrderRespType")) {
    if (*wanted == "ACK") answer = CryptoAnswer::kAck;
    if (*wanted == "RESULT") answer = CryptoAnswer::kResult;
    if (*wanted == "FULL") answer = CryptoAnswer::kFull;
  }
  return placed_text(protocol_, order, answer);
}

CryptoResult<std::string> CryptoApi::listen(CryptoDeed deed, const Parameters& given,
                                            AccountId account, CryptoMoment now) {
  const UnixNanos until{now.wall.value + kListenKeyLife};
  std::erase_if(listen_keys_,
                [&](const auto& one) { return one.second.until < now.wall; });
  const auto own =
      std::find_if(listen_keys_.begin(), listen_keys_.end(), [&](const auto& one) {
        const auto named = given.get("listenKey");
        return one.second.account == account && (!named || *named == one.first);
      });
  if (own == listen_keys_.end() && deed != CryptoDeed::kListenKeyStart) {
    return CryptoError{-1125, "This listenKey does not exist."};
  }
  if (deed == CryptoDeed::kListenKeyStop) {
    listen_keys_.erase(own);
    return std::string("{}");
  }
  std::string name = own == listen_keys_.end() ? random_text(64) : own->first;
  listen_keys_[name] = {account, until};
  JsonText json;
  json.open('{').field("listenKey", name).close('}');
  return json.str();
}

AccountId CryptoApi::listener(std::string_view listen_key, UnixNanos wall) const {
  const auto found = listen_keys_.find(listen_key);
  if (found == listen_keys_.end() || found->second.until < wall) return 0;
  return found->second.account;
}

}  // namespace pyscalp::exchange
