// The ids that one stream has lately brought, each with the connection that was first.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace pyscalp::capture {

class RecentIds {
 public:
  /// Ids that are remembered. A connection that is further behind the first than so
  /// many messages is not recognised as a repetition.
  static constexpr std::size_t kMost = std::size_t{1} << 16;

  /// True where another connection has brought this id. What one connection brings
  /// twice is no repetition of ours.
  bool repeated(std::uint64_t id, int connection) {
    const auto [at, added] = first_.try_emplace(id, connection);
    if (!added) return at->second != connection;
    if (order_.size() < kMost) {
      order_.push_back(id);
    } else {
      first_.erase(order_[next_]);
      order_[next_] = id;
      next_ = (next_ + 1) % kMost;
    }
    return false;
  }

 private:
  std::unordered_map<std::uint64_t, int> first_;
  std::vector<std::uint64_t> order_;  ///< the ids as they came; a ring once it is full
  std::size_t next_ = 0;
};

}  // namespace pyscalp::capture
