#include "net/https_link.hpp"

namespace pyscalp::net {

namespace http = wire::http;

std::string_view name(Fate fate) {
  switch (fate) {
    case Fate::kAnswered:
      return "answered";
    case Fate::kNotSent:
      return "not sent";
    case Fate::kUnknown:
      return "unknown";
  }
  return "?";
}

Opened<HttpsLink> HttpsLink::open(const HttpsLinkConfig& config) {
  auto dialer = Dialer::open(config.dial);
  if (!dialer) return {std::nullopt, dialer.error};
  if (dialer->url().websocket)
    return {std::nullopt, "no URL of a web server: " + config.dial.url +
                              "; its scheme must be https or http"};
  return {HttpsLink(config, std::move(*dialer)), {}};
}

// The vectors' memory stays where it is when the link is moved.
HttpsLink::HttpsLink(const HttpsLinkConfig& config, Dialer dialer)
    : config_(config),
      dialer_(std::move(dialer)),
      out_(config.request_most),
      read_(config.read_size),
      message_(config.answer_most),
      reader_(http::Kind::kResponse, message_) {}

bool HttpsLink::request(std::string_view method, std::string_view target,
                        std::span<const http::Field> fields, std::string_view body,
                        MonoNanos now) {
  clean_up();
  if (at_ != At::kIdle) return false;
  http::MessageWriter writer(out_);
  writer.request(method, target).field("Host", dialer_.url().authority());
  for (const http::Field& one : fields) writer.field(one.name, one.value);
  // RFC 9110, 8.6: said also where it is 0, for methods that usually have a body.
  if (!body.empty() || method == "POST" || method == "PUT")
    writer.field("Content-Length", body.size());
  const Bytes written = writer.end().body(body).finish();
  if (written.empty()) return false;
  size_ = written.size();
  sent_ = 0;
  head_only_ = method == "HEAD";
  at_ = At::kSending;
  asked_at_ = now;
  ++counters_.requests;
  flush();
  return true;
}

void HttpsLink::clean_up() {
  if (at_ != At::kDelivered) return;
  at_ = At::kIdle;
  reader_.next();
  if (renew_) dialer_.renew();
  renew_ = false;
}

void HttpsLink::flush() {
  if (at_ != At::kSending || dialer_.state() != DialState::kOpen) return;
  if (head_only_) reader_.expect_no_body();
  while (sent_ < size_) {
    const IoResult sent =
        dialer_.stream().send(Bytes(out_).subspan(sent_, size_ - sent_));
    // A peer that is gone shows in what is received, with its reason.
    if (sent.status != IoStatus::kOk) return;
    sent_ += sent.size;
    counters_.bytes_out += sent.size;
  }
  at_ = At::kAwaiting;
}

const HttpsAnswer* HttpsLink::poll(MonoNanos now) {
  clean_up();
  if (dialer_.state() != DialState::kOpen) {
    const std::uint64_t failures = dialer_.failures();
    const DialState state = dialer_.poll(now);
    if (dialer_.failures() != failures) failure_ = dialer_.failure();
    if (state == DialState::kOpen) reader_.reset();
  }
  if (dialer_.state() == DialState::kOpen) {
    flush();
    const IoResult got = dialer_.stream().receive(read_);
    if (got.status == IoStatus::kOk) {
      counters_.bytes_in += got.size;
      if (const HttpsAnswer* answer = take({read_.data(), got.size}, now))
        return answer;
    } else if (got.status != IoStatus::kAgain) {
      if (const HttpsAnswer* answer = on_end(got, now)) return answer;
    }
  }
  if (!is_under_way() || now - asked_at_ < config_.answer_within) return nullptr;
  ++counters_.late;
  std::string why = "no answer within " +
                    std::to_string(config_.answer_within.value / 1'000'000) + " ms";
  if (dialer_.state() == DialState::kOpen) {
    // An answer that came later would be taken for that of the next request.
    if (sent_ != 0) return lose(std::move(why), now);
  } else {
    why = failure_.empty() ? "not connected" : failure_;
  }
  failure_ = std::move(why);
  return without_answer(now);
}

const HttpsAnswer* HttpsLink::take(Bytes bytes, MonoNanos now) {
  if (sent_ == 0 || !is_under_way())
    return lose("the server sent an answer that nothing was asked for", now);
  const auto fed = reader_.feed(bytes);
  if (http::is_error(fed.status))
    return lose("the answer is malformed: " + std::string(http::name(fed.status)), now);
  if (fed.status == http::Status::kMore) return nullptr;
  // More than one answer, or one before the request was whole: nothing to go on with.
  renew_ =
      fed.taken != bytes.size() || at_ == At::kSending || !reader_.head().keeps_alive();
  return answered(now);
}

const HttpsAnswer* HttpsLink::on_end(const IoResult& result, MonoNanos now) {
  const std::string why = dialer_.stream().failure_text(result);
  // A cut is no end of a body.
  if (result.status == IoStatus::kClosed && is_under_way() &&
      reader_.finish() == http::Status::kMessage) {
    renew_ = true;
    return answered(now);
  }
  return lose(why, now);
}

const HttpsAnswer* HttpsLink::answered(MonoNanos now) {
  ++counters_.answered;
  answer_ = {Fate::kAnswered, &reader_.head(), reader_.body(), {}, now - asked_at_};
  at_ = At::kDelivered;
  sent_ = 0;
  return &answer_;
}

const HttpsAnswer* HttpsLink::lose(std::string why, MonoNanos now) {
  failure_ = std::move(why);
  dialer_.fail(now, failure_);
  reader_.reset();
  if (!is_under_way() || sent_ == 0) return nullptr;
  return without_answer(now);
}

const HttpsAnswer* HttpsLink::without_answer(MonoNanos now) {
  const Fate fate = sent_ == 0 ? Fate::kNotSent : Fate::kUnknown;
  ++(fate == Fate::kNotSent ? counters_.not_sent : counters_.unknown);
  answer_ = {fate, nullptr, {}, failure_, now - asked_at_};
  at_ = At::kDelivered;
  renew_ = false;
  sent_ = 0;
  return &answer_;
}

void HttpsLink::close() {
  if (dialer_.state() == DialState::kOpen) dialer_.stream().shut_down_sending();
  dialer_.stop();
}

HttpsCounters HttpsLink::counters() const {
  HttpsCounters out = counters_;
  out.connections = dialer_.connects();
  out.failures = dialer_.failures();
  return out;
}

}  // namespace pyscalp::net
