// How a Report reads in OUCH 5.0. Stateless.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "exchange/report.hpp"
#include "wire/ouch50.hpp"

namespace pyscalp::exchange {

/// What a client wrote on its order that the matching does not need, and that its
/// acknowledgements repeat.
struct OrderForm {
  char side = 'B';  ///< B, S, T or E; a Report knows only buy and sell
  char capacity = 'P';
  char intermarket_sweep = 'N';
  wire::ouch::ClientOrderId client_id;
};

/// One OUCH message; two where an iceberg's refill also tells the new priority.
class OrderMessages {
 public:
  OrderMessages(const Report& report, const OrderForm& form,
                const wire::ouch::Symbol& symbol);

  std::size_t count() const { return count_; }
  Bytes operator[](std::size_t i) const { return {bytes_[i].data(), sizes_[i]}; }

 private:
  static constexpr std::size_t kRoom = 128;

  template <class Message>
  void put(const Message& message) {
    sizes_[count_] = wire::ouch::encode(message, bytes_[count_].data());
    ++count_;
  }
  void put_restated(const Report& report);

  std::size_t count_ = 0;
  std::array<std::size_t, 2> sizes_{};
  std::array<std::array<std::byte, kRoom>, 2> bytes_;
};

}  // namespace pyscalp::exchange
