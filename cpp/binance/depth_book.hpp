// The local book of one symbol, kept by the venue's own rules, with bookTicker on top.
//
// Changes of depth are held until a snapshot has come, then follow on it; each must
// follow on the last, or the book is stale at once and waits for another snapshot.
//
//             spot                                USD-M, COIN-M
//   dropped   u <= lastUpdateId                   u < lastUpdateId
//   first     U <= lastUpdateId + 1 <= u          pu <= lastUpdateId <= u
//   then      U <= last u + 1                     pu == last u
//   old       lastUpdateId + 1 < U of the first   lastUpdateId < pu of the first held
//
// A book is fresh once a change has joined the snapshot: until then nothing proves that
// the stream goes on where the snapshot ends. While it is not fresh it is flagged in
// `LevelBooks`, holds what it last knew, and no change of it is told.
//
// bookTicker is sooner than the depth (at once; depth every 100 ms on spot), and both
// count in the same update ids. Where the ticker's id is the later one, the book is
// that of the depth with the ticker laid over: levels better than its prices are taken
// out, and its prices have its quantities. What was there is remembered, at most
// `covered` levels a side, and comes back before the next change of depth is applied,
// for that may leave out a level that was gone and came back within it. Where the depth
// has the later id the ticker says nothing new; at the same id both must agree, or one
// of them is wrong and the book is stale (kMismatch).
//
// Single-threaded, no allocation after construction.
// Source: Binance, "How to manage a local order book correctly", spot and futures, with
// what captures taught: spot's first change may begin at lastUpdateId + 1.
#pragma once

#include <cstdint>
#include <memory>

#include "base/types.hpp"
#include "binance/held_changes.hpp"
#include "binance/market.hpp"
#include "binance/market_message.hpp"
#include "book/book_change.hpp"
#include "book/level_books.hpp"

namespace pyscalp::binance {

/// Ids of one change span at most so many: more is absurd, and would make all that
/// follows look old.
inline constexpr std::uint64_t kIdSpanMax = std::uint64_t{1} << 32;

class DepthBook {
 public:
  enum class Phase : std::uint8_t {
    kSilent,   ///< no change of depth has come yet: a snapshot could not be followed
    kWanting,  ///< changes are held; a snapshot is wanted, and none has been asked for
    kAsked,    ///< one has been asked for
    kJoining,  ///< it is in the book; no change has followed on it yet
    kFresh,    ///< the book is the venue's
  };

  DepthBook(book::LevelBooks& books, InstrumentId id, Market market,
            const HeldCapacity& held, std::uint32_t covered)
      : books_(books),
        id_(id),
        market_(market),
        covered_most_(covered),
        covers_{Cover(covered), Cover(covered)},
        held_(held) {
    books_.flag(id_);
  }

  Phase phase() const { return phase_; }
  bool fresh() const { return phase_ == Phase::kFresh; }
  InstrumentId id() const { return id_; }
  /// u of the last change that is in the book, or lastUpdateId of the snapshot.
  std::uint64_t last_id() const { return last_id_; }
  std::uint64_t ticker_id() const { return ticker_id_; }
  /// True while the ticker is later than the depth and lies over it.
  bool covered() const { return covered_; }
  /// The touch as the depth alone tells it.
  book::Touch depth_touch() const;

  void asked() { phase_ = Phase::kAsked; }
  /// Whoever asked has got nothing, or nothing that can be used.
  void not_answered() { phase_ = held_.empty() ? Phase::kSilent : Phase::kWanting; }
  /// The book is not to be traded on from here. Forgets the ids, and what is held.
  void make_stale();
  /// Forgets the ticker: its ids begin anew.
  template <class Tell>
  void forget_ticker(Tell&& tell) {
    if (fresh()) uncover(tell);
    ticker_id_ = 0;
  }

  /// Takes a change of depth. kOk where it is in the book, which may have become fresh;
  /// kBuffered, kRepeated; kGap, kMismatch or kLevelsFull where the book is stale now.
  /// `tell(const book::BookChange&)` is called for every level that is another, if the
  /// book was fresh.
  template <class Tell>
  MessageStatus on_change(const HeldChanges::Change& change, Tell&& tell,
                          std::uint64_t& given_up);
  /// Takes a bookTicker: kOk where the book is another now, kRepeated where it is not
  /// newer than what is known, kBuffered where it is kept for when the book is fresh.
  template <class Tell>
  MessageStatus on_ticker(std::uint64_t id, const PriceLevel& bid,
                          const PriceLevel& ask, Tell&& tell);
  /// Puts a snapshot in place of the book and lets what was held follow. kOk where it
  /// is in: then the phase is kFresh or kJoining.
  MessageStatus on_snapshot(std::uint64_t id, std::span<const PriceLevel> bids,
                            std::span<const PriceLevel> asks);

