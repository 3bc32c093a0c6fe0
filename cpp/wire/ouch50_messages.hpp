// OUCH 5.0: the fields of every message, both directions.
//
// Source: Nasdaq OUCH 5.0, revision 1.04 (2024-05-01). Big-endian; prices have four
// decimals in eight bytes. kSize is without the appendage and its length; a letter may
// be one type from the client and another from the exchange.
#pragma once

#include "base/bytes.hpp"
#include "wire/ouch50_options.hpp"

namespace pyscalp::wire::ouch {

using Symbol = Text<8>;
using ClientOrderId = Text<14>;

inline constexpr char kTimeInForceDay = '0';
inline constexpr char kTimeInForceIoc = '3';
inline constexpr char kVisible = 'Y';
inline constexpr char kHidden = 'N';

// ---- Inbound: client to exchange ----

struct EnterOrder {
  static constexpr char kType = 'O';
  static constexpr std::size_t kSize = 45;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;
  Symbol symbol;
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  char capacity = 'P';
  char intermarket_sweep = 'N';
  char cross_type = 'N';
  ClientOrderId client_id;
  Options options{};
  void map(auto& io) {
    io(user_ref), io(side), io(quantity), io(symbol), io(price_e4), io(time_in_force);
    io(display), io(capacity), io(intermarket_sweep), io(cross_type), io(client_id);
  }
};

struct ReplaceOrder {
  static constexpr char kType = 'U';
  static constexpr std::size_t kSize = 38;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint32_t original_ref = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;  ///< of the whole chain, what has been executed included
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  char intermarket_sweep = 'N';
  ClientOrderId client_id;
  Options options{};
  void map(auto& io) {
    io(original_ref), io(user_ref), io(quantity), io(price_e4), io(time_in_force);
    io(display), io(intermarket_sweep), io(client_id);
  }
};

struct CancelOrder {
  static constexpr char kType = 'X';
  static constexpr std::size_t kSize = 9;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;  ///< what shall remain in all; 0 cancels the rest
  Options options{};
  void map(auto& io) { io(user_ref), io(quantity); }
};

struct MassCancel {
  static constexpr char kType = 'C';
  static constexpr std::size_t kSize = 17;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint32_t user_ref = 0;
  Text<4> firm;
  Symbol symbol;  ///< blank is all
  Options options{};
  void map(auto& io) { io(user_ref), io(firm), io(symbol); }
};

struct AccountQuery {
  static constexpr char kType = 'Q';
  static constexpr std::size_t kSize = 1;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  Options options{};
  void map(auto&) {}
};

/// Changes side (S, T, E among each other) or takes quantity off; keeps priority.
struct ModifyOrder {
  static constexpr char kType = 'M';
  static constexpr std::size_t kSize = 10;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;
  Options options{};
  void map(auto& io) { io(user_ref), io(side), io(quantity); }
};

/// The firm's orders are refused from here on.
struct DisableOrderEntry {
  static constexpr char kType = 'D';
  static constexpr std::size_t kSize = 9;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint32_t user_ref = 0;
  Text<4> firm{};
  Options options{};
  void map(auto& io) { io(user_ref), io(firm); }
};

struct EnableOrderEntry {
  static constexpr char kType = 'E';
  static constexpr std::size_t kSize = 9;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint32_t user_ref = 0;
  Text<4> firm{};
  Options options{};
  void map(auto& io) { io(user_ref), io(firm); }
};

// ---- Outbound: exchange to client ----

struct SystemEvent {
  static constexpr char kType = 'S';
  static constexpr std::size_t kSize = 10;
  static constexpr Appendage kAppendage = Appendage::kNone;
  std::uint64_t timestamp_ns = 0;
  char event = 'S';
  void map(auto& io) { io(timestamp_ns), io(event); }
};

struct Accepted {
  static constexpr char kType = 'A';
  static constexpr std::size_t kSize = 62;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;
  Symbol symbol;
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  std::uint64_t order_reference = 0;
  char capacity = 'P';
  char intermarket_sweep = 'N';
  char cross_type = 'N';
  char state = 'L';  ///< L live, D dead: nothing follows
  ClientOrderId client_id;
  Options options{};
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(side), io(quantity), io(symbol), io(price_e4);
    io(time_in_force), io(display), io(order_reference), io(capacity);
    io(intermarket_sweep), io(cross_type), io(state), io(client_id);
  }
};

