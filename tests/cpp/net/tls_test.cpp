#include "net/tls.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <vector>

#include "net/certificate.hpp"

namespace pyscalp::net {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kLoopback = 0x7F000001;

/// Certificates in a folder that goes with the object.
class Certificates {
 public:
  explicit Certificates(std::vector<std::string> names = {"localhost", "127.0.0.1"}) {
    char pattern[] = "/tmp/pyscalp-tls-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    files = {folder_ / "ca.pem", folder_ / "server.pem", folder_ / "server.key"};
    EXPECT_EQ(make_certificates(files, names, 2), "");
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }

  TlsContext server() const {
    return *TlsContext::server(files.certificate, files.key);
  }
  TlsContext client() const { return *TlsContext::client(files.authority); }

  CertificateFiles files;

 private:
  std::filesystem::path folder_;
};

template <class Done>
bool soon(Done&& done) {
  const auto until = steady_clock::now() + std::chrono::seconds(20);
  while (!done())
    if (steady_clock::now() > until) return false;
  return true;
}

struct Pair {
  std::optional<TlsStream> client;
  std::optional<TlsStream> server;

  Pair(const TlsContext& client_context, const TlsContext& server_context,
       const std::string& host = "localhost") {
    auto listener = TcpListener::open({kLoopback, 0});
    auto stream = TcpStream::connect(listener->endpoint());
    auto opened = TlsStream::connect(client_context, std::move(*stream), host);
    EXPECT_TRUE(opened) << opened.error;
    client = std::move(*opened);
    EXPECT_TRUE(soon([&] {
      if (!server) {
        if (auto accepted = listener->accept())
          server = std::move(*TlsStream::accept(server_context, std::move(*accepted)));
        else
          return false;
      }
      const TlsState at_server = server->progress();
      const TlsState at_client = client->progress();
      const auto done = [](TlsState at) { return at >= TlsState::kOpen; };
      return done(at_client) && (done(at_server) || at_client == TlsState::kFailed);
    }));
  }
  bool open() const {
    return client->state() == TlsState::kOpen && server->state() == TlsState::kOpen;
  }
};

IoResult receive_soon(TlsStream& stream, MutableBytes into) {
  IoResult result;
  soon([&] { return (result = stream.receive(into)).status != IoStatus::kAgain; });
  return result;
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

TEST(Tls, BytesGoBothWaysWhole) {
  const Certificates certificates;
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    Pair pair(certificates.client(), certificates.server(), host);
    ASSERT_TRUE(pair.open()) << pair.client->failure_text();
    EXPECT_EQ(pair.client->version(), "TLSv1.3");
    // More than any buffer of the kernel or of a record.
    std::vector<std::byte> data(5'000'003);
    for (std::size_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<std::byte>(i * i >> 7);
    for (const bool up : {true, false}) {
      TlsStream& from = up ? *pair.client : *pair.server;
      TlsStream& to = up ? *pair.server : *pair.client;
      std::vector<std::byte> got(data.size() + 1);
      std::size_t sent = 0, received = 0;
      bool was_full = false;
      ASSERT_TRUE(soon([&] {
        while (sent < data.size()) {
          const IoResult result = from.send(Bytes(data).subspan(sent));
          if (result.status != IoStatus::kOk) {
            was_full = true;
            break;
          }
          sent += result.size;
        }
        const IoResult result = to.receive(MutableBytes(got).subspan(received));
        if (result.status == IoStatus::kOk) received += result.size;
        return received == data.size();
      }));
      got.pop_back();
      EXPECT_EQ(got, data);
      EXPECT_TRUE(was_full);
    }
  }
}

TEST(Tls, AnAnnouncedEndIsNoCut) {
  const Certificates certificates;
  Pair pair(certificates.client(), certificates.server());
  ASSERT_TRUE(pair.open());
  ASSERT_EQ(pair.server->send(bytes_of("bye")).size, 3u);
  EXPECT_TRUE(pair.server->shut_down_sending());
  pair.server.reset();
  std::array<std::byte, 64> buffer;
  EXPECT_EQ(receive_soon(*pair.client, buffer).size, 3u);
  EXPECT_EQ(receive_soon(*pair.client, buffer).status, IoStatus::kClosed);
  EXPECT_FALSE(pair.client->cut());
  EXPECT_EQ(pair.client->failure_text(), "");
}

TEST(Tls, AnEndWithoutAnnouncementIsACut) {
  const Certificates certificates;
  for (const bool reset : {false, true}) {
    Pair pair(certificates.client(), certificates.server());
    ASSERT_TRUE(pair.open());
    if (reset) {
      pair.server->tcp().abort();
    } else {
      ASSERT_EQ(pair.server->send(bytes_of("hal")).size, 3u);
      pair.server.reset();
    }
    std::array<std::byte, 64> buffer;
    if (!reset) {
      EXPECT_EQ(receive_soon(*pair.client, buffer).size, 3u);
    }
    const IoResult result = receive_soon(*pair.client, buffer);
    EXPECT_EQ(result.status, IoStatus::kError);
    EXPECT_EQ(result.error, ECONNRESET);
    EXPECT_TRUE(pair.client->cut());
    EXPECT_NE(pair.client->failure_text().find("the connection was cut"),
              std::string::npos);
    EXPECT_EQ(pair.client->receive(buffer).status, IoStatus::kError);
    EXPECT_NE(pair.client->send(bytes_of("x")).status, IoStatus::kOk);
  }
}

TEST(Tls, AWrongHostIsRefusedByName) {
  const Certificates certificates({"venue.example", "10.1.2.3"});
  for (const std::string host : {"other.example", "127.0.0.1", "example"}) {
    Pair pair(certificates.client(), certificates.server(), host);
    EXPECT_EQ(pair.client->state(), TlsState::kFailed);
    EXPECT_EQ(pair.client->failure_text(),
              "the certificate is not for " + host +
                  " but for venue.example, 10.1.2.3; check "
                  "the host's name in the URL");
  }
  EXPECT_TRUE(Pair(certificates.client(), certificates.server(), "10.1.2.3").open());
}

TEST(Tls, AnUnknownAuthorityIsRefused) {
  const Certificates one, other;
  Pair pair(other.client(), one.server());
  EXPECT_EQ(pair.client->state(), TlsState::kFailed);
  EXPECT_EQ(
      pair.client->failure_text(),
      "the certificate of localhost is signed by an authority that is not trusted "
      "(the CA file does not hold it)");
  ASSERT_TRUE(soon([&] { return pair.server->progress() == TlsState::kFailed; }));
  EXPECT_EQ(pair.server->failure_text(), "the client does not trust our certificate");
}

TEST(Tls, APortWithoutTlsIsNamed) {
  const Certificates certificates;
  auto listener = TcpListener::open({kLoopback, 0});
  auto stream = TcpStream::connect(listener->endpoint());
  auto client =
      TlsStream::connect(certificates.client(), std::move(*stream), "localhost");
  std::optional<TcpStream> server;
  ASSERT_TRUE(soon([&] { return (server = listener->accept()).has_value(); }));
  server->send(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"));
  ASSERT_TRUE(soon([&] { return client->progress() == TlsState::kFailed; }));
  EXPECT_EQ(client->failure_text(),
            "localhost does not speak TLS; check the scheme and the port");
}

TEST(Tls, AnEndDuringTheHandshakeIsNamed) {
  const Certificates certificates;
  auto listener = TcpListener::open({kLoopback, 0});
  auto client = TlsStream::connect(certificates.client(),
                                   std::move(*TcpStream::connect(listener->endpoint())),
                                   "localhost");
  ASSERT_TRUE(soon([&] { return listener->accept().has_value(); }));
  ASSERT_TRUE(soon([&] { return client->progress() == TlsState::kFailed; }));
  EXPECT_EQ(client->failure_text(),
            "localhost ended the connection during the TLS handshake");
}

TEST(Tls, APortThatNobodyListensOnIsNamed) {
  const Certificates certificates;
  const Endpoint nobody = TcpListener::open({kLoopback, 0})->endpoint();
  auto client = TlsStream::connect(certificates.client(),
                                   std::move(*TcpStream::connect(nobody)), "localhost");
  ASSERT_TRUE(soon([&] { return client->progress() == TlsState::kFailed; }));
  EXPECT_NE(client->failure_text().find("connection refused"), std::string::npos);
}

TEST(Certificate, TheKeyIsReadableByItsOwnerAlone) {
  const Certificates certificates;
  struct stat found;
  ASSERT_EQ(::stat(certificates.files.key.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  // Over a file of another mode as well.
  ::chmod(certificates.files.key.c_str(), 0644);
  const std::vector<std::string> names = {"a.example"};
  EXPECT_EQ(make_certificates(certificates.files, names, 1), "");
  ASSERT_EQ(::stat(certificates.files.key.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST(Certificate, WhatCannotBeMadeOrReadIsSaid) {
  const Certificates certificates;
  const std::vector<std::string> bad = {"a,DNS:b"};
  EXPECT_NE(make_certificates(certificates.files, bad, 1), "");
  EXPECT_NE(make_certificates(certificates.files, {}, 1), "");
  const std::vector<std::string> names = {"a"};
  EXPECT_NE(make_certificates({"/nowhere/a", "/nowhere/b", "/nowhere/c"}, names, 1)
                .find("/nowhere/c"),
            std::string::npos);
  EXPECT_NE(TlsContext::client("/nowhere/ca.pem").error.find("/nowhere/ca.pem"),
            std::string::npos);
  EXPECT_NE(TlsContext::client(certificates.files.key).error, "");
  EXPECT_NE(TlsContext::server("/nowhere/a", certificates.files.key).error, "");
  const Certificates other;
  EXPECT_NE(TlsContext::server(certificates.files.certificate, other.files.key)
                .error.find(other.files.key),
            std::string::npos);
  EXPECT_NE(TlsStream::connect(certificates.client(),
                               std::move(*TcpStream::connect({kLoopback, 1})), "")
                .error,
            "");
}

}  // namespace
}  // namespace pyscalp::net
