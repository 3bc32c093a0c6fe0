// HTTP: requests of the REST API, and upgrades to streams and calls.
#include <array>

#include "exchange/crypto_server.hpp"
#include "net/websocket_handshake.hpp"

namespace pyscalp::exchange {

namespace http = wire::http;
namespace ws = wire::websocket;

namespace {

constexpr std::size_t kMessageMost = 65'536;  ///< from clients

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes `prefix` off; false where it is not there.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <class Visit>
void for_each_name(std::string_view names, Visit&& visit) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find('/'), names.size());
    if (end > 0) visit(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

}  // namespace

void CryptoServer::on_request(CryptoConnection& at, const Now& now) {
  const http::Head& head = at.http.head();
  const std::string_view target = head.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark);
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  if (head.has_token("Connection", "upgrade")) return upgrade(at, path, query, now);
  ++statistics_.requests;
  const std::string_view body = text_of(at.http.body());
  CryptoCaller caller;
  caller.address = at.address;
  caller.api_key = std::string(head.field("X-MBX-APIKEY").value_or(""));
  caller.payload = rest_payload(query, body);
  Parameters given;
  const bool sound = given.add_query(query) && given.add_query(body);
  const CryptoRoute* const route = rest_route(publisher_.protocol(), head.method, path);
  CryptoReply reply;
  if (!sound) {
    reply.status = 400;
    reply.body = error_text({-1100, "Illegal characters found in a parameter."});
  } else if (route == nullptr) {
    reply = api_.unknown(caller, std::string(path), now.moment);
  } else {
    reply = api_.call(*route, given, caller, now.moment);
    fail_unknown(*route, reply);
  }
  respond(at, reply, now, head.keeps_alive());
}

/// By chance answers an order that was taken as if nobody knew what became of it.
void CryptoServer::fail_unknown(const CryptoRoute& route, CryptoReply& reply) {
  if (route.deed != CryptoDeed::kPlace || reply.status != 200 ||
      !chance(config_.faults.unknown)) {
    return;
  }
  ++statistics_.unknown;
  reply.status = 503;
  reply.account = 0;
  reply.body =
      spot() ? error_text({-1007,
                           "Timeout waiting for response from backend server. Send "
                           "status unknown; execution status unknown."})
             : error_text({-1000,
                           "Unknown error, please check your request or try again "
                           "later."});
}

void CryptoServer::respond(CryptoConnection& at, const CryptoReply& reply,
                           const Now& now, bool keep) {
  if (reply.status >= 400) ++statistics_.refused;
  std::vector<std::byte> out(reply.body.size() + 2048);
  http::MessageWriter writer(out);
  const auto status = static_cast<unsigned>(reply.status);
  const std::string_view reason =
      status == 418 ? std::string_view("I'm a teapot") : http::reason_of(status);
  writer.response(status, reason);
  writer.field("Content-Type", "application/json;charset=UTF-8");
  writer.field("Content-Length", reply.body.size());
  writer.field("X-MBX-USED-WEIGHT-1M", static_cast<std::uint64_t>(reply.used_weight));
  if (reply.account != 0) {
    const std::array<int, 2> orders =
        api_.limits().orders(reply.account, now.moment.wall);
    writer.field("X-MBX-ORDER-COUNT-10S", static_cast<std::uint64_t>(orders[0]));
    writer.field(spot() ? "X-MBX-ORDER-COUNT-1D" : "X-MBX-ORDER-COUNT-1M",
                 static_cast<std::uint64_t>(orders[1]));
  }
  if (reply.retry_s > 0) {
    writer.field("Retry-After", static_cast<std::uint64_t>(reply.retry_s));
  }
  writer.field("Connection", keep ? "keep-alive" : "close");
  writer.end().body(reply.body);
  // What ends the connection is not delayed: nothing could follow it.
  at.answer(text_of(writer.finish()), keep ? due(now) : now.mono, now.mono);
  if (!keep) at.end(CryptoEnd::kRefused, ws::CloseCode::kNone, "");
}

