// WebSocket messages: subscriptions to streams, and calls of the order API.
#include "exchange/crypto_server.hpp"
#include "exchange/json_text.hpp"

namespace pyscalp::exchange {

namespace ws = wire::websocket;

namespace {

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string stream_error(std::string_view id, int code, std::string_view text) {
  JsonText json;
  json.open('{').key("error").open('{').field("code", code).field("msg", text);
  json.close('}').raw_field("id", id);
  return std::move(json.close('}')).str();
}

}  // namespace

void CryptoServer::on_message(CryptoConnection& at, const ws::Message& message,
                              const Now& now) {
  if (at.carries == CryptoCarries::kStreams) {
    const std::int64_t second = now.mono.value / kNanosPerUnit;
    if (at.second != second) at.second = second, at.messages = 0;
    if (++at.messages > (spot() ? 5 : 10)) {
      return at.end(CryptoEnd::kTooFast, ws::CloseCode::kPolicy, "Too many requests");
    }
  }
  switch (message.opcode) {
    case ws::Opcode::kPing:
      return at.send_frame(ws::Opcode::kPong, text_of(message.payload));
    case ws::Opcode::kPong:
      at.unanswered_since = kNever;
      return;
    case ws::Opcode::kClose:
      at.send_frame(ws::Opcode::kClose, text_of(message.payload));
      return at.end(CryptoEnd::kPeer, ws::CloseCode::kNormal, "");
    case ws::Opcode::kText:
      if (at.carries == CryptoCarries::kStreams) {
        return on_stream_text(at, text_of(message.payload), now);
      }
      return on_call(at, text_of(message.payload), now);
    case ws::Opcode::kBinary:
    case ws::Opcode::kContinuation:
      return at.end(CryptoEnd::kRefused, ws::CloseCode::kUnsupported,
                    "text messages only");
  }
}

// ---- Streams ----

void CryptoServer::on_stream_text(CryptoConnection& at, std::string_view text,
                                  const Now& now) {
  const std::optional<JsonCall> call = json_call(text);
  if (!call) return at.send_text(stream_error("null", 3, "Invalid JSON"));
  const auto names = json_strings(call->params);
  JsonText json;
  json.open('{').key("result");
  if (call->method == "LIST_SUBSCRIPTIONS") {
    json.open('[');
    for (const std::string& name : subscriptions_.names(at.id)) json.text(name);
    json.close(']');
  } else if (call->method == "SUBSCRIBE" || call->method == "UNSUBSCRIBE") {
    if (!names) {
      return at.send_text(stream_error(call->id, 2, "Invalid request: params"));
    }
    for (const std::string& name : *names) {
      if (call->method == "UNSUBSCRIBE") {
        subscriptions_.remove(at.id, name);
        at.listening.erase(name);
      } else if (at.route == CryptoStreamRoute::kPrivate) {
        listen(at, name, now);
      } else {
        subscribe(at, name);
      }
    }
    json.raw("null");
  } else {
    return at.send_text(
        stream_error(call->id, 2, "Invalid request: unknown method " + call->method));
  }
  json.raw_field("id", call->id).close('}');
  at.answer(json.str(), due(now), now.mono);
}

// ---- Calls ----

void CryptoServer::on_call(CryptoConnection& at, std::string_view text,
                           const Now& now) {
  ++statistics_.calls;
  std::optional<JsonCall> call = json_call(text);
  Parameters given;
  CryptoCaller caller;
  caller.address = at.address;
  CryptoReply reply;
  const bool sound = call && (call->params.empty() || given.add_json(call->params));
  if (!call) call = JsonCall{"null", "", ""};
  if (!sound) {
    reply.status = 400;
    reply.body = error_text({-1135, "Invalid JSON Request"});
    return answer_call(at, *call, given, caller, reply, now);
  }
  caller.api_key = std::string(given.get("apiKey").value_or(""));
  caller.payload = given.sorted_payload();
  if (caller.api_key.empty()) caller.session = at.session;
  if (call->method.starts_with("session.") ||
      call->method.starts_with("userDataStream.")) {
    reply = session_call(at, *call, given, caller, now);
  } else if (const CryptoRoute* const route =
                 call_route(publisher_.protocol(), call->method)) {
    reply = api_.call(*route, given, caller, now.moment);
    fail_unknown(*route, reply);
  } else {
    reply = api_.unknown(caller, call->method, now.moment);
  }
  answer_call(at, *call, given, caller, reply, now);
}

/// Sessions, and user data on spot; listenKeys are routes like others.
CryptoReply CryptoServer::session_call(CryptoConnection& at, const JsonCall& call,
                                       const Parameters& given,
                                       const CryptoCaller& caller, const Now& now) {
  const std::string& method = call.method;
  if (const CryptoRoute* const route = call_route(publisher_.protocol(), method)) {
    return api_.call(*route, given, caller, now.moment);
  }
  if (const auto refused = api_.charge(caller, 2, now.moment)) return *refused;
  CryptoReply reply;
  const auto refuse = [&reply](const CryptoError& error) {
    reply.status = error.status;
    reply.body = error_text(error);
    return reply;
  };
  const auto session_text = [&] {
    JsonText json;
    json.open('{');
    at.session == 0 ? json.raw_field("apiKey", "null")
                    : json.field("apiKey", at.api_key);
    at.session == 0 ? json.raw_field("authorizedSince", "null")
                    : json.field("authorizedSince", at.session_since_ms);
    json.field("connectedSince", at.opened_wall.value / 1'000'000);
    json.field("returnRateLimits", true);
    json.field("serverTime", now.moment.wall.value / 1'000'000);
    json.field("userDataStream", !at.subscribed.empty());
    return std::move(json.close('}')).str();
  };
  if (method == "session.logon") {
    CryptoCaller fresh = caller;
    fresh.session = 0;
    const auto who = api_.authenticate(given, fresh, now.moment);
    if (const auto* error = std::get_if<CryptoError>(&who)) return refuse(*error);
    if (!api_.is_ed25519(fresh.api_key)) {
      return refuse({-4056, "HMAC_SHA256 API key is not supported."});
    }
    at.session = std::get<AccountId>(who);
    at.api_key = fresh.api_key;
    at.session_since_ms = now.moment.wall.value / 1'000'000;
    reply.body = session_text();
  } else if (method == "session.status") {
    reply.body = session_text();
  } else if (method == "session.logout") {
    at.session = 0;
    reply.body = session_text();
  } else if (spot() && (method == "userDataStream.subscribe" ||
                        method == "userDataStream.subscribe.signature")) {
    AccountId account = at.session;
    if (method.ends_with(".signature")) {
      const auto who = api_.authenticate(given, caller, now.moment);
      if (const auto* error = std::get_if<CryptoError>(&who)) return refuse(*error);
      account = std::get<AccountId>(who);
    }
    if (account == 0) {
      return refuse({-2015, "Invalid API-key, IP, or permissions for action.", 401});
    }
    for (const auto& [number, subscribed] : at.subscribed) {
      if (subscribed == account) {
        return refuse({-2035, "User data stream is already subscribed."});
      }
    }
    const int number = at.next_subscription++;
    at.subscribed[number] = account;
    JsonText json;
    json.open('{').field("subscriptionId", number).close('}');
    reply.body = json.str();
  } else if (spot() && method == "userDataStream.unsubscribe") {
    const auto number = given.integer("subscriptionId");
    number ? at.subscribed.erase(static_cast<int>(*number))
           : (at.subscribed.clear(), 0U);
    reply.body = "{}";
  } else {
    return api_.unknown(caller, method, now.moment);
  }
  return reply;
}

void CryptoServer::answer_call(CryptoConnection& at, const JsonCall& call,
                               const Parameters& given, const CryptoCaller& caller,
                               const CryptoReply& reply, const Now& now) {
  JsonText json;
  json.open('{').raw_field("id", call.id).field("status", reply.status);
  if (reply.status == 200) {
    json.raw_field("result", reply.body);
  } else {
    ++statistics_.refused;
    if (reply.retry_s > 0) {
      // The same words, with when to come back.
      const std::int64_t wall_ms = now.moment.wall.value / 1'000'000;
      std::string error = reply.body;
      error.pop_back();
      JsonText data;
      data.open('{').field("serverTime", wall_ms);
      data.field("retryAfter", wall_ms + reply.retry_s * 1000).close('}');
      error.append(",\"data\":").append(data.str()).append("}");
      json.raw_field("error", error);
    } else {
      json.raw_field("error", reply.body);
    }
  }
  if (given.get("returnRateLimits").value_or("true") != "false") {
    const AccountId account = reply.account != 0 ? reply.account : caller.session;
    json.raw_field("rateLimits", api_.rate_limits(caller, account, now.moment.wall));
  }
  json.close('}');
  at.answer(json.str(), due(now), now.mono);
  if (reply.status == 418) {
    at.end(CryptoEnd::kRefused, ws::CloseCode::kPolicy, "banned");
  }
}

}  // namespace pyscalp::exchange
