#include "bench/market_day.hpp"

#include <algorithm>
#include <numeric>

namespace pyscalp::bench {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDirectoryAt = 3 * 3600 * kSecond;
constexpr std::uint64_t kSystemHours = 4 * 3600 * kSecond;
constexpr std::uint64_t kBeforeOpen = (9 * 3600 + 28 * 60) * kSecond;
constexpr std::uint64_t kOpen = (9 * 3600 + 30 * 60) * kSecond;
constexpr std::uint64_t kClose = 16 * 3600 * kSecond;
constexpr std::uint64_t kEnd = 20 * 3600 * kSecond;

// 2019-12-30 had 268.7 million messages; a shorter day is the beginning of such a one,
// and a longer one is as much busier.
constexpr std::uint64_t kFullDay = 268'744'780;
constexpr std::uint64_t kMeanGapNs = (kClose - kOpen) / kFullDay;

// Most messages come in bursts: of 4 gaps 3 are up to 1.5 us.
constexpr double kBurst = 0.75;
constexpr std::uint64_t kBurstGapNs = 1'500;

constexpr std::uint64_t kClosingEvents = 3;  // M E C

// A day of 30 million messages ends with 1.4 million orders alive, a shorter one with
// as many in proportion; a longer one with as many more as the square root of its
// length.
constexpr std::uint64_t kReferenceMessages = 30'000'000;
constexpr std::uint64_t kReferenceLive = 1'400'000;
constexpr std::uint64_t kMaxLivePerInstrument = 20'000;

std::uint64_t square_root(std::uint64_t value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

std::uint64_t live_at_end(const MarketDaySettings& settings) {
  if (settings.live_orders != 0) return settings.live_orders;
  std::uint64_t live = 0;
  if (settings.messages <= kReferenceMessages) {
    live = settings.messages * 14 / 300;
  } else {
    const std::uint64_t ratio_e6 = settings.messages / (kReferenceMessages / 1'000'000);
    live = kReferenceLive / 1'000 * square_root(ratio_e6);
  }
  return std::min(live, settings.instruments * kMaxLivePerInstrument);
}

}  // namespace

std::string MarketDaySettings::problem() const {
  if (instruments == 0 || instruments > kMaxInstruments) {
    return "instruments must be 1 to " + std::to_string(kMaxInstruments);
  }
  const std::uint64_t least = 4ull * instruments + 1'000;
  if (messages < least) {
    return "messages must be at least " + std::to_string(least) + " for " +
           std::to_string(instruments) + " instruments";
  }
  if (live_orders > (messages - 2ull * instruments) / 2) {
    return "live_orders must be at most half of the messages";
  }
  return {};
}

MarketDay::MarketDay(const MarketDaySettings& settings)
    : settings_(settings),
      random_(settings.seed),
      market_(settings.instruments),
      activity_(settings.instruments),
      final_live_(live_at_end(settings)) {
  // Before the opening a quarter of the orders of the end rest already.
  opening_live_ = settings.live_orders != 0 ? final_live_ : final_live_ / 4;
  const std::uint64_t mean_gap_ns =
      std::min(kMeanGapNs, (kClose - kOpen) / settings.messages);
  const std::uint64_t in_bursts_ns = std::min(mean_gap_ns, kBurstGapNs / 2) * 3 / 4;
  mean_quiet_ns_ = (mean_gap_ns - in_bursts_ns) * 4;
  if (settings.instruments < kMaxPartitions) partitions_ = 1;
  for (unsigned i = 0; i < partitions_; ++i) references_[i] = partitions_ + i;
  list_instruments();
  draw_activity();
}

void MarketDay::list_instruments() {
  const std::uint32_t count = settings_.instruments;
  by_rank_.resize(count);
  std::iota(by_rank_.begin(), by_rank_.end(), std::uint16_t{0});
  for (std::uint32_t i = count; i > 1; --i) {
    const std::uint64_t other = random_.below(i);
    std::swap(by_rank_[i - 1], by_rank_[other]);
  }
  instruments_.resize(count);
  for (std::uint32_t rank = 0; rank < count; ++rank) {
    const std::uint16_t place = by_rank_[rank];
    Instrument& instrument = instruments_[place];
    char symbol[4];
    for (unsigned i = 0, rest = place; i < 4; ++i, rest /= 26) {
      symbol[3 - i] = static_cast<char>('A' + rest % 26);
    }
    instrument.symbol = wire::itch::Symbol(std::string_view(symbol, 4));
    const bool cheap = random_.chance(0.02) && count > 1;
    const std::int64_t price = random_.over_octaves(10'000, 9);  // 1 to 512 dollars
    instrument.middle = cheap ? 500 + price % 9'000 : price / 100 * 100;
    if (count == 1) instrument.middle = 1'500'000;
    const std::int64_t ticks = instrument.middle / (cheap ? 1 : 100);
    instrument.half_spread = 1 + ticks / 4'000 + rank / 1'000;
  }
}

/// Walker's alias method in whole numbers: weights 1 / (20 + rank), rank from 0.
void MarketDay::draw_activity() {
  const std::uint64_t count = settings_.instruments;
  std::vector<std::uint64_t> weights(count);
  std::uint64_t total = 0;
  for (std::uint64_t rank = 0; rank < count; ++rank) {
    weights[by_rank_[rank]] = (std::uint64_t{1} << 32) / (20 + rank);
    total += weights[by_rank_[rank]];
  }
  alias_.assign(count, 0);
  threshold_.assign(count, std::uint64_t{1} << 32);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < count; ++i) {
    weights[i] *= count;  // against an even share, which is the total
    (weights[i] < total ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t less = small.back();
    const std::uint32_t more = large.back();
    small.pop_back();
    threshold_[less] = weights[less] / (total >> 16) << 16;
    alias_[less] = more;
    weights[more] -= total - weights[less];
    if (weights[more] < total) {
      large.pop_back();
      small.push_back(more);
    }
  }
}

std::uint16_t MarketDay::draw_instrument() {
  // Activity comes in clusters: of 10 messages 3 are about the instrument before.
  if (random_.chance(0.3)) return last_instrument_;
  const std::uint64_t place = random_.below(settings_.instruments);
  const std::uint64_t coin = random_.bits() >> 32;
  return static_cast<std::uint16_t>(coin < threshold_[place] ? place : alias_[place]);
}

void MarketDay::advance_clock() {
  if (random_.chance(kBurst)) {
    now_ns_ += random_.below(std::min(kBurstGapNs, mean_quiet_ns_));
  } else {
    const double gap = random_.exponential() * static_cast<double>(mean_quiet_ns_);
    now_ns_ += static_cast<std::uint64_t>(gap);
  }
  now_ns_ = std::min(now_ns_, kClose - 1);
}

/// Orders that should be alive by now.
std::uint64_t MarketDay::target_live() const {
  const std::uint64_t growth = final_live_ - opening_live_;
  return opening_live_ + static_cast<std::uint64_t>(static_cast<Int128>(growth) *
                                                    messages_ / settings_.messages);
}

Bytes MarketDay::next() {
  if (messages_ == settings_.messages) return {};
  if (listed_ < 2 * settings_.instruments + 2) {
    directory_message();
  } else if (!open_) {
    opening_message();
  } else if (messages_ + kClosingEvents < settings_.messages) {
    market_message();
  } else {
    closing_message();
  }
  ++messages_;
  if (!open_) {
    opening_messages_ = messages_;
    opening_bytes_ += 2 + size_;
  }
  return Bytes(buffer_).first(size_);
}

void MarketDay::directory_message() {
  const std::uint32_t step = listed_++;
  if (step == 0) {
    now_ns_ = kDirectoryAt;
    return system_event('O');
  }
  now_ns_ += 20'000;
  if (step <= settings_.instruments) {
    const auto instrument = static_cast<std::uint16_t>(step - 1);
    wire::itch::StockDirectory listing;
    listing.header = header(instrument);
    listing.stock = instruments_[instrument].symbol;
    return send(listing);
  }
  if (step <= 2 * settings_.instruments) {
    return instrument_status(
        static_cast<std::uint16_t>(step - 1 - settings_.instruments));
  }
  now_ns_ = kSystemHours;
  system_event('S');
}

void MarketDay::opening_message() {
  const std::uint64_t room = settings_.messages - kClosingEvents - messages_;
  if (market_.alive() < opening_live_ && room > 1) {
    now_ns_ = std::max(now_ns_, kBeforeOpen);
    now_ns_ = std::min(now_ns_ + random_.below(20'000), kOpen - 1);
    return add_order(draw_instrument(), true);
  }
  open_ = true;
  now_ns_ = kOpen;
  system_event('Q');
}

void MarketDay::closing_message() {
  const std::uint64_t left = settings_.messages - messages_;
  now_ns_ = left == kClosingEvents ? kClose : kEnd + (kClosingEvents - left) * kSecond;
  system_event(left == 3 ? 'M' : left == 2 ? 'E' : 'C');
}

/// Shares of the types in 100,000 of the open market. Adds and deletes share one entry:
/// what falls due is deleted, else an order comes.
void MarketDay::market_message() {
  advance_clock();
  const std::uint64_t draw = random_.below(100'000);
  if (draw < 86'850) return turn();
  if (draw < 94'850) {
    if (!replace_order()) turn();
  } else if (draw < 96'950) {
    if (!execute(false)) turn();
  } else if (draw < 98'450) {
    imbalance();
  } else if (draw < 99'450) {
    if (!cancel_shares()) turn();
  } else if (draw < 99'900) {
    hidden_trade();
  } else if (draw < 99'940) {
    if (!execute(true)) turn();
  } else {
    rarity();
  }
}

}  // namespace pyscalp::bench
