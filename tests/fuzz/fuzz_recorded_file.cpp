// Any bytes as a recorded file of each format that is read, whole and in chunks: the
// same events, the same end. The first byte names the format, the second one seeds the
// cuts.
#include <algorithm>
#include <memory>

#include "capture/binance.hpp"
#include "capture/dbn.hpp"
#include "capture/hftbacktest.hpp"
#include "capture/itch_file.hpp"
#include "capture/lean.hpp"
#include "capture/lobster.hpp"
#include "capture/packets.hpp"
#include "check.hpp"

namespace {

using namespace pyscalp;
using namespace pyscalp::capture;

constexpr std::int64_t kQtyScale = 100'000'000;

std::unique_ptr<Decoder> decoder(std::uint8_t format) {
  switch (format % 7) {
    case 0:
      return std::make_unique<ItchFileDecoder>(0);
    case 1:
      return std::make_unique<LobsterDecoder>(0, "X");
    case 2:
      return std::make_unique<DbnDecoder>();
    case 3:
      return std::make_unique<BinanceDecoder>(kQtyScale);
    case 4:
      return std::make_unique<HftbacktestDecoder>(kQtyScale, "");
    case 6:
      return std::make_unique<LeanDecoder>(0, "X");
    default:
      return std::make_unique<PacketDecoder>(0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto copy = fuzz::exact_copy(data, size);
  const Bytes file = Bytes(copy).subspan(2);
  const std::unique_ptr<Decoder> whole = decoder(data[0]);
  Events events;
  whole->feed(file, events);
  whole->finish(events);

  const std::unique_ptr<Decoder> cut = decoder(data[0]);
  Events pieces;
  std::uint32_t random = data[1];
  for (Bytes rest = file; !rest.empty();) {
    random = random * 1'664'525 + 1'013'904'223;
    const std::size_t length = std::min<std::size_t>(rest.size(), 1 + (random >> 24));
    cut->feed(rest.first(length), pieces);
    rest = rest.subspan(length);
  }
  cut->finish(pieces);
  FUZZ_CHECK(events == pieces);
  FUZZ_CHECK(whole->failure() == cut->failure());
  FUZZ_CHECK(whole->failed_at() == cut->failed_at());
  FUZZ_CHECK(whole->cut() == cut->cut());
  FUZZ_CHECK(whole->counters().undecodable == cut->counters().undecodable);
  FUZZ_CHECK(whole->counters().events == events.size());
  return 0;
}
