// A raw capture being written: lines of "<time of receipt, ns since 1970> <message>",
// plain or as gzip.
//
// Packed, it is one gzip member behind the other, each of whole lines and written at
// once, so that what is there can be read at any time and after any end; readers take
// such a file for one stream (RFC 1952, 2.2). One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "live/recording_file.hpp"

namespace pyscalp::live {

class CaptureFile {
 public:
  /// Bytes of the largest message; RecordingFile takes the largest line, packed or not.
  static constexpr std::size_t kLargestMessage = std::size_t{1} << 20;

  /// False where this was built without zlib: files are plain then.
  static bool can_pack();

  CaptureFile(std::string path, bool overwrite, bool packed);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  /// Appends one line. Line feeds within a message, which JSON may have between its
  /// tokens, become blanks. False once anything has failed.
  bool append(UnixNanos received, Bytes message);
  /// Hands all lines so far to the kernel.
  bool flush();
  /// Flushes, waits for the disk to have it all, and closes.
  bool finish();

  bool failed() const { return file_.failed(); }
  const std::string& error() const { return file_.error(); }
  // What is in the file for sure.
  std::uint64_t bytes() const { return file_.bytes(); }
  std::uint64_t messages() const { return file_.messages(); }

 private:
  /// Bytes of lines that are packed together.
  static constexpr std::size_t kBatch = std::size_t{256} << 10;
  struct Packer;

  bool pack();

  RecordingFile file_;
  std::unique_ptr<Packer> packer_;  ///< null: plain
  std::vector<std::byte> lines_;
  std::uint32_t count_ = 0;  ///< lines in `lines_`
};

}  // namespace pyscalp::live
