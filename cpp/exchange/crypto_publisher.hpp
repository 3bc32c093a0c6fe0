// Market data of a crypto venue: what a Market's changes are in the words of its
// streams, and the snapshot that a local book begins with.
//
// Sans-I/O, one thread. Texts have the venue's own keys, order and decimals. Update ids
// are by symbol and without gaps on spot; on USD-M all symbols share them, and `pu` is
// the chain. Only streams that somebody has asked for are written.
#pragma once

#include <string>
#include <vector>

#include "exchange/crypto_streams.hpp"
#include "exchange/market.hpp"

namespace pyscalp::exchange {

class CryptoPublisher {
 public:
  struct Message {
    std::string stream;
    std::string text;
  };

  /// The Market must keep level_outputs, and outlive this.
  CryptoPublisher(CryptoProtocol protocol, std::vector<CryptoSymbol> symbols,
                  const Market& market, const StreamSubscriptions& subscriptions);

  /// Takes what the Market has put out since its outputs were cleared. `wall` is ns
  /// since 1970, as all times of the streams are.
  void observe(UnixNanos wall);
  /// Tells what is due; several times in the shortest interval.
  void on_time(UnixNanos wall);
  /// When on_time has something to tell next.
  UnixNanos next_time() const { return next_due_; }

  /// Calls `visit(const Message&)` for each message since the last call, in order.
  template <class Visit>
  void drain(Visit&& visit) {
    for (const Message& message : messages_) visit(message);
    messages_.clear();
  }

  /// The answer of GET /depth.
  std::string snapshot(const CryptoSymbol& symbol, std::size_t levels,
                       UnixNanos wall) const;
  /// The answer of GET /ticker/bookTicker.
  std::string touch(const CryptoSymbol& symbol, UnixNanos wall) const;
  /// Null where it is not listed.
  const CryptoSymbol* find(std::string_view name) const;
  const CryptoSymbol& of(InstrumentId id) const;
  const std::vector<CryptoSymbol>& symbols() const { return symbols_; }
  CryptoProtocol protocol() const { return protocol_; }
  std::uint64_t last_update_id(InstrumentId id) const {
    return books_[index(id)].last_id;
  }

 private:
  /// One interval at which one symbol's depth is told.
  struct Cadence {
    int every_ms = 0;
    UnixNanos due{};
    std::uint64_t told_id = 0;   ///< u of the last diff
    std::uint64_t first_id = 0;  ///< of the changes since; 0: there are none
    std::vector<TouchedLevel> touched;
  };
  struct Book {
    std::uint64_t last_id = 0;
    std::uint64_t last_agg = 0;
    PriceLevel touch[2];
    std::vector<Cadence> cadences;
    std::vector<PublicTrade> agg;  ///< that one message of USD-M is to hold
    std::uint64_t agg_last_match = 0;
    UnixNanos agg_due{};
  };

  void note_levels(InstrumentId id, const std::vector<TouchedLevel>& touched);
  void tell_touch(const CryptoSymbol& symbol, UnixNanos wall);
  void tell_trades(UnixNanos wall);
  void tell_trade(const CryptoSymbol& symbol, const PublicTrade& trade, UnixNanos wall);
  void tell_agg(const CryptoSymbol& symbol, UnixNanos wall);
  void tell_depth(const CryptoSymbol& symbol, Cadence& cadence, UnixNanos wall);
  std::string diff(const CryptoSymbol& symbol, Cadence& cadence, UnixNanos wall);
  std::string partial(const CryptoSymbol& symbol, const Cadence& cadence,
                      std::size_t levels, UnixNanos wall) const;
  std::string touch_text(const CryptoSymbol& symbol, bool event, UnixNanos wall) const;
  std::string stream(const CryptoSymbol& symbol, std::string_view rest) const;
  void tell(std::string name, std::string text);
  Book& book(InstrumentId id) { return books_[index(id)]; }
  bool spot() const { return protocol_ == CryptoProtocol::kSpot; }

  CryptoProtocol protocol_;
  std::vector<CryptoSymbol> symbols_;
  const Market& market_;
  const StreamSubscriptions& subscriptions_;
  std::vector<Book> books_;  ///< by InstrumentId
  std::vector<TouchedLevel> touched_;
  std::uint64_t shared_id_;
  UnixNanos next_due_{};
  UnixNanos last_wall_{};
  std::vector<Message> messages_;
};

}  // namespace pyscalp::exchange
