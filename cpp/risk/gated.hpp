// An order and a cancel that have passed the gate. Only the gate makes them, and the
// order session accepts nothing else: an order past the gate cannot be expressed.
//
// Both can be moved, not copied, and moving spends the source: one approval is one
// message to the venue.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "order/wish.hpp"
#include "risk/denial.hpp"

namespace pyscalp::risk {

class Gate;

class GatedOrder final {
 public:
  GatedOrder(GatedOrder&& other) noexcept
      : wish_(other.wish_),
        deadline_exit_(other.deadline_exit_),
        spent_(std::exchange(other.spent_, true)) {}
  GatedOrder& operator=(GatedOrder&&) = delete;

  const order::Wish& wish() const { return wish_; }
  /// Passed by the exception for positions at their holding deadline.
  bool deadline_exit() const { return deadline_exit_; }
  /// Moved from: another object has the approval. Must not be sent.
  bool spent() const { return spent_; }

 private:
  friend class Gate;
  GatedOrder(const order::Wish& wish, bool deadline_exit)
      : wish_(wish), deadline_exit_(deadline_exit) {}

  order::Wish wish_;
  bool deadline_exit_;
  bool spent_ = false;
};

class GatedCancel final {
 public:
  GatedCancel(GatedCancel&& other) noexcept
      : user_ref_(other.user_ref_), spent_(std::exchange(other.spent_, true)) {}
  GatedCancel& operator=(GatedCancel&&) = delete;

  /// The order to cancel, by the reference it was entered under.
  std::uint32_t user_ref() const { return user_ref_; }
  bool spent() const { return spent_; }

 private:
  friend class Gate;
  explicit GatedCancel(std::uint32_t user_ref) : user_ref_(user_ref) {}

  std::uint32_t user_ref_;
  bool spent_ = false;
};

/// An order, or why not: `order` is there exactly when `denial` is kNone.
struct Verdict {
  Denial denial = Denial::kNone;
  std::optional<GatedOrder> order;

  explicit operator bool() const { return order.has_value(); }
};

}  // namespace pyscalp::risk
