// The matching engine of the included exchange.
//
// Price-time priority over what is displayed; at one price, hidden orders come after
// all displayed ones. Every change of the displayed book is an ITCH 5.0 message on
// `feed()`, every event of an account's order a Report. A recorded day plays in the
// same book (see apply_recorded), so participants stand in the recorded queues.
//
// Sans-I/O and single-threaded: time comes with each call, outputs are read and cleared
// by the caller. Deterministic: the same calls give the same bytes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "exchange/feed_buffer.hpp"
#include "exchange/report.hpp"
#include "exchange/resting_book.hpp"

namespace pyscalp::exchange {

class Market {
 public:
  /// MarketOptions::first_number, unless it is set.
  static constexpr std::uint64_t kFirstOwnNumber = MarketOptions{}.first_number;

  /// Throws std::invalid_argument where an instrument has id 0, a tick that is not a
  /// positive multiple of its feed_step, a qty_max that the feed cannot say, a symbol
  /// that is empty or longer than 8, or an id or symbol of another one; or where
  /// options hold a zero.
  Market(std::vector<Instrument> instruments, FeeSchedule fees,
         MarketOptions options = {});

  // ---- The day ----

  /// Opens the day: S O, R and H (T) of each instrument, S S, S Q. A recorded day
  /// carries its own, and opens the Market by them.
  void open(UnixNanos now);
  /// Ends the day: S M, all participants' orders cancelled (reason E), S E, S C.
  void close(UnixNanos now);
  /// Sets the trading state: T trading, H halted, P paused, Q quotation only.
  /// Anything but T refuses new and replaced orders; cancels pass. Emits H. Unknown
  /// instruments are ignored.
  void set_trading(InstrumentId instrument, char state, UnixNanos now);

  // ---- Participants ----

  /// Reports kAccepted or kRejected, then what follows at once: executions of both
  /// sides, kSelfMatch, kRefilled, and kCanceled for what an IOC leaves (reason I) or
  /// for a post-only order that would take (F, G).
  void enter(const NewOrder& order, UnixNanos now);

  /// OUCH 5.0 replace. `total_qty` is the size of the whole chain, what was executed
  /// included; display_qty, hidden and post_only stay. Priority is kept, and with it
  /// the order reference, only when the price stays and the open size shrinks (ITCH X);
  /// otherwise the order queues anew under a new reference (ITCH U; D, executions, A
  /// where it takes). kReplaced with `dead` when nothing is left open.
  /// Ignored: original not live, or client_ref in use. Invalid price or size: the
  /// original is cancelled (kCanceled of original_ref, reason U). Halted or closed:
  /// kRejected, the original stays.
  void replace(AccountId account, std::uint32_t original_ref, std::uint32_t client_ref,
               Qty total_qty, Price price, UnixNanos now);

  /// OUCH 5.0 cancel down to `total_qty` shares of the whole chain, what was executed
  /// included; 0 cancels all that is open. An iceberg gives up its reserve first.
  /// Ignored: order not live, or no larger than that already.
  void cancel(AccountId account, std::uint32_t client_ref, Qty total_qty,
              UnixNanos now);

  /// Cancels every order of the account, oldest first, with this OUCH reason; if
  /// `instrument` is given, only those of that one.
  void cancel_all(AccountId account, UnixNanos now, char reason,
                  std::optional<InstrumentId> instrument = std::nullopt);

  // ---- A recorded day ----

