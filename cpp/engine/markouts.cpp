// Where the mid goes after a fill, as order/markouts.hpp follows it: told from the
// books.
#include "engine/engine.hpp"

namespace pyscalp::engine {

Price Engine::known_mid(InstrumentId id) const {
  if (feed_.gap_open()) return kNoPrice;
  const book::Touch touch = books_.books().touch(id);
  return touch.sound() ? touch.mid() : kNoPrice;
}

void Engine::settle_markouts(MonoNanos now) {
  markouts_.settle_before(
      now, [&](InstrumentId id) { return known_mid(id); },
      [&](const order::Markout& markout) {
        outlet_.put(RecordKind::kMarkout, now, markout);
      });
}

}  // namespace pyscalp::engine