 private:
  struct Covered {
    Price price{};
    Qty qty = 0;  ///< that the depth has there
  };
  struct Cover {
    PriceLevel ticker;  ///< what lies over the depth; no price: nothing does
    std::uint32_t count = 0;
    std::unique_ptr<Covered[]>
        levels;  ///< best first; the last is at the ticker's price

    explicit Cover(std::uint32_t most) : levels(std::make_unique<Covered[]>(most)) {}
  };
  struct Silent {
    void operator()(const book::BookChange&) const {}
  };

  bool repeated(const HeldChanges::Change& change, std::uint64_t last) const {
    return change.last_id <= last;
  }
  bool follows(const HeldChanges::Change& change, std::uint64_t last) const {
    return market_ == Market::kSpot ? change.first_id <= last + 1
                                    : change.previous_id == last;
  }
  /// How a change stands to the snapshot that it might be the first to follow.
  enum class Join : std::uint8_t { kBefore, kJoins, kBeyond };
  Join join(const HeldChanges::Change& change) const;
  MessageStatus hold(const HeldChanges::Change& change, std::uint64_t& given_up);
  void become_fresh();

  template <class Tell>
  bool set(Side side, Price price, Qty qty, Tell& tell) {
    const Price best = books_.touch(id_).price(side);
    Qty before = 0;
    if (books_.set(id_, side, price, qty, &before) != book::BookStatus::kOk)
      return false;
    if (before == qty) return true;
    const bool touched = best == kNoPrice || !better(side, best, price);
    tell(book::BookChange{book::BookStatus::kOk, touched, side, id_, price, qty, 0});
    return true;
  }
  template <class Tell>
  bool set_all(std::span<const PriceLevel> bids, std::span<const PriceLevel> asks,
               Tell& tell) {
    bool room = true;
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto told = [&](Price price, Qty qty, bool touched) {
        tell(
            book::BookChange{book::BookStatus::kOk, touched, side, id_, price, qty, 0});
      };
      room &= books_.set_all(id_, side, side == Side::kBuy ? bids : asks, told) ==
              book::BookStatus::kOk;
    }
    return room;
  }
  template <class Tell>
  MessageStatus apply(const HeldChanges::Change& change, Tell& tell);
  template <class Tell>
  MessageStatus cover_if_later(Tell& tell);
  /// The touch is the ticker's.
  bool agrees() const {
    const book::Touch& touch = books_.touch(id_);
    return touch.bid == ticker_[0].price && touch.bid_qty == ticker_[0].qty &&
           touch.ask == ticker_[1].price && touch.ask_qty == ticker_[1].qty;
  }
  template <class Tell>
  void uncover(Side side, Tell& tell);
  template <class Tell>
  void uncover(Tell& tell) {
    uncover(Side::kBuy, tell);
    uncover(Side::kSell, tell);
    covered_ = false;
  }
  template <class Tell>
  bool cover(Side side, const PriceLevel& ticker, Tell& tell);
  template <class Tell>
  bool cover(Tell& tell) {
    covered_ = true;
    return cover(Side::kBuy, ticker_[0], tell) && cover(Side::kSell, ticker_[1], tell);
  }

  book::LevelBooks& books_;
  InstrumentId id_;
  Market market_;
  std::uint32_t covered_most_;
  Phase phase_ = Phase::kSilent;
  bool covered_ = false;
  std::uint64_t last_id_ = 0;
  std::uint64_t ticker_id_ = 0;
  PriceLevel ticker_[2];  ///< of ticker_id_
  Cover covers_[2];
  HeldChanges held_;
};

/// Brings back what the depth has under the ticker.
template <class Tell>
void DepthBook::uncover(Side side, Tell& tell) {
  Cover& cover = covers_[index(side)];
  while (cover.count > 0) {
    const Covered& level = cover.levels[--cover.count];
    set(side, level.price, level.qty, tell);
  }
  cover.ticker = {kNoPrice, 0};
}

