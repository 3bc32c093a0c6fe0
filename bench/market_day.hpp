// A whole market's day in ITCH 5.0, made up: any length, any number of instruments.
//
// `next` hands out one message after another; nothing but the orders alive is kept, so
// a day of any length takes bounded memory. Valid by construction, as the generator
// keeps the books itself: references ascend within their partition, executions hit the
// front of the queue at the best price, no book is ever crossed or locked. The same
// settings give the same bytes with every compiler (base/random.hpp, one draw a
// statement). bench/README.md states the distributions. Single-threaded.
#pragma once

#include <array>
#include <cstdint>
#include <queue>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "bench/resting_market.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::bench {

struct MarketDaySettings {
  static constexpr std::uint32_t kMaxInstruments = 65'534;

  std::uint64_t messages = 30'000'000;  ///< in all, directory and system events too
  std::uint32_t instruments = 8'906;
  std::uint64_t seed = 1;
  /// Orders alive from the opening to the end; 0 lets them grow over the day, to 1.4
  /// million after 30 million messages.
  std::uint64_t live_orders = 0;

  /// Why no day can be made of these settings; empty where one can.
  std::string problem() const;
};

class MarketDay {
 public:
  /// Settings without a `problem`.
  explicit MarketDay(const MarketDaySettings& settings);

  /// The next message; empty at the end of the day. Valid until the next call.
  Bytes next();

  std::uint64_t messages() const { return messages_; }
  /// Messages before the market opens: the directory and the orders that rest already.
  std::uint64_t opening_messages() const { return opening_messages_; }
  /// The same in bytes of a BinaryFILE.
  std::uint64_t opening_bytes() const { return opening_bytes_; }
  /// How many of each type, by its byte.
  const std::array<std::uint64_t, 128>& counts() const { return counts_; }
  std::uint64_t far_adds() const { return far_adds_; }
  std::uint64_t live_orders() const { return market_.alive(); }
  const RestingMarket& market() const { return market_; }
  /// Messages about each instrument, by its place in the directory.
  const std::vector<std::uint64_t>& activity() const { return activity_; }

 private:
  struct Instrument {
    wire::itch::Symbol symbol;
    std::int64_t middle = 0;       ///< at 1e-4, a whole number of ticks
    std::int64_t half_spread = 1;  ///< in ticks
  };
  struct Expiry {
    std::uint64_t due_ns;
    std::uint64_t reference;
    std::uint32_t place;
    /// For a heap whose top is due first; references make the order total.
    friend bool operator<(const Expiry& a, const Expiry& b) {
      return a.due_ns != b.due_ns ? a.due_ns > b.due_ns : a.reference > b.reference;
    }
  };
  static constexpr unsigned kMaxPartitions = 4;

  // What the day consists of.
  void list_instruments();
  void draw_activity();
  void directory_message();
  void opening_message();
  void market_message();
  void closing_message();

  // One message each. Those that return bool may find nothing to be about.
  void turn();
  void add_order(std::uint16_t instrument, bool opening);
  void delete_order(std::uint32_t place);
  bool replace_order();
  bool cancel_shares();
  bool execute(bool at_other_price);
  void hidden_trade();
  void imbalance();
  void rarity();
  void instrument_status(std::uint16_t instrument);
  void market_wide();
  void system_event(char event);

  // What is drawn for them.
  void advance_clock();
  std::uint16_t draw_instrument();
  std::uint32_t draw_order(std::uint16_t instrument);
  std::uint32_t draw_shares();
  PriceE4 draw_price(std::uint16_t instrument, Side side, bool far);
  PriceE4 draw_far_price(std::int64_t touch, std::int64_t tick, Side side);
  void draw_middle(std::uint16_t instrument);
  std::uint64_t draw_lifetime_ns();
  std::uint64_t draw_reference(std::uint16_t instrument);
  Side draw_side();

  std::uint64_t target_live() const;
  void keep(std::uint32_t place, bool patient);
  void drop(std::uint32_t place);
  wire::itch::Header header(std::uint16_t instrument);
  wire::itch::Header market_header();
  template <class Message>
  void send(const Message& message) {
    size_ = wire::itch::encode(message, buffer_.data());
    ++counts_[static_cast<unsigned char>(Message::kType)];
  }

  MarketDaySettings settings_;
  Random random_;
  RestingMarket market_;
  std::vector<Instrument> instruments_;
  std::vector<std::uint32_t> alias_;      ///< of the activity, Walker's method
  std::vector<std::uint64_t> threshold_;  ///< of 2^32
  std::vector<std::uint16_t> by_rank_;
  std::priority_queue<Expiry> expiries_;
  std::vector<std::uint32_t> patient_;  ///< places of the orders that rest
  unsigned partitions_ = kMaxPartitions;
  std::array<std::uint64_t, kMaxPartitions> references_{};
  std::vector<std::uint64_t> activity_;
  std::array<std::uint64_t, 128> counts_{};
  std::uint64_t final_live_ = 0;
  std::uint64_t opening_live_ = 0;
  std::uint64_t opening_messages_ = 0;
  std::uint64_t opening_bytes_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t far_adds_ = 0;
  std::uint64_t now_ns_ = 0;
  std::uint64_t mean_quiet_ns_ = 0;
  std::uint64_t match_ = 0;
  std::uint32_t rarities_ = 0;
  std::uint32_t listed_ = 0;  ///< steps of the directory done
  std::uint16_t last_instrument_ = 0;
  std::uint16_t swept_ = 0;
  Side swept_side_ = Side::kBuy;
  bool sweeping_ = false;
  bool open_ = false;
  std::array<std::byte, wire::itch::kMaxSize> buffer_{};
  std::size_t size_ = 0;
};

}  // namespace pyscalp::bench
