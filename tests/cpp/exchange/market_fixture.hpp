// What the tests of the exchange share: a book that knows only the feed, short ways to
// make orders and recorded messages, and the recorded day of PYSCALP_DATA.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "exchange/market.hpp"
#include "wire/binary_file.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::exchange::testing {

namespace itch = wire::itch;

inline constexpr InstrumentId kAbc{1};
inline constexpr InstrumentId kXyz{2};
inline constexpr UnixNanos kNow{34'200'000'000'000};

constexpr Price dollars(double value) {
  return {static_cast<std::int64_t>(value * 10'000 + 0.5) * 100'000};
}

inline std::vector<Instrument> two_instruments() {
  return {{kAbc, "ABC", dollars(0.01)}, {kXyz, "XYZ", dollars(0.01)}};
}

/// Maker rebate of 0.2 cents, taker fee of 0.3 cents and 1 basis point.
inline constexpr FeeSchedule kFees{{Money{-2'000'000}, 0}, {Money{3'000'000}, 100}};

/// A book built from ITCH messages and nothing else, by the specification's rules.
/// Everything that does not fit is counted in `errors`.
class FeedBook {
 public:
  struct Resting {
    InstrumentId instrument{};
    char side = 'B';
    std::uint32_t price_e4 = 0;
    std::uint32_t shares = 0;
  };

  void read(const std::vector<std::byte>& feed) {
    wire::BinaryFileReader reader(feed);
    while (const auto message = reader.next()) {
      types += static_cast<char>(message->front());
      if (itch::decode(*message, *this) != itch::DecodeStatus::kOk) ++errors;
    }
    if (reader.truncated()) ++errors;
  }

  void on(const itch::AddOrder& m) { add(m); }
  void on(const itch::AddOrderMpid& m) { add(m); }
  void on(const itch::OrderExecuted& m) { reduce(m.reference, m.shares); }
  void on(const itch::OrderExecutedWithPrice& m) { reduce(m.reference, m.shares); }
  void on(const itch::OrderCancel& m) { reduce(m.reference, m.cancelled); }
  void on(const itch::OrderDelete& m) {
    const auto found = orders.find(m.reference);
    if (found == orders.end()) {
      ++errors;
    } else {
      reduce(m.reference, found->second.shares);
    }
  }
  void on(const itch::OrderReplace& m) {
    const auto found = orders.find(m.old_reference);
    if (found == orders.end()) {
      ++errors;
      return;
    }
    Resting order = found->second;
    reduce(m.old_reference, order.shares);
    order.shares = m.shares;
    order.price_e4 = m.price_e4;
    insert(m.new_reference, order);
  }
  void on(const itch::Trade& m) { trades.push_back(m); }

  std::vector<PriceLevel> depth(InstrumentId instrument, Side side,
                                std::size_t levels = 1'000'000) const {
    std::vector<PriceLevel> result;
    const auto found = sides.find({instrument, side == Side::kBuy ? 'B' : 'S'});
    if (found == sides.end()) return result;
    const auto take = [&](const auto& level) {
      if (result.size() < levels) {
        result.push_back({price_from_e4(level.first), level.second});
      }
    };
    if (side == Side::kSell) {
      for (auto at = found->second.begin(); at != found->second.end(); ++at) take(*at);
    } else {
      for (auto at = found->second.rbegin(); at != found->second.rend(); ++at) {
        if (result.size() == levels) break;
        take(*at);
      }
    }
    return result;
  }

  std::map<std::uint64_t, Resting> orders;
  std::map<std::pair<InstrumentId, char>, std::map<std::uint32_t, Qty>> sides;
  std::vector<itch::Trade> trades;
  std::string types;  ///< the type of every message so far
  int errors = 0;

 private:
  template <class Message>
  void add(const Message& m) {
    insert(m.reference, {InstrumentId{m.header.locate}, m.side, m.price_e4, m.shares});
  }
  void insert(std::uint64_t reference, const Resting& order) {
    if (order.shares == 0 || !orders.emplace(reference, order).second) {
      ++errors;
      return;
    }
    sides[{order.instrument, order.side}][order.price_e4] += order.shares;
  }
  void reduce(std::uint64_t reference, std::uint32_t shares) {
    const auto found = orders.find(reference);
    if (found == orders.end() || shares == 0 || shares > found->second.shares) {
      ++errors;
      return;
    }
    Resting& order = found->second;
    auto& levels = sides[{order.instrument, order.side}];
    order.shares -= shares;
    levels[order.price_e4] -= shares;
    if (levels[order.price_e4] == 0) levels.erase(order.price_e4);
    if (order.shares == 0) orders.erase(found);
  }
};

inline NewOrder order(AccountId account, std::uint32_t ref, Side side, Qty qty,
                      double price) {
  NewOrder order;
  order.account = account;
  order.client_ref = ref;
  order.instrument = kAbc;
  order.side = side;
  order.qty = qty;
  order.price = dollars(price);
  return order;
}
inline NewOrder buy(AccountId account, std::uint32_t ref, Qty qty, double price) {
  return order(account, ref, Side::kBuy, qty, price);
}
inline NewOrder sell(AccountId account, std::uint32_t ref, Qty qty, double price) {
  return order(account, ref, Side::kSell, qty, price);
}
inline NewOrder ioc(NewOrder order) {
  order.time_in_force = TimeInForce::kIoc;
  return order;
}
inline NewOrder post_only(NewOrder order) {
  order.post_only = true;
  return order;
}
inline NewOrder hidden(NewOrder order) {
  order.hidden = true;
  return order;
}
inline NewOrder iceberg(NewOrder order, Qty display) {
  order.display_qty = display;
  return order;
}

/// The bytes of one ITCH message.
template <class Message>
std::vector<std::byte> bytes(const Message& message) {
  std::vector<std::byte> out(Message::kSize);
  itch::encode(message, out.data());
  return out;
}

/// A BinaryFILE of the messages.
inline std::vector<std::byte> binary_file(
    const std::vector<std::vector<std::byte>>& messages) {
  std::vector<std::byte> file;
  for (const auto& message : messages) {
    const std::size_t at = file.size();
    file.resize(at + 2);
    store_be(file.data() + at, static_cast<std::uint16_t>(message.size()));
    file.insert(file.end(), message.begin(), message.end());
  }
  return file;
}

inline itch::Header header(InstrumentId instrument = kAbc, UnixNanos now = kNow) {
  return {index(instrument), 7, static_cast<std::uint64_t>(now.value)};
}

inline itch::StockDirectory directory(InstrumentId instrument, std::string_view symbol,
                                      UnixNanos now = kNow) {
  itch::StockDirectory message;
  message.header = header(instrument, now);
  message.stock = itch::Symbol(symbol);
  return message;
}

inline itch::TradingAction trading_action(InstrumentId instrument, char state) {
  itch::TradingAction message;
  message.header = header(instrument);
  message.stock = itch::Symbol("ABC");
  message.state = state;
  return message;
}

/// AMZN and AAPL of 2012-06-21, unpacked once; empty without PYSCALP_DATA.
inline const std::vector<std::byte>& amzn_day() {
  static const std::vector<std::byte> day = [] {
    std::vector<std::byte> bytes;
    const char* const data = std::getenv("PYSCALP_DATA");
    if (data == nullptr) return bytes;
    const std::string command =
        "xz -dc '" + std::string(data) + "/itch/AMZN_AAPL_2012-06-21.itch50.xz'";
    FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return bytes;
    std::vector<std::byte> block(1 << 16);
    std::size_t n = 0;
    while ((n = std::fread(block.data(), 1, block.size(), pipe)) > 0) {
      bytes.insert(bytes.end(), block.begin(),
                   block.begin() + static_cast<std::ptrdiff_t>(n));
    }
    pclose(pipe);
    return bytes;
  }();
  return day;
}

}  // namespace pyscalp::exchange::testing