  /// Applies one ITCH message of a recording; its time is the message's own.
  ///
  /// While no participant has touched what it is about, the message goes to the feed as
  /// it is. Each recorded order knows what is left of it on the recording and what is
  /// left of it here, which is less where participants took from it:
  /// - A, F: an order that would trade with resting participants does so first.
  /// - E, C: the aggressor behind it first meets participants with priority over the
  ///   recorded order (better price; or its price, displayed and earlier), then what is
  ///   here of that order; shares the recording says are gone leave by X or D.
  /// - P: participants at this price or better are filled first, the rest prints.
  /// - X, D, U: as ITCH says; never more is left here than on the recording.
  /// - S opens (S, Q) and closes (M: participants' orders are cancelled), H sets the
  ///   trading state, R names an instrument; these and all others pass through.
  /// Recorded orders never trade with each other, even where the recording crosses.
  ///
  /// With MarketOptions::touch_only nobody gains from what the recording does not show:
  /// - A, F at a price worse than the last one of its side: the queue there was not
  /// seen
  ///   until now, and stands before the participants at that price.
  /// - P fills participants at its own price only if that is the last one that their
  ///   side was shown at, or better; beyond it only those who are better than P.
  void apply_recorded(Bytes message);

  // ---- Outputs since clear_outputs, in the order they happened ----

  /// ITCH messages, each behind its u16 big-endian length, as in a BinaryFILE.
  const std::vector<std::byte>& feed() const { return feed_.bytes(); }
  const std::vector<Report>& reports() const { return reports_; }
  /// With MarketOptions::level_outputs: each displayed level that was changed, once or
  /// several times, and each trade.
  const std::vector<TouchedLevel>& touched() const { return book_.touched(); }
  const std::vector<PublicTrade>& trades() const { return trades_; }
  void clear_outputs();

  // ---- State ----

  /// The best displayed price and its size; kNoPrice and 0 where there is none.
  PriceLevel best(InstrumentId instrument, Side side) const;
  /// Up to `levels` displayed levels, best first.
  std::vector<PriceLevel> depth(InstrumentId instrument, Side side,
                                std::size_t levels) const;
  /// What is displayed at one price.
  Qty displayed(InstrumentId instrument, Side side, Price price) const;
  /// Calls `visit(const Order&)` for each order that is displayed, in the order in
  /// which they trade: best price first, then first come; `qty` is what is shown.
  template <class Visit>
  void for_each_displayed(InstrumentId id, Side side, Visit&& visit) const {
    if (listing(id).instrument < 0) return;
    const Ladder& ladder = book_.ladder(id, side);
    for (auto rung = ladder.rungs.rbegin(); rung != ladder.rungs.rend(); ++rung) {
      std::uint32_t at = book_.level(rung->level).displayed.first;
      for (; at != kNil; at = book_[at].later) {
        if (book_[at].qty > 0) visit(book_[at]);
      }
    }
  }
  const std::vector<Instrument>& instruments() const { return instruments_; }
  const Instrument* instrument(InstrumentId id) const;
  std::optional<InstrumentId> find(std::string_view symbol) const;
  /// True if orders for it are taken now.
  bool trading(InstrumentId id) const;
  bool is_open() const { return open_; }
  /// Live orders of one account.
  std::size_t working_orders(AccountId account) const;
  /// Resting orders of all accounts, those taken in whole that still live on the
  /// recording included.
  std::size_t resting_orders() const { return book_.size(); }
  const Anomalies& anomalies() const { return anomalies_; }

 private:
  struct Listing {
    std::int32_t instrument = -1;           ///< index into instruments_
    bool trading = false;                   ///< last H
    bool halted = false;                    ///< last h of this market
    Price shown[2] = {kNoPrice, kNoPrice};  ///< last A or F of each side
  };
  struct Account {
    std::uint32_t oldest = kNil;  ///< chain of Working
    std::uint32_t newest = kNil;
    std::uint32_t count = 0;
  };
  /// What a resting participant order has beyond what every order has.
  struct Working {
    std::uint32_t order = kNil;  ///< into book_
    std::uint32_t older = kNil;
    std::uint32_t newer = kNil;
    std::uint32_t client_ref = 0;
    Qty filled = 0;  ///< of the whole chain of replaces
    Qty reserve = 0;
    Qty display_qty = 0;
    bool post_only = false;
  };
  /// An order on its way in: a participant's, or what a recording says arrived.
  struct Incoming {
    AccountId account = kRecordedAccount;
    std::uint32_t client_ref = 0;
    InstrumentId instrument{};
    Side side = Side::kBuy;
    Price limit{};
    Qty open = 0;
    Qty filled = 0;
    std::uint64_t reference = 0;
    TimeInForce time_in_force = TimeInForce::kDay;
    bool hidden = false;
    bool post_only = false;
    Qty display_qty = 0;
    /// Recorded executions stop short of this order: who is behind it waits.
    std::uint32_t until = kNil;

