// Rows of numbers as columns, in blocks that are handed over without a copy.
//
// A table has named columns of fixed types and an open block with room for so many
// rows; a full block is sealed and waits for `take`. So no row is ever moved, and
// memory is that of the blocks which nobody has taken yet. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace pyscalp::table {

/// What a column holds: its C++ type, its unit, and the value that means "not there".
enum class ColumnKind : std::uint8_t {
  kTime,        ///< int64 ns; 0: the venue does not say
  kReceipt,     ///< int64 ns since 1970-01-01 UTC; 0: nobody stamped
  kSequence,    ///< uint64
  kInstrument,  ///< uint16, number of the instrument
  kPrice,       ///< int64 at 1e-9; kNoPrice
  kQty,         ///< int64; absent where the column's `absent_with` is
  kSum,         ///< int64, always there
  kOrders,      ///< uint32; kNoOrders
  kRatio,       ///< double; NaN
  kSide,        ///< uint8: 0 buy, 1 sell; 2: not told
  kFlag,        ///< uint8: 0 or 1
  kMatch,       ///< uint64; 0: none told
};
std::size_t width(ColumnKind kind);
const char* name(ColumnKind kind);

inline constexpr std::uint32_t kNoOrders = UINT32_MAX;

struct ColumnSpec {
  std::string name;
  ColumnKind kind;
  int absent_with = -1;  ///< column that is absent in the same rows; -1: this one
};

/// Rows of a table. The values of column i are `rows` of its kind, in `columns[i]`.
struct Block {
  std::size_t rows = 0;
  std::vector<std::unique_ptr<std::byte[]>> columns;
};

/// One bit a row, from the least significant on; set where the value is there. Empty
/// where all are.
struct Validity {
  std::vector<std::uint8_t> bits;
  std::size_t absent = 0;
};
Validity validity(ColumnKind kind, const std::byte* values, std::size_t rows);

class Table {
 public:
  /// A table without columns takes no rows: it was not asked for.
  explicit Table(std::vector<ColumnSpec> columns = {},
                 std::size_t block_rows = 1 << 17);

  bool wanted() const { return !columns_.empty(); }
  const std::vector<ColumnSpec>& columns() const { return columns_; }

  /// Opens the next row; all its columns must be `put`.
  void next_row() {
    if (open_.rows == block_rows_ || open_.columns.empty()) [[unlikely]]
      seal();
    row_ = open_.rows++;
    ++rows_;
  }
  template <class T>
  void put(std::size_t column, T value) {
    std::memcpy(open_.columns[column].get() + row_ * sizeof(T), &value, sizeof(T));
  }

  /// Rows ever written, and those not yet taken.
  std::uint64_t rows() const { return rows_; }
  std::uint64_t rows_waiting() const { return rows_ - rows_taken_; }
  /// All rows that wait, oldest first.
  std::vector<Block> take();

 private:
  void seal();

  std::vector<ColumnSpec> columns_;
  std::size_t block_rows_;
  Block open_;
  std::size_t row_ = 0;
  std::deque<Block> sealed_;
  std::uint64_t rows_ = 0;
  std::uint64_t rows_taken_ = 0;
};

}  // namespace pyscalp::table
