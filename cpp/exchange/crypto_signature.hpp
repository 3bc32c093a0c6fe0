// Keys of a crypto venue's accounts, and signatures made with them.
#pragma once

#include <string>
#include <string_view>

namespace pyscalp::exchange {

/// HMAC-SHA256 in lower-case hexadecimal.
std::string hmac_sha256_hex(std::string_view secret, std::string_view payload);

/// Whether `signature`, hexadecimal of either case, is the payload's.
bool hmac_matches(std::string_view secret, std::string_view payload,
                  std::string_view signature);

/// Whether `signature`, base64, is the payload's by this public key (PEM).
bool ed25519_matches(const std::string& public_pem, std::string_view payload,
                     std::string_view signature);

/// An Ed25519 key pair in PEM: PKCS#8, and SubjectPublicKeyInfo.
struct Ed25519Pair {
  std::string private_pem;
  std::string public_pem;
};
Ed25519Pair make_ed25519();

/// So many letters and digits from the system's randomness: an API key or a secret of
/// the venue has 64.
std::string random_text(std::size_t size);

}  // namespace pyscalp::exchange
