#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "net/tls_failure.hpp"

namespace pyscalp::net {

struct TlsStream::State {
  explicit State(TcpStream stream) : tcp(std::move(stream)) {}
  ~State() { SSL_free(ssl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  TcpStream tcp;
  SSL* ssl = nullptr;
  std::shared_ptr<ssl_ctx_st> context;
  std::string refused_names;  ///< of a certificate that was not accepted
  std::string host;           ///< whom a client wants; empty for a server
  bool own_store = false;
  TlsState at = TlsState::kConnecting;
  bool cut = false;
  std::string failure;
};

namespace {

constexpr int kEnded = 0x800;  ///< a flag of the BIO that OpenSSL leaves to its maker

// OpenSSL's own BIO of a socket writes in a way that raises SIGPIPE.
TcpStream& stream_of(BIO* bio) { return *static_cast<TcpStream*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const IoResult sent = stream_of(bio).send(
      {reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)});
  if (sent.status == IoStatus::kOk) return static_cast<int>(sent.size);
  if (sent.status == IoStatus::kAgain) BIO_set_retry_write(bio);
  return -1;
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const IoResult got = stream_of(bio).receive(
      {reinterpret_cast<std::byte*>(into), static_cast<std::size_t>(size)});
  if (got.status == IoStatus::kOk) return static_cast<int>(got.size);
  if (got.status == IoStatus::kAgain) {
    BIO_set_retry_read(bio);
    return -1;
  }
  BIO_set_flags(bio, kEnded);
  return 0;
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, kEnded) != 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pyscalp TcpStream");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

std::shared_ptr<ssl_ctx_st> new_context(const SSL_METHOD* method) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A record's head and body by one system call.
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

std::string last_reason() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* const words = error == 0 ? nullptr : ERR_reason_error_string(error);
  return words == nullptr ? "no reason given" : words;
}

}  // namespace

Opened<TlsContext> TlsContext::client(const std::string& ca_file) {
  TlsContext made;
  made.context_ = new_context(TLS_client_method());
  made.own_store_ = !ca_file.empty();
  SSL_CTX* const context = made.context_.get();
  if (context == nullptr) return {std::nullopt, "no TLS: " + last_reason()};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, detail::keep_names);
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return {std::nullopt, "cannot read the system's certificate authorities: " +
                                last_reason() + "; install ca-certificates"};
  } else if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return {std::nullopt, "no certificate authorities can be read from " + ca_file +
                              ": " + last_reason() + "; it must be a file in PEM"};
  }
  return {std::move(made), {}};
}

Opened<TlsContext> TlsContext::server(const std::string& certificate_file,
                                      const std::string& key_file) {
  TlsContext made;
  made.context_ = new_context(TLS_server_method());
  SSL_CTX* const context = made.context_.get();
  if (context == nullptr) return {std::nullopt, "no TLS: " + last_reason()};
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return {std::nullopt, "no certificate can be read from " + certificate_file + ": " +
                              last_reason() + "; it must be a file in PEM"};
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return {std::nullopt, "no key for " + certificate_file + " can be read from " +
                              key_file + ": " + last_reason()};
  return {std::move(made), {}};
}

TlsStream::TlsStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

Opened<TlsStream> TlsStream::make(const TlsContext& context, TcpStream stream) {
  auto state = std::make_unique<State>(std::move(stream));
  state->context = context.context_;
  state->own_store = context.own_store_;
  state->ssl = SSL_new(context.context_.get());
  BIO* const bio = state->ssl == nullptr ? nullptr : BIO_new(bio_method());
  if (bio == nullptr) return {std::nullopt, "no TLS: " + last_reason()};
  BIO_set_data(bio, &state->tcp);
  BIO_set_init(bio, 1);
  SSL_set_bio(state->ssl, bio, bio);
  return {TlsStream(std::move(state)), {}};
}

Opened<TlsStream> TlsStream::connect(const TlsContext& context, TcpStream stream,
                                     const std::string& host) {
  auto made = make(context, std::move(stream));
  if (!made) return made;
  State& state = *made->state_;
  state.host = host;
  SSL_set_connect_state(state.ssl);
  SSL_set_app_data(state.ssl, &state.refused_names);
  X509_VERIFY_PARAM* const verify = SSL_get0_param(state.ssl);
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set =
      !host.empty() &&
      (parse_address(host)
           ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1
           : X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size()) == 1 &&
                 SSL_set_tlsext_host_name(state.ssl, host.c_str()) == 1);
  if (!set)
    return {std::nullopt, "'" + host + "' is no host that a certificate can be for"};
  return made;
}

