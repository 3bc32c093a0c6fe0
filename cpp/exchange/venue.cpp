#include "exchange/venue.hpp"

namespace pyscalp::exchange {

Venue::Venue(VenueConfig config, Driver driver, Market market)
    : market_(std::move(market)),
      driver_(std::move(driver)),
      feed_(config.session),
      snapshots_(config.session, config.logins, market_, feed_),
      orders_({config.session, config.logins}, market_, [this] { flush(); }),
      participants_(config.logins.size()) {
  market_.clear_outputs();
  if (auto* const day = std::get_if<RecordedDay>(&driver_)) {
    events_ = day->fast_forward(market_);
    feed_.store(market_.feed());
    snapshots_.observe(market_.feed());
    market_.clear_outputs();
  }
}

std::optional<UnixNanos> Venue::next_time() const {
  return std::visit([](const auto& driver) { return driver.next_time(); }, driver_);
}

std::size_t Venue::advance(UnixNanos now, std::size_t events_max) {
  return std::visit(
      [&](auto& driver) {
        std::size_t done = 0;
        for (;;) {
          const std::optional<UnixNanos> next = driver.next_time();
          if (!next || *next > now) {
            if (now > time_) time_ = now;
            break;
          }
          if (done == events_max) break;
          if (*next > time_) time_ = *next;
          driver.step(market_);
          flush();
          ++done;
        }
        events_ += done;
        return done;
      },
      driver_);
}

void Venue::end(UnixNanos now) {
  if (now > time_) time_ = now;
  if (std::holds_alternative<Agents>(driver_) && market_.is_open()) {
    market_.close(time_);
  } else {
    for (AccountId account = 1; account <= participants_; ++account)
      market_.cancel_all(account, time_, cancel_reason::kClosed);
  }
  flush();
  orders_.end_session(time_);
}

void Venue::flush() {
  if (!market_.feed().empty()) {
    feed_.publish(market_.feed());
    snapshots_.observe(market_.feed());
  }
  for (const Report& report : market_.reports()) orders_.on_report(report);
  market_.clear_outputs();
}

}  // namespace pyscalp::exchange
