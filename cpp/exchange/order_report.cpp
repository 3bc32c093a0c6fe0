#include "exchange/order_report.hpp"

namespace pyscalp::exchange {

namespace ouch = wire::ouch;

namespace {

std::uint64_t timestamp(const Report& report) {
  return static_cast<std::uint64_t>(report.time.value);
}

std::uint32_t shares(Qty qty) { return static_cast<std::uint32_t>(qty); }

/// The fields that Accepted and Replaced have in common.
template <class Message>
Message order_state(const Report& report, const OrderForm& form,
                    const ouch::Symbol& symbol) {
  Message message;
  message.timestamp_ns = timestamp(report);
  message.user_ref = report.client_ref;
  message.side = form.side;
  message.quantity = shares(report.qty);
  message.symbol = symbol;
  message.price_e4 = price_to_e4(report.price);
  message.time_in_force = report.time_in_force == TimeInForce::kIoc
                              ? ouch::kTimeInForceIoc
                              : ouch::kTimeInForceDay;
  message.display = report.hidden ? ouch::kHidden : ouch::kVisible;
  message.order_reference = report.order_reference;
  message.capacity = form.capacity;
  message.intermarket_sweep = form.intermarket_sweep;
  message.state = report.dead ? 'D' : 'L';
  message.client_id = form.client_id;
  message.options.post_only = report.post_only;
  message.options.max_floor = shares(report.display_qty);
  return message;
}

}  // namespace

OrderMessages::OrderMessages(const Report& report, const OrderForm& form,
                             const ouch::Symbol& symbol) {
  switch (report.kind) {
    case ReportKind::kAccepted:
      put(order_state<ouch::Accepted>(report, form, symbol));
      break;
    case ReportKind::kReplaced: {
      auto replaced = order_state<ouch::Replaced>(report, form, symbol);
      replaced.original_ref = report.original_ref;
      put(replaced);
      break;
    }
    case ReportKind::kCanceled:
      put(ouch::Canceled{timestamp(report), report.client_ref, shares(report.qty),
                         report.reason});
      break;
    case ReportKind::kExecuted: {
      ouch::Executed executed;
      executed.timestamp_ns = timestamp(report);
      executed.user_ref = report.client_ref;
      executed.quantity = shares(report.qty);
      executed.price_e4 = price_to_e4(report.price);
      executed.liquidity = report.liquidity == Liquidity::kMaker ? 'A' : 'R';
      executed.match = report.match;
      put(executed);
      break;
    }
    case ReportKind::kRejected:
      put(ouch::Rejected{timestamp(report), report.client_ref, report.reject_reason,
                         form.client_id});
      break;
    case ReportKind::kRefilled: {
      put_restated(report);
      ouch::PriorityUpdate update;
      update.timestamp_ns = timestamp(report);
      update.user_ref = report.client_ref;
      update.price_e4 = price_to_e4(report.price);
      update.order_reference = report.order_reference;
      put(update);
      break;
    }
    case ReportKind::kSelfMatch: {
      ouch::AiqCanceled canceled;
      canceled.timestamp_ns = timestamp(report);
      canceled.user_ref = report.client_ref;
      canceled.decrement = shares(report.qty);
      canceled.quantity_prevented = shares(report.qty);
      canceled.price_e4 = price_to_e4(report.price);
      canceled.liquidity = 'A';
      canceled.strategy = 'O';
      put(canceled);
      break;
    }
  }
}

/// Reserve refresh with the tags that tell what is shown now: 1 the reference on the
/// feed, 22 the displayed quantity.
void OrderMessages::put_restated(const Report& report) {
  ouch::Restated restated;
  restated.timestamp_ns = timestamp(report);
  restated.user_ref = report.client_ref;
  std::byte* const out = bytes_[count_].data();
  std::byte* at = out + ouch::encode(restated, out);
  store_be<std::uint16_t>(at - 2, 16);
  at[0] = std::byte{9}, at[1] = std::byte{1};
  store_be(at + 2, report.order_reference);
  at[10] = std::byte{5}, at[11] = std::byte{22};
  store_be(at + 12, shares(report.qty));
  sizes_[count_] = static_cast<std::size_t>(at + 16 - out);
  ++count_;
}

}  // namespace pyscalp::exchange
