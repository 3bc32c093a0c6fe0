// The OUCH half of the order server: what clients say, and what they are told.
#include <algorithm>

#include "exchange/order_server.hpp"

namespace pyscalp::exchange {

namespace ouch = wire::ouch;

namespace {

/// OUCH reject reasons of what the server itself refuses.
constexpr std::uint16_t kRejectDisplay = 0x03;
constexpr std::uint16_t kRejectSide = 0x09;
constexpr std::uint16_t kRejectCross = 0x14;

/// 200,000.0000, which stands for a market order; larger prices say no more.
constexpr std::uint64_t kPriceCapE4 = 2'000'000'000;

}  // namespace

template <class Message>
void OrderServer::send_ouch(Account& owner, const Message& message) {
  std::array<std::byte, ouch::kMaxSize> bytes;
  send_sequenced(owner, {bytes.data(), ouch::encode(message, bytes.data())});
}

void OrderServer::send_system_event(Account& owner, char event, UnixNanos now) {
  send_ouch(owner, ouch::SystemEvent{static_cast<std::uint64_t>(now.value), event});
}

struct OrderServer::OrderHandler {
  OrderServer& server;
  AccountId id;
  UnixNanos now;

  void on(const ouch::EnterOrder& message) {
    server.enter(server.account(id), id, message, now);
  }
  void on(const ouch::ReplaceOrder& message) {
    server.replace(server.account(id), id, message, now);
  }
  void on(const ouch::CancelOrder& message) {
    ++server.statistics_.cancels;
    server.market_.cancel(id, message.user_ref, message.quantity, now);
    server.acted_();
  }
  void on(const ouch::MassCancel& message) {
    server.mass_cancel(server.account(id), id, message, now);
  }
  void on(const ouch::ModifyOrder&) { ++server.statistics_.unsupported; }
  void on(const ouch::DisableOrderEntry&) { ++server.statistics_.unsupported; }
  void on(const ouch::EnableOrderEntry&) { ++server.statistics_.unsupported; }
  void on(const ouch::AccountQuery&) {
    ++server.statistics_.queries;
    Account& owner = server.account(id);
    server.send_ouch(owner,
                     ouch::AccountQueryResponse{static_cast<std::uint64_t>(now.value),
                                                owner.last_ref + 1});
  }
};

void OrderServer::on_message(Connection& connection, Bytes message, UnixNanos now) {
  const ouch::DecodeStatus status =
      ouch::decode_inbound(message, OrderHandler{*this, connection.account, now});
  if (status != ouch::DecodeStatus::kOk) end(connection, CloseReason::kBadMessage, now);
}

bool OrderServer::is_new(const Account& owner, std::uint32_t user_ref) {
  if (user_ref > owner.last_ref) return true;
  ++statistics_.resends;
  return false;
}

void OrderServer::enter(Account& owner, AccountId id, const ouch::EnterOrder& message,
                        UnixNanos now) {
  ++statistics_.orders;
  if (!is_new(owner, message.user_ref)) return;
  owner.last_ref = message.user_ref;
  owner.forms[message.user_ref] = {message.side, message.capacity,
                                   message.intermarket_sweep, message.client_id};
  NewOrder order;
  order.account = id;
  order.client_ref = message.user_ref;
  order.instrument = market_.find(message.symbol.trimmed()).value_or(InstrumentId{});
  order.side = message.side == 'B' ? Side::kBuy : Side::kSell;
  order.qty = message.quantity;
  order.price = price_from_e4(std::min(message.price_e4, kPriceCapE4));
  order.time_in_force = message.time_in_force == ouch::kTimeInForceIoc
                            ? TimeInForce::kIoc
                            : TimeInForce::kDay;
  order.post_only = message.options.post_only;
  order.display_qty = message.options.max_floor;
  order.hidden = message.display == ouch::kHidden;

  std::uint16_t refusal = 0;
  if (std::string_view("BSTE").find(message.side) == std::string_view::npos) {
    refusal = kRejectSide;
  } else if (std::string_view("YNA").find(message.display) == std::string_view::npos) {
    refusal = kRejectDisplay;
  } else if (message.cross_type != 'N') {
    refusal = kRejectCross;
  } else if (message.time_in_force != ouch::kTimeInForceDay &&
             message.time_in_force != ouch::kTimeInForceIoc) {
    refusal = reject::kOther;
  }
  if (refusal == 0) {
    market_.enter(order, now);
    return acted_();
  }
  Report report;
  report.kind = ReportKind::kRejected;
  report.account = id;
  report.client_ref = order.client_ref;
  report.time = now;
  report.instrument = order.instrument;
  report.side = order.side;
  report.qty = order.qty;
  report.price = order.price;
  report.reject_reason = refusal;
  report.dead = true;
  on_report(report);
}

void OrderServer::replace(Account& owner, AccountId id,
                          const ouch::ReplaceOrder& message, UnixNanos now) {
  ++statistics_.replaces;
  if (!is_new(owner, message.user_ref)) return;
  const auto original = owner.forms.find(message.original_ref);
  if (original == owner.forms.end()) return;  // not live: ignored, number not consumed
  if (message.time_in_force != ouch::kTimeInForceDay) {
    // Details that cannot be had: OUCH cancels the original.
    market_.cancel(id, message.original_ref, 0, now);
    return acted_();
  }
  OrderForm form = original->second;
  form.client_id = message.client_id;
  form.intermarket_sweep = message.intermarket_sweep;
  owner.forms[message.user_ref] = form;
  market_.replace(id, message.original_ref, message.user_ref, message.quantity,
                  price_from_e4(std::min(message.price_e4, kPriceCapE4)), now);
  acted_();
  // What consumed the number has moved last_ref up to it.
  if (owner.last_ref < message.user_ref) owner.forms.erase(message.user_ref);
}

void OrderServer::mass_cancel(Account& owner, AccountId id,
                              const ouch::MassCancel& message, UnixNanos now) {
  ++statistics_.mass_cancels;
  if (!is_new(owner, message.user_ref)) return;
  owner.last_ref = message.user_ref;
  ouch::MassCancelResponse response;
  response.timestamp_ns = static_cast<std::uint64_t>(now.value);
  response.user_ref = message.user_ref;
  response.firm = message.firm;
  response.symbol = message.symbol;
  send_ouch(owner, response);
  const std::string_view symbol = message.symbol.trimmed();
  if (symbol.empty()) {
    market_.cancel_all(id, now, cancel_reason::kUser);
  } else if (const auto instrument = market_.find(symbol)) {
    market_.cancel_all(id, now, cancel_reason::kUser, instrument);
  }
  acted_();
}

void OrderServer::on_report(const Report& report) {
  if (report.account == 0 || report.account > accounts_.size()) return;
  reports_.push_back(report);
  Account& owner = account(report.account);
  if (report.kind == ReportKind::kReplaced) {
    owner.forms.erase(report.original_ref);
  }
  if (report.kind == ReportKind::kReplaced || report.kind == ReportKind::kRejected)
    owner.last_ref = std::max(owner.last_ref, report.client_ref);
  const Instrument* const instrument = market_.instrument(report.instrument);
  const ouch::Symbol symbol(instrument == nullptr ? "" : instrument->symbol);
  const auto form = owner.forms.find(report.client_ref);
  const OrderMessages messages(
      report, form == owner.forms.end() ? OrderForm{} : form->second, symbol);
  for (std::size_t i = 0; i < messages.count(); ++i) send_sequenced(owner, messages[i]);
  if (report.dead && form != owner.forms.end()) owner.forms.erase(form);
}

}  // namespace pyscalp::exchange
