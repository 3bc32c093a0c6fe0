// The journal on disk: every record of the engine's ring in order, each with its length
// and checksum, so that a cut or damaged tail is found and what stands before it
// counts.
//
// Layout: 16 bytes "pyscalp journal\n", then {u32 size, u32 crc32c, bytes} repeated,
// little-endian; `size` counts the bytes alone. One thread at a time.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace pyscalp::journal {

/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as in RFC 3720.
std::uint32_t crc32c(Bytes bytes);

class JournalWriter {
 public:
  /// Creates the file; `error()` tells why it could not.
  explicit JournalWriter(const std::string& path);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Appends one record; false once anything has failed (full disk, say): what was
  /// written before stays valid, nothing more is written.
  bool append(Bytes record);
  /// Hands everything to the kernel; with `durable` waits until the disk has it.
  bool flush(bool durable = false);
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }

 private:
  bool fail(const char* what);

  std::string path_;
  std::FILE* file_ = nullptr;
  std::string error_;
};

/// Reads a journal held in memory, up to the first record that is cut or damaged.
class JournalReader {
 public:
  explicit JournalReader(Bytes file);

  /// False where the file does not start as a journal does.
  bool recognised() const { return recognised_; }
  std::optional<Bytes> next();
  /// Where the valid part ends.
  std::size_t offset() const { return at_; }
  /// True if bytes follow the valid part.
  bool damaged() const { return at_ < file_.size(); }

 private:
  Bytes file_;
  std::size_t at_ = 0;
  bool recognised_ = false;
};

}  // namespace pyscalp::journal
