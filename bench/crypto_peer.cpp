#include "bench/crypto_peer.hpp"

#define SIMDJSON_EXCEPTIONS 0
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
#include <simdjson.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace pyscalp::bench {

namespace ondemand = simdjson::ondemand;

struct CryptoPeer::Parser {
  ondemand::parser parser;
  ondemand::document document;
};
struct CryptoPeer::Object {
  ondemand::object object;
};

CryptoPeer::CryptoPeer() : parser_(std::make_unique<Parser>()) {
  if (parser_->parser.allocate(1 << 20) != simdjson::SUCCESS) std::abort();
}
CryptoPeer::~CryptoPeer() = default;

namespace {

/// A quoted decimal at 10^-scale.
bool decimal(ondemand::value value, int scale, std::int64_t& out) {
  const char* at = value.raw_json_token().data();
  if (*at++ != '"') return false;
  std::int64_t sum = 0;
  for (; *at >= '0' && *at <= '9'; ++at) sum = sum * 10 + (*at - '0');
  if (*at == '.') {
    for (++at; *at >= '0' && *at <= '9'; ++at) {
      if (scale-- > 0) {
        sum = sum * 10 + (*at - '0');
      } else if (*at != '0') {
        return false;
      }
    }
  }
  for (; scale > 0; --scale) sum *= 10;
  out = sum;
  return *at == '"';
}

constexpr int kPriceScale = 1;
constexpr int kQtyScale = 3;

bool number(ondemand::object& object, const char* key, std::uint64_t& out) {
  return object.find_field(key).get_uint64().get(out) == simdjson::SUCCESS;
}
bool field(ondemand::object& object, const char* key, int scale, std::int64_t& out) {
  ondemand::value value;
  return object.find_field(key).get(value) == simdjson::SUCCESS &&
         decimal(value, scale, out);
}

bool levels(ondemand::object& object, const char* key,
            std::vector<CryptoPeer::Level>& out) {
  ondemand::array rows;
  if (object.find_field(key).get_array().get(rows) != simdjson::SUCCESS) return false;
  out.clear();
  for (auto row : rows) {
    ondemand::array pair;
    if (std::move(row).get_array().get(pair) != simdjson::SUCCESS) return false;
    CryptoPeer::Level level;
    int count = 0;
    for (auto item : pair) {
      ondemand::value value;
      if (std::move(item).get(value) != simdjson::SUCCESS) return false;
      if (!(count == 0 ? decimal(value, kPriceScale, level.price)
                       : decimal(value, kQtyScale, level.qty))) {
        return false;
      }
      ++count;
    }
    if (count != 2) return false;
    out.push_back(level);
  }
  return true;
}

}  // namespace

bool CryptoPeer::open(std::string_view text, Object& data) {
  const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + 64);
  return parser_->parser.iterate(padded).get(parser_->document) == simdjson::SUCCESS &&
         parser_->document.find_field("data").get_object().get(data.object) ==
             simdjson::SUCCESS;
}

bool CryptoPeer::ticker(CryptoPeer& peer, std::string_view text) {
  Object data;
  return peer.open(text, data) && number(data.object, "u", peer.ids[0]) &&
         field(data.object, "b", kPriceScale, peer.touch[0].price) &&
         field(data.object, "B", kQtyScale, peer.touch[0].qty) &&
         field(data.object, "a", kPriceScale, peer.touch[1].price) &&
         field(data.object, "A", kQtyScale, peer.touch[1].qty) &&
         number(data.object, "T", peer.times[0]) &&
         number(data.object, "E", peer.times[1]);
}

bool CryptoPeer::trade(CryptoPeer& peer, std::string_view text) {
  Object data;
  return peer.open(text, data) && number(data.object, "E", peer.times[0]) &&
         number(data.object, "T", peer.times[1]) &&
         number(data.object, "t", peer.ids[0]) &&
         field(data.object, "p", kPriceScale, peer.touch[0].price) &&
         field(data.object, "q", kQtyScale, peer.touch[0].qty) &&
         data.object.find_field("m").get_bool().get(peer.maker) == simdjson::SUCCESS;
}

bool CryptoPeer::depth(CryptoPeer& peer, std::string_view text) {
  Object data;
  return peer.open(text, data) && number(data.object, "E", peer.times[0]) &&
         number(data.object, "T", peer.times[1]) &&
         number(data.object, "U", peer.ids[0]) &&
         number(data.object, "u", peer.ids[1]) &&
         number(data.object, "pu", peer.ids[2]) &&
         levels(data.object, "b", peer.bids) && levels(data.object, "a", peer.asks);
}

}  // namespace pyscalp::bench
