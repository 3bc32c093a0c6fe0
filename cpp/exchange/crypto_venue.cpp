#include "exchange/crypto_venue.hpp"

#include <stdexcept>

namespace pyscalp::exchange {
namespace {

CryptoVenueConfig checked(CryptoVenueConfig config) {
  const auto refuse = [](const std::string& text) {
    throw std::invalid_argument(text);
  };
  if (config.symbols.empty()) refuse("a crypto venue needs a symbol");
  for (const CryptoSymbol& symbol : config.symbols) {
    if (const std::string problem = problem_of(symbol); !problem.empty()) {
      refuse(problem);
    }
  }
  if (config.balances.empty() || config.balances.size() > kParticipantMax) {
    refuse("a crypto venue has from 1 to 999 accounts");
  }
  for (const CryptoKey& key : config.keys) {
    if (key.account == 0 || key.account > config.balances.size()) {
      refuse("an API key is of an account that is not there");
    }
    if (key.api_key.size() != 64) refuse("an API key must have 64 characters");
    if (key.secret.empty() == key.public_pem.empty()) {
      refuse("an API key needs a secret, or a public key, and not both");
    }
  }
  if (config.leverage < 1) refuse("leverage must be 1 or more");
  return config;
}

}  // namespace

std::vector<Instrument> crypto_instruments(const std::vector<CryptoSymbol>& symbols) {
  std::vector<Instrument> instruments;
  for (const CryptoSymbol& symbol : symbols) {
    instruments.push_back(symbol.instrument());
  }
  return instruments;
}

CryptoVenue::CryptoVenue(CryptoVenueConfig config, Driver driver, Market market)
    : config_(checked(std::move(config))),
      market_(std::move(market)),
      driver_(std::move(driver)),
      publisher_(config_.protocol, config_.symbols, market_, subscriptions_),
      desk_(config_.protocol, publisher_, market_, config_.balances, config_.leverage,
            [this] { flush(); }),
      api_(config_.protocol, publisher_, desk_, config_.limits, config_.keys),
      server_(config_.server, publisher_, desk_, api_, subscriptions_) {
  market_.clear_outputs();
  if (auto* const day = std::get_if<RecordedDay>(&driver_)) {
    events_ = day->fast_forward(market_);
    publisher_.observe(moment_.wall);
    market_.clear_outputs();
  }
}

std::optional<UnixNanos> CryptoVenue::next_time() const {
  return std::visit([](const auto& driver) { return driver.next_time(); }, driver_);
}

std::size_t CryptoVenue::advance(UnixNanos now, UnixNanos wall,
                                 std::size_t events_max) {
  moment_.wall = wall;
  return std::visit(
      [&](auto& driver) {
        std::size_t done = 0;
        for (;;) {
          const std::optional<UnixNanos> next = driver.next_time();
          if (!next || *next > now) {
            if (now > moment_.venue) moment_.venue = now;
            break;
          }
          if (done == events_max) break;
          if (*next > moment_.venue) moment_.venue = *next;
          driver.step(market_);
          settle();
          ++done;
        }
        events_ += done;
        return done;
      },
      driver_);
}

void CryptoVenue::flush() {
  publisher_.observe(moment_.wall);
  for (const Report& report : market_.reports()) {
    if (report.account == 0 || report.account > desk_.accounts()) continue;
    reports_.push_back(report);
    desk_.on_report(report, moment_);
  }
  market_.clear_outputs();
}

void CryptoVenue::settle() {
  flush();
  desk_.settle(moment_);
}

void CryptoVenue::on_time(UnixNanos wall, MonoNanos mono) {
  moment_.wall = wall;
  publisher_.on_time(wall);
  server_.deliver({moment_, mono});
  server_.on_time({moment_, mono});
}

void CryptoVenue::on_bytes(std::uint32_t id, Bytes bytes, UnixNanos wall,
                           MonoNanos mono) {
  moment_.wall = wall;
  server_.on_bytes(id, bytes, {moment_, mono});
  server_.deliver({moment_, mono});
}

void CryptoVenue::end(UnixNanos wall, MonoNanos mono) {
  moment_.wall = wall;
  if (std::holds_alternative<Agents>(driver_) && market_.is_open()) {
    market_.close(moment_.venue);
  } else {
    for (AccountId account = 1; account <= desk_.accounts(); ++account) {
      market_.cancel_all(account, moment_.venue, cancel_reason::kClosed);
    }
  }
  settle();
  publisher_.on_time({wall.value + 3'600 * kNanosPerUnit});
  server_.deliver({moment_, mono});
  server_.end_session();
}

}  // namespace pyscalp::exchange
