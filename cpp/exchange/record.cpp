#include "exchange/record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

namespace pyscalp::exchange {
namespace {

template <class Integer>
void put(std::string& line, Integer value, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  line.append(digits, end);
}

template <class Integer>
void field(std::string& line, Integer value) {
  put(line, value);
  line += ',';
}

void field(std::string& line, const char* text) {
  line += text;
  line += ',';
}

/// A symbol as a CSV field: a feed may name one with commas or quotes in it.
std::string quoted(const std::string& symbol) {
  if (symbol.find_first_of(",\"\r\n") == std::string::npos) return symbol;
  std::string text = "\"";
  for (const char c : symbol) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

}  // namespace

const char* event_name(ReportKind kind) {
  switch (kind) {
    case ReportKind::kAccepted:
      return "accepted";
    case ReportKind::kReplaced:
      return "replaced";
    case ReportKind::kCanceled:
      return "canceled";
    case ReportKind::kExecuted:
      return "executed";
    case ReportKind::kRejected:
      return "rejected";
    case ReportKind::kRefilled:
      return "refilled";
    case ReportKind::kSelfMatch:
      return "self_match";
  }
  return "";
}

RecordFile::RecordFile(const std::string& path,
                       const std::vector<Instrument>& instruments) {
  for (const Instrument& instrument : instruments) {
    const std::size_t at = index(instrument.id);
    if (at >= symbols_.size()) symbols_.resize(at + 1);
    symbols_[at] = quoted(instrument.symbol);
  }
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) {
    error_number_ = errno;
    status_ = RecordStatus::kOpenFailed;
    return;
  }
  buffer_.reserve(kBufferSize + 512);
  buffer_ = kHeader;
}

RecordFile::~RecordFile() { close(); }

RecordFile::RecordFile(RecordFile&& other) noexcept { *this = std::move(other); }

RecordFile& RecordFile::operator=(RecordFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  symbols_ = std::move(other.symbols_);
  buffer_ = std::exchange(other.buffer_, {});
  file_ = std::exchange(other.file_, -1);
  error_number_ = other.error_number_;
  status_ = other.status_;
  lines_ = other.lines_;
  lost_ = other.lost_;
  return *this;
}

void RecordFile::append(const Report& report) {
  ++lines_;
  if (file_ < 0 || buffer_.size() >= kWaitingMax) {
    ++lost_;
    if (file_ >= 0) status_ = RecordStatus::kLinesLost;
    return;
  }
  std::string& line = buffer_;
  const bool executed = report.kind == ReportKind::kExecuted;
  const std::size_t symbol = index(report.instrument);
  field(line, lines_);
  field(line, report.time.value);
  field(line, event_name(report.kind));
  field(line, report.account);
  field(line, report.client_ref);
  field(line, report.original_ref);
  field(line, report.order_reference);
  field(line, symbol < symbols_.size() ? symbols_[symbol].c_str() : "");
  field(line, report.side == Side::kBuy ? "buy" : "sell");
  field(line, report.qty);
  field(line, report.price.value);
  field(line, report.leaves);
  field(line, !executed                               ? ""
              : report.liquidity == Liquidity::kMaker ? "maker"
                                                      : "taker");
  field(line, report.match);
  field(line, report.fee.value);
  if (report.kind == ReportKind::kRejected) {
    put(line, report.reject_reason, 16);
  } else if (report.reason != ' ') {
    line += report.reason;
  }
  line += '\n';
  if (buffer_.size() >= kBufferSize && status_ == RecordStatus::kOk) write_waiting();
}

void RecordFile::append(const std::vector<Report>& reports) {
  for (const Report& report : reports) append(report);
}

RecordStatus RecordFile::flush() {
  if (file_ >= 0) write_waiting();
  return status_;
}

RecordStatus RecordFile::close() {
  flush();
  if (file_ >= 0 && ::close(file_) != 0) {
    error_number_ = errno;
    if (status_ == RecordStatus::kOk) status_ = RecordStatus::kWriteFailed;
  }
  file_ = -1;
  return status_;
}

void RecordFile::write_waiting() {
  std::size_t written = 0;
  bool failed = false;
  while (written < buffer_.size() && !failed) {
    const ssize_t n =
        ::write(file_, buffer_.data() + written, buffer_.size() - written);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      error_number_ = n == 0 ? ENOSPC : errno;
      failed = true;
    }
  }
  buffer_.erase(0, written);
  if (status_ == RecordStatus::kLinesLost) return;  // lost stays lost
  status_ = failed ? RecordStatus::kWriteFailed : RecordStatus::kOk;
}

}  // namespace pyscalp::exchange
