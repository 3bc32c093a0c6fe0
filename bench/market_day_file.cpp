#include "bench/market_day_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace pyscalp::bench {

int write_day(MarketDay& day, const std::string& path,
              const std::function<bool(std::uint64_t)>& progress) {
  constexpr std::size_t kFlushAt = 1 << 20;
  constexpr std::uint64_t kProgressEvery = 1 << 16;
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "wb"),
                                                         close);
  if (!file) return errno;
  std::vector<std::byte> buffer(kFlushAt + 2 + wire::itch::kMaxSize);
  std::size_t used = 0;
  const auto flush = [&] {
    const bool whole = std::fwrite(buffer.data(), 1, used, file.get()) == used;
    used = 0;
    return whole;
  };
  for (Bytes message = day.next(); !message.empty(); message = day.next()) {
    store_be(buffer.data() + used, static_cast<std::uint16_t>(message.size()));
    std::memcpy(buffer.data() + used + 2, message.data(), message.size());
    used += 2 + message.size();
    if (used >= kFlushAt && !flush()) return errno;
    if (day.messages() % kProgressEvery == 0 && !progress(day.messages())) {
      return ECANCELED;
    }
  }
  if (!flush() || std::fflush(file.get()) != 0) return errno;
  return 0;
}

}  // namespace pyscalp::bench
