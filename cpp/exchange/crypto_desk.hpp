// Order entry of a crypto venue: takes orders of accounts to the Market by the venue's
// rules, and tells their owners what became of them.
//
// Sans-I/O, one thread. Whoever runs the Market hands every Report to on_report, also
// those that a call here leads to (see `acted`). Not movable.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <variant>

#include "exchange/crypto_order.hpp"
#include "exchange/crypto_parameters.hpp"
#include "exchange/crypto_publisher.hpp"

namespace pyscalp::exchange {

/// A refusal as the venue words it.
struct CryptoError {
  int code = 0;
  std::string text;
  int status = 400;  ///< of HTTP
};
template <class T>
using CryptoResult = std::variant<T, CryptoError>;

/// When something is done, on both clocks.
struct CryptoMoment {
  UnixNanos wall{};   ///< since 1970, as the wire tells it
  UnixNanos venue{};  ///< of the Market
};

class CryptoDesk {
 public:
  /// Finished orders of an account that can still be asked for.
  static constexpr std::size_t kFinishedMax = 100'000;

  struct UserEvent {
    AccountId account = 0;
    std::string text;
  };

  /// `acted` is called after each call on the market; it must hand every report of it
  /// to on_report. `balances` of each account, from account 1.
  CryptoDesk(CryptoProtocol protocol, const CryptoPublisher& publisher, Market& market,
             std::vector<std::map<std::string, std::int64_t>> balances, int leverage,
             std::function<void()> acted);
  CryptoDesk(const CryptoDesk&) = delete;
  CryptoDesk& operator=(const CryptoDesk&) = delete;

  /// POST /order, order.place. The order lives until the next call here.
  CryptoResult<const CryptoOrder*> place(AccountId account, const Parameters& given,
                                         CryptoMoment now);
  struct Canceled {
    const CryptoOrder* order = nullptr;
    std::string cancel_id;
  };
  CryptoResult<Canceled> cancel(AccountId account, const Parameters& given,
                                CryptoMoment now);
  /// All of one symbol; those that were open.
  CryptoResult<std::vector<Canceled>> cancel_all(AccountId account,
                                                 const Parameters& given,
                                                 CryptoMoment now);
  CryptoResult<const CryptoOrder*> query(AccountId account,
                                         const Parameters& given) const;
  /// Oldest first; of one symbol, or of all where the parameters name none.
  CryptoResult<std::vector<const CryptoOrder*>> open_orders(
      AccountId account, const Parameters& given) const;

  void on_report(const Report& report, CryptoMoment now);
  /// Takes off reduce-only orders that reports have made superfluous; call it once the
  /// Market's reports have been handed over.
  void settle(CryptoMoment now);

  /// Calls `visit(const UserEvent&)` for each event since the last call.
  template <class Visit>
  void drain_events(Visit&& visit) {
    for (const UserEvent& event : events_) visit(event);
    events_.clear();
  }
  const CryptoWallet& wallet(AccountId account) const {
    return accounts_[account - 1].wallet;
  }
  std::size_t accounts() const { return accounts_.size(); }
  std::uint64_t placed() const { return placed_; }
  std::uint64_t canceled() const { return canceled_; }

 private:
  struct Account {
    CryptoWallet wallet;
    std::map<std::int64_t, std::unique_ptr<CryptoOrder>> orders;
    std::map<std::string, std::int64_t> by_client_id;  ///< the last of each
    std::unordered_map<std::uint32_t, std::int64_t> by_ref;
    std::uint32_t next_ref = 0xFFFF'FFFE;
    std::size_t finished = 0;
    std::set<std::int64_t> open;
  };
  // crypto_desk_checks.cpp
  std::optional<CryptoError> read(const Parameters& given, CryptoOrder& order) const;
  std::optional<CryptoError> read_amounts(const Parameters& given,
                                          CryptoOrder& order) const;
  std::optional<CryptoError> check(const Account& account, CryptoOrder& order) const;
  std::optional<CryptoError> check_reduce_only(const Account& account,
                                               const CryptoOrder& order) const;
  Qty within(const CryptoOrder& order) const;
  void reach_market(CryptoOrder& order) const;

  CryptoError error(int code, std::string text) const {
    return {code, std::move(text)};
  }
  CryptoError missing(std::string_view name) const;
  CryptoResult<const CryptoSymbol*> symbol(const Parameters& given) const;
  const CryptoOrder* find(const Account& account, const Parameters& given,
                          const CryptoSymbol& symbol) const;
  std::uint32_t choose_ref(Account& account, std::string_view client_id);
  void enter(CryptoOrder& order, CryptoMoment now);
  void finish(Account& account, CryptoOrder& order, CryptoStatus status);
  void execute(Account& account, CryptoOrder& order, const Report& report,
               CryptoMoment now);
  void tell(const CryptoOrder& order, CryptoOrderEvent event, CryptoMoment now);
  void tell_account(const Account& account, const CryptoOrder& order, CryptoMoment now);
  void trim_reduce_only(AccountId account, const CryptoSymbol& symbol);
  void forget_finished(Account& account);
  bool spot() const { return protocol_ == CryptoProtocol::kSpot; }

  CryptoProtocol protocol_;
  const CryptoPublisher& publisher_;
  Market& market_;
  std::function<void()> acted_;
  std::vector<Account> accounts_;
  std::vector<UserEvent> events_;
  std::vector<std::pair<AccountId, std::uint32_t>> superfluous_;  ///< client_refs
  std::int64_t last_id_ = 10'000'000'000;
  std::uint64_t execution_ = 0;
  std::string cancel_id_;  ///< of the cancel that is being done
  bool refused_maker_ = false;
  std::uint64_t placed_ = 0;
  std::uint64_t canceled_ = 0;
};

}  // namespace pyscalp::exchange
