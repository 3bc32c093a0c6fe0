// The exchange's own record: every report of every account as a line of CSV. It is the
// truth that a trader's ledger is held against.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exchange/report.hpp"

namespace pyscalp::exchange {

enum class RecordStatus : std::uint8_t {
  kOk,
  kOpenFailed,  ///< the file could not be made; nothing is kept
  kWriteFailed,  ///< the last write failed (disk full …); lines wait, flush tries again
  kLinesLost,    ///< more waited than kWaitingMax; `lost()` lines are not in the file
};

/// Writes `sequence,time_ns,event,account,client_ref,original_ref,order_reference,
/// symbol,side,qty,price_e9,leaves,liquidity,match,fee_e9,reason` and one line per
/// Report. `sequence` counts from 1; `event` is accepted, replaced, canceled, executed,
/// rejected, refilled or self_match; `liquidity` is maker or taker where executed, else
/// empty; `reason` is OUCH's cancel reason, or the reject reason in hexadecimal.
///
/// One thread. Appends to a buffer, and writes when that is full and on flush. Never
/// throws for a file's sake: look at `status()`.
class RecordFile {
 public:
  static constexpr std::size_t kBufferSize = 1U << 16;
  static constexpr std::size_t kWaitingMax = 1U << 26;
  static constexpr const char* kHeader =
      "sequence,time_ns,event,account,client_ref,original_ref,order_reference,symbol,"
      "side,qty,price_e9,leaves,liquidity,match,fee_e9,reason\n";

  /// Makes the file anew. `instruments` give the symbols; an unknown id has none.
  RecordFile(const std::string& path, const std::vector<Instrument>& instruments);
  ~RecordFile();
  RecordFile(RecordFile&& other) noexcept;
  RecordFile& operator=(RecordFile&& other) noexcept;
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  void append(const Report& report);
  void append(const std::vector<Report>& reports);
  /// Hands everything to the operating system.
  RecordStatus flush();
  /// Flushes and closes; later appends are lost, and counted.
  RecordStatus close();

  RecordStatus status() const { return status_; }
  /// errno of the last failure, or 0.
  int error_number() const { return error_number_; }
  /// Reports taken so far, lost ones included.
  std::uint64_t lines() const { return lines_; }
  std::uint64_t lost() const { return lost_; }

 private:
  void write_waiting();

  std::vector<std::string> symbols_;  ///< by InstrumentId
  std::string buffer_;
  int file_ = -1;
  int error_number_ = 0;
  RecordStatus status_ = RecordStatus::kOk;
  std::uint64_t lines_ = 0;
  std::uint64_t lost_ = 0;
};

/// The event names of the record: "accepted", "self_match" and so on.
const char* event_name(ReportKind kind);

}  // namespace pyscalp::exchange
