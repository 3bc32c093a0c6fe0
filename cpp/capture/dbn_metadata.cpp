#include <charconv>

#include "capture/dbn.hpp"

namespace pyscalp::capture {

namespace {

constexpr std::size_t kSymbolV1 = 22;
constexpr std::size_t kFixedSize = 100;  // of the metadata, in every version

/// Reads what is left of the metadata; `good` turns false at the first overrun.
class Body {
 public:
  explicit Body(Bytes bytes) : rest_(bytes) {}
  bool good() const { return good_; }
  std::uint32_t u32() {
    const Bytes bytes = take(4);
    return good_ ? load_le<std::uint32_t>(bytes.data()) : 0;
  }
  std::string_view text(std::size_t size) {
    const Bytes bytes = take(size);
    if (!good_) return {};
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), size);
    return all.substr(0, all.find('\0'));
  }
  void skip(std::uint64_t size) { take(size); }

 private:
  Bytes take(std::uint64_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const Bytes front = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return front;
  }

  Bytes rest_;
  bool good_ = true;
};

}  // namespace

bool DbnDecoder::read_metadata(Bytes body) {
  if (body.size() < kFixedSize) return false;
  // dataset 16, schema 2, start, end and limit 8 each, in version 1 a record count of
  // 8, the two symbol types and ts_out, from version 2 the length of a symbol.
  schema_ = load_le<std::uint16_t>(body.data() + 16);
  const std::size_t symbol_size =
      version_ == 1 ? kSymbolV1 : load_le<std::uint16_t>(body.data() + 45);
  Body rest(body.subspan(kFixedSize));
  rest.skip(rest.u32());                  // schema definition
  for (int list = 0; list < 3; ++list) {  // symbols, partial, not found
    rest.skip(std::uint64_t{rest.u32()} * symbol_size);
  }
  const std::uint32_t mappings = rest.u32();
  for (std::uint32_t i = 0; i < mappings && rest.good(); ++i) {
    const std::string_view symbol = rest.text(symbol_size);
    const std::uint32_t intervals = rest.u32();
    for (std::uint32_t j = 0; j < intervals && rest.good(); ++j) {
      rest.skip(8);  // first and last day
      const std::string_view text = rest.text(symbol_size);
      std::uint32_t id = 0;
      const auto end = text.data() + text.size();
      const auto parsed = std::from_chars(text.data(), end, id);
      if (rest.good() && parsed.ptr == end && parsed.ec == std::errc{})
        name(id, symbol);
    }
  }
  return rest.good();
}

}  // namespace pyscalp::capture
