// Why a TLS connection failed, in words; for the sources of this room only.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace pyscalp::net::detail {

/// For SSL_CTX_set_verify: keeps whom a refused certificate is for in the std::string
/// that is the SSL's app data. OpenSSL drops the certificate itself.
int keep_names(int sound, X509_STORE_CTX* verification);

/// Takes OpenSSL's queue of errors of this thread and says what its first one means.
/// `ssl` may be null; `host` is whom the client wanted, empty for a server.
std::string tls_failure(const SSL* ssl, const std::string& host, bool own_store);

}  // namespace pyscalp::net::detail
