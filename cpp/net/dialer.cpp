#include "net/dialer.hpp"

#include <sys/random.h>
#include <time.h>

#include "net/resolve.hpp"

namespace pyscalp::net {

std::uint64_t system_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    seed = static_cast<std::uint64_t>(now.tv_sec) << 32 ^
           static_cast<std::uint64_t>(now.tv_nsec);
  }
  return seed;
}

Opened<Dialer> Dialer::open(const DialConfig& config) {
  Dialer dialer(config, config.seed != 0 ? config.seed : system_seed());
  auto url = parse_url(config.url);
  if (!url) return {std::nullopt, url.error};
  dialer.url_ = std::move(*url);
  dialer.host_ = config.verify_host.empty() ? dialer.url_.host : config.verify_host;
  if (dialer.url_.secure) {
    auto context = TlsContext::client(config.ca_file);
    if (!context) return {std::nullopt, context.error};
    dialer.context_ = std::move(*context);
  }
  if (config.address) {
    dialer.addresses_ = {*config.address};
  } else {
    auto found = resolve(dialer.url_.host, dialer.url_.port);
    if (!found) return {std::nullopt, found.error};
    dialer.addresses_ = std::move(*found);
  }
  return {std::move(dialer), {}};
}

DialState Dialer::poll(MonoNanos now) {
  if (state_ == DialState::kWaiting && now >= due_) connect(now);
  if (state_ == DialState::kConnecting) {
    const ConnectState connected = stream_->progress();
    if (connected == ConnectState::kConnected) {
      state_ = DialState::kOpen;
      opened_at_ = now;
      failed_in_turn_ = 0;
      ++connects_;
    } else if (connected == ConnectState::kFailed) {
      fail(now, stream_->failure_text({}));
    } else if (now - began_at_ >= config_.connect_within) {
      fail(now, "no connection to " + endpoint_text(stream_->remote()) + " within " +
                    std::to_string(config_.connect_within.value / 1'000'000) +
                    " ms; check the address and that no firewall is in between");
    }
  }
  return state_;
}

void Dialer::connect(MonoNanos now) {
  if (failed_in_turn_ >= addresses_.size() && !config_.address &&
      !parse_address(url_.host)) {
    failed_in_turn_ = 0;
    next_ = 0;
    auto found = resolve(url_.host, url_.port);
    // What was known is still the best guess.
    if (found) addresses_ = std::move(*found);
  }
  began_at_ = now;
  const Endpoint& remote = addresses_[next_++ % addresses_.size()];
  auto opened = Stream::connect(remote, context_ ? &*context_ : nullptr, host_);
  if (!opened) return fail(now, opened.error);
  stream_ = std::move(*opened);
  state_ = DialState::kConnecting;
}

void Dialer::fail(MonoNanos now, std::string why) {
  if (state_ == DialState::kStopped) return;
  if (state_ == DialState::kOpen) {
    // An address that worked is tried again first.
    --next_;
    if (now - opened_at_ >= config_.settled_after) backoff_.reset();
  } else {
    ++failed_in_turn_;
  }
  ++failures_;
  failure_ = std::move(why);
  stream_.reset();
  state_ = DialState::kWaiting;
  const MonoNanos due = now + backoff_.next();
  due_ = due > due_ ? due : due_;
}

void Dialer::renew() {
  if (state_ == DialState::kStopped) return;
  if (state_ == DialState::kOpen) --next_;
  stream_.reset();
  state_ = DialState::kWaiting;
}

void Dialer::stop() {
  stream_.reset();
  state_ = DialState::kStopped;
}

void Dialer::hold_back(MonoNanos until) {
  if (until > due_) due_ = until;
}

}  // namespace pyscalp::net
