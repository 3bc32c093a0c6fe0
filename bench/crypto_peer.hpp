// simdjson's on-demand parser with decimals to fixed point, as its users write it:
// fields asked for in the order that they come in, numbers read by a loop over digits
// that is cut to the text at hand. No book behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace pyscalp::bench {

class CryptoPeer {
 public:
  CryptoPeer();
  ~CryptoPeer();

  /// Each reads one wrapped message of USD-M that has 64 readable bytes behind it, all
  /// fields that a book or a listener needs; false where it could not.
  static bool ticker(CryptoPeer& peer, std::string_view text);
  static bool trade(CryptoPeer& peer, std::string_view text);
  static bool depth(CryptoPeer& peer, std::string_view text);

  struct Level {
    std::int64_t price = 0;
    std::int64_t qty = 0;
  };
  /// Of the last message.
  std::uint64_t ids[3] = {};
  std::uint64_t times[2] = {};
  Level touch[2];
  bool maker = false;
  std::vector<Level> bids;
  std::vector<Level> asks;

 private:
  struct Parser;
  struct Object;
  bool open(std::string_view text, Object& data);

  std::unique_ptr<Parser> parser_;
};

}  // namespace pyscalp::bench
