// IEX DEEP 1.0, TOPS 1.6 and DEEP+ 1.0: every message, decoded and encoded.
//
// Sources: IEX specifications DEEP 1.06 and 1.08, TOPS 1.64 and 1.66, DEEP+ 1.01 and
// 1.04. Little-endian; prices are signed with four decimals; times are nanoseconds
// since 1970-01-01 UTC. No type means different things on different feeds, so that one
// decoder serves all; the segment (wire/iex_tp.hpp) says which feed it is. Stateless.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/types.hpp"

namespace pyscalp::wire::iex {

using Symbol = Text<8>;

/// A price of four decimals; nothing where int64 at 1e-9 cannot hold it.
constexpr std::optional<Price> exact_price(std::int64_t e4) {
  constexpr std::int64_t kLargest = INT64_MAX / 100'000;
  if (e4 > kLargest || e4 < -kLargest) return std::nullopt;
  return Price{e4 * 100'000};
}

struct SystemEvent {  // all feeds
  static constexpr char kType = 'S';
  static constexpr std::size_t kSize = 10;
  char event = 'O';  ///< O S R M E C
  std::int64_t time_ns = 0;
  void map(auto& io) { io(event), io(time_ns); }
};

struct SecurityDirectory {  // all feeds
  static constexpr char kType = 'D';
  static constexpr std::size_t kSize = 31;
  std::uint8_t flags =
      0;  ///< 0x80 test, 0x40 when issued, 0x20 exchange-traded product
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint32_t round_lot = 100;
  std::int64_t adjusted_close_e4 = 0;  ///< previous official closing price, adjusted
  std::uint8_t luld_tier = 0;          ///< 0 not applicable, 1, 2
  void map(auto& io) {
    io(flags), io(time_ns), io(symbol), io(round_lot), io(adjusted_close_e4);
    io(luld_tier);
  }
};

struct TradingStatus {  // all feeds
  static constexpr char kType = 'H';
  static constexpr std::size_t kSize = 22;
  char status = 'T';  ///< H halted, O accepts orders after a halt, P paused, T trading
  std::int64_t time_ns = 0;
  Symbol symbol;
  Text<4> reason;
  void map(auto& io) { io(status), io(time_ns), io(symbol), io(reason); }
};

struct RetailLiquidity {  // all feeds
  static constexpr char kType = 'I';
  static constexpr std::size_t kSize = 18;
  char indicator = ' ';  ///< space none, A buy, B sell, C both
  std::int64_t time_ns = 0;
  Symbol symbol;
  void map(auto& io) { io(indicator), io(time_ns), io(symbol); }
};

struct OperationalHalt {  // all feeds
  static constexpr char kType = 'O';
  static constexpr std::size_t kSize = 18;
  char status = 'N';  ///< O halted on IEX, N not
  std::int64_t time_ns = 0;
  Symbol symbol;
  void map(auto& io) { io(status), io(time_ns), io(symbol); }
};

struct ShortSaleTest {  // all feeds
  static constexpr char kType = 'P';
  static constexpr std::size_t kSize = 19;
  std::uint8_t in_effect = 0;  ///< 0 or 1
  std::int64_t time_ns = 0;
  Symbol symbol;
  char detail = ' ';  ///< space none, A activated, C continued, D deactivated, N n/a
  void map(auto& io) { io(in_effect), io(time_ns), io(symbol), io(detail); }
};

struct SecurityEvent {  // DEEP, DEEP+
  static constexpr char kType = 'E';
  static constexpr std::size_t kSize = 18;
  char event = 'O';  ///< O opening process complete, C closing process complete
  std::int64_t time_ns = 0;
  Symbol symbol;
  void map(auto& io) { io(event), io(time_ns), io(symbol); }
};

/// DEEP: all that rests at `price` is now `size`; 0 removes the level.
template <char kCode>
struct PriceLevelUpdate {
  static constexpr char kType = kCode;
  static constexpr std::size_t kSize = 30;
  static constexpr Side kSide = kCode == '8' ? Side::kBuy : Side::kSell;
  /// 1: the event is complete; 0: more updates of the same event follow, and the best
  /// prices mean nothing yet.
  std::uint8_t event_flags = 1;
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint32_t size = 0;
  std::int64_t price_e4 = 0;
  bool event_complete() const { return (event_flags & 1) != 0; }
  void map(auto& io) {
    io(event_flags), io(time_ns), io(symbol), io(size), io(price_e4);
  }
};
using PriceLevelBuy = PriceLevelUpdate<'8'>;
using PriceLevelSell = PriceLevelUpdate<'5'>;

struct QuoteUpdate {  // TOPS
  static constexpr char kType = 'Q';
  static constexpr std::size_t kSize = 42;
  std::uint8_t flags = 0;  ///< 0x80 symbol not available, 0x40 outside regular session
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint32_t bid_size = 0;
  std::int64_t bid_e4 = 0;  ///< 0 with size 0: no bid
  std::int64_t ask_e4 = 0;
  std::uint32_t ask_size = 0;
  void map(auto& io) {
    io(flags), io(time_ns), io(symbol), io(bid_size), io(bid_e4), io(ask_e4);
    io(ask_size);
  }
};

// Sale condition flags of trades and executions.
inline constexpr std::uint8_t kIntermarketSweep = 0x80;
inline constexpr std::uint8_t kExtendedHours = 0x40;
inline constexpr std::uint8_t kOddLot = 0x20;
inline constexpr std::uint8_t kTradeThroughExempt = 0x10;
inline constexpr std::uint8_t kSinglePriceCross = 0x08;

/// All feeds: a trade, or the trade that is broken.
template <char kCode>
struct TradeMessage {
  static constexpr char kType = kCode;
  static constexpr std::size_t kSize = 38;
  std::uint8_t sale_flags = 0;
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint32_t size = 0;
  std::int64_t price_e4 = 0;
  std::uint64_t trade_id = 0;
  void map(auto& io) {
    io(sale_flags), io(time_ns), io(symbol), io(size), io(price_e4), io(trade_id);
  }
};
using TradeReport = TradeMessage<'T'>;
using TradeBreak = TradeMessage<'B'>;

struct OfficialPrice {  // DEEP, TOPS
  static constexpr char kType = 'X';
  static constexpr std::size_t kSize = 26;
  char kind = 'Q';  ///< Q opening, M closing
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::int64_t price_e4 = 0;
  void map(auto& io) { io(kind), io(time_ns), io(symbol), io(price_e4); }
};

struct AuctionInformation {  // DEEP, TOPS
  static constexpr char kType = 'A';
  static constexpr std::size_t kSize = 80;
  char auction = 'O';  ///< O opening, C closing, I IPO, H halt, V volatility
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint32_t paired = 0;
  std::int64_t reference_e4 = 0;
  std::int64_t indicative_e4 = 0;
  std::uint32_t imbalance = 0;
  char imbalance_side = 'N';  ///< B buy, S sell, N none
  std::uint8_t extensions = 0;
  std::uint32_t scheduled_s = 0;  ///< seconds since 1970-01-01 UTC
  std::int64_t book_clearing_e4 = 0;
  std::int64_t collar_reference_e4 = 0;
  std::int64_t lower_collar_e4 = 0;
  std::int64_t upper_collar_e4 = 0;
  void map(auto& io) {
    io(auction), io(time_ns), io(symbol), io(paired), io(reference_e4);
    io(indicative_e4), io(imbalance), io(imbalance_side), io(extensions);
    io(scheduled_s), io(book_clearing_e4), io(collar_reference_e4);
    io(lower_collar_e4), io(upper_collar_e4);
  }
};

struct AddOrder {  // DEEP+
  static constexpr char kType = 'a';
  static constexpr std::size_t kSize = 38;
  char side = '8';  ///< 8 buy, 5 sell
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint64_t order = 0;
  std::uint32_t size = 0;
  std::int64_t price_e4 = 0;
  void map(auto& io) {
    io(side), io(time_ns), io(symbol), io(order), io(size), io(price_e4);
  }
};

struct OrderModify {  // DEEP+
  static constexpr char kType = 'M';
  static constexpr std::size_t kSize = 38;
  std::uint8_t flags = 0;  ///< 0x80 tells of the order's priority
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint64_t order = 0;
  std::uint32_t size = 0;
  std::int64_t price_e4 = 0;
  void map(auto& io) {
    io(flags), io(time_ns), io(symbol), io(order), io(size), io(price_e4);
  }
};

struct OrderDelete {  // DEEP+
  static constexpr char kType = 'R';
  static constexpr std::size_t kSize = 26;
  std::uint8_t reserved = 0;
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint64_t order = 0;
  void map(auto& io) { io(reserved), io(time_ns), io(symbol), io(order); }
};

struct OrderExecuted {  // DEEP+
  static constexpr char kType = 'L';
  static constexpr std::size_t kSize = 46;
  std::uint8_t sale_flags = 0;
  std::int64_t time_ns = 0;
  Symbol symbol;
  std::uint64_t order = 0;
  std::uint32_t size = 0;
  std::int64_t price_e4 = 0;
  std::uint64_t trade_id = 0;
  void map(auto& io) {
    io(sale_flags), io(time_ns), io(symbol), io(order), io(size), io(price_e4);
    io(trade_id);
  }
};

struct ClearBook {  // DEEP+
  static constexpr char kType = 'C';
  static constexpr std::size_t kSize = 18;
  std::uint8_t reserved = 0;
  std::int64_t time_ns = 0;
  Symbol symbol;
  void map(auto& io) { io(reserved), io(time_ns), io(symbol); }
};

/// The largest size of the tables; a message with a rest may be longer.
inline constexpr std::size_t kMaxSize = 80;

enum class DecodeStatus : std::uint8_t {
  kOk,
  kEmpty,        ///< no type byte
  kUnknownType,  ///< skip it by its block's length, as the specification asks
  kTruncated,    ///< shorter than its type's size
  kBadField,     ///< an added order's side that is neither 8 nor 5
};

namespace detail {

template <class Message, class Handler>
DecodeStatus deliver(Bytes bytes, Handler& handler) {
  if (bytes.size() < Message::kSize) return DecodeStatus::kTruncated;
  const Bytes rest = bytes.subspan(Message::kSize);
  constexpr bool kTakesRest = requires(const Message& m) { handler.on(m, rest); };
  if constexpr (kTakesRest || requires(const Message& m) { handler.on(m); }) {
    Message message;
    LittleReader reader(bytes.data() + 1);
    message.map(reader);
    if constexpr (requires { message.side; }) {
      if (message.side != '8' && message.side != '5') return DecodeStatus::kBadField;
    }
    if constexpr (kTakesRest) {
      handler.on(message, rest);
    } else {
      handler.on(message);
    }
  }
  return DecodeStatus::kOk;
}

}  // namespace detail

/// Decodes one message and calls `handler.on(message)` with its struct, or, where the
/// handler has that, `handler.on(message, rest)` with the bytes past the type's size:
/// IEX lengthens its messages, and what it adds must not stop a decoder. Types for
/// which the handler has no `on` are checked for length and otherwise cost nothing.
template <class Handler>
DecodeStatus decode(Bytes bytes, Handler&& handler) {
  using namespace detail;
  if (bytes.empty()) return DecodeStatus::kEmpty;
  switch (static_cast<char>(bytes[0])) {
    case PriceLevelBuy::kType:
      return deliver<PriceLevelBuy>(bytes, handler);
    case PriceLevelSell::kType:
      return deliver<PriceLevelSell>(bytes, handler);
    case QuoteUpdate::kType:
      return deliver<QuoteUpdate>(bytes, handler);
    case AddOrder::kType:
      return deliver<AddOrder>(bytes, handler);
    case OrderModify::kType:
      return deliver<OrderModify>(bytes, handler);
    case OrderDelete::kType:
      return deliver<OrderDelete>(bytes, handler);
    case OrderExecuted::kType:
      return deliver<OrderExecuted>(bytes, handler);
    case TradeReport::kType:
      return deliver<TradeReport>(bytes, handler);
    case TradeBreak::kType:
      return deliver<TradeBreak>(bytes, handler);
    case SystemEvent::kType:
      return deliver<SystemEvent>(bytes, handler);
    case SecurityDirectory::kType:
      return deliver<SecurityDirectory>(bytes, handler);
    case TradingStatus::kType:
      return deliver<TradingStatus>(bytes, handler);
    case RetailLiquidity::kType:
      return deliver<RetailLiquidity>(bytes, handler);
    case OperationalHalt::kType:
      return deliver<OperationalHalt>(bytes, handler);
    case ShortSaleTest::kType:
      return deliver<ShortSaleTest>(bytes, handler);
    case SecurityEvent::kType:
      return deliver<SecurityEvent>(bytes, handler);
    case OfficialPrice::kType:
      return deliver<OfficialPrice>(bytes, handler);
    case AuctionInformation::kType:
      return deliver<AuctionInformation>(bytes, handler);
    case ClearBook::kType:
      return deliver<ClearBook>(bytes, handler);
    default:
      return DecodeStatus::kUnknownType;
  }
}

/// Writes `message` and then `rest` to `out`, which must hold `Message::kSize` bytes
/// and the rest; returns the size.
template <class Message>
std::size_t encode(const Message& message, std::byte* out, Bytes rest = {}) {
  out[0] = static_cast<std::byte>(Message::kType);
  LittleWriter writer(out + 1);
  const_cast<Message&>(message).map(writer);  // a writer only reads the fields
  if (!rest.empty()) std::memcpy(out + Message::kSize, rest.data(), rest.size());
  return Message::kSize + rest.size();
}

/// Nanoseconds since 1970 of any IEX message of at least 10 bytes.
inline std::int64_t time_ns(Bytes message) {
  return static_cast<std::int64_t>(load_le<std::uint64_t>(message.data() + 2));
}

}  // namespace pyscalp::wire::iex
