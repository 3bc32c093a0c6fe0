#include "exchange/day_state.hpp"

#include "wire/itch50.hpp"

namespace pyscalp::exchange {

namespace itch = wire::itch;

void DayState::take(Bytes framed) {
  while (framed.size() > 2) {
    const std::size_t length = load_be<std::uint16_t>(framed.data());
    if (length == 0 || framed.size() - 2 < length) return;
    keep(framed.subspan(2, length));
    framed = framed.subspan(2 + length);
  }
}

void DayState::keep(Bytes message) {
  const auto fits = [&](std::size_t size) { return message.size() >= size; };
  int kind = 0;
  switch (static_cast<char>(message[0])) {
    case itch::SystemEvent::kType:
      if (!fits(itch::SystemEvent::kSize)) return;
      // One of each, the newest last.
      std::erase_if(system_, [&](const Message& old) {
        return old[itch::SystemEvent::kSize - 1] ==
               message[itch::SystemEvent::kSize - 1];
      });
      system_.emplace_back(message.begin(), message.end());
      return;
    case itch::StockDirectory::kType:
      if (!fits(itch::StockDirectory::kSize)) return;
      break;
    case itch::TradingAction::kType:
      if (!fits(itch::TradingAction::kSize)) return;
      kind = 1;
      break;
    case itch::RegSho::kType:
      if (!fits(itch::RegSho::kSize)) return;
      kind = 2;
      break;
    case itch::OperationalHalt::kType:
      if (!fits(itch::OperationalHalt::kSize)) return;
      kind = 256 + std::to_integer<int>(message[itch::OperationalHalt::kSize - 2]);
      break;
    default:
      return;
  }
  stocks_[load_be<std::uint16_t>(message.data() + 1)][kind].assign(message.begin(),
                                                                   message.end());
}

}  // namespace pyscalp::exchange
