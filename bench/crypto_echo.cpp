#include "bench/crypto_echo.hpp"

#include <utility>

#include "base/clock.hpp"
#include "base/cpu.hpp"
#include "bench/stamp.hpp"

namespace pyscalp::bench {

namespace {

constexpr MonoNanos kConnectPatience = seconds(10);
/// Turns without a message between two looks at the connection of the orders.
constexpr std::uint32_t kDrainEvery = 64;
/// Quantity of a touch that triggers, as the venue writes it.
constexpr std::string_view kMark = "\"10.000\"";
constexpr std::string_view kCallHead = R"({"method":"order.place","params":{"x":")";
constexpr std::string_view kCallTail = R"("}})";
constexpr std::string_view kTarget = "/fapi/v1/order?x=";

std::string padded(std::string_view head, std::string_view tail, std::size_t size) {
  std::string text(head);
  if (size > head.size() + tail.size())
    text.append(size - head.size() - tail.size(), 'x');
  return text.append(tail);
}

}  // namespace

net::Opened<std::unique_ptr<CryptoEcho>> CryptoEcho::open(
    const CryptoEchoOptions& options) {
  net::WebSocketLinkConfig config;
  config.dial.url = options.stream;
  config.dial.ca_file = options.ca_file;
  auto stream = net::WebSocketLink::open(config);
  if (!stream) return {std::nullopt, stream.error};
  std::unique_ptr<CryptoEcho> echo(new CryptoEcho(options, std::move(*stream)));
  if (options.orders.starts_with("http")) {
    net::HttpsLinkConfig rest;
    rest.dial.url = options.orders;
    rest.dial.ca_file = options.ca_file;
    auto opened = net::HttpsLink::open(rest);
    if (!opened) return {std::nullopt, opened.error};
    echo->rest_.emplace(std::move(*opened));
    const std::size_t around =
        std::string_view("POST  HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n")
            .size() +
        echo->rest_->dialer().url().authority().size();
    echo->order_ = padded(kTarget, {}, options.order_bytes - around);
  } else {
    config.dial.url = options.orders;
    auto opened = net::WebSocketLink::open(config);
    if (!opened) return {std::nullopt, opened.error};
    echo->api_.emplace(std::move(*opened));
    // Two bytes of a header, two of a length above 125, four of a mask.
    echo->order_ = padded(kCallHead, kCallTail, options.order_bytes - 8);
  }
  return {std::move(echo), {}};
}

CryptoEcho::CryptoEcho(const CryptoEchoOptions& options, net::WebSocketLink stream)
    : options_(options), stream_(std::move(stream)), echoed_(options.triggers) {}

/// One that cannot go, as the last was not answered, shows at the outsider.
void CryptoEcho::send_order(MonoNanos now) {
  if (rest_) {
    rest_->request("POST", order_, {}, {}, now);
  } else {
    api_->send_text(order_);
  }
}

void CryptoEcho::drain(MonoNanos now) {
  if (rest_) {
    rest_->poll(now);
  } else {
    api_->poll(now, [](const wire::websocket::Message&) {});
  }
}

std::optional<std::string> CryptoEcho::run() {
  const MonoClock clock;
  const MonoNanos until = clock.now() + kConnectPatience;
  const auto orders_open = [this] {
    return rest_ ? rest_->is_open() : api_->is_open();
  };
  // The stream last: it is what the outsider waits for.
  while (!orders_open()) {
    if (stop_.load(std::memory_order_relaxed)) return "stopped";
    if (clock.now() >= until)
      return "no connection for orders: " +
             (rest_ ? rest_->failure() : api_->failure());
    drain(clock.now());
  }
  std::uint32_t idle = 0;
  bool was_open = false;
  while (!stop_.load(std::memory_order_relaxed)) {
    const MonoNanos now = clock.now();
    const bool came = stream_.poll(now, [&](const wire::websocket::Message& message) {
      const MonoNanos seen = stamp();
      const std::string_view text(reinterpret_cast<const char*>(message.payload.data()),
                                  message.payload.size());
      if (text.find("bookTicker") == std::string_view::npos ||
          text.find(kMark) == std::string_view::npos) {
        return;
      }
      if (seen_ >= echoed_.size()) return;
      send_order(now);
      echoed_[seen_++] = {seen.value, stamp().value};
    });
    was_open |= stream_.is_open();
    if (was_open && !stream_.is_open()) return std::nullopt;
    if (!was_open && now >= until) return "no stream: " + stream_.failure();
    if (came) continue;
    if (++idle % kDrainEvery == 0) drain(now);
    cpu_relax();
  }
  return std::nullopt;
}

}  // namespace pyscalp::bench
