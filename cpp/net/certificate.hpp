// Certificates of our own making, for servers of tests and of the included exchange.
#pragma once

#include <span>
#include <string>

namespace pyscalp::net {

struct CertificateFiles {
  std::string authority;    ///< for clients to trust
  std::string certificate;  ///< of the server, signed by the authority
  std::string key;          ///< of the server; made with mode 0600
};

/// Makes an authority and a server's certificate for `names`, which are host names and
/// IPv4 addresses in dotted text, and writes them in PEM; files that are there are
/// replaced. The authority's own key is written nowhere: it signs this one certificate.
/// Keys are of curve P-256. Returns what failed, for a person, or nothing.
std::string make_certificates(const CertificateFiles& files,
                              std::span<const std::string> names, int days_valid);

}  // namespace pyscalp::net
