#include "binance/signing.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include <algorithm>
#include <climits>
#include <cstring>

namespace pyscalp::binance {

namespace {

constexpr std::size_t kHmacBytes = 32;
constexpr std::size_t kEd25519Bytes = 64;

EVP_MAC_CTX* mac(void* context) { return static_cast<EVP_MAC_CTX*>(context); }
EVP_MD_CTX* digest(void* context) { return static_cast<EVP_MD_CTX*>(context); }
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
/// Never asks the terminal: a key behind a pass phrase cannot be read.
int no_pass_phrase(char*, int, int, void*) { return -1; }

}  // namespace

std::string_view name(SignStatus status) {
  switch (status) {
    case SignStatus::kOk:
      return "ok";
    case SignStatus::kNoApiKey:
      return "no_api_key";
    case SignStatus::kNoSecret:
      return "no_secret";
    case SignStatus::kBadPem:
      return "bad_pem";
    case SignStatus::kWrongKind:
      return "wrong_kind";
    case SignStatus::kLibrary:
      return "library";
  }
  return "?";
}

Signer::Signer(KeyKind kind, std::string_view api_key, std::string_view secret)
    : kind_(kind) {
  // It goes into headers and JSON as it is.
  const bool fit = std::ranges::all_of(
      api_key, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (api_key.empty() || api_key.size() > kMaxApiKey || !fit) return;
  std::ranges::copy(api_key, api_key_.begin());
  api_key_size_ = api_key.size();
  if (secret.empty()) {
    status_ = SignStatus::kNoSecret;
    return;
  }
  status_ = kind == KeyKind::kHmac ? make_hmac(secret) : make_ed25519(secret);
  // What went wrong is in the status; no text of the library's is kept.
  ERR_clear_error();
}

Signer::~Signer() {
  EVP_MAC_CTX_free(mac(mac_));
  EVP_MD_CTX_free(digest(digest_));
}

SignStatus Signer::make_hmac(std::string_view secret) {
  EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (algorithm == nullptr) return SignStatus::kLibrary;
  mac_ = EVP_MAC_CTX_new(algorithm);
  EVP_MAC_free(algorithm);
  char hash[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0),
      OSSL_PARAM_construct_end()};
  if (mac_ == nullptr ||
      EVP_MAC_init(mac(mac_), bytes_of(secret), secret.size(), parameters) != 1) {
    return SignStatus::kLibrary;
  }
  return SignStatus::kOk;
}

SignStatus Signer::make_ed25519(std::string_view pem) {
  if (pem.size() > INT_MAX) return SignStatus::kBadPem;
  BIO* const source = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  if (source == nullptr) return SignStatus::kLibrary;
  EVP_PKEY* const key =
      PEM_read_bio_PrivateKey(source, nullptr, no_pass_phrase, nullptr);
  BIO_free(source);
  if (key == nullptr) return SignStatus::kBadPem;
  SignStatus status = SignStatus::kWrongKind;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
    digest_ = EVP_MD_CTX_new();
    const bool ready =
        digest_ != nullptr &&
        EVP_DigestSignInit(digest(digest_), nullptr, nullptr, nullptr, key) == 1;
    status = ready ? SignStatus::kOk : SignStatus::kLibrary;
  }
  EVP_PKEY_free(key);  // the context holds a reference of its own
  return status;
}

Signature Signer::sign(std::string_view payload) {
  Signature signature;
  if (status_ != SignStatus::kOk) return signature;
  std::array<std::byte, kEd25519Bytes> raw;
  auto* const out = reinterpret_cast<unsigned char*>(raw.data());
  std::size_t size = raw.size();
  if (kind_ == KeyKind::kHmac) {
    // Without a key it starts over with the one it has.
    if (EVP_MAC_init(mac(mac_), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(mac(mac_), bytes_of(payload), payload.size()) != 1 ||
        EVP_MAC_final(mac(mac_), out, &size, raw.size()) != 1 || size != kHmacBytes) {
      return signature;
    }
    to_hex(Bytes(raw.data(), size), signature.chars.data());
    signature.size = 2 * size;
    return signature;
  }
  if (EVP_DigestSignInit(digest(digest_), nullptr, nullptr, nullptr, nullptr) != 1 ||
      EVP_DigestSign(digest(digest_), out, &size, bytes_of(payload), payload.size()) !=
          1 ||
      size != kEd25519Bytes) {
    return signature;
  }
  signature.size = to_base64(Bytes(raw.data(), size), signature.chars.data());
  return signature;
}

void to_hex(Bytes bytes, char* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    *out++ = kDigits[std::to_integer<unsigned>(byte) >> 4];
    *out++ = kDigits[std::to_integer<unsigned>(byte) & 15];
  }
}

std::size_t to_base64(Bytes bytes, char* out) {
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* at = out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t present = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group =
          (group << 8) | (k < present ? std::to_integer<unsigned>(bytes[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      *at++ = k <= present ? kDigits[(group >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return static_cast<std::size_t>(at - out);
}

}  // namespace pyscalp::binance
