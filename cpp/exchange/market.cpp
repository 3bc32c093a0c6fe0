#include "exchange/market.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace pyscalp::exchange {
namespace {

std::uint64_t client_number(AccountId account, std::uint32_t client_ref) {
  return (std::uint64_t{account} << 32) | client_ref;
}

}  // namespace

Market::Market(std::vector<Instrument> instruments, FeeSchedule fees,
               MarketOptions options)
    : fees_(fees),
      options_(options),
      book_(options.orders, options.level_outputs),
      next_reference_(options.first_number),
      next_match_(options.first_number) {
  if (options.orders == 0 || options.accounts == 0 || options.first_number == 0) {
    throw std::invalid_argument("a market needs room for orders, accounts, numbers");
  }
  for (Instrument& instrument : instruments) {
    const std::string& symbol = instrument.symbol;
    if (symbol.empty() || symbol.size() > sizeof(wire::itch::Symbol)) {
      throw std::invalid_argument("symbol '" + symbol + "' is not 1 to 8 characters");
    }
    constexpr std::int64_t kStepMax = std::numeric_limits<std::int64_t>::max() >> 31;
    const std::int64_t step = instrument.feed_step.value;
    if (step <= 0 || step > kStepMax || instrument.tick.value <= 0 ||
        instrument.tick.value % step != 0) {
      throw std::invalid_argument(symbol +
                                  ": the tick is no multiple of the feed's price step");
    }
    if (instrument.qty_max < 1 ||
        instrument.qty_max > std::numeric_limits<std::uint32_t>::max()) {
      throw std::invalid_argument(symbol + ": qty_max is not 1 to 4,294,967,295");
    }
    if (index(instrument.id) == 0) {
      throw std::invalid_argument(symbol + ": 0 is no instrument id");
    }
    if (listing(instrument.id).instrument >= 0 || find(symbol)) {
      throw std::invalid_argument(symbol + ": id or symbol is listed twice");
    }
    list(std::move(instrument));
  }
}

// ---- The day ----

void Market::open(UnixNanos now) {
  send_system('O', now);
  for (const Instrument& instrument : instruments_) send_directory(instrument, now);
  for (const Instrument& instrument : instruments_) {
    set_trading(instrument.id, 'T', now);
  }
  send_system('S', now);
  send_system('Q', now);
  open_ = true;
}

void Market::close(UnixNanos now) {
  send_system('M', now);
  open_ = false;
  cancel_everyone(now);
  send_system('E', now);
  send_system('C', now);
}

void Market::set_trading(InstrumentId id, char state, UnixNanos now) {
  const Instrument* const found = instrument(id);
  if (found == nullptr) return;
  send_trading(*found, state, now);
  listings_[index(id)].trading = state == 'T';
}

// ---- Participants ----

std::uint16_t Market::refusal(const NewOrder& order) const {
  if (order.account == kRecordedAccount || order.account > options_.accounts) {
    return reject::kAccount;
  }
  const Instrument* const found = instrument(order.instrument);
  if (found == nullptr) return reject::kSymbol;
  if (!open_) return reject::kClosed;
  if (!trading(order.instrument)) return reject::kHalted;
  if (order.qty < 1 || order.qty > found->qty_max) return reject::kQuantity;
  if (!valid(*found, order.price)) return reject::kPrice;
  if (order.display_qty < 0) return reject::kMaxFloor;
  if (find_order(order.account, order.client_ref) != kNil) return reject::kOther;
  if (book_.full()) return reject::kOther;
  return 0;
}

bool Market::valid(const Instrument& instrument, Price price) {
  return price.value > 0 && price <= price_max(instrument) &&
         price.value % instrument.tick.value == 0;
}

void Market::enter(const NewOrder& order, UnixNanos now) {
  Incoming incoming;
  incoming.account = order.account;
  incoming.client_ref = order.client_ref;
  incoming.instrument = order.instrument;
  incoming.side = order.side;
  incoming.limit = order.price;
  incoming.open = order.qty;
  incoming.time_in_force = order.time_in_force;
  incoming.hidden = order.hidden;
  incoming.post_only = order.post_only;
  incoming.display_qty = order.display_qty;
  if (const std::uint16_t reason = refusal(order); reason != 0) {
    Report report = report_of(incoming, ReportKind::kRejected, now);
    report.leaves = 0;
    report.reject_reason = reason;
    report.dead = true;
    reports_.push_back(report);
    return;
  }
  incoming.reference = next_reference_++;
  reports_.push_back(report_of(incoming, ReportKind::kAccepted, now));
  execute_or_rest(incoming, 0, now);
}

