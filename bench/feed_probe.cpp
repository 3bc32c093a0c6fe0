#include "bench/feed_probe.hpp"

#include <utility>

#include "base/clock.hpp"
#include "base/cpu.hpp"
#include "bench/stamp.hpp"

namespace pyscalp::bench {

namespace {

constexpr MonoNanos kPatience = seconds(10);

bool means_refused(binance::MessageStatus status) {
  using S = binance::MessageStatus;
  return status != S::kOk && status != S::kBuffered && status != S::kRepeated &&
         status != S::kBeside;
}

}  // namespace

net::Opened<std::unique_ptr<FeedProbe>> FeedProbe::open(
    const FeedProbeOptions& options) {
  binance::SymbolRules rules;
  const auto status = binance::SymbolRules::read({.name = options.symbol,
                                                  .id = kSymbol,
                                                  .tick = options.tick,
                                                  .step = options.step},
                                                 rules);
  if (status != binance::RulesStatus::kOk)
    return {std::nullopt, options.symbol + " " + binance::explain(status)};
  net::WebSocketLinkConfig config;
  config.dial.url = options.url;
  config.dial.ca_file = options.ca_file;
  auto link = net::WebSocketLink::open(config);
  if (!link) return {std::nullopt, link.error};
  return {std::unique_ptr<FeedProbe>(new FeedProbe(options, rules, std::move(*link))),
          {}};
}

FeedProbe::FeedProbe(const FeedProbeOptions& options, const binance::SymbolRules& rules,
                     net::WebSocketLink link)
    : options_(options),
      rules_(rules),
      link_(std::move(link)),
      feed_({&rules_, 1}, {.market = binance::Market::kUsdm}),
      stamps_(options.messages) {
  feed_.prefault();
}

void FeedProbe::take(Bytes text, MonoNanos now) {
  if (!options_.bare)
    refused_ += means_refused(feed_.on_message(0, text, now, listener_));
  if (count_ < stamps_.size()) stamps_[count_] = stamp().value;
  ++count_;
  InstrumentId id{};
  if (!options_.bare && feed_.stale(kSymbol) && feed_.take_snapshot_request(now, id)) {
    const Bytes body = std::as_bytes(std::span(options_.snapshot));
    refused_ += means_refused(feed_.on_snapshot(id, body, now, listener_));
  }
}

std::optional<std::string> FeedProbe::run() {
  const MonoClock clock;
  MonoNanos until = clock.now() + kPatience;
  bool up = false;
  while (count_ < stamps_.size()) {
    if (stop_.load(std::memory_order_relaxed)) return "stopped";
    const MonoNanos now = clock.now();
    if (!up && link_.is_open()) {
      up = true;
      feed_.on_up(0, now);
    }
    const bool came = link_.poll(now, [&](const wire::websocket::Message& message) {
      if (!std::exchange(up, true)) feed_.on_up(0, now);
      take(message.payload, now);
    });
    if (came) {
      until = now + kPatience;
      continue;
    }
    if (now >= until || (up && !link_.is_open()))
      return "the stream ended after " + std::to_string(count_) + " of " +
             std::to_string(stamps_.size()) + " messages: " + link_.failure();
    cpu_relax();
  }
  return std::nullopt;
}

std::vector<ProbedLevel> FeedProbe::levels(Side side) const {
  const book::LevelBooks& books = feed_.books();
  std::vector<book::LevelView> views(books.level_count(kSymbol, side));
  const int count =
      books.levels(kSymbol, side, views.data(), static_cast<int>(views.size()));
  std::vector<ProbedLevel> out;
  for (int i = 0; i < count; ++i) {
    const book::LevelView& view = views[static_cast<std::size_t>(i)];
    out.push_back({view.price.value / rules_.tick().value, view.qty});
  }
  return out;
}

}  // namespace pyscalp::bench