struct Replaced {
  static constexpr char kType = 'U';
  static constexpr std::size_t kSize = 66;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t original_ref = 0;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;  ///< shares still open
  Symbol symbol;
  std::uint64_t price_e4 = 0;
  char time_in_force = kTimeInForceDay;
  char display = kVisible;
  std::uint64_t order_reference = 0;
  char capacity = 'P';
  char intermarket_sweep = 'N';
  char cross_type = 'N';
  char state = 'L';
  ClientOrderId client_id;
  Options options{};
  void map(auto& io) {
    io(timestamp_ns), io(original_ref), io(user_ref), io(side), io(quantity);
    io(symbol), io(price_e4), io(time_in_force), io(display), io(order_reference);
    io(capacity), io(intermarket_sweep), io(cross_type), io(state), io(client_id);
  }
};

struct Canceled {
  static constexpr char kType = 'C';
  static constexpr std::size_t kSize = 18;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;  ///< shares taken off now
  char reason = 'U';
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(quantity), io(reason); }
};

/// Self-match prevention took shares off.
struct AiqCanceled {
  static constexpr char kType = 'D';
  static constexpr std::size_t kSize = 32;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t decrement = 0;
  char reason = 'Q';
  std::uint32_t quantity_prevented = 0;
  std::uint64_t price_e4 = 0;
  char liquidity = 'R';
  char strategy = '*';
  Options options{};
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(decrement), io(reason), io(quantity_prevented);
    io(price_e4), io(liquidity), io(strategy);
  }
};

struct Executed {
  static constexpr char kType = 'E';
  static constexpr std::size_t kSize = 34;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint32_t quantity = 0;
  std::uint64_t price_e4 = 0;
  char liquidity = 'A';  ///< A added, R removed
  std::uint64_t match = 0;
  Options options{};
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(quantity), io(price_e4), io(liquidity);
    io(match);
  }
};

struct BrokenTrade {
  static constexpr char kType = 'B';
  static constexpr std::size_t kSize = 36;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint64_t match = 0;
  char reason = 'S';
  ClientOrderId client_id;
  Options options{};
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(match), io(reason), io(client_id);
  }
};

struct Rejected {
  static constexpr char kType = 'J';
  static constexpr std::size_t kSize = 29;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint16_t reason = 0;
  ClientOrderId client_id;
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(reason), io(client_id); }
};

struct AccountQueryResponse {
  static constexpr char kType = 'Q';
  static constexpr std::size_t kSize = 13;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t next_user_ref = 0;
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(next_user_ref); }
};

/// An iceberg's displayed part was refilled, or a displayed price was changed.
struct Restated {
  static constexpr char kType = 'R';
  static constexpr std::size_t kSize = 14;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  char reason = 'R';
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(reason); }
};

/// Priority changed: the order has a new reference on the feed.
struct PriorityUpdate {
  static constexpr char kType = 'T';
  static constexpr std::size_t kSize = 30;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  std::uint64_t price_e4 = 0;
  char display = kVisible;
  std::uint64_t order_reference = 0;
  Options options{};
  void map(auto& io) {
    io(timestamp_ns), io(user_ref), io(price_e4), io(display), io(order_reference);
  }
};

struct MassCancelResponse {
  static constexpr char kType = 'X';
  static constexpr std::size_t kSize = 25;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  Text<4> firm;
  Symbol symbol;
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(firm), io(symbol); }
};

/// A cross order in the late period: it is cancelled after the cross.
struct CancelPending {
  static constexpr char kType = 'P';
  static constexpr std::size_t kSize = 13;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref); }
};

/// A cross order in the late period: it cannot be cut down any more.
struct CancelReject {
  static constexpr char kType = 'I';
  static constexpr std::size_t kSize = 13;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref); }
};

struct Modified {
  static constexpr char kType = 'M';
  static constexpr std::size_t kSize = 18;
  static constexpr Appendage kAppendage = Appendage::kIfAny;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  char side = 'B';
  std::uint32_t quantity = 0;  ///< all that is outstanding
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(side), io(quantity); }
};

struct DisableResponse {
  static constexpr char kType = 'G';
  static constexpr std::size_t kSize = 17;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  Text<4> firm{};
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(firm); }
};

struct EnableResponse {
  static constexpr char kType = 'K';
  static constexpr std::size_t kSize = 17;
  static constexpr Appendage kAppendage = Appendage::kAlways;
  std::uint64_t timestamp_ns = 0;
  std::uint32_t user_ref = 0;
  Text<4> firm{};
  Options options{};
  void map(auto& io) { io(timestamp_ns), io(user_ref), io(firm); }
};

/// Largest message with every option set.
inline constexpr std::size_t kMaxSize = Replaced::kSize + kMaxAppendage;

}  // namespace pyscalp::wire::ouch