/// Lets a new order trade, and what is left of it rest or go. `replaced` is the order
/// on the feed that it takes the place of, or 0.
void Market::execute_or_rest(Incoming& incoming, std::uint64_t replaced,
                             UnixNanos now) {
  char reason = cancel_reason::kIoc;
  bool leave = incoming.time_in_force == TimeInForce::kIoc;
  const Contra found = contra(incoming);
  if (found != Contra::kNone) {
    if (replaced != 0) {
      feed_.send(wire::itch::OrderDelete{
          {index(incoming.instrument), 0, static_cast<std::uint64_t>(now.value)},
          replaced});
    }
    replaced = 0;
    if (!incoming.post_only) {
      match(incoming, now);
    } else {
      leave = true;
      reason = found == Contra::kDisplayed ? cancel_reason::kPostOnlyDisplayed
                                           : cancel_reason::kPostOnlyHidden;
    }
  }
  if (incoming.open == 0) return;
  if (!leave) return rest(incoming, replaced, now);
  Report report = report_of(incoming, ReportKind::kCanceled, now);
  report.leaves = 0;
  report.reason = reason;
  report.dead = true;
  reports_.push_back(report);
}

void Market::rest(const Incoming& incoming, std::uint64_t replaced, UnixNanos now) {
  const bool iceberg = !incoming.hidden && incoming.display_qty > 0;
  const Qty shown =
      iceberg ? std::min(incoming.display_qty, incoming.open) : incoming.open;
  Order order;
  order.reference = incoming.reference;
  order.price = incoming.limit;
  order.qty = shown;
  order.account = incoming.account;
  order.instrument = incoming.instrument;
  order.side = incoming.side;
  order.hidden = incoming.hidden;
  Working working;
  working.client_ref = incoming.client_ref;
  working.filled = incoming.filled;
  working.reserve = incoming.open - shown;
  working.display_qty = incoming.display_qty;
  working.post_only = incoming.post_only;
  link_working(book_.add(order), working);
  if (order.hidden) return;
  if (replaced == 0) {
    send_add(order, now);
  } else {
    send_replace(order, replaced, now);
  }
}

void Market::replace(AccountId account, std::uint32_t original_ref,
                     std::uint32_t client_ref, Qty total_qty, Price price,
                     UnixNanos now) {
  const std::uint32_t original = find_order(account, original_ref);
  if (original == kNil || find_order(account, client_ref) != kNil) return;
  const Order& order = book_[original];
  Working& working = working_[order.working];

  if (!open_ || !trading(order.instrument)) {
    Report report = report_of(original, ReportKind::kRejected, now);
    report.client_ref = client_ref;
    report.original_ref = original_ref;
    report.qty = total_qty;
    report.price = price;
    report.leaves = 0;
    report.order_reference = 0;
    report.reject_reason = open_ ? reject::kHalted : reject::kClosed;
    report.dead = true;
    reports_.push_back(report);
    return;
  }
  const Instrument& listed = *instrument(order.instrument);
  if (total_qty < 1 || total_qty > listed.qty_max || !valid(listed, price)) {
    cancel_working(original, cancel_reason::kUser, now);
    return;
  }

  const Qty open = total_qty - working.filled;
  if (open > 0 && (price != order.price || open >= open_qty(order))) {
    requeue(original, client_ref, open, price, now);
    return;
  }
  if (open > 0) {
    shrink(original, open, now);
    clients_.erase(client_number(account, original_ref));
    clients_.insert(client_number(account, client_ref), original);
    working.client_ref = client_ref;
  } else if (!order.hidden) {
    send_delete(order, now);
  }
  Report report = report_of(original, ReportKind::kReplaced, now);
  report.client_ref = client_ref;
  report.original_ref = original_ref;
  report.price = price;
  report.qty = std::max<Qty>(open, 0);
  report.leaves = report.qty;
  report.dead = open <= 0;
  reports_.push_back(report);
  if (open <= 0) remove(original);
}

