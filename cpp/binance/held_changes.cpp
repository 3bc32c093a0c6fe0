#include "binance/held_changes.hpp"

#include <algorithm>

namespace pyscalp::binance {

bool HeldChanges::add(const Change& change) {
  const std::size_t size = change.bids.size() + change.asks.size();
  const bool room = count_ < capacity_.changes && size <= capacity_.levels - used_;
  if (!room) clear();
  if (size > capacity_.levels || capacity_.changes == 0) return false;
  PriceLevel* const at = levels_.get() + used_;
  std::copy(change.bids.begin(), change.bids.end(), at);
  std::copy(change.asks.begin(), change.asks.end(), at + change.bids.size());
  changes_[count_] = change;
  changes_[count_].bids = {at, change.bids.size()};
  changes_[count_].asks = {at + change.bids.size(), change.asks.size()};
  ++count_;
  used_ += static_cast<std::uint32_t>(size);
  return room;
}

}  // namespace pyscalp::binance
