// The appendage of OUCH 5.0: options that follow a message as {length, tag, value}.
//
// Source: Nasdaq OUCH 5.0, revisions 1.04 (2024-05-01) and 1.05 (2025-10). The length
// counts tag and value; a u16 in front counts all elements. Stateless.
#pragma once

#include <optional>

#include "base/bytes.hpp"

namespace pyscalp::wire::ouch {

/// Every tag of the specification. Written in the order of their numbers.
struct Options {
  bool post_only = false;       ///< tag 12 is P; an N reads as if it were not there
  std::uint32_t max_floor = 0;  ///< tag 5, displayed quantity; 0 is the whole
  std::optional<std::uint64_t> secondary_reference{};
  std::optional<Text<4>> firm{};
  std::optional<std::uint32_t> min_quantity{};  ///< whole round lots
  std::optional<char> customer_type{};  ///< R retail, N not, space port's default
  std::optional<char> price_type{};     ///< L P M R Q m
  std::optional<std::int32_t> peg_offset_e4{};
  std::optional<std::uint64_t> discretion_price_e4{};
  std::optional<char> discretion_price_type{};  ///< L P M R
  std::optional<std::int32_t> discretion_peg_offset_e4{};
  std::optional<std::uint32_t> random_reserves{};
  std::optional<Text<4>> route{};
  std::optional<std::uint32_t> expire_time_s{};  ///< below 86,400; time in force 6
  std::optional<char> trade_now{};               ///< Y N space
  std::optional<char> handling{};                ///< I O T Q R B D space
  std::optional<char> bbo_weight{};              ///< 0 to 3, S N space
  std::optional<std::uint32_t> display_quantity{};
  std::optional<std::uint64_t> display_price_e4{};
  std::optional<std::uint16_t> group{};
  std::optional<char> shares_located{};  ///< Y N
  std::optional<Text<4>> locate_broker{};
  std::optional<char> side{};
  std::optional<std::uint8_t> user_ref_index{};  ///< channel of user reference numbers
  std::optional<char> aiq_strategy{};            ///< self-match prevention
  std::optional<std::uint16_t> aiq_group{};
  std::uint16_t other_tags =
      0;  ///< how many were skipped: unknown, or of a wrong length

  /// Calls `option(tag, field)` for each, in the order of the tags.
  void map(auto&& option) {
    option(1, secondary_reference), option(2, firm), option(3, min_quantity);
    option(4, customer_type), option(5, max_floor), option(6, price_type);
    option(7, peg_offset_e4), option(9, discretion_price_e4);
    option(10, discretion_price_type), option(11, discretion_peg_offset_e4);
    option(12, post_only), option(13, random_reserves), option(14, route);
    option(15, expire_time_s), option(16, trade_now), option(17, handling);
    option(18, bbo_weight), option(22, display_quantity), option(23, display_price_e4);
    option(24, group), option(25, shares_located), option(26, locate_broker);
    option(27, side), option(28, user_ref_index), option(29, aiq_strategy);
    option(30, aiq_group);
  }
};

/// Largest appendage that `Options` is written as, its own length included.
inline constexpr std::size_t kMaxAppendage = 2 + 26 * 2 + 79;

enum class DecodeStatus : std::uint8_t {
  kOk,
  kEmpty,
  kUnknownType,
  kTruncated,
  kBadAppendage,  ///< an element reaches past the appendage, or the appendage past the
                  ///< end
};

/// Whether a message of this type has an appendage.
enum class Appendage : std::uint8_t {
  kNone,
  kIfAny,   ///< left out, and its length too, where no option is set
  kAlways,  ///< its length is there even where it is 0
};

namespace detail {

/// Fills the option whose number an element has from its value.
struct TakeOption {
  int tag;
  Bytes value;
  bool taken = false;

  template <class T>
  void operator()(int number, std::optional<T>& field) {
    if (number != tag || value.size() != sizeof(T)) return;
    T read{};
    Reader reader(value.data());
    reader(read);
    field = read;
    taken = true;
  }
  void operator()(int number, bool& field) {
    if (number != tag || value.size() != 1) return;
    field = static_cast<char>(value[0]) == 'P';
    taken = true;
  }
  void operator()(int number, std::uint32_t& field) {
    if (number != tag || value.size() != sizeof field) return;
    field = load_be<std::uint32_t>(value.data());
    taken = true;
  }
};

/// Writes the options that are set, one element after the other.
struct PutOption {
  std::byte* at;

  template <class T>
  void operator()(int number, const std::optional<T>& field) {
    if (field) put(number, *field);
  }
  void operator()(int number, const bool& field) {
    if (field) put(number, 'P');
  }
  void operator()(int number, const std::uint32_t& field) {
    if (field != 0) put(number, field);
  }

 private:
  template <class T>
  void put(int number, const T& value) {
    at[0] = static_cast<std::byte>(1 + sizeof value);
    at[1] = static_cast<std::byte>(number);
    Writer writer(at + 2);
    writer(value);
    at += 2 + sizeof value;
  }
};

/// Reads what stands behind a message's fields: nothing, or an appendage.
inline DecodeStatus decode_appendage(Bytes rest, Options& options) {
  if (rest.empty()) return DecodeStatus::kOk;
  if (rest.size() < 2) return DecodeStatus::kBadAppendage;
  const std::size_t length = load_be<std::uint16_t>(rest.data());
  if (rest.size() - 2 < length) return DecodeStatus::kBadAppendage;
  Bytes elements = rest.subspan(2, length);
  while (!elements.empty()) {
    const auto size = std::to_integer<std::size_t>(elements[0]);
    if (size == 0 || elements.size() < 1 + size) return DecodeStatus::kBadAppendage;
    TakeOption take{std::to_integer<int>(elements[1]), elements.subspan(2, size - 1)};
    options.map(take);
    if (!take.taken) ++options.other_tags;
    elements = elements.subspan(1 + size);
  }
  return DecodeStatus::kOk;
}

/// Writes at most kMaxAppendage bytes; returns how many.
inline std::size_t encode_appendage(const Options& options, Appendage kind,
                                    std::byte* out) {
  if (kind == Appendage::kNone) return 0;
  PutOption put{out + 2};
  const_cast<Options&>(options).map(put);  // it only reads the fields
  const auto size = static_cast<std::size_t>(put.at - out);
  if (size == 2 && kind == Appendage::kIfAny) return 0;
  store_be(out, static_cast<std::uint16_t>(size - 2));
  return size;
}

}  // namespace detail

}  // namespace pyscalp::wire::ouch
