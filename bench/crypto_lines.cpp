#include "bench/crypto_lines.hpp"

#include <cstdio>
#include <cstdlib>

namespace pyscalp::bench {

namespace {
constexpr std::size_t kPadding = 64;
}

CryptoLines::CryptoLines(const char* name) {
  const char* const folder = std::getenv("PYSCALP_DATA");
  if (folder == nullptr || *folder == '\0') {
    missing_ = "needs PYSCALP_DATA, the folder of recorded market data";
    return;
  }
  const std::string path = std::string(folder) + "/binance/" + name;
  std::string command = "gzip -dc -- '";
  for (const char c : path) c == '\'' ? command += "'\\''" : command += c;
  command += "' 2>/dev/null";
  if (FILE* const pipe = popen(command.c_str(), "r")) {
    char block[1 << 16];
    for (std::size_t size; (size = std::fread(block, 1, sizeof block, pipe)) != 0;)
      text_.append(block, size);
    if (pclose(pipe) != 0) text_.clear();
  }
  if (text_.empty()) {
    missing_ = "needs " + path + " and gzip";
    return;
  }
  const std::size_t size = text_.size();
  text_.append(kPadding, ' ');
  const std::string_view all(text_.data(), size);
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = all.substr(at, end - at);
    const std::size_t json = line.find('{');
    if (json != std::string_view::npos) lines_.push_back(line.substr(json));
    at = end + 1;
  }
}

CryptoPiece::CryptoPiece(const std::vector<std::string_view>& lines, std::size_t from,
                         std::string_view stream, std::size_t count) {
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t at = from; at < lines.size() && places.size() < count; ++at) {
    if (lines[at].substr(0, 48).find(stream) == std::string_view::npos) continue;
    places.emplace_back(text_.size(), lines[at].size());
    text_ += lines[at];
  }
  text_.append(kPadding, ' ');
  for (const auto& [at, size] : places) lines_.emplace_back(text_.data() + at, size);
}

std::uint64_t CryptoPiece::number(std::size_t line, std::string_view key) const {
  const std::size_t at = lines_[line].find(key);
  if (at == std::string_view::npos) return 0;
  return std::strtoull(lines_[line].data() + at + key.size(), nullptr, 10);
}

void CryptoPiece::add(std::string_view key, std::uint64_t step) {
  for (const std::string_view line : lines_) {
    const std::size_t found = line.find(key);
    if (found == std::string_view::npos) continue;
    const std::size_t at =
        static_cast<std::size_t>(line.data() - text_.data()) + found + key.size();
    const std::size_t digits = text_.find_first_not_of("0123456789", at) - at;
    std::uint64_t left = step;
    for (std::size_t i = digits; i-- > 0 && left != 0;) {
      left += static_cast<std::uint64_t>(text_[at + i] - '0');
      text_[at + i] = static_cast<char>('0' + left % 10);
      left /= 10;
    }
  }
}

void CryptoPiece::advance() {
  const std::size_t last = lines_.size() - 1;
  if (number(0, "\"pu\":") != 0) {
    const std::uint64_t step = number(last, "\"u\":") - number(0, "\"pu\":");
    for (const char* key : {"\"pu\":", "\"U\":", "\"u\":"}) add(key, step);
  } else if (number(0, "\"U\":") != 0) {
    const std::uint64_t step = number(last, "\"u\":") + 1 - number(0, "\"U\":");
    for (const char* key : {"\"U\":", "\"u\":"}) add(key, step);
  } else {
    for (const char* key : {"\"u\":", "\"t\":"})
      add(key, number(last, key) + 1 - number(0, key));
  }
}

}  // namespace pyscalp::bench