    bool recorded() const { return account == kRecordedAccount; }
  };
  /// What stands on the other side at or within an incoming order's limit.
  enum class Contra : std::uint8_t { kNone, kHidden, kDisplayed };
  struct RecordedHandler;

  // market.cpp: the day, participants
  std::uint16_t refusal(const NewOrder& order) const;
  static bool valid(const Instrument& instrument, Price price);
  void execute_or_rest(Incoming& incoming, std::uint64_t replaced, UnixNanos now);
  void rest(const Incoming& incoming, std::uint64_t replaced, UnixNanos now);
  void requeue(std::uint32_t original, std::uint32_t client_ref, Qty open, Price price,
               UnixNanos now);
  void shrink(std::uint32_t index, Qty to, UnixNanos now);
  std::uint32_t find_order(AccountId account, std::uint32_t client_ref) const;
  void cancel_working(std::uint32_t index, char reason, UnixNanos now);
  void cancel_everyone(UnixNanos now);
  void link_working(std::uint32_t index, Working working);
  void unlink_working(std::uint32_t index);

  // market_matching.cpp
  Contra contra(const Incoming& incoming) const;
  void match(Incoming& incoming, UnixNanos now);
  void match_queue(Incoming& incoming, std::uint32_t first, UnixNanos now);
  bool trade(Incoming& incoming, std::uint32_t index, Qty qty, UnixNanos now);
  void refill(std::uint32_t index, UnixNanos now);
  void prevent_self_match(std::uint32_t index, UnixNanos now);
  void remove(std::uint32_t index);
  Qty open_qty(const Order& order) const;
  Money fee(Liquidity liquidity, Price price, Qty qty) const;
  Report report_of(std::uint32_t index, ReportKind kind, UnixNanos now) const;
  Report report_of(const Incoming& incoming, ReportKind kind, UnixNanos now) const;

  // market_feed.cpp
  void send_system(char event, UnixNanos now);
  void send_directory(const Instrument& instrument, UnixNanos now);
  void send_trading(const Instrument& instrument, char state, UnixNanos now);
  void send_add(const Order& order, UnixNanos now);
  void send_replace(const Order& order, std::uint64_t replaced, UnixNanos now);
  void send_delete(const Order& order, UnixNanos now);
  void send_cancel(const Order& order, Qty qty, UnixNanos now);
  void send_executed(const Order& order, Qty qty, std::uint64_t match_number,
                     UnixNanos now);
  void note_trade(const PublicTrade& trade) {
    if (options_.level_outputs) trades_.push_back(trade);
  }
  std::uint32_t price_code(InstrumentId id, Price price) const;
  Price price_of(InstrumentId id, std::uint32_t code) const;

  // market_state.cpp
  const Listing& listing(InstrumentId id) const;
  void list(Instrument instrument);

  std::vector<Instrument> instruments_;
  std::vector<Listing> listings_;  ///< by InstrumentId
  FeeSchedule fees_;
  MarketOptions options_;
  RestingBook book_;
  std::vector<Working> working_;
  std::vector<std::uint32_t> working_free_;
  NumberIndex clients_;  ///< account and client_ref to Order index
  std::vector<Account> accounts_;
  FeedBuffer feed_;
  std::vector<Report> reports_;
  std::vector<PublicTrade> trades_;
  Anomalies anomalies_;
  std::uint64_t next_reference_;
  std::uint64_t next_match_;
  bool open_ = false;
};

}  // namespace pyscalp::exchange
