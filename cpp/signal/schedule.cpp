#include "signal/schedule.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace pyscalp::signal {

bool Schedule::valid(const Weights& weights) {
  return std::all_of(weights.begin(), weights.end(), [](double weight) {
    return weight >= 0.0 && weight <= kMaxWeight;
  });
}

bool Schedule::valid(std::span<const TimeWindow> windows) {
  return windows.size() <= kMaxWindows &&
         std::all_of(windows.begin(), windows.end(), [](const TimeWindow& window) {
           return window.from < window.to && valid(window.weights);
         });
}

Schedule::Schedule(const Weights& usual, std::span<const TimeWindow> windows) {
  assert(valid(usual) && valid(windows));
  rules_.push_back({{}, {}, true, usual});
  rules_.insert(rules_.end(), windows.begin(), windows.end());

  constexpr UnixNanos kFirst{std::numeric_limits<std::int64_t>::min()};
  constexpr UnixNanos kLast{std::numeric_limits<std::int64_t>::max()};
  std::vector<UnixNanos> edges = {kFirst, kLast};
  for (const TimeWindow& window : windows) {
    edges.push_back(window.from);
    edges.push_back(window.to);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    std::uint32_t rule = 0;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      if (windows[w].from <= edges[i] && edges[i] < windows[w].to) {
        rule = static_cast<std::uint32_t>(w + 1);
      }
    }
    stretches_.push_back({edges[i], edges[i + 1], rule});
  }
}

void Schedule::find(UnixNanos time) {
  const auto after = std::upper_bound(
      stretches_.begin(), stretches_.end(), time,
      [](UnixNanos t, const Stretch& stretch) { return t < stretch.from; });
  current_ = static_cast<std::size_t>(after - stretches_.begin()) - 1;
}

}  // namespace pyscalp::signal
