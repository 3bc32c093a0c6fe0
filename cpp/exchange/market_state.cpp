// What can be read off a Market, and its list of instruments.
#include <algorithm>

#include "exchange/market.hpp"

namespace pyscalp::exchange {

void Market::clear_outputs() {
  feed_.clear();
  reports_.clear();
  trades_.clear();
  book_.clear_touched();
}

PriceLevel Market::best(InstrumentId id, Side side) const {
  if (listing(id).instrument < 0) return {};
  const Ladder& ladder = book_.ladder(id, side);
  for (auto rung = ladder.rungs.rbegin(); rung != ladder.rungs.rend(); ++rung) {
    const Qty qty = book_.level(rung->level).displayed_qty;
    if (qty > 0) return {rung->price, qty};
  }
  return {};
}

std::vector<PriceLevel> Market::depth(InstrumentId id, Side side,
                                      std::size_t levels) const {
  std::vector<PriceLevel> depth;
  if (listing(id).instrument < 0) return depth;
  const Ladder& ladder = book_.ladder(id, side);
  for (auto rung = ladder.rungs.rbegin(); rung != ladder.rungs.rend(); ++rung) {
    if (depth.size() == levels) break;
    const Qty qty = book_.level(rung->level).displayed_qty;
    if (qty > 0) depth.push_back({rung->price, qty});
  }
  return depth;
}

Qty Market::displayed(InstrumentId id, Side side, Price price) const {
  if (listing(id).instrument < 0) return 0;
  const Ladder& ladder = book_.ladder(id, side);
  const auto found = std::lower_bound(ladder.rungs.begin(), ladder.rungs.end(), price,
                                      [side](const Ladder::Rung& rung, Price wanted) {
                                        return better(side, wanted, rung.price);
                                      });
  if (found == ladder.rungs.end() || found->price != price) return 0;
  return book_.level(found->level).displayed_qty;
}

const Instrument* Market::instrument(InstrumentId id) const {
  const std::int32_t at = listing(id).instrument;
  return at < 0 ? nullptr : &instruments_[static_cast<std::size_t>(at)];
}

std::optional<InstrumentId> Market::find(std::string_view symbol) const {
  const auto found =
      std::find_if(instruments_.begin(), instruments_.end(),
                   [&](const Instrument& listed) { return listed.symbol == symbol; });
  if (found == instruments_.end()) return std::nullopt;
  return found->id;
}

bool Market::trading(InstrumentId id) const {
  const Listing& found = listing(id);
  return open_ && found.instrument >= 0 && found.trading && !found.halted;
}

std::size_t Market::working_orders(AccountId account) const {
  return account < accounts_.size() ? accounts_[account].count : 0;
}

const Market::Listing& Market::listing(InstrumentId id) const {
  static constexpr Listing kUnlisted{};
  return index(id) < listings_.size() ? listings_[index(id)] : kUnlisted;
}

void Market::list(Instrument instrument) {
  const InstrumentId id = instrument.id;
  if (index(id) >= listings_.size()) listings_.resize(index(id) + std::size_t{1});
  listings_[index(id)].instrument = static_cast<std::int32_t>(instruments_.size());
  book_.list(id);
  instruments_.push_back(std::move(instrument));
}

}  // namespace pyscalp::exchange
