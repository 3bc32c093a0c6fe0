// What the agents mean to do and when: a queue in time, equal times in order of entry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "exchange/agent_orders.hpp"

namespace pyscalp::exchange {

enum class Deed : std::uint8_t {
  kOpen,           ///< the day begins
  kClose,          ///< the day ends
  kValueStep,      ///< the value moves, stale orders are noticed
  kQuote,          ///< a provider places an order of its own accord
  kDeepQuote,      ///< … far from the touch
  kAnswer,         ///< a provider places an order on `side`
  kLifeEnds,       ///< the order `name` is withdrawn or cut
  kReprice,        ///< a provider withdraws an order of `side` and places it anew
  kReview,         ///< stale orders of `side` are withdrawn
  kNoise,          ///< a noise trader begins
  kBurst,          ///< a burst of informed flow begins to lean
  kBurstDrifts,    ///< … and the value to drift, and its traders to trade
  kPressure,       ///< mean-reverting pressure begins
  kProgrammeStep,  ///< the next order of programme `name.slot`
  kHidden,         ///< a hidden order comes
  kIceberg,        ///< an iceberg comes
};

struct Appointment {
  std::int64_t time = 0;
  std::uint64_t number = 0;
  std::uint32_t stock = 0;
  Deed deed = Deed::kOpen;
  Side side = Side::kBuy;
  OrderName name;
};

/// Binary heap; O(log n) to enter and to take.
class Agenda {
 public:
  void enter(Appointment appointment) {
    appointment.number = next_number_++;
    heap_.push_back(appointment);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  bool empty() const { return heap_.empty(); }
  const Appointment& next() const { return heap_.front(); }
  Appointment take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Appointment appointment = heap_.back();
    heap_.pop_back();
    return appointment;
  }
  void clear() { heap_.clear(); }

 private:
  static bool later(const Appointment& a, const Appointment& b) {
    return a.time != b.time ? a.time > b.time : a.number > b.number;
  }

  std::vector<Appointment> heap_;
  std::uint64_t next_number_ = 0;
};

}  // namespace pyscalp::exchange
