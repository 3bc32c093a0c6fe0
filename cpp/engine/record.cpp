#include "engine/record.hpp"

namespace pyscalp::engine {

const char* name(Stage stage) {
  switch (stage) {
    case Stage::kArrival:
      return "arrival";
    case Stage::kFeed:
      return "feed";
    case Stage::kSignal:
      return "signal";
    case Stage::kGate:
      return "gate";
    case Stage::kEncode:
      return "encode";
    case Stage::kSend:
      return "send";
    case Stage::kTickToTrade:
      return "tick_to_trade";
    case Stage::kOrderRoundTrip:
      return "order_round_trip";
    case Stage::kStopToOrder:
      return "stop_to_order";
  }
  return "?";
}

}  // namespace pyscalp::engine
