#include "exchange/crypto_streams.hpp"

#include <algorithm>
#include <charconv>

namespace pyscalp::exchange {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// "" or "@100ms"; the interval, or nothing for one that is not there.
std::optional<int> interval(std::string_view text, CryptoProtocol protocol) {
  const std::vector<int>& known = depth_intervals(protocol);
  if (text.empty()) return known.front();
  int found = 0;
  if (!take(text, "@") || !text.ends_with("ms")) return std::nullopt;
  text.remove_suffix(2);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), found);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (std::find(known.begin(), known.end(), found) == known.end()) return std::nullopt;
  return found;
}

}  // namespace

const std::vector<int>& depth_intervals(CryptoProtocol protocol) {
  static const std::vector<int> kSpot{1000, 100, 0};
  static const std::vector<int> kUsdm{250, 500, 100, 0};
  return protocol == CryptoProtocol::kSpot ? kSpot : kUsdm;
}

std::optional<StreamName> parse_stream(std::string_view name, CryptoProtocol protocol,
                                       const std::vector<CryptoSymbol>& symbols) {
  const std::size_t at = name.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view symbol = name.substr(0, at);
  std::string_view rest = name.substr(at);
  const auto found = std::find_if(
      symbols.begin(), symbols.end(),
      [&](const CryptoSymbol& one) { return lower_case(one.name) == symbol; });
  if (found == symbols.end()) return std::nullopt;
  StreamName stream;
  stream.instrument = found->id;
  if (rest == "@bookTicker") {
    stream.kind = StreamKind::kBookTicker;
  } else if (rest == "@trade") {
    stream.kind = StreamKind::kTrade;
  } else if (rest == "@aggTrade") {
    stream.kind = StreamKind::kAggTrade;
  } else if (take(rest, "@depth")) {
    for (const int levels : {5, 10, 20}) {
      if (!take(rest, std::to_string(levels))) continue;
      stream.kind = StreamKind::kPartial;
      stream.levels = levels;
      break;
    }
    const std::optional<int> every = interval(rest, protocol);
    if (!every) return std::nullopt;
    stream.every_ms = *every;
  } else {
    return std::nullopt;
  }
  return stream;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

void StreamSubscriptions::add(std::uint32_t subscriber, const std::string& name) {
  by_name_[name].insert(subscriber);
  by_subscriber_[subscriber].insert(name);
}

void StreamSubscriptions::remove(std::uint32_t subscriber, const std::string& name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second.erase(subscriber) == 0) return;
  if (found->second.empty()) by_name_.erase(found);
  by_subscriber_[subscriber].erase(name);
}

void StreamSubscriptions::remove_all(std::uint32_t subscriber) {
  for (const std::string& name : names(subscriber)) remove(subscriber, name);
  by_subscriber_.erase(subscriber);
}

std::vector<std::string> StreamSubscriptions::names(std::uint32_t subscriber) const {
  const auto found = by_subscriber_.find(subscriber);
  if (found == by_subscriber_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::size_t StreamSubscriptions::count(std::uint32_t subscriber) const {
  const auto found = by_subscriber_.find(subscriber);
  return found == by_subscriber_.end() ? 0 : found->second.size();
}

}  // namespace pyscalp::exchange
