// TotalView-ITCH 5.0: every message of the feed, decoded and encoded.
//
// Source: Nasdaq TotalView-ITCH 5.0 specification (revisions to 2023-04-28).
// Big-endian, unsigned; timestamps are nanoseconds since midnight US Eastern; Price(4)
// has four decimals. Thread-safe: there is no state. Cost: one switch and the loads.
#pragma once

#include <concepts>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::wire::itch {

using Symbol = Text<8>;

/// What every message starts with, after its type byte.
struct Header {
  std::uint16_t locate = 0;  ///< 0 where the message is not about one stock
  std::uint16_t tracking = 0;
  std::uint64_t timestamp_ns = 0;  ///< since midnight US Eastern

  void map(auto& io) {
    io(locate);
    io(tracking);
    io.u48(timestamp_ns);
  }
};

struct SystemEvent {
  static constexpr char kType = 'S';
  static constexpr std::size_t kSize = 12;
  Header header;
  char event = 'O';  ///< O S Q M E C
  void map(auto& io) { header.map(io), io(event); }
};

struct StockDirectory {
  static constexpr char kType = 'R';
  static constexpr std::size_t kSize = 39;
  Header header;
  Symbol stock;
  char market_category = 'Q';
  char financial_status = 'N';
  std::uint32_t round_lot = 100;
  char round_lots_only = 'N';
  char issue_class = 'C';
  Text<2> issue_subtype;
  char authenticity = 'P';
  char short_sale_threshold = 'N';
  char ipo_flag = 'N';
  char luld_tier = '1';
  char etp_flag = 'N';
  std::uint32_t etp_leverage = 0;
  char inverse = 'N';
  void map(auto& io) {
    header.map(io), io(stock), io(market_category), io(financial_status), io(round_lot);
    io(round_lots_only), io(issue_class), io(issue_subtype), io(authenticity);
    io(short_sale_threshold), io(ipo_flag), io(luld_tier), io(etp_flag);
    io(etp_leverage), io(inverse);
  }
};

struct TradingAction {
  static constexpr char kType = 'H';
  static constexpr std::size_t kSize = 25;
  Header header;
  Symbol stock;
  char state = 'T';  ///< H halted, P paused, Q quotation only, T trading
  char reserved = ' ';
  Text<4> reason;
  void map(auto& io) { header.map(io), io(stock), io(state), io(reserved), io(reason); }
};

struct RegSho {
  static constexpr char kType = 'Y';
  static constexpr std::size_t kSize = 20;
  Header header;
  Symbol stock;
  char action = '0';
  void map(auto& io) { header.map(io), io(stock), io(action); }
};

struct MarketParticipantPosition {
  static constexpr char kType = 'L';
  static constexpr std::size_t kSize = 26;
  Header header;
  Text<4> mpid;
  Symbol stock;
  char primary_market_maker = 'N';
  char market_maker_mode = 'N';
  char state = 'A';
  void map(auto& io) {
    header.map(io), io(mpid), io(stock), io(primary_market_maker);
    io(market_maker_mode), io(state);
  }
};

struct MwcbDeclineLevel {
  static constexpr char kType = 'V';
  static constexpr std::size_t kSize = 35;
  Header header;
  std::uint64_t level1_e8 = 0;
  std::uint64_t level2_e8 = 0;
  std::uint64_t level3_e8 = 0;
  void map(auto& io) { header.map(io), io(level1_e8), io(level2_e8), io(level3_e8); }
};

struct MwcbStatus {
  static constexpr char kType = 'W';
  static constexpr std::size_t kSize = 12;
  Header header;
  char level = '1';
  void map(auto& io) { header.map(io), io(level); }
};

struct IpoQuotingPeriod {
  static constexpr char kType = 'K';
  static constexpr std::size_t kSize = 28;
  Header header;
  Symbol stock;
  std::uint32_t release_time_s = 0;
  char qualifier = 'A';
  std::uint32_t price_e4 = 0;
  void map(auto& io) {
    header.map(io), io(stock), io(release_time_s), io(qualifier), io(price_e4);
  }
};

struct LuldAuctionCollar {
  static constexpr char kType = 'J';
  static constexpr std::size_t kSize = 35;
  Header header;
  Symbol stock;
  std::uint32_t reference_e4 = 0;
  std::uint32_t upper_e4 = 0;
  std::uint32_t lower_e4 = 0;
  std::uint32_t extension = 0;
  void map(auto& io) {
    header.map(io), io(stock), io(reference_e4), io(upper_e4), io(lower_e4);
    io(extension);
  }
};

struct OperationalHalt {
  static constexpr char kType = 'h';
  static constexpr std::size_t kSize = 21;
  Header header;
  Symbol stock;
  char market = 'Q';
  char action = 'H';
  void map(auto& io) { header.map(io), io(stock), io(market), io(action); }
};

