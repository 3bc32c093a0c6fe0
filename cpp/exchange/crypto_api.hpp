// The API of a crypto venue, as REST and WebSocket calls share it: who asks, whether
// they may, how much it weighs, and the answer's JSON.
//
// Sans-I/O, one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exchange/crypto_desk.hpp"
#include "exchange/crypto_limits.hpp"
#include "exchange/crypto_routes.hpp"

namespace pyscalp::exchange {

/// One API key. An account may have several.
struct CryptoKey {
  AccountId account = 1;
  std::string api_key;
  std::string secret;      ///< of HMAC-SHA256; empty: Ed25519
  std::string public_pem;  ///< of Ed25519
};

/// Who asks, and with what proof.
struct CryptoCaller {
  std::string address;  ///< whom weights are charged to
  std::string api_key;
  std::string payload;    ///< what the signature covers
  AccountId session = 0;  ///< the account that has logged on; 0: none
};

struct CryptoReply {
  int status = 200;  ///< of HTTP
  std::string body;  ///< JSON: the result, or {"code":…,"msg":…}
  int used_weight = 0;
  std::int64_t retry_s = 0;  ///< 429 and 418
  AccountId account = 0;     ///< of an accepted order: its counts are told
};

class CryptoApi {
 public:
  static constexpr std::int64_t kListenKeyLife = 3'600 * kNanosPerUnit;

  CryptoApi(CryptoProtocol protocol, const CryptoPublisher& publisher, CryptoDesk& desk,
            const CryptoLimitsConfig& limits, std::vector<CryptoKey> keys);

  CryptoReply call(const CryptoRoute& route, const Parameters& given,
                   const CryptoCaller& caller, CryptoMoment now);
  /// What does not exist, in the venue's words; it weighs 1.
  CryptoReply unknown(const CryptoCaller& caller, const std::string& what,
                      CryptoMoment now);
  /// Charges what a call of no route weighs; a reply where it is refused.
  std::optional<CryptoReply> charge(const CryptoCaller& caller, int weight,
                                    CryptoMoment now);

  /// The account behind a signed request.
  CryptoResult<AccountId> authenticate(const Parameters& given,
                                       const CryptoCaller& caller,
                                       CryptoMoment now) const;
  /// Whether a key's signatures are Ed25519, as session.logon demands.
  bool is_ed25519(std::string_view api_key) const;
  /// The account of a listenKey that is valid, or 0.
  AccountId listener(std::string_view listen_key, UnixNanos wall) const;

  const CryptoLimits& limits() const { return limits_; }
  /// The rateLimits of a WebSocket answer.
  std::string rate_limits(const CryptoCaller& caller, AccountId account,
                          UnixNanos wall) const;
  std::string exchange_info(UnixNanos wall) const;

 private:
  struct ListenKey {
    AccountId account = 0;
    UnixNanos until{};
  };

  CryptoResult<std::string> act(const CryptoRoute& route, const Parameters& given,
                                AccountId account, CryptoMoment now,
                                CryptoReply& reply);
  CryptoResult<std::string> depth(const Parameters& given, CryptoMoment now) const;
  CryptoResult<std::string> place(const Parameters& given, AccountId account,
                                  CryptoMoment now, CryptoReply& reply);
  CryptoResult<std::string> listen(CryptoDeed deed, const Parameters& given,
                                   AccountId account, CryptoMoment now);
  std::string account_text(AccountId account, CryptoMoment now) const;
  std::string balance_text(AccountId account, CryptoMoment now) const;
  std::string positions_text(AccountId account, const Parameters& given,
                             CryptoMoment now) const;
  const CryptoKey* key(std::string_view api_key) const;
  bool spot() const { return protocol_ == CryptoProtocol::kSpot; }

  CryptoProtocol protocol_;
  const CryptoPublisher& publisher_;
  CryptoDesk& desk_;
  CryptoLimits limits_;
  std::vector<CryptoKey> keys_;
  std::map<std::string, ListenKey, std::less<>> listen_keys_;
};

/// {"code":…,"msg":…}
std::string error_text(const CryptoError& error);

}  // namespace pyscalp::exchange
