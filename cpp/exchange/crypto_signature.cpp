#include "exchange/crypto_signature.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

namespace pyscalp::exchange {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* maker) const { EVP_PKEY_CTX_free(maker); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using KeyMaker = std::unique_ptr<EVP_PKEY_CTX, Free>;
using Memory = std::unique_ptr<BIO, Free>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string contents(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// Empty for what is no base64.
std::vector<unsigned char> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 1024) return {};
  std::vector<unsigned char> out(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(out.data(), bytes_of(text), static_cast<int>(text.size()));
  if (size < 0) return {};
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

}  // namespace

std::string hmac_sha256_hex(std::string_view secret, std::string_view payload) {
  std::array<unsigned char, 32> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(payload),
       payload.size(), mac.data(), &size);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : mac) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

bool hmac_matches(std::string_view secret, std::string_view payload,
                  std::string_view signature) {
  const std::string right = hmac_sha256_hex(secret, payload);
  if (signature.size() != right.size()) return false;
  std::string lower(signature);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return CRYPTO_memcmp(lower.data(), right.data(), right.size()) == 0;
}

bool ed25519_matches(const std::string& public_pem, std::string_view payload,
                     std::string_view signature) {
  const std::vector<unsigned char> raw = from_base64(signature);
  if (raw.size() != 64) return false;
  const Memory pem(
      BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())));
  const Key key(PEM_read_bio_PUBKEY(pem.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return false;
  const Digest digest(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
    return false;
  }
  return EVP_DigestVerify(digest.get(), raw.data(), raw.size(), bytes_of(payload),
                          payload.size()) == 1;
}

Ed25519Pair make_ed25519() {
  EVP_PKEY* made = nullptr;
  const KeyMaker maker(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  if (maker != nullptr && EVP_PKEY_keygen_init(maker.get()) == 1) {
    EVP_PKEY_keygen(maker.get(), &made);
  }
  const Key key(made);
  const Memory hidden(BIO_new(BIO_s_mem()));
  const Memory open(BIO_new(BIO_s_mem()));
  if (key == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(hidden.get(), key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr) != 1 ||
      PEM_write_bio_PUBKEY(open.get(), key.get()) != 1) {
    throw std::runtime_error("OpenSSL made no Ed25519 key");
  }
  return {contents(hidden.get()), contents(open.get())};
}

std::string random_text(std::size_t size) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  while (text.size() < size) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) throw std::runtime_error("there is no randomness");
    if (byte < 4 * kLetters.size()) text += kLetters[byte % kLetters.size()];
  }
  return text;
}

}  // namespace pyscalp::exchange