struct AddOrder {
  static constexpr char kType = 'A';
  static constexpr std::size_t kSize = 36;
  Header header;
  std::uint64_t reference = 0;
  char side = 'B';
  std::uint32_t shares = 0;
  Symbol stock;
  std::uint32_t price_e4 = 0;
  void map(auto& io) {
    header.map(io), io(reference), io(side), io(shares), io(stock), io(price_e4);
  }
};

struct AddOrderMpid {
  static constexpr char kType = 'F';
  static constexpr std::size_t kSize = 40;
  Header header;
  std::uint64_t reference = 0;
  char side = 'B';
  std::uint32_t shares = 0;
  Symbol stock;
  std::uint32_t price_e4 = 0;
  Text<4> mpid;
  void map(auto& io) {
    header.map(io), io(reference), io(side), io(shares), io(stock), io(price_e4);
    io(mpid);
  }
};

struct OrderExecuted {
  static constexpr char kType = 'E';
  static constexpr std::size_t kSize = 31;
  Header header;
  std::uint64_t reference = 0;
  std::uint32_t shares = 0;
  std::uint64_t match = 0;
  void map(auto& io) { header.map(io), io(reference), io(shares), io(match); }
};

struct OrderExecutedWithPrice {
  static constexpr char kType = 'C';
  static constexpr std::size_t kSize = 36;
  Header header;
  std::uint64_t reference = 0;
  std::uint32_t shares = 0;
  std::uint64_t match = 0;
  char printable = 'Y';
  std::uint32_t price_e4 = 0;
  void map(auto& io) {
    header.map(io), io(reference), io(shares), io(match), io(printable), io(price_e4);
  }
};

struct OrderCancel {
  static constexpr char kType = 'X';
  static constexpr std::size_t kSize = 23;
  Header header;
  std::uint64_t reference = 0;
  std::uint32_t cancelled = 0;
  void map(auto& io) { header.map(io), io(reference), io(cancelled); }
};

struct OrderDelete {
  static constexpr char kType = 'D';
  static constexpr std::size_t kSize = 19;
  Header header;
  std::uint64_t reference = 0;
  void map(auto& io) { header.map(io), io(reference); }
};

struct OrderReplace {
  static constexpr char kType = 'U';
  static constexpr std::size_t kSize = 35;
  Header header;
  std::uint64_t old_reference = 0;
  std::uint64_t new_reference = 0;
  std::uint32_t shares = 0;
  std::uint32_t price_e4 = 0;
  void map(auto& io) {
    header.map(io), io(old_reference), io(new_reference), io(shares), io(price_e4);
  }
};

struct Trade {
  static constexpr char kType = 'P';
  static constexpr std::size_t kSize = 44;
  Header header;
  std::uint64_t reference = 0;
  char side = 'B';
  std::uint32_t shares = 0;
  Symbol stock;
  std::uint32_t price_e4 = 0;
  std::uint64_t match = 0;
  void map(auto& io) {
    header.map(io), io(reference), io(side), io(shares), io(stock), io(price_e4);
    io(match);
  }
};

struct CrossTrade {
  static constexpr char kType = 'Q';
  static constexpr std::size_t kSize = 40;
  Header header;
  std::uint64_t shares = 0;
  Symbol stock;
  std::uint32_t price_e4 = 0;
  std::uint64_t match = 0;
  char cross = 'O';
  void map(auto& io) {
    header.map(io), io(shares), io(stock), io(price_e4), io(match), io(cross);
  }
};

struct BrokenTrade {
  static constexpr char kType = 'B';
  static constexpr std::size_t kSize = 19;
  Header header;
  std::uint64_t match = 0;
  void map(auto& io) { header.map(io), io(match); }
};

struct NetOrderImbalance {
  static constexpr char kType = 'I';
  static constexpr std::size_t kSize = 50;
  Header header;
  std::uint64_t paired = 0;
  std::uint64_t imbalance = 0;
  char direction = 'N';
  Symbol stock;
  std::uint32_t far_e4 = 0;
  std::uint32_t near_e4 = 0;
  std::uint32_t reference_e4 = 0;
  char cross = 'O';
  char variation = ' ';
  void map(auto& io) {
    header.map(io), io(paired), io(imbalance), io(direction), io(stock), io(far_e4);
    io(near_e4), io(reference_e4), io(cross), io(variation);
  }
};

struct RetailInterest {
  static constexpr char kType = 'N';
  static constexpr std::size_t kSize = 20;
  Header header;
  Symbol stock;
  char flag = 'N';
  void map(auto& io) { header.map(io), io(stock), io(flag); }
};

struct DirectListing {
  static constexpr char kType = 'O';
  static constexpr std::size_t kSize = 48;
  Header header;
  Symbol stock;
  char eligible = 'N';
  std::uint32_t min_e4 = 0;
  std::uint32_t max_e4 = 0;
  std::uint32_t near_e4 = 0;
  std::uint64_t near_time_ns = 0;
  std::uint32_t lower_e4 = 0;
  std::uint32_t upper_e4 = 0;
  void map(auto& io) {
    header.map(io), io(stock), io(eligible), io(min_e4), io(max_e4), io(near_e4);
    io(near_time_ns), io(lower_e4), io(upper_e4);
  }
};

