#include "table/columns.hpp"

#include <cmath>

#include "base/types.hpp"

namespace pyscalp::table {

std::size_t width(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kTime:
    case ColumnKind::kReceipt:
    case ColumnKind::kSequence:
    case ColumnKind::kPrice:
    case ColumnKind::kQty:
    case ColumnKind::kSum:
    case ColumnKind::kRatio:
    case ColumnKind::kMatch:
      return 8;
    case ColumnKind::kOrders:
      return 4;
    case ColumnKind::kInstrument:
      return 2;
    case ColumnKind::kSide:
    case ColumnKind::kFlag:
      return 1;
  }
  return 0;
}

const char* name(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kTime:
      return "time";
    case ColumnKind::kReceipt:
      return "receipt";
    case ColumnKind::kSequence:
      return "sequence";
    case ColumnKind::kInstrument:
      return "instrument";
    case ColumnKind::kPrice:
      return "price";
    case ColumnKind::kQty:
      return "qty";
    case ColumnKind::kSum:
      return "sum";
    case ColumnKind::kOrders:
      return "orders";
    case ColumnKind::kRatio:
      return "ratio";
    case ColumnKind::kSide:
      return "side";
    case ColumnKind::kFlag:
      return "flag";
    case ColumnKind::kMatch:
      return "match";
  }
  return "?";
}

namespace {

template <class T, class IsAbsent>
Validity scan(const std::byte* bytes, std::size_t rows, IsAbsent is_absent) {
  const T* values = reinterpret_cast<const T*>(bytes);
  std::size_t absent = 0;
  for (std::size_t row = 0; row < rows; ++row) absent += is_absent(values[row]);
  if (absent == 0) return {};
  Validity found{std::vector<std::uint8_t>((rows + 7) / 8), absent};
  for (std::size_t row = 0; row < rows; ++row) {
    if (!is_absent(values[row])) {
      found.bits[row / 8] |= static_cast<std::uint8_t>(1u << (row % 8));
    }
  }
  return found;
}

}  // namespace

Validity validity(ColumnKind kind, const std::byte* values, std::size_t rows) {
  switch (kind) {
    case ColumnKind::kPrice:
      return scan<std::int64_t>(values, rows,
                                [](std::int64_t v) { return v == kNoPrice.value; });
    case ColumnKind::kTime:
    case ColumnKind::kReceipt:
      return scan<std::int64_t>(values, rows, [](std::int64_t v) { return v == 0; });
    case ColumnKind::kMatch:
      return scan<std::uint64_t>(values, rows, [](std::uint64_t v) { return v == 0; });
    case ColumnKind::kOrders:
      return scan<std::uint32_t>(values, rows,
                                 [](std::uint32_t v) { return v == kNoOrders; });
    case ColumnKind::kRatio:
      return scan<double>(values, rows, [](double v) { return std::isnan(v); });
    case ColumnKind::kSide:
      return scan<std::uint8_t>(values, rows, [](std::uint8_t v) { return v > 1; });
    case ColumnKind::kSequence:
    case ColumnKind::kInstrument:
    case ColumnKind::kQty:
    case ColumnKind::kSum:
    case ColumnKind::kFlag:
      break;
  }
  return {};
}

Table::Table(std::vector<ColumnSpec> columns, std::size_t block_rows)
    : columns_(std::move(columns)), block_rows_(block_rows) {}

void Table::seal() {
  if (open_.rows != 0) sealed_.push_back(std::move(open_));
  open_ = {};
  for (const ColumnSpec& column : columns_) {
    open_.columns.push_back(
        std::make_unique_for_overwrite<std::byte[]>(block_rows_ * width(column.kind)));
  }
}

std::vector<Block> Table::take() {
  if (open_.rows != 0) sealed_.push_back(std::move(open_));
  open_ = {};
  std::vector<Block> taken;
  for (Block& block : sealed_) taken.push_back(std::move(block));
  sealed_.clear();
  rows_taken_ = rows_;
  return taken;
}

}  // namespace pyscalp::table
