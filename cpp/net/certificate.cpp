#include "net/certificate.hpp"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "net/socket.hpp"

namespace pyscalp::net {

namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using KeyOwner = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificateOwner = std::unique_ptr<X509, Freed<X509_free>>;
using BioOwner = std::unique_ptr<BIO, Freed<BIO_free_all>>;

KeyOwner make_key() {
  EVP_PKEY* key = nullptr;
  const std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), NID_X9_62_prime256v1) !=
          1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1) {
    return nullptr;
  }
  return KeyOwner(key);
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const made =
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (made == nullptr) return false;
  const bool added = X509_add_ext(certificate, made, -1) == 1;
  X509_EXTENSION_free(made);
  return added;
}

/// A certificate of `key`, without extensions and signature; valid from an hour ago, as
/// clocks differ.
CertificateOwner begin_certificate(EVP_PKEY* key, const std::string& name, int days) {
  CertificateOwner certificate(X509_new());
  X509* const made = certificate.get();
  unsigned char serial[16];
  if (made == nullptr || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);
  BIGNUM* const number = BN_bin2bn(serial, sizeof serial, nullptr);
  const bool numbered =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made));
  BN_free(number);
  constexpr long kHour = 3'600;
  X509_NAME* const subject = X509_get_subject_name(made);
  const auto* const text = reinterpret_cast<const unsigned char*>(name.c_str());
  if (!numbered || X509_set_version(made, 2) != 1 ||
      X509_gmtime_adj(X509_getm_notBefore(made), -kHour) == nullptr ||
      X509_time_adj_ex(X509_getm_notAfter(made), days, 0, nullptr) == nullptr ||
      X509_set_pubkey(made, key) != 1 ||
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) != 1) {
    return nullptr;
  }
  return certificate;
}

/// Replaces the file at once, so that no reader sees half of it and a key is never
/// readable by others. Returns what failed.
template <class Write>
std::string write_file(const std::string& path, mode_t mode, Write&& write) {
  const std::string fresh = path + ".new";
  const auto failed = [&](int error) {
    ::unlink(fresh.c_str());
    return "cannot write " + path + ": " + std::generic_category().message(error);
  };
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return failed(errno);
  const BioOwner bio(BIO_new_fd(fd, BIO_CLOSE));
  if (!bio) {
    ::close(fd);
    return failed(ENOMEM);
  }
  errno = 0;
  if (::fchmod(fd, mode) != 0 || !write(bio.get()))
    return failed(errno == 0 ? EIO : errno);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed(errno);
  return {};
}

}  // namespace

std::string make_certificates(const CertificateFiles& files,
                              std::span<const std::string> names, int days_valid) {
  if (names.empty()) return "a certificate needs a name or an address that it is for";
  std::string alternatives;
  for (const std::string& name : names) {
    // Of what OpenSSL's configuration syntax gives a meaning, a host has nothing.
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"
                               "PQRSTUVWXYZ0123456789.-*") != name.npos)
      return "neither a host's name nor an IPv4 address: " + name;
    if (!alternatives.empty()) alternatives += ',';
    alternatives += parse_address(name) ? "IP:" : "DNS:";
    alternatives += name;
  }
  const KeyOwner authority_key = make_key();
  const KeyOwner key = make_key();
  if (!authority_key || !key) return "OpenSSL cannot make a key of curve P-256";
  const auto authority =
      begin_certificate(authority_key.get(), "pyscalp test authority", days_valid);
  const auto certificate = begin_certificate(key.get(), names[0], days_valid);
  X509* const root = authority.get();
  X509* const leaf = certificate.get();
  if (root == nullptr || leaf == nullptr ||
      X509_set_issuer_name(root, X509_get_subject_name(root)) != 1 ||
      !add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(root, root, NID_subject_key_identifier, "hash") ||
      X509_sign(root, authority_key.get(), EVP_sha256()) == 0 ||
      X509_set_issuer_name(leaf, X509_get_subject_name(root)) != 1 ||
      !add_extension(leaf, root, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(leaf, root, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(leaf, root, NID_ext_key_usage, "serverAuth") ||
      !add_extension(leaf, root, NID_subject_key_identifier, "hash") ||
      !add_extension(leaf, root, NID_authority_key_identifier, "keyid") ||
      !add_extension(leaf, root, NID_subject_alt_name, alternatives) ||
      X509_sign(leaf, authority_key.get(), EVP_sha256()) == 0) {
    const unsigned long error = ERR_peek_last_error();
    const char* const words = error == 0 ? nullptr : ERR_reason_error_string(error);
    ERR_clear_error();
    return std::string("OpenSSL cannot make the certificate: ") +
           (words == nullptr ? "no reason given" : words);
  }
  std::string wrong = write_file(files.key, 0600, [&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) == 1;
  });
  if (wrong.empty())
    wrong = write_file(files.certificate, 0644,
                       [&](BIO* bio) { return PEM_write_bio_X509(bio, leaf) == 1; });
  if (wrong.empty())
    wrong = write_file(files.authority, 0644,
                       [&](BIO* bio) { return PEM_write_bio_X509(bio, root) == 1; });
  return wrong;
}

}  // namespace pyscalp::net
