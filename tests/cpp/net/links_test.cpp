// Links against a server made of the codecs, in this process: what a connection that
// stands costs, and what is handed over.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>

#include "base/allocations.hpp"
#include "base/clock.hpp"
#include "net/certificate.hpp"
#include "net/https_link.hpp"
#include "net/websocket_link.hpp"

namespace pyscalp::net {
namespace {

namespace ws = wire::websocket;
namespace http = wire::http;

constexpr std::uint32_t kLoopback = 0x7F000001;

class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/pyscalp-links-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

/// The server's end of one connection: answers an upgrade and echoes, or answers
/// requests with their body. It allocates, so what it does is left out of the count.
class Server {
 public:
  explicit Server(bool websocket)
      : files_{folder_.path / "ca.pem", folder_.path / "cert.pem",
               folder_.path / "key.pem"},
        websocket_(websocket) {
    const std::vector<std::string> names = {"127.0.0.1"};
    EXPECT_EQ(make_certificates(files_, names, 1), "");
    context_ = *TlsContext::server(files_.certificate, files_.key);
    listener_ = std::move(*TcpListener::open({kLoopback, 0}));
  }

  DialConfig dial() const {
    DialConfig config;
    config.url =
        (websocket_ ? "wss://" : "https://") + endpoint_text(listener_->endpoint());
    config.ca_file = files_.authority;
    return config;
  }

  void poll() {
    if (!stream_) {
      if (auto accepted = listener_->accept())
        stream_ = std::move(*TlsStream::accept(*context_, std::move(*accepted)));
      else
        return;
    }
    if (stream_->progress() != TlsState::kOpen) return;
    std::array<std::byte, 4'096> buffer;
    const IoResult got = stream_->receive(buffer);
    if (got.status == IoStatus::kOk) take(Bytes(buffer).first(got.size));
    if (!out_.empty()) {
      const IoResult sent = stream_->send(out_);
      if (sent.status == IoStatus::kOk)
        out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent.size));
    }
  }
  void drop() {
    stream_.reset(), upgraded_ = false, messages_.reset(), requests_.reset();
  }

 private:
  void put(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void take(Bytes bytes) {
    std::vector<std::byte> room(bytes.size() + 4'096);
    while (!upgraded_ && !bytes.empty()) {
      const auto fed = requests_.feed(bytes);
      bytes = bytes.subspan(fed.taken);
      if (fed.status != http::Status::kMessage) return;
      const auto& head = requests_.head();
      if (websocket_) {
        EXPECT_EQ(websocket::check_request(head), websocket::Handshake::kSound);
        put(websocket::write_response(room, *head.field("Sec-WebSocket-Key")));
        upgraded_ = true;
      } else {
        const Bytes body = requests_.body();
        put(http::MessageWriter(room)
                .response(200, "OK")
                .field("Content-Length", body.size())
                .end()
                .body({reinterpret_cast<const char*>(body.data()), body.size()})
                .finish());
      }
      requests_.next();
    }
    messages_.feed(bytes, [&](const ws::Message& message) {
      const ws::Opcode opcode =
          message.opcode == ws::Opcode::kPing ? ws::Opcode::kPong : message.opcode;
      put(Bytes(room).first(ws::encode_frame(opcode, message.payload, {}, room)));
    });
  }

  Folder folder_;
  CertificateFiles files_;
  bool websocket_;
  std::optional<TlsContext> context_;
  std::optional<TcpListener> listener_;
  std::optional<TlsStream> stream_;
  std::vector<std::byte> head_ = std::vector<std::byte>(1 << 16);
  http::MessageReader requests_{http::Kind::kRequest, head_};
  ws::MessageReader messages_{ws::Role::kServer, 1 << 16};
  bool upgraded_ = false;
  std::vector<std::byte> out_;
};

template <class Done>
bool soon(Done&& done) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done())
    if (std::chrono::steady_clock::now() > until) return false;
  return true;
}

