// The messages of a MarketDay that come rarely and touch no book.
#include "bench/market_day.hpp"

namespace pyscalp::bench {

namespace {

template <class Message>
Message about(const wire::itch::Header& header, const wire::itch::Symbol& stock) {
  Message message;
  message.header = header;
  message.stock = stock;
  return message;
}

}  // namespace

/// One kind after the other, so that a day of some 20,000 messages has each.
void MarketDay::rarity() {
  using namespace wire::itch;
  constexpr std::uint32_t kKinds = 12;
  const std::uint32_t kind = rarities_++ % kKinds;
  if (kind >= 9) return market_wide();
  const std::uint16_t instrument = draw_instrument();
  const Symbol& stock = instruments_[instrument].symbol;
  const auto price = static_cast<PriceE4>(instruments_[instrument].middle);
  const Header head = header(instrument);
  switch (kind) {
    case 0: {
      auto message = about<CrossTrade>(head, stock);
      message.shares = 100;
      message.price_e4 = price;
      message.match = ++match_;
      return send(message);
    }
    case 1:
      return send(about<RegSho>(head, stock));
    case 2: {
      auto message = about<MarketParticipantPosition>(head, stock);
      message.mpid = Text<4>("NITE");
      return send(message);
    }
    case 3:
      return instrument_status(instrument);
    case 4: {
      auto message = about<OperationalHalt>(head, stock);
      message.action = 'T';
      return send(message);
    }
    case 5: {
      auto message = about<IpoQuotingPeriod>(head, stock);
      message.release_time_s = static_cast<std::uint32_t>(now_ns_ / 1'000'000'000);
      message.price_e4 = price;
      return send(message);
    }
    case 6: {
      auto message = about<LuldAuctionCollar>(head, stock);
      message.reference_e4 = price;
      message.upper_e4 = price + price / 20;
      message.lower_e4 = price - price / 20;
      return send(message);
    }
    case 7:
      return send(about<RetailInterest>(head, stock));
    default: {
      auto message = about<DirectListing>(head, stock);
      message.near_e4 = price;
      message.near_time_ns = now_ns_;
      return send(message);
    }
  }
}

/// A trade broken after it was made, the market-wide breaker's levels, and a breach.
void MarketDay::market_wide() {
  using namespace wire::itch;
  const std::uint32_t kind = (rarities_ - 1) % 12;
  if (kind == 9 && match_ != 0) {
    BrokenTrade message;
    message.header = market_header();
    message.match = match_;
    return send(message);
  }
  if (kind != 11) {
    MwcbDeclineLevel message;
    message.header = market_header();
    message.level1_e8 = 300'000'000'000;
    message.level2_e8 = 280'000'000'000;
    message.level3_e8 = 260'000'000'000;
    return send(message);
  }
  MwcbStatus message;
  message.header = market_header();
  send(message);
}

}  // namespace pyscalp::bench
