// Driver of the exchange that plays a recorded ITCH day.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "exchange/market.hpp"
#include "wire/binary_file.hpp"

namespace pyscalp::exchange {

/// Gives the messages of a BinaryFILE to a Market, step by step, at their own times.
///
/// The file's bytes must outlive the driver; nothing is copied. A file that is cut ends
/// at its last whole message and says so by `truncated()`. Times never run backward:
/// a message stamped earlier than the one before it is played at that one's time.
class RecordedDay {
 public:
  /// How much of the day one step is.
  enum class Pace : std::uint8_t {
    kMessage,
    /// All messages of one stamp: for a day of coarse stamps, in which nothing is known
    /// of what was between them.
    kMoment,
  };

  /// `from` is where the day is joined; see fast_forward. Without it: at its start.
  explicit RecordedDay(Bytes file, std::optional<UnixNanos> from = std::nullopt,
                       Pace pace = Pace::kMessage);

  /// Venue time of the next message; nothing once the day is over.
  std::optional<UnixNanos> next_time() const;
  /// Applies the next message, or those of the next stamp; nothing once the day is
  /// over.
  void step(Market& market);
  /// Applies, in one go, every message stamped before `from`, and returns how many
  /// these were. The Market's feed then holds them all, so that the book can be brought
  /// up to date from message 1 by retransmission.
  std::uint64_t fast_forward(Market& market);

  bool truncated() const { return reader_.truncated(); }
  /// Messages applied so far.
  std::uint64_t messages() const { return messages_; }
  /// Bytes of the file whose messages have been applied, and of the whole file.
  std::size_t bytes_done() const;
  std::size_t bytes_total() const { return size_; }

  /// The instruments that the R messages of a file name, in the file's order; a tick is
  /// 0.01. A locate or symbol named twice counts once.
  static std::vector<Instrument> instruments(Bytes file);

 private:
  void peek();
  void apply(Market& market);

  wire::BinaryFileReader reader_;
  std::size_t size_;
  std::optional<UnixNanos> from_;
  Pace pace_;
  std::optional<Bytes> next_;
  UnixNanos next_time_{};
  std::uint64_t messages_ = 0;
};

}  // namespace pyscalp::exchange
