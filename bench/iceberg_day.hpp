// A day of the included exchange with many icebergs and many who look like them.
//
// The fitted agents trade as ever, on several stocks. Beside them come, on both sides:
//   - icebergs, of 2 to 50 times what they show (50 to 500 shares), which the matching
//     engine refills; three in four stay until they are executed or long left behind,
//     the others are cancelled early;
//   - decoys: makers who show such sizes too and, once executed, come back to the same
//     price as often as an iceberg is refilled, four times in five with the same size;
//     half of them answer within 1 to 5 us, half within 50 us to 51 ms, and a share of
//     all answers has the very stamp of the execution and comes right behind it;
//   - a crowd: after three in ten of those executions somebody else joins the price, in
//     1 us to 33 ms;
//   - takers, who hit the touch while any of them stands on a side.
//
// Deterministic: the same settings give the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "exchange/record.hpp"

namespace pyscalp::bench {

struct IcebergDaySettings {
  std::uint64_t seed = 1;
  std::uint32_t stocks = 4;  ///< 1 to 64, numbered from 1 on the feed
  MonoNanos duration = seconds(23'400);
  MonoNanos iceberg_wait = seconds(60);  ///< mean, of each stock
  MonoNanos decoy_wait = seconds(45);    ///< mean, of each stock
  double same_stamp = 0.02;  ///< share of decoys' answers with the execution's stamp
  /// Sizes in slices: spread evenly over 2 to 50, or over their logarithms.
  bool heavy_tail = false;
};

struct IcebergDay {
  std::vector<std::byte> file;  ///< BinaryFILE of ITCH 5.0
  std::uint64_t icebergs = 0;   ///< of ours; the agents have some too
  std::uint64_t decoys = 0;
  std::uint64_t answers = 0;             ///< orders with which decoys came back
  std::uint64_t answers_same_stamp = 0;  ///< of these
};

std::vector<exchange::Instrument> iceberg_day_instruments(
    const IcebergDaySettings& settings);

/// `record` takes the reports of all orders that have a display size, the agents' too.
IcebergDay iceberg_day(const IcebergDaySettings& settings,
                       exchange::RecordFile& record);

}  // namespace pyscalp::bench