/// Lays one side of the ticker over the depth; false where that takes too many levels.
template <class Tell>
bool DepthBook::cover(Side side, const PriceLevel& ticker, Tell& tell) {
  Cover& cover = covers_[index(side)];
  if (cover.count > 0 && cover.ticker.price == ticker.price) {
    cover.ticker.qty = ticker.qty;
    return set(side, ticker.price, ticker.qty, tell);
  }
  // What is no better than the new price comes back; what is better stays covered.
  while (cover.count > 0) {
    const Covered& level = cover.levels[cover.count - 1];
    const bool under =
        cover.ticker.price == level.price || !better(side, level.price, ticker.price);
    if (!under && ticker.price != kNoPrice) break;
    --cover.count;
    set(side, level.price, level.qty, tell);
  }
  cover.ticker = {kNoPrice, 0};
  // Nobody quotes: the depth will say so too, level by level.
  if (ticker.price == kNoPrice) return true;
  cover.ticker = ticker;
  const book::Touch& touch = books_.touch(id_);
  while (touch.price(side) != kNoPrice &&
         better(side, touch.price(side), ticker.price)) {
    if (cover.count + 1 >= covered_most_) return false;
    const Covered gone{touch.price(side), touch.qty(side)};
    cover.levels[cover.count++] = gone;
    set(side, gone.price, 0, tell);
  }
  cover.levels[cover.count++] = {
      ticker.price, touch.price(side) == ticker.price ? touch.qty(side) : 0};
  return set(side, ticker.price, ticker.qty, tell);
}

template <class Tell>
MessageStatus DepthBook::apply(const HeldChanges::Change& change, Tell& tell) {
  if (covered_) uncover(tell);
  if (!set_all(change.bids, change.asks, tell)) return MessageStatus::kLevelsFull;
  last_id_ = change.last_id;
  if (books_.touch(id_).crossed()) return MessageStatus::kMismatch;
  return cover_if_later(tell);
}

/// Lays the ticker over the depth where it is the later one, and compares them where
/// they are of one id.
template <class Tell>
MessageStatus DepthBook::cover_if_later(Tell& tell) {
  if (ticker_id_ < last_id_) return MessageStatus::kOk;
  const bool sound = ticker_id_ > last_id_ ? cover(tell) : agrees();
  return sound ? MessageStatus::kOk : MessageStatus::kMismatch;
}

template <class Tell>
MessageStatus DepthBook::on_change(const HeldChanges::Change& change, Tell&& tell,
                                   std::uint64_t& given_up) {
  MessageStatus status = MessageStatus::kOk;
  if (phase_ == Phase::kFresh) [[likely]] {
    if (repeated(change, last_id_)) return MessageStatus::kRepeated;
    status = follows(change, last_id_) ? apply(change, tell) : MessageStatus::kGap;
  } else if (phase_ == Phase::kJoining) {
    const Join how = join(change);
    // A change of spot that ends with the snapshot proves as much as one that follows.
    if (how == Join::kBefore && change.last_id != last_id_)
      return MessageStatus::kRepeated;
    Silent silent;
    status = how == Join::kBefore  ? cover_if_later(silent)
             : how == Join::kJoins ? apply(change, silent)
                                   : MessageStatus::kGap;
  } else {
    return hold(change, given_up);
  }
  if (status == MessageStatus::kOk) {
    if (phase_ == Phase::kJoining) become_fresh();
    return status;
  }
  make_stale();
  hold(change, given_up);
  return status;
}

template <class Tell>
MessageStatus DepthBook::on_ticker(std::uint64_t id, const PriceLevel& bid,
                                   const PriceLevel& ask, Tell&& tell) {
  if (id <= ticker_id_) return MessageStatus::kRepeated;
  ticker_id_ = id;
  ticker_[0] = bid;
  ticker_[1] = ask;
  if (phase_ != Phase::kFresh) return MessageStatus::kBuffered;
  if (id < last_id_) return MessageStatus::kRepeated;
  if (id > last_id_) [[likely]] {
    if (cover(tell)) [[likely]]
      return MessageStatus::kOk;
  } else if (agrees()) {
    return MessageStatus::kRepeated;
  }
  make_stale();
  return MessageStatus::kMismatch;
}

}  // namespace pyscalp::binance
