#include "capture/decoder.hpp"

#include <algorithm>

namespace pyscalp::capture {

std::uint32_t Instruments::number_of(std::string_view symbol, std::uint32_t base) {
  std::string key(symbol);
  const auto known = numbers_.find(key);
  if (known != numbers_.end() && known->second > base) return known->second;
  std::uint32_t number = base + 1;
  const auto above = symbols_.upper_bound(base | 0xFFFFu);
  if (above != symbols_.begin()) {
    number = std::max(number, std::prev(above)->first + 1);
  }
  symbols_[number] = key;
  numbers_[std::move(key)] = number;
  return number;
}

void Decoder::feed(Bytes chunk, Events& out) {
  if (failed()) return;
  counters_.bytes += chunk.size();
  // A record that was cut is completed with as few bytes of the chunk as will do, so
  // that the chunk itself is not copied.
  while (!carry_.empty() && !chunk.empty() && !failed()) {
    const std::size_t before = carry_.size();
    const std::size_t more = std::min(chunk.size(), std::max(before, std::size_t{128}));
    carry_.insert(carry_.end(), chunk.begin(),
                  chunk.begin() + static_cast<std::ptrdiff_t>(more));
    const std::size_t taken = decode(carry_, out);
    if (taken < before) {
      carry_.erase(carry_.begin(), carry_.begin() + static_cast<std::ptrdiff_t>(taken));
      chunk = chunk.subspan(more);
    } else {
      chunk = chunk.subspan(taken - before);
      carry_.clear();
    }
    offset_ += taken;
  }
  if (!chunk.empty() && !failed()) {
    const std::size_t taken = decode(chunk, out);
    offset_ += taken;
    carry_.assign(chunk.begin() + static_cast<std::ptrdiff_t>(taken), chunk.end());
  }
}

void Decoder::finish(Events& out) {
  if (failed()) return;
  end(carry_, out);
  if (cut_ && !failed()) failed_at_ = cut_at_ == UINT64_MAX ? offset_ : cut_at_;
  carry_.clear();
}

void Decoder::end(Bytes rest, Events&) { cut_ = !rest.empty(); }

void Decoder::choose(std::unordered_set<std::string> symbols,
                     std::unordered_set<std::uint32_t> numbers) {
  chosen_ = true;
  chosen_symbols_ = std::move(symbols);
  chosen_numbers_ = std::move(numbers);
}

void Decoder::name(std::uint32_t number, std::string_view symbol) {
  instruments_.name(number, symbol);
  if (chosen_ && chosen_symbols_.count(std::string(symbol)) != 0) {
    chosen_numbers_.insert(number);
  }
}

std::uint32_t Decoder::number_of(std::string_view symbol, std::uint32_t base) {
  const std::uint32_t number = instruments_.number_of(symbol, base);
  if (chosen_ && chosen_symbols_.count(std::string(symbol)) != 0) {
    chosen_numbers_.insert(number);
  }
  return number;
}

}  // namespace pyscalp::capture
