// write_market_day FILE [--messages N] [--instruments N] [--seed N] [--live N]
//
// Writes a made-up market day as an ITCH 5.0 BinaryFILE and says what is in it.
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "bench/market_day_file.hpp"

namespace {

using namespace pyscalp;

int usage() {
  std::fprintf(stderr,
               "usage: write_market_day FILE [--messages N] [--instruments N] "
               "[--seed N] [--live N]\n");
  return 2;
}

bool number(const char* text, std::uint64_t& out) {
  char* end = nullptr;
  errno = 0;
  out = std::strtoull(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && *text != '-';
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count % 2 != 0) return usage();
  bench::MarketDaySettings settings;
  for (int i = 2; i < count; i += 2) {
    const std::string_view option = arguments[i];
    std::uint64_t value = 0;
    if (!number(arguments[i + 1], value)) return usage();
    if (option == "--messages") {
      settings.messages = value;
    } else if (option == "--instruments") {
      settings.instruments = value > UINT32_MAX ? 0 : static_cast<std::uint32_t>(value);
    } else if (option == "--seed") {
      settings.seed = value;
    } else if (option == "--live") {
      settings.live_orders = value;
    } else {
      return usage();
    }
  }
  const std::string problem = settings.problem();
  if (!problem.empty()) {
    std::fprintf(stderr, "write_market_day: %s\n", problem.c_str());
    return 2;
  }
  bench::MarketDay day(settings);
  const int failure =
      bench::write_day(day, arguments[1], [](std::uint64_t) { return true; });
  if (failure != 0) {
    std::fprintf(stderr, "write_market_day: %s: %s\n", arguments[1],
                 std::strerror(failure));
    return 74;
  }
  std::printf("%" PRIu64 " messages, %" PRIu64 " before the opening, %" PRIu64
              " orders alive\n",
              day.messages(), day.opening_messages(), day.live_orders());
  for (std::size_t type = 0; type < day.counts().size(); ++type) {
    if (day.counts()[type] == 0) continue;
    std::printf("%c %10" PRIu64 " %7.3f %%\n", static_cast<char>(type),
                day.counts()[type],
                100.0 * static_cast<double>(day.counts()[type]) /
                    static_cast<double>(day.messages()));
  }
  return 0;
}
