#include "exchange/impairment.hpp"

#include <stdexcept>
#include <string>

namespace pyscalp::exchange {

Impairment::Impairment(const LineFaults& faults, std::uint64_t seed)
    : faults_(faults), random_(seed) {
  const auto check = [](const char* name, double chance) {
    if (chance >= 0 && chance <= 1) return;
    throw std::invalid_argument(std::string(name) + " is " + std::to_string(chance) +
                                "; a chance lies within 0 and 1");
  };
  check("loss", faults.loss);
  check("duplicate", faults.duplicate);
  check("reorder", faults.reorder);
  if (faults.window < 1 || faults.window > LineFaults::kWindowMax) {
    throw std::invalid_argument("the reordering window is " +
                                std::to_string(faults.window) +
                                "; it lies within 1 and 64");
  }
  if (faults.reorder > 0) held_.reserve(faults.window);
}

bool Impairment::hold(Bytes datagram, bool doubled, std::uint32_t after) {
  if (held_.size() == faults_.window || datagram.size() > kMaxDatagram) return false;
  Held& held = held_.emplace_back();
  held.after = after;
  held.doubled = doubled;
  held.size = static_cast<std::uint16_t>(datagram.size());
  std::memcpy(held.bytes.data(), datagram.data(), datagram.size());
  return true;
}

}  // namespace pyscalp::exchange
