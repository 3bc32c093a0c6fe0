// Signatures of requests: HMAC-SHA256 in hex, Ed25519 in base64, both by OpenSSL.
//
// Source: the exchange's "Request security" (REST and WebSocket API).
//
// One thread. Keys are read and contexts made at construction; a signature allocates
// nothing of ours. The secret lives in OpenSSL's objects alone, which wipe it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.hpp"

namespace pyscalp::binance {

enum class KeyKind : std::uint8_t {
  kHmac = 0,     ///< the secret is any text
  kEd25519 = 1,  ///< the secret is a PEM of PKCS#8, without a pass phrase
};

enum class SignStatus : std::uint8_t {
  kOk = 0,
  kNoApiKey,   ///< the API key is empty, too long, or not printable ASCII
  kNoSecret,   ///< the secret is empty
  kBadPem,     ///< no private key could be read from the PEM
  kWrongKind,  ///< the PEM holds a key of another kind than Ed25519
  kLibrary,    ///< OpenSSL refused; never seen, and nothing may be sent then
};
std::string_view name(SignStatus status);

/// The text of one signature; small enough to be returned by value.
struct Signature {
  /// Base64 of 64 bytes is 88 long, hex of 32 is 64.
  static constexpr std::size_t kMax = 88;

  std::array<char, kMax> chars{};
  std::size_t size = 0;  ///< 0: no signature could be made

  std::string_view text() const { return {chars.data(), size}; }
};

/// Signs for one API key. Not ready (`status()` is not kOk) it signs nothing.
class Signer {
 public:
  static constexpr std::size_t kMaxApiKey = 128;

  /// Copies what it needs; the caller may wipe `secret` afterwards.
  Signer(KeyKind kind, std::string_view api_key, std::string_view secret);
  ~Signer();
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  SignStatus status() const { return status_; }
  KeyKind kind() const { return kind_; }
  std::string_view api_key() const { return {api_key_.data(), api_key_size_}; }
  /// The signature of exactly these bytes.
  Signature sign(std::string_view payload);

 private:
  SignStatus make_hmac(std::string_view secret);
  SignStatus make_ed25519(std::string_view pem);

  KeyKind kind_;
  SignStatus status_ = SignStatus::kNoApiKey;
  std::array<char, kMaxApiKey> api_key_{};
  std::size_t api_key_size_ = 0;
  void* mac_ = nullptr;     ///< EVP_MAC_CTX, keyed
  void* digest_ = nullptr;  ///< EVP_MD_CTX, ready to sign
};

/// Lower-case hex; `out` holds twice as many characters.
void to_hex(Bytes bytes, char* out);
/// Base64 of RFC 4648 with padding; returns how many characters were written.
std::size_t to_base64(Bytes bytes, char* out);

}  // namespace pyscalp::binance