TEST(WebSocketLink, AStandingConnectionAllocatesNothing) {
  Server server(true);
  WebSocketLinkConfig config;
  config.dial = server.dial();
  config.socket.ping_after = {100'000};
  auto link = WebSocketLink::open(config);
  ASSERT_TRUE(link) << link.error;
  const MonoClock clock;
  std::uint64_t allocated = 0, echoed = 0, bytes = 0;
  const std::string text(1'600, 'x');
  bool talks = true;
  const auto round = [&] {
    server.poll();
    const std::uint64_t before = allocations_of_this_thread();
    link->poll(clock.now(), [&](const ws::Message& message) {
      ++echoed;
      bytes += message.payload.size();
    });
    if (talks && link->is_open()) link->send_text(text);
    allocated += allocations_of_this_thread() - before;
    return echoed >= 100;
  };
  ASSERT_TRUE(soon(round)) << link->failure();
  EXPECT_GT(allocated, 0u) << "connecting allocates, so the count counts";
  allocated = 0;
  echoed = 0;
  bytes = 0;
  ASSERT_TRUE(soon([&] { return round() && echoed >= 5'000; }));
  EXPECT_EQ(bytes, echoed * text.size());
  talks = false;
  ASSERT_TRUE(soon([&] { return round() && link->counters().socket.pongs >= 10; }));
  EXPECT_EQ(allocated, 0u);
}

TEST(WebSocketLink, ComesBackByItselfAndSaysWhichConnectionItIs) {
  Server server(true);
  WebSocketLinkConfig config;
  config.dial = server.dial();
  config.dial.backoff.first = {1'000'000};
  auto link = WebSocketLink::open(config);
  ASSERT_TRUE(link) << link.error;
  const MonoClock clock;
  const auto poll = [&] {
    server.poll();
    link->poll(clock.now(), [](const ws::Message&) {});
    return link->is_open();
  };
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(soon(poll)) << link->failure();
    EXPECT_EQ(link->connection(), i);
    EXPECT_EQ(link->state(), LinkState::kOpen);
    server.drop();
    ASSERT_TRUE(soon([&] { return !poll(); }));
    EXPECT_EQ(link->state(), LinkState::kWaiting);
    EXPECT_FALSE(link->send_text("nowhere"));
    EXPECT_EQ(link->counters().cuts, i);
    EXPECT_NE(link->failure().find("the connection was cut"), std::string::npos);
  }
  link->close(ws::CloseCode::kNormal, {}, clock.now());
  EXPECT_TRUE(link->stopped());
}

TEST(HttpsLink, AStandingConnectionAllocatesNothing) {
  Server server(false);
  HttpsLinkConfig config;
  config.dial = server.dial();
  auto link = HttpsLink::open(config);
  ASSERT_TRUE(link) << link.error;
  const MonoClock clock;
  std::uint64_t allocated = 0, answered = 0;
  const std::string body(300, 'b');
  const http::Field fields[] = {{"X-MBX-APIKEY", "key"}};
  const auto round = [&] {
    server.poll();
    const std::uint64_t before = allocations_of_this_thread();
    if (!link->busy()) {
      EXPECT_TRUE(link->request("POST", "/order", fields, body, clock.now()));
      EXPECT_FALSE(link->request("POST", "/order", fields, body, clock.now()));
    }
    if (const HttpsAnswer* answer = link->poll(clock.now())) {
      EXPECT_EQ(answer->fate, Fate::kAnswered) << answer->reason;
      EXPECT_EQ(answer->body.size(), body.size());
      ++answered;
    }
    allocated += allocations_of_this_thread() - before;
    return answered >= 20;
  };
  ASSERT_TRUE(soon(round)) << link->failure();
  allocated = 0;
  ASSERT_TRUE(soon([&] { return round() && answered >= 1'000; }));
  EXPECT_EQ(allocated, 0u);
  EXPECT_EQ(link->counters().connections, 1u);
}

}  // namespace
}  // namespace pyscalp::net
