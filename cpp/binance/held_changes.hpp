// Changes of depth that wait for a snapshot, in memory taken at construction.
//
// In order, without a gap: whoever adds one has seen to that. Where there is no more
// room all that was held is given up and the newest is kept, so that a snapshot asked
// for from then on can still be followed. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "binance/market_message.hpp"

namespace pyscalp::binance {

struct HeldCapacity {
  std::uint32_t changes = 1'024;  ///< of one instrument
  std::uint32_t levels = 16'384;  ///< of all of them together
};

class HeldChanges {
 public:
  struct Change {
    std::uint64_t first_id = 0;
    std::uint64_t last_id = 0;
    std::uint64_t previous_id = 0;
    std::span<const PriceLevel> bids;
    std::span<const PriceLevel> asks;
  };

  explicit HeldChanges(const HeldCapacity& capacity)
      : capacity_(capacity),
        changes_(std::make_unique<Change[]>(capacity.changes)),
        levels_(std::make_unique<PriceLevel[]>(capacity.levels)) {}

  bool empty() const { return count_ == 0; }
  std::uint32_t size() const { return count_; }
  const Change& operator[](std::uint32_t at) const { return changes_[at]; }
  const Change& newest() const { return changes_[count_ - 1]; }
  void clear() { count_ = used_ = 0; }
  /// False where earlier changes, or the change itself, had to be given up.
  bool add(const Change& change);

 private:
  HeldCapacity capacity_;
  std::unique_ptr<Change[]> changes_;
  std::unique_ptr<PriceLevel[]> levels_;
  std::uint32_t count_ = 0;
  std::uint32_t used_ = 0;
};

}  // namespace pyscalp::binance