// ---- Upgrades ----

void CryptoServer::upgrade(CryptoConnection& at, std::string_view path,
                           std::string_view query, const Now& now) {
  const http::Head& head = at.http.head();
  const net::websocket::Handshake checked = net::websocket::check_request(head);
  const auto refuse = [&](int status, std::string text) {
    respond(at, {status, error_text({-1000, std::move(text)}), 0, 0, 0}, now, false);
  };
  if (checked != net::websocket::Handshake::kSound) {
    return refuse(400, std::string(net::websocket::name(checked)));
  }
  const bool calls = path == (spot() ? "/ws-api/v3" : "/ws-fapi/v1");
  CryptoCaller caller;
  caller.address = at.address;
  if (calls) {
    if (const auto refused = api_.charge(caller, spot() ? 2 : 5, now.moment)) {
      return respond(at, *refused, now, false);
    }
    at.carries = CryptoCarries::kCalls;
  } else if (!open_streams(at, path, query, now)) {
    return refuse(404, "there is no stream at " + std::string(path));
  }
  std::array<std::byte, 1024> out;
  const Bytes answer =
      net::websocket::write_response(out, head.field("Sec-WebSocket-Key").value_or(""));
  at.send_bytes(text_of(answer));
  at.frames = std::make_unique<ws::MessageReader>(ws::Role::kServer, kMessageMost);
  at.opened = at.last_ping = now.mono;
  at.opened_wall = now.moment.wall;
}

/// Reads what a path asks for: /ws/<name>, /stream?streams=<a>/<b>, on USD-M behind a
/// route.
bool CryptoServer::open_streams(CryptoConnection& at, std::string_view path,
                                std::string_view query, const Now& now) {
  at.carries = CryptoCarries::kStreams;
  if (!spot()) {
    // Without a route only what /public has is delivered.
    at.route = CryptoStreamRoute::kPublic;
    if (take(path, "/market")) at.route = CryptoStreamRoute::kMarket;
    if (take(path, "/private")) at.route = CryptoStreamRoute::kPrivate;
    if (at.route == CryptoStreamRoute::kPublic) take(path, "/public");
  }
  Parameters given;
  if (!given.add_query(query)) return false;
  std::string_view names;
  if (path == "/stream") {
    at.wrapped = true;
    names = given.get("streams").value_or("");
  } else if (take(path, "/ws/")) {
    names = path;
  } else if (path != "/ws") {
    return false;
  }
  bool sound = true;
  const auto open = [&](std::string_view name) {
    if (at.route == CryptoStreamRoute::kPrivate) {
      sound = listen(at, name, now) && sound;
    } else {
      subscribe(at, std::string(name));
    }
  };
  for_each_name(names, open);
  if (const auto key = given.get("listenKey")) open(*key);
  return sound;
}

bool CryptoServer::listen(CryptoConnection& at, std::string_view listen_key,
                          const Now& now) {
  const AccountId account = api_.listener(listen_key, now.moment.wall);
  if (account == 0) return false;
  at.listening[std::string(listen_key)] = account;
  return true;
}

/// A stream that the connection's route does not have is accepted and stays silent, as
/// an unknown one does.
void CryptoServer::subscribe(CryptoConnection& at, const std::string& name) {
  const auto stream = parse_stream(name, publisher_.protocol(), publisher_.symbols());
  if (stream && at.route == CryptoStreamRoute::kPublic &&
      stream->kind == StreamKind::kAggTrade) {
    return;
  }
  if (stream && at.route == CryptoStreamRoute::kMarket &&
      stream->kind != StreamKind::kAggTrade && stream->kind != StreamKind::kTrade) {
    return;
  }
  if (subscriptions_.count(at.id) < kStreamsMax) subscriptions_.add(at.id, name);
}

}  // namespace pyscalp::exchange
