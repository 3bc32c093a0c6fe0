#include "replay/replay.hpp"

#include <algorithm>

namespace pyscalp::replay {

namespace {

constexpr std::size_t kRingSize = 4u << 20;
constexpr MonoNanos kVenueClockStep = milliseconds(500);
/// How long after the last message the engine may still need to end.
constexpr MonoNanos kEndPatience = seconds(60);
/// Regular hours, where the configuration names none: 09:30 to 16:00.
constexpr UnixNanos kOpen{34'200'000'000'000};
constexpr UnixNanos kClose{57'600'000'000'000};

engine::EngineConfig with_hours(engine::EngineConfig config) {
  if (config.session_end.value == 0) {
    config.session_start = kOpen;
    config.session_end = kClose;
  }
  return config;
}

exchange::VenueConfig venue_config(const engine::EngineConfig& config) {
  return {config.session.empty() ? "REPLAY" : config.session,
          {{config.username, config.password}}};
}

exchange::RecordedDay recorded_day(Bytes day, const ReplayOptions& options) {
  using Pace = exchange::RecordedDay::Pace;
  return exchange::RecordedDay(day, options.from,
                               options.touch_only ? Pace::kMoment : Pace::kMessage);
}

exchange::MarketOptions market_options(const ReplayOptions& options) {
  exchange::MarketOptions market;
  market.touch_only = options.touch_only;
  return market;
}

}  // namespace

Replay::Replay(const engine::EngineConfig& config, Bytes day,
               const ReplayOptions& options)
    : options_(options),
      random_(options.seed),
      ring_(kRingSize),
      venue_(venue_config(config), recorded_day(day, options),
             exchange::Market(exchange::RecordedDay::instruments(day), config.fees,
                              market_options(options))),
      engine_(with_hours(config), ring_, kill_switch_),
      recorder_(engine::symbols_of(config)) {
  if (options.to) stop_at_ = {options.to->value};
  const auto first = venue_.next_time();
  if (!first) {
    error_ = "the recording holds no message" +
             std::string(options.from ? " after that time" : "");
    day_over_ = true;
    return;
  }
  now_ = {first->value};
  driver_at_ = now_;
  venue_clock_at_ = now_;
  connection_ = venue_.connect();
  engine_.on_connected(now_);
  drain_engine(now_);
}

std::uint64_t Replay::messages() const {
  return std::get<exchange::RecordedDay>(venue_.driver()).messages();
}

bool Replay::truncated() const {
  return std::get<exchange::RecordedDay>(venue_.driver()).truncated();
}

std::pair<std::size_t, std::size_t> Replay::progress() const {
  const auto& day = std::get<exchange::RecordedDay>(venue_.driver());
  return {day.bytes_done(), day.bytes_total()};
}

MonoNanos Replay::latency(MonoNanos base) {
  if (options_.jitter.value == 0) return base;
  return base + MonoNanos{static_cast<std::int64_t>(
                    random_.below(static_cast<std::uint64_t>(options_.jitter.value)))};
}

Replay::Turn Replay::next_turn(MonoNanos& at) const {
  at = kNever;
  Turn turn = Turn::kNone;
  const auto consider = [&](MonoNanos when, Turn candidate) {
    if (when < at) {
      at = when;
      turn = candidate;
    }
  };
  consider(order_wire_.next(), Turn::kVenueOrders);
  consider(driver_at_, Turn::kDriver);
  consider(venue_clock_at_, Turn::kVenueClock);
  consider(feed_wire_.next(), Turn::kFeed);
  consider(answer_wire_.next(), Turn::kAnswers);
  consider(engine_.next_deadline(), Turn::kEngineClock);
  return turn;
}

bool Replay::advance(std::uint64_t events) {
  if (error_) return false;
  const std::uint64_t until = venue_.events() + events;
  while (!over()) {
    MonoNanos at;
    const Turn turn = next_turn(at);
    if (turn == Turn::kDriver && venue_.events() >= until) return true;
    now_ = std::max(now_, at);
    if (now_ >= stop_at_ && !stop_sent_) {
      stop_sent_ = true;
      engine_.on_command(engine::Command::kStop, now_);
      drain_engine(now_);
    }
    if (stop_sent_ && engine_.finished()) day_over_ = true;
    if (day_over_ && now_ - stop_at_ > kEndPatience) {
      error_ = "the engine did not come to an end after the last message";
      return false;
    }
    take(turn, now_);
  }
  while (ring_.try_pop([&](Bytes record) { recorder_.take(record); })) {
  }
  return false;
}

void Replay::take(Turn turn, MonoNanos now) {
  const UnixNanos venue_now{now.value};
  switch (turn) {
    case Turn::kVenueOrders:
      order_wire_.deliver([&](Bytes bytes, std::uint8_t request) {
        if (request != 0) {
          std::array<std::byte, exchange::FeedPublisher::kMaxPacket> answer;
          const std::size_t size = venue_.answer(bytes, answer.data());
          if (size != 0) {
            feed_wire_.send(Bytes(answer.data(), size), now, options_.feed_latency,
                            static_cast<std::uint8_t>(feed::Line::kRetransmission));
          }
        } else {
          venue_.on_bytes(connection_, bytes, venue_now);
        }
      });
      drain_venue(now);
      break;
    case Turn::kDriver: {
      venue_.advance(venue_now, 1);
      drain_venue(now);
      const auto next = venue_.next_time();
      driver_at_ = next ? MonoNanos{next->value} : kNever;
      if (!next) {
        day_over_ = true;
        stop_at_ = std::min(stop_at_, now + options_.feed_latency + seconds(1));
      }
      break;
    }
    case Turn::kVenueClock:
      venue_clock_at_ = now + kVenueClockStep;
      venue_.on_time(now);
      drain_venue(now);
      break;
    case Turn::kFeed:
      feed_wire_.deliver([&](Bytes datagram, std::uint8_t line) {
        engine_.on_datagram(static_cast<feed::Line>(line), datagram, now);
      });
      drain_engine(now);
      break;
    case Turn::kAnswers:
      answer_wire_.deliver(
          [&](Bytes bytes, std::uint8_t) { engine_.on_order_bytes(bytes, now); });
      drain_engine(now);
      break;
    case Turn::kEngineClock:
      engine_.on_time(now);
      drain_engine(now);
      break;
    case Turn::kNone:
      break;
  }
}

void Replay::drain_venue(MonoNanos now) {
  venue_.drain_packets([&](Bytes datagram) {
    feed_wire_.send(datagram, now, latency(options_.feed_latency));
  });
  const Bytes answers = venue_.pending(connection_);
  if (!answers.empty()) {
    answer_wire_.send(answers, now, latency(options_.order_latency));
    venue_.consumed(connection_, answers.size());
  }
  venue_.drain_reports(
      [&](const exchange::Report& report) { reports_.push_back(report); });
}

void Replay::drain_engine(MonoNanos now) {
  const Bytes orders = engine_.order_bytes();
  if (!orders.empty()) {
    order_wire_.send(orders, now, latency(options_.order_latency));
    engine_.order_bytes_sent(orders.size(), now);
  }
  std::array<std::byte, wire::mold::kHeaderSize> request;
  while (engine_.take_request(now, request)) {
    order_wire_.send(request, now, options_.order_latency, 1);
  }
  while (ring_.try_pop([&](Bytes record) { recorder_.take(record); })) {
  }
}

}  // namespace pyscalp::replay
