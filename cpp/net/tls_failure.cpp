#include "net/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/socket.hpp"

namespace pyscalp::net::detail {

namespace {

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// Names and IPv4 addresses that a certificate is for, such as "a.example, 10.0.0.1".
std::string names_of(const X509* certificate) {
  std::string names;
  auto* const found = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (found == nullptr) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(found, i);
    std::string name;
    if (one->type == GEN_DNS) name = text_of(one->d.dNSName);
    if (one->type == GEN_IPADD && ASN1_STRING_length(one->d.iPAddress) == 4) {
      std::uint32_t address = 0;
      for (const char byte : text_of(one->d.iPAddress))
        address = address << 8 | static_cast<unsigned char>(byte);
      name = address_text(address);
    }
    // A peer's words are shown as far as they are plain.
    for (char& c : name)
      if (c <= ' ' || c > '~') c = '?';
    if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
  }
  GENERAL_NAMES_free(found);
  return names;
}

std::string refused_certificate(const SSL* ssl, long reason, const std::string& host,
                                bool own_store) {
  const std::string whose = "the certificate of " + host;
  switch (reason) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const auto* const kept = static_cast<const std::string*>(SSL_get_app_data(ssl));
      const std::string names = kept == nullptr ? std::string() : *kept;
      return "the certificate is not for " + host +
             (names.empty() ? "" : " but for " + names) +
             "; check the host's name in the URL";
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose +
             " has expired; the server needs a new one (or this machine's "
             "clock is wrong)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + " is not valid yet; check this machine's clock";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return whose +
             " is signed by itself, and not trusted; name a file with the "
             "certificate authority that you trust";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return whose + " is signed by an authority that is not trusted" +
             (own_store ? " (the CA file does not hold it)"
                        : "; name a file with it, or install ca-certificates");
    default:
      return whose + " is refused: " + X509_verify_cert_error_string(reason);
  }
}

}  // namespace

int keep_names(int sound, X509_STORE_CTX* verification) {
  auto* const ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* const certificate = X509_STORE_CTX_get_current_cert(verification);
  if (sound == 0 && ssl != nullptr && certificate != nullptr) {
    auto* const names = static_cast<std::string*>(SSL_get_app_data(ssl));
    if (names != nullptr) *names = names_of(certificate);
  }
  return sound;
}

std::string tls_failure(const SSL* ssl, const std::string& host, bool own_store) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  if (ssl != nullptr && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return refused_certificate(ssl, SSL_get_verify_result(ssl), host, own_store);
  const std::string who = host.empty() ? "the client" : host;
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      return who + " offers no version of TLS from 1.2 on; older ones are not safe";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return who + " does not speak TLS; check the scheme and the port";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return who + " does not trust our certificate";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_BAD_RECORD_TYPE:
      return who + " sent bytes that are not of this TLS connection";
    default:
      break;
  }
  const char* const words = error == 0 ? nullptr : ERR_reason_error_string(error);
  return "TLS with " + who +
         " failed: " + (words == nullptr ? "no reason given" : words);
}

}  // namespace pyscalp::net::detail