Opened<TlsStream> TlsStream::accept(const TlsContext& context, TcpStream stream) {
  auto made = make(context, std::move(stream));
  if (made) SSL_set_accept_state(made->state_->ssl);
  return made;
}

TlsState TlsStream::progress() {
  State& state = *state_;
  if (state.at == TlsState::kConnecting) {
    const ConnectState connected = state.tcp.progress();
    if (connected == ConnectState::kConnecting) return state.at;
    state.at = TlsState::kHandshaking;
    if (connected == ConnectState::kFailed) {
      state.failure = state.tcp.failure_text();
      state.at = TlsState::kFailed;
    }
  }
  if (state.at == TlsState::kHandshaking) {
    ERR_clear_error();
    const int returned = SSL_do_handshake(state.ssl);
    if (returned == 1) {
      state.at = TlsState::kOpen;
    } else if (const IoResult result = result_of(returned);
               result.status != IoStatus::kAgain) {
      state.at = TlsState::kFailed;
    }
  }
  return state.at;
}

TlsState TlsStream::state() const { return state_->at; }

IoResult TlsStream::result_of(int returned) {
  State& state = *state_;
  switch (SSL_get_error(state.ssl, returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kAgain, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kClosed, 0, 0};
    default:
      break;
  }
  const bool handshaking = state.at == TlsState::kHandshaking;
  const unsigned long error = ERR_peek_error();
  // 1.1.1 says it by an empty queue, 3.0 by a reason of its own.
  state.cut = error == 0;
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
  state.cut =
      state.cut || (ERR_GET_LIB(error) == ERR_LIB_SSL &&
                    ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
#endif
  const std::string who = state.host.empty() ? "the client" : state.host;
  if (!state.failure.empty()) {
    ERR_clear_error();
  } else if (state.cut) {
    ERR_clear_error();
    state.failure = handshaking ? who + " ended the connection during the TLS handshake"
                                : "the connection was cut: " + who +
                                      " did not announce its end, bytes may be missing";
  } else {
    state.failure = detail::tls_failure(state.ssl, state.host, state.own_store);
  }
  if (!handshaking) state.at = TlsState::kFailed;
  return {IoStatus::kError, 0, state.cut ? ECONNRESET : EPROTO};
}

IoResult TlsStream::send(Bytes bytes) {
  State& state = *state_;
  if (state.at != TlsState::kOpen)
    return {state.at == TlsState::kFailed ? IoStatus::kError : IoStatus::kAgain, 0,
            EPROTO};
  if (bytes.empty()) return {IoStatus::kOk, 0, 0};
  ERR_clear_error();
  const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
  const int sent = SSL_write(state.ssl, bytes.data(), size);
  if (sent > 0) return {IoStatus::kOk, static_cast<std::size_t>(sent), 0};
  // Why the peer is gone may stand among what it has sent.
  if (SSL_get_error(state.ssl, sent) == SSL_ERROR_SYSCALL)
    return {IoStatus::kClosed, 0, 0};
  return result_of(sent);
}

IoResult TlsStream::receive(MutableBytes into) {
  State& state = *state_;
  if (state.at != TlsState::kOpen)
    return {state.at == TlsState::kFailed ? IoStatus::kError : IoStatus::kAgain, 0,
            state.cut ? ECONNRESET : EPROTO};
  ERR_clear_error();
  const auto size = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
  const int got = SSL_read(state.ssl, into.data(), size);
  if (got > 0) return {IoStatus::kOk, static_cast<std::size_t>(got), 0};
  return result_of(got);
}

bool TlsStream::shut_down_sending() {
  State& state = *state_;
  if (state.at != TlsState::kOpen) return true;
  ERR_clear_error();
  const int returned = SSL_shutdown(state.ssl);
  if (returned >= 0) return true;
  const int error = SSL_get_error(state.ssl, returned);
  ERR_clear_error();
  return error != SSL_ERROR_WANT_WRITE;
}

bool TlsStream::cut() const { return state_->cut; }
std::string TlsStream::failure_text() const { return state_->failure; }
std::string TlsStream::version() const { return SSL_get_version(state_->ssl); }
TcpStream& TlsStream::tcp() { return state_->tcp; }

}  // namespace pyscalp::net