inline constexpr std::size_t kMaxSize = 50;

enum class DecodeStatus : std::uint8_t {
  kOk,
  kEmpty,        ///< no type byte
  kUnknownType,  ///< a type this revision does not know: skip it by its length
  kTruncated,    ///< shorter than its type's size
  kBadField,     ///< a side that is neither B nor S
};

namespace detail {

template <class Message>
concept Sided = requires(Message m) {
  m.side;
};

template <class Message, class Handler>
[[gnu::always_inline]] inline DecodeStatus deliver(Bytes bytes, Handler& handler) {
  if (bytes.size() < Message::kSize) return DecodeStatus::kTruncated;
  if constexpr (requires(const Message& m) { handler.on(m); }) {
    Message message;
    Reader reader(bytes.data() + 1);
    message.map(reader);
    if constexpr (Sided<Message>) {
      // One branch that is always taken the same way, and none on the side itself: a
      // compiler splits anything but the product into two, one of which is a guess.
      if ((message.side - 'B') * (message.side - 'S') != 0) {
        return DecodeStatus::kBadField;
      }
    }
    handler.on(message);
  }
  return DecodeStatus::kOk;
}

}  // namespace detail

/// Decodes one message and calls `handler.on(message)` with its struct. Types for which
/// the handler has no `on` are checked for length and otherwise cost nothing. Bytes
/// past the type's size are ignored, as the specification asks of decoders.
template <class Handler>
[[gnu::always_inline]] inline DecodeStatus decode(Bytes bytes, Handler&& handler) {
  using namespace detail;
  if (bytes.empty()) return DecodeStatus::kEmpty;
  const char type = static_cast<char>(bytes[0]);
  // Nineteen of twenty messages are one of three, and a test that is foreseen costs
  // less than a jump through a table.
  if (type == AddOrder::kType) return deliver<AddOrder>(bytes, handler);
  if (type == OrderDelete::kType) return deliver<OrderDelete>(bytes, handler);
  if (type == OrderReplace::kType) return deliver<OrderReplace>(bytes, handler);
  switch (type) {
    case OrderExecuted::kType:
      return deliver<OrderExecuted>(bytes, handler);
    case OrderCancel::kType:
      return deliver<OrderCancel>(bytes, handler);
    case AddOrderMpid::kType:
      return deliver<AddOrderMpid>(bytes, handler);
    case Trade::kType:
      return deliver<Trade>(bytes, handler);
    case OrderExecutedWithPrice::kType:
      return deliver<OrderExecutedWithPrice>(bytes, handler);
    case NetOrderImbalance::kType:
      return deliver<NetOrderImbalance>(bytes, handler);
    case SystemEvent::kType:
      return deliver<SystemEvent>(bytes, handler);
    case StockDirectory::kType:
      return deliver<StockDirectory>(bytes, handler);
    case TradingAction::kType:
      return deliver<TradingAction>(bytes, handler);
    case RegSho::kType:
      return deliver<RegSho>(bytes, handler);
    case MarketParticipantPosition::kType:
      return deliver<MarketParticipantPosition>(bytes, handler);
    case MwcbDeclineLevel::kType:
      return deliver<MwcbDeclineLevel>(bytes, handler);
    case MwcbStatus::kType:
      return deliver<MwcbStatus>(bytes, handler);
    case IpoQuotingPeriod::kType:
      return deliver<IpoQuotingPeriod>(bytes, handler);
    case LuldAuctionCollar::kType:
      return deliver<LuldAuctionCollar>(bytes, handler);
    case OperationalHalt::kType:
      return deliver<OperationalHalt>(bytes, handler);
    case CrossTrade::kType:
      return deliver<CrossTrade>(bytes, handler);
    case BrokenTrade::kType:
      return deliver<BrokenTrade>(bytes, handler);
    case RetailInterest::kType:
      return deliver<RetailInterest>(bytes, handler);
    case DirectListing::kType:
      return deliver<DirectListing>(bytes, handler);
    default:
      return DecodeStatus::kUnknownType;
  }
}

/// Writes `message` to `out`, which must hold `Message::kSize` bytes; returns that
/// size.
template <class Message>
std::size_t encode(const Message& message, std::byte* out) {
  out[0] = static_cast<std::byte>(Message::kType);
  Writer writer(out + 1);
  const_cast<Message&>(message).map(writer);  // a Writer only reads the fields
  return Message::kSize;
}

/// Nanoseconds since midnight of any ITCH message of at least 11 bytes.
inline std::uint64_t timestamp_ns(Bytes message) {
  return (static_cast<std::uint64_t>(load_be<std::uint16_t>(message.data() + 5))
          << 32) |
         load_be<std::uint32_t>(message.data() + 7);
}

}  // namespace pyscalp::wire::itch