/// Replaces an order by one that is new in the queue.
void Market::requeue(std::uint32_t original, std::uint32_t client_ref, Qty open,
                     Price price, UnixNanos now) {
  const Order& order = book_[original];
  const Working& working = working_[order.working];
  Incoming incoming;
  incoming.account = order.account;
  incoming.client_ref = client_ref;
  incoming.instrument = order.instrument;
  incoming.side = order.side;
  incoming.limit = price;
  incoming.open = open;
  incoming.filled = working.filled;
  incoming.reference = next_reference_++;
  incoming.hidden = order.hidden;
  incoming.post_only = working.post_only;
  incoming.display_qty = working.display_qty;
  Report report = report_of(incoming, ReportKind::kReplaced, now);
  report.original_ref = working.client_ref;
  reports_.push_back(report);
  const std::uint64_t replaced = order.hidden ? 0 : order.reference;
  remove(original);
  execute_or_rest(incoming, replaced, now);
}

void Market::cancel(AccountId account, std::uint32_t client_ref, Qty total_qty,
                    UnixNanos now) {
  const std::uint32_t found = find_order(account, client_ref);
  if (found == kNil) return;
  const Qty open = open_qty(book_[found]);
  const Qty to = total_qty - working_[book_[found].working].filled;
  if (total_qty <= 0 || to <= 0) {
    cancel_working(found, cancel_reason::kUser, now);
    return;
  }
  if (to >= open) return;
  shrink(found, to, now);
  Report report = report_of(found, ReportKind::kCanceled, now);
  report.qty = open - to;
  report.reason = cancel_reason::kUser;
  reports_.push_back(report);
}

/// Takes open shares off down to `to`, more than 0 and fewer than now; the reserve
/// first.
void Market::shrink(std::uint32_t index, Qty to, UnixNanos now) {
  const Order& order = book_[index];
  Working& working = working_[order.working];
  Qty cut = open_qty(order) - to;
  const Qty from_reserve = std::min(cut, working.reserve);
  working.reserve -= from_reserve;
  cut -= from_reserve;
  if (cut == 0) return;
  book_.reduce(index, cut);
  if (!order.hidden) send_cancel(order, cut, now);
}

void Market::cancel_working(std::uint32_t index, char reason, UnixNanos now) {
  const Order& order = book_[index];
  if (!order.hidden) send_delete(order, now);
  Report report = report_of(index, ReportKind::kCanceled, now);
  report.qty = report.leaves;
  report.leaves = 0;
  report.reason = reason;
  report.dead = true;
  reports_.push_back(report);
  remove(index);
}

void Market::cancel_all(AccountId account, UnixNanos now, char reason,
                        std::optional<InstrumentId> instrument) {
  if (account >= accounts_.size()) return;
  for (std::uint32_t at = accounts_[account].oldest; at != kNil;) {
    const Working& working = working_[at];
    at = working.newer;
    if (!instrument || book_[working.order].instrument == *instrument) {
      cancel_working(working.order, reason, now);
    }
  }
}

void Market::cancel_everyone(UnixNanos now) {
  for (AccountId account = 1; account < accounts_.size(); ++account) {
    cancel_all(account, now, cancel_reason::kClosed);
  }
}

std::uint32_t Market::find_order(AccountId account, std::uint32_t client_ref) const {
  return clients_.find(client_number(account, client_ref));
}

/// Notes that the resting order at `index` belongs to its account as `working` says.
void Market::link_working(std::uint32_t index, Working working) {
  const AccountId owner = book_[index].account;
  if (owner >= accounts_.size()) accounts_.resize(owner + std::size_t{1});
  Account& account = accounts_[owner];
  working.order = index;
  working.older = account.newest;
  std::uint32_t at = static_cast<std::uint32_t>(working_.size());
  if (working_free_.empty()) {
    working_.push_back(working);
  } else {
    at = working_free_.back();
    working_free_.pop_back();
    working_[at] = working;
  }
  (account.newest == kNil ? account.oldest : working_[account.newest].newer) = at;
  account.newest = at;
  ++account.count;
  book_[index].working = at;
  clients_.insert(client_number(owner, working.client_ref), index);
}

void Market::unlink_working(std::uint32_t index) {
  const Order& order = book_[index];
  const Working& working = working_[order.working];
  Account& account = accounts_[order.account];
  (working.older == kNil ? account.oldest : working_[working.older].newer) =
      working.newer;
  (working.newer == kNil ? account.newest : working_[working.newer].older) =
      working.older;
  --account.count;
  clients_.erase(client_number(order.account, working.client_ref));
  working_free_.push_back(order.working);
}

}  // namespace pyscalp::exchange
