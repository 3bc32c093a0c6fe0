// Any bytes as a message of a snapshot: its end is read and written back, and all else
// is what the ITCH decoder says of it.
#include "check.hpp"
#include "wire/glimpse.hpp"
#include "wire/soupbintcp.hpp"

namespace {

using namespace pyscalp;
namespace glimpse = wire::glimpse;
namespace itch = wire::itch;

struct Counts {
  Bytes bytes;
  int ends = 0;
  int others = 0;

  void on(const glimpse::EndOfSnapshot& message) {
    ++ends;
    std::array<std::byte, glimpse::EndOfSnapshot::kSize> out;
    FUZZ_CHECK(glimpse::encode(message, out.data()) == out.size());
    FUZZ_CHECK(fuzz::same(out, bytes.first(out.size())));
    const auto number = wire::soup::parse_number(message.sequence);
    if (number) {
      FUZZ_CHECK(wire::soup::parse_number(wire::soup::number_text(*number)) == number);
    }
  }
  template <class Message>
  void on(const Message&) {
    ++others;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::exact_copy(data, size);
  Counts snapshot{bytes};
  const auto status = glimpse::decode(bytes, snapshot);
  const bool ok = status == itch::DecodeStatus::kOk;
  FUZZ_CHECK(snapshot.ends + snapshot.others == (ok ? 1 : 0));
  if (size != 0 && data[0] == 'G') {
    FUZZ_CHECK(ok == (size >= glimpse::EndOfSnapshot::kSize) && snapshot.others == 0);
  } else {
    Counts feed{bytes};
    FUZZ_CHECK(itch::decode(bytes, feed) == status);
    FUZZ_CHECK(feed.others == snapshot.others && snapshot.ends == 0);
  }
  return 0;
}
