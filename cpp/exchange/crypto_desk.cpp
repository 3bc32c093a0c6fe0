#include "exchange/crypto_desk.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "exchange/crypto_signature.hpp"

namespace pyscalp::exchange {
namespace {

std::int64_t ms(UnixNanos time) { return time.value / 1'000'000; }

}  // namespace

CryptoDesk::CryptoDesk(CryptoProtocol protocol, const CryptoPublisher& publisher,
                       Market& market,
                       std::vector<std::map<std::string, std::int64_t>> balances,
                       int leverage, std::function<void()> acted)
    : protocol_(protocol),
      publisher_(publisher),
      market_(market),
      acted_(std::move(acted)) {
  for (std::map<std::string, std::int64_t>& one : balances) {
    accounts_.push_back({CryptoWallet(protocol, std::move(one), leverage),
                         {},
                         {},
                         {},
                         0xFFFF'FFFE,
                         0,
                         {}});
  }
}

// ---- What accounts ask for ----

CryptoResult<const CryptoOrder*> CryptoDesk::place(AccountId id,
                                                   const Parameters& given,
                                                   CryptoMoment now) {
  Account& account = accounts_[id - 1];
  forget_finished(account);
  CryptoOrder order;
  order.account = id;
  if (const auto refused = read(given, order)) return *refused;
  if (const auto refused = check(account, order)) return *refused;
  if (!account.wallet.claim(order.claim(order.qty))) {
    return spot()
               ? error(-2010, "Account has insufficient balance for requested action.")
               : error(-2019, "Margin is insufficient.");
  }
  order.id = ++last_id_;
  if (order.client_id.empty()) order.client_id = random_text(22);
  order.client_ref = choose_ref(account, order.client_id);
  order.time_ms = order.update_ms = ms(now.wall);
  auto kept = std::make_unique<CryptoOrder>(std::move(order));
  CryptoOrder& placed = *kept;
  account.orders[placed.id] = std::move(kept);
  account.by_client_id[placed.client_id] = placed.id;
  account.by_ref[placed.client_ref] = placed.id;
  account.open.insert(placed.id);
  refused_maker_ = false;
  enter(placed, now);
  if (refused_maker_) {
    return spot() ? error(-2010, "Order would immediately match and take.")
                  : error(-5022,
                          "Due to the order could not be executed as maker, the Post "
                          "Only order will be rejected.");
  }
  ++placed_;
  return &placed;
}

void CryptoDesk::enter(CryptoOrder& order, CryptoMoment now) {
  Account& account = accounts_[order.account - 1];
  const bool whole_or_none = order.time_in_force == CryptoTimeInForce::kFok;
  const bool nothing = order.type == CryptoOrderType::kMarket && order.price.value == 0;
  if (nothing || (whole_or_none && within(order) < order.qty)) {
    tell(order, {"NEW", {}, {}, false, {}, 0, 0}, now);
    finish(account, order, CryptoStatus::kExpired);
    tell(order, {"EXPIRED", {}, {}, false, {}, 0, 0}, now);
    return;
  }
  NewOrder entered;
  entered.account = order.account;
  entered.client_ref = order.client_ref;
  entered.instrument = order.symbol->id;
  entered.side = order.side;
  entered.qty = order.qty;
  entered.price = order.price;
  const bool immediate = order.type == CryptoOrderType::kMarket || whole_or_none ||
                         order.time_in_force == CryptoTimeInForce::kIoc;
  entered.time_in_force = immediate ? TimeInForce::kIoc : TimeInForce::kDay;
  entered.post_only = order.type == CryptoOrderType::kLimitMaker ||
                      order.time_in_force == CryptoTimeInForce::kGtx;
  market_.enter(entered, now.venue);
  acted_();
  settle(now);
}

/// The number in "<name>-<number>" where it is free, so that an owner finds its own
/// numbers in the exchange's record; else one from the top.
std::uint32_t CryptoDesk::choose_ref(Account& account, std::string_view client_id) {
  const std::size_t dash = client_id.rfind('-');
  std::uint32_t number = 0;
  if (dash != std::string_view::npos) {
    const std::string_view digits = client_id.substr(dash + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    if (whole && number != 0 && number < account.next_ref &&
        account.by_ref.find(number) == account.by_ref.end()) {
      return number;
    }
  }
  while (account.by_ref.find(account.next_ref) != account.by_ref.end()) {
    --account.next_ref;
  }
  return account.next_ref--;
}

const CryptoOrder* CryptoDesk::find(const Account& account, const Parameters& given,
                                    const CryptoSymbol& symbol) const {
  std::int64_t id = given.integer("orderId").value_or(0);
  if (id == 0) {
    const auto client_id = given.get("origClientOrderId");
    if (!client_id) return nullptr;
    const auto found = account.by_client_id.find(std::string(*client_id));
    if (found == account.by_client_id.end()) return nullptr;
    id = found->second;
  }
  const auto found = account.orders.find(id);
  if (found == account.orders.end() || found->second->symbol != &symbol) return nullptr;
  return found->second.get();
}

CryptoResult<CryptoDesk::Canceled> CryptoDesk::cancel(AccountId id,
                                                      const Parameters& given,
                                                      CryptoMoment now) {
  const auto listed = symbol(given);
  if (const auto* refused = std::get_if<CryptoError>(&listed)) return *refused;
  if (!given.has("orderId") && !given.has("origClientOrderId")) {
    return error(-1102,
                 "Param 'origClientOrderId' or 'orderId' must be sent, but both were "
                 "empty/null!");
  }
  const Account& account = accounts_[id - 1];
  const CryptoOrder* const order =
      find(account, given, *std::get<const CryptoSymbol*>(listed));
  if (order == nullptr || !order->open()) return error(-2011, "Unknown order sent.");
  cancel_id_ = std::string(given.get("newClientOrderId").value_or(""));
  if (cancel_id_.empty()) cancel_id_ = random_text(22);
  market_.cancel(id, order->client_ref, 0, now.venue);
  acted_();
  ++canceled_;
  return Canceled{order, std::exchange(cancel_id_, {})};
}

CryptoResult<std::vector<CryptoDesk::Canceled>> CryptoDesk::cancel_all(
    AccountId id, const Parameters& given, CryptoMoment now) {
  const auto listed = symbol(given);
  if (const auto* refused = std::get_if<CryptoError>(&listed)) return *refused;
  const CryptoSymbol* const of = std::get<const CryptoSymbol*>(listed);
  const Account& account = accounts_[id - 1];
  std::vector<Canceled> canceled;
  for (const std::int64_t open : account.open) {
    const CryptoOrder& order = *account.orders.at(open);
    if (order.symbol == of) canceled.push_back({&order, random_text(22)});
  }
  if (canceled.empty() && spot()) return error(-2011, "Unknown order sent.");
  for (const Canceled& one : canceled) {
    cancel_id_ = one.cancel_id;
    market_.cancel(id, one.order->client_ref, 0, now.venue);
    acted_();
    cancel_id_.clear();
    ++canceled_;
  }
  return canceled;
}

CryptoResult<const CryptoOrder*> CryptoDesk::query(AccountId id,
                                                   const Parameters& given) const {
  const auto listed = symbol(given);
  if (const auto* refused = std::get_if<CryptoError>(&listed)) return *refused;
  if (!given.has("orderId") && !given.has("origClientOrderId")) {
    return error(-1102,
                 "Param 'origClientOrderId' or 'orderId' must be sent, but both were "
                 "empty/null!");
  }
  const CryptoOrder* const order =
      find(accounts_[id - 1], given, *std::get<const CryptoSymbol*>(listed));
  if (order == nullptr) return error(-2013, "Order does not exist.");
  return order;
}

CryptoResult<std::vector<const CryptoOrder*>> CryptoDesk::open_orders(
    AccountId id, const Parameters& given) const {
  const CryptoSymbol* of = nullptr;
  if (given.has("symbol")) {
    const auto listed = symbol(given);
    if (const auto* refused = std::get_if<CryptoError>(&listed)) return *refused;
    of = std::get<const CryptoSymbol*>(listed);
  }
  std::vector<const CryptoOrder*> open;
  for (const std::int64_t one : accounts_[id - 1].open) {
    const CryptoOrder* const order = accounts_[id - 1].orders.at(one).get();
    if (of == nullptr || order->symbol == of) open.push_back(order);
  }
  return open;
}

// ---- What the Market says ----

void CryptoDesk::on_report(const Report& report, CryptoMoment now) {
  if (report.account == 0 || report.account > accounts_.size()) return;
  Account& account = accounts_[report.account - 1];
  const auto ref = account.by_ref.find(report.client_ref);
  if (ref == account.by_ref.end()) return;
  const auto found = account.orders.find(ref->second);
  if (found == account.orders.end() || !found->second->open()) return;
  CryptoOrder& order = *found->second;
  switch (report.kind) {
    case ReportKind::kAccepted:
      tell(order, {"NEW", {}, {}, false, {}, 0, 0}, now);
      tell_account(account, order, now);
      return;
    case ReportKind::kExecuted:
      execute(account, order, report, now);
      return;
    case ReportKind::kRejected:
      finish(account, order, CryptoStatus::kExpired);
      return;
    case ReportKind::kSelfMatch:
      finish(account, order,
             spot() ? CryptoStatus::kExpiredInMatch : CryptoStatus::kExpired);
      tell(order, {spot() ? "TRADE_PREVENTION" : "EXPIRED", {}, {}, false, {}, 0, 0},
           now);
      tell_account(account, order, now);
      return;
    case ReportKind::kCanceled: {
      if (!report.dead) return;
      refused_maker_ = report.reason == cancel_reason::kPostOnlyDisplayed ||
                       report.reason == cancel_reason::kPostOnlyHidden;
      const bool asked = report.reason == cancel_reason::kUser && !cancel_id_.empty();
      order.update_ms = ms(now.wall);
      finish(account, order, asked ? CryptoStatus::kCanceled : CryptoStatus::kExpired);
      tell(order,
           {asked ? "CANCELED" : "EXPIRED",
            asked ? std::string_view(cancel_id_) : std::string_view(),
            {},
            false,
            {},
            0,
            0},
           now);
      tell_account(account, order, now);
      return;
    }
    case ReportKind::kReplaced:
    case ReportKind::kRefilled:
      return;
  }
}

void CryptoDesk::execute(Account& account, CryptoOrder& order, const Report& report,
                         CryptoMoment now) {
  const CryptoFill fill{report.price, report.qty, report.fee, report.match};
  CryptoOrderEvent event{"TRADE", {}, fill, report.liquidity == Liquidity::kMaker,
                         {},      0,  0};
  event.realized =
      account.wallet.fill(order.claim(report.qty), report.price, report.fee);
  order.filled += report.qty;
  order.quote += notional(report.price, report.qty);
  order.update_ms = ms(now.wall);
  if (report.liquidity == Liquidity::kTaker) order.fills.push_back(fill);
  order.status = CryptoStatus::kPartiallyFilled;
  if (order.left() == 0) finish(account, order, CryptoStatus::kFilled);
  tell(order, event, now);
  tell_account(account, order, now);
  if (!spot()) trim_reduce_only(order.account, *order.symbol);
}

/// Ends an order; what it had tied up is free.
void CryptoDesk::finish(Account& account, CryptoOrder& order, CryptoStatus status) {
  if (order.left() > 0) account.wallet.release(order.claim(order.left()));
  order.status = status;
  account.open.erase(order.id);
  ++account.finished;
}

/// Forgets the oldest order that is done; its number in the record stays taken.
void CryptoDesk::forget_finished(Account& account) {
  if (account.finished <= kFinishedMax) return;
  for (auto at = account.orders.begin(); at != account.orders.end(); ++at) {
    if (at->second->open()) continue;
    const auto named = account.by_client_id.find(at->second->client_id);
    if (named != account.by_client_id.end() && named->second == at->first) {
      account.by_client_id.erase(named);
    }
    account.orders.erase(at);
    --account.finished;
    return;
  }
}

void CryptoDesk::tell(const CryptoOrder& order, CryptoOrderEvent event,
                      CryptoMoment now) {
  event.execution_number = ++execution_;
  event.wall_ms = ms(now.wall);
  events_.push_back({order.account, event_text(protocol_, order, event)});
}

void CryptoDesk::tell_account(const Account& account, const CryptoOrder& order,
                              CryptoMoment now) {
  // USD-M speaks of an account where its balance or position has changed.
  if (!spot() && order.filled == 0) return;
  events_.push_back({order.account, account_event_text(protocol_, account.wallet,
                                                       *order.symbol, ms(now.wall))});
}

/// Notes reduce-only orders that would no longer reduce, the latest first to go.
void CryptoDesk::trim_reduce_only(AccountId id, const CryptoSymbol& symbol) {
  const Account& account = accounts_[id - 1];
  const Qty held = account.wallet.position(symbol.id).qty;
  Qty open[2] = {};
  for (const std::int64_t one : account.open) {
    const CryptoOrder& order = *account.orders.at(one);
    if (!order.reduce_only || order.symbol != &symbol) continue;
    Qty& sum = open[index(order.side)];
    sum += order.left();
    if (sum > (order.side == Side::kBuy ? -held : held)) {
      superfluous_.emplace_back(id, order.client_ref);
      sum -= order.left();
    }
  }
}

void CryptoDesk::settle(CryptoMoment now) {
  while (!superfluous_.empty()) {
    const auto [id, ref] = superfluous_.back();
    superfluous_.pop_back();
    market_.cancel(id, ref, 0, now.venue);
    acted_();
  }
}

}  // namespace pyscalp::exchange
