// What a book's touch was before the venue worked on an order.
//
// The feed may be as fast as the order session: then the book that is there when an ack
// comes has had the order's own executions taken off, or the order itself added. What
// the order met is the touch before all that bears the venue's stamp of the ack.
#pragma once

#include "base/types.hpp"
#include "book/touch.hpp"

namespace pyscalp::engine {

/// One book's, while orders are open in it. The touches of the last two stamps are
/// kept, so the answer is exact unless the feed is ahead of the ack by more than one
/// change of this book; then it is the touch before the last of them.
class TouchBefore {
 public:
  /// An order leaves: this is the touch, and that of the venue's stamp `at`.
  void on_sent(UnixNanos at, const book::Touch& touch) {
    at_ = at;
    touch_ = before_ = touch;
  }
  /// After each change, with the venue's stamp of it; `at` does not go back.
  void on_change(UnixNanos at, const book::Touch& touch) {
    if (at > at_) {
      before_ = touch_;
      at_ = at;
    }
    touch_ = touch;
  }
  /// What came before is void, too.
  void reset() { *this = {}; }
  /// The touch before the stamp `at`, where the book's is `now`.
  const book::Touch& before(UnixNanos at, const book::Touch& now) const {
    return at_ < at ? now : before_;
  }

 private:
  UnixNanos at_{-1};
  book::Touch touch_;
  book::Touch before_;
};

}  // namespace pyscalp::engine
