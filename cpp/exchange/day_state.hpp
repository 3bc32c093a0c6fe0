// What of a day's ITCH messages a snapshot repeats besides the orders: system events,
// directory, trading states, Reg SHO, operational halts.
//
// Reads the feed as it is published, so that the messages are told again as they were.
// Memory: the last message of each kind for each instrument.
#pragma once

#include <map>
#include <vector>

#include "base/bytes.hpp"

namespace pyscalp::exchange {

class DayState {
 public:
  /// Takes messages that each stand behind their u16 length.
  void take(Bytes framed);

  /// Calls `visit(Bytes message)`: system events in the order they came, then for each
  /// instrument R, H, Y, h.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Message& message : system_) visit(Bytes(message));
    for (const auto& [locate, kinds] : stocks_) {
      for (const auto& [kind, message] : kinds) visit(Bytes(message));
    }
  }

 private:
  using Message = std::vector<std::byte>;

  void keep(Bytes message);

  std::vector<Message> system_;
  /// By locate; then by the kind's place, and for h by market too.
  std::map<std::uint16_t, std::map<int, Message>> stocks_;
};

}  // namespace pyscalp::exchange
