#include "bench/day_pace.hpp"

#include <algorithm>

#include "wire/binary_file.hpp"
#include "wire/itch50.hpp"

namespace pyscalp::bench {

DayPace day_pace(Bytes file) {
  constexpr std::size_t kTimeAt = 5;
  DayPace pace;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::uint64_t in_second = 0;
  wire::BinaryFileReader reader(file);
  while (const auto message = reader.next()) {
    // The last events of the whole market come hours after the rest.
    if (message->size() < kTimeAt + 6 ||
        static_cast<char>((*message)[0]) == wire::itch::SystemEvent::kType)
      continue;
    std::uint64_t time = 0;
    Reader field(message->data() + kTimeAt);
    field.u48(time);
    if (pace.messages++ == 0) first = time;
    if (time / 1'000'000'000 != second) in_second = 0;
    second = time / 1'000'000'000;
    pace.peak = std::max(pace.peak, ++in_second);
    pace.nanos = time - first;
  }
  return pace;
}

}  // namespace pyscalp::bench
