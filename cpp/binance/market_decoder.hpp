// Texts of the venue's market streams and depth snapshots into MarketMessage.
//
// Two parsers, one result. The first knows the messages as the venue writes them, key
// by key; it checks every byte, and where one differs (a field more, another order, a
// blank, an escape, a number that is not as it should be) it gives way. Then simdjson
// reads the fields by name, and it alone says what is wrong. So a message that the
// venue extends is read on, more slowly; `by_shape` counts how many were not.
//
// Shapes known: bookTicker, trade, aggTrade, depthUpdate and partial depth of spot,
// USD-M and COIN-M, raw or wrapped as {"stream":…,"data":…}, and depth snapshots. A
// partial depth of futures is told from a change of depth by the stream's name, so it
// needs the wrapper; on spot it names no symbol and needs it as well.
//
// A quantity that is finer than the lot step is rounded down, to one lot at least: far
// from the market rest orders of before the step was made coarser. A price off the tick
// is kOffStep.
//
// No allocation after construction. Single-threaded.
#pragma once

#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "binance/json_fields.hpp"
#include "binance/market_message.hpp"
#include "binance/number_layout.hpp"
#include "binance/symbol_table.hpp"
#include "binance/text_words.hpp"

namespace pyscalp::binance {

struct DecoderCapacity {
  std::size_t longest = std::size_t{1} << 20;  ///< bytes of a text; more is kTooLong
  std::size_t levels = 16'384;                 ///< of both sides of a message together
};

class MarketDecoder {
 public:
  struct Counters {
    std::uint64_t by_shape = 0;   ///< read by the quick parser
    std::uint64_t by_fields = 0;  ///< read by simdjson
    std::uint64_t refused = 0;
    std::uint64_t rounded = 0;  ///< with a quantity finer than the lot step
  };

  /// `symbols` must outlive the decoder.
  explicit MarketDecoder(const SymbolTable& symbols,
                         const DecoderCapacity& capacity = {});

  /// Reads one text. `of` names whose depth snapshot an answer of REST is, which says
  /// so on COIN-M alone; without it a snapshot that names no symbol is kMissingField.
  /// Not kOk: `message.kind` and `message.symbol` say what the text is about as far as
  /// could be read, the symbol null where it could not.
  MessageStatus decode(Bytes text, MarketMessage& message, const Symbol* of = nullptr);
  /// The same by simdjson alone: what tests compare with.
  MessageStatus decode_by_fields(Bytes text, MarketMessage& message,
                                 const Symbol* of = nullptr);

  const SymbolTable& symbols() const { return symbols_; }
  const Counters& counters() const { return counters_; }

 private:
  // market_shapes.cpp: true where the whole text had a known shape and is read.
  bool decode_by_shape(std::string_view text, MarketMessage& message, const Symbol* of);
  bool shape_ticker(TextCursor& in, MarketMessage& m);
  bool shape_trade(TextCursor& in, MarketMessage& m);
  bool shape_aggregate(TextCursor& in, MarketMessage& m);
  bool shape_depth(TextCursor& in, MarketMessage& m);
  bool shape_snapshot(TextCursor& in, MarketMessage& m, const Symbol* of);
  bool shape_symbol(TextCursor& in, MarketMessage& m);
  bool shape_sides(TextCursor& in, const Symbol& symbol, MarketMessage& m);
  bool shape_levels(TextCursor& in, const Symbol& symbol, std::size_t& count);

  // By field.
  MessageStatus ticker(const json::Fields& f, MarketMessage& m);
  MessageStatus trade(const json::Fields& f, MarketMessage& m);
  MessageStatus depth(const json::Fields& f, MarketMessage& m);
  MessageStatus partial(const json::Fields& f, MarketMessage& m, json::Number id);
  MessageStatus snapshot(const json::Fields& f, MarketMessage& m, const Symbol* of);
  MessageStatus sides(const json::Fields& f, MarketMessage& m);
  const Symbol* symbol_of(const json::Fields& f) const;
  /// The symbol that a stream's name begins with.
  const Symbol* symbol_of_stream(std::string_view stream) const;

  const SymbolTable& symbols_;
  std::unique_ptr<PriceLevel[]> levels_;
  std::unique_ptr<PairLayout[]> layouts_;  ///< by the symbol's place
  std::size_t level_capacity_;
  json::FieldReader reader_;
  std::string_view stream_;  ///< of the text that is being read by shape
  Counters counters_;
};

/// True for depth5, depth10 and depth20, with or without a speed behind.
bool names_partial_depth(std::string_view stream);

}  // namespace pyscalp::binance
