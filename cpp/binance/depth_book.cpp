#include "binance/depth_book.hpp"

namespace pyscalp::binance {

void DepthBook::make_stale() {
  books_.flag(id_);
  phase_ = Phase::kSilent;
  held_.clear();
  last_id_ = 0;
}

void DepthBook::become_fresh() {
  phase_ = Phase::kFresh;
  books_.unflag(id_);
}

book::Touch DepthBook::depth_touch() const {
  book::Touch touch = books_.touch(id_);
  for (const Side side : {Side::kBuy, Side::kSell}) {
    const Cover& cover = covers_[index(side)];
    if (cover.count == 0) continue;
    Price price = kNoPrice;
    Qty qty = 0;
    // The best comes first: it was the first to be covered.
    for (std::uint32_t at = 0; at < cover.count && qty == 0; ++at) {
      price = cover.levels[at].price;
      qty = cover.levels[at].qty;
    }
    if (qty == 0) {
      // Nothing of the depth under the ticker: its best is the next level.
      book::LevelView levels[2];
      const int count = books_.levels(id_, side, levels, 2);
      price = count == 2 ? levels[1].price : kNoPrice;
      qty = count == 2 ? levels[1].qty : 0;
    }
    (side == Side::kBuy ? touch.bid : touch.ask) = price;
    (side == Side::kBuy ? touch.bid_qty : touch.ask_qty) = qty;
  }
  return touch;
}

DepthBook::Join DepthBook::join(const HeldChanges::Change& change) const {
  if (market_ == Market::kSpot) {
    if (change.last_id <= last_id_) return Join::kBefore;
    return change.first_id <= last_id_ + 1 ? Join::kJoins : Join::kBeyond;
  }
  if (change.last_id < last_id_) return Join::kBefore;
  return change.previous_id <= last_id_ ? Join::kJoins : Join::kBeyond;
}

MessageStatus DepthBook::hold(const HeldChanges::Change& change,
                              std::uint64_t& given_up) {
  MessageStatus status = MessageStatus::kBuffered;
  if (!held_.empty()) {
    const std::uint64_t last = held_.newest().last_id;
    if (repeated(change, last)) return MessageStatus::kRepeated;
    if (!follows(change, last)) {
      held_.clear();
      status = MessageStatus::kGap;
    }
  }
  if (!held_.add(change)) ++given_up;
  if (phase_ == Phase::kSilent) phase_ = Phase::kWanting;
  return status;
}

MessageStatus DepthBook::on_snapshot(std::uint64_t id, std::span<const PriceLevel> bids,
                                     std::span<const PriceLevel> asks) {
  if (phase_ != Phase::kAsked) return MessageStatus::kUnasked;
  if (!held_.empty()) {
    const HeldChanges::Change& first = held_[0];
    const bool old =
        market_ == Market::kSpot ? id + 1 < first.first_id : id < first.previous_id;
    if (old) {
      not_answered();
      return MessageStatus::kOldSnapshot;
    }
  }
  Silent silent;
  covered_ = false;
  for (Cover& cover : covers_) {
    cover.ticker = {kNoPrice, 0};
    cover.count = 0;
  }
  books_.clear(id_);
  books_.flag(id_);
  last_id_ = id;
  MessageStatus status = MessageStatus::kOk;
  if (!set_all(bids, asks, silent)) status = MessageStatus::kLevelsFull;
  if (books_.touch(id_).crossed()) status = MessageStatus::kMismatch;
  phase_ = Phase::kJoining;
  for (std::uint32_t at = 0; at < held_.size() && status == MessageStatus::kOk; ++at) {
    const HeldChanges::Change& change = held_[at];
    if (phase_ == Phase::kJoining) {
      const Join how = join(change);
      if (how == Join::kBefore && change.last_id != id) continue;
      status = how == Join::kBefore  ? cover_if_later(silent)
               : how == Join::kJoins ? apply(change, silent)
                                     : MessageStatus::kGap;
      if (status == MessageStatus::kOk) become_fresh();
    } else {
      status = follows(change, last_id_) ? apply(change, silent) : MessageStatus::kGap;
    }
  }
  if (status != MessageStatus::kOk) {
    make_stale();
    return status;
  }
  held_.clear();
  return status;
}

}  // namespace pyscalp::binance
