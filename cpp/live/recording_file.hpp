// A file that grows by whole records and ends with a whole one, whatever happens.
//
// Records gather in a buffer and go to the kernel many at a time. Where a write fails
// (full disk, quota, file size limit) the file is cut back to the last record that is
// in it whole, and nothing more is written. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "net/socket.hpp"

namespace pyscalp::live {

class RecordingFile {
 public:
  /// The largest record, which is far above any datagram with its headers.
  static constexpr std::size_t kLargestRecord = std::size_t{2} << 20;

  /// Creates the file, or empties it where `overwrite` allows it to exist. A device
  /// such as /dev/null is taken too; error() tells why there is no file.
  RecordingFile(std::string path, bool overwrite);
  ~RecordingFile();
  RecordingFile(const RecordingFile&) = delete;
  RecordingFile& operator=(const RecordingFile&) = delete;

  /// Appends one record made of two parts, which stands for `messages` messages. False
  /// once anything has failed.
  bool append(Bytes head, Bytes body, std::uint32_t messages = 0);
  /// Hands what is buffered to the kernel.
  bool flush();
  /// Flushes, waits for the disk to have it all, and closes.
  bool finish();

  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  // What is in the file for sure: whole records that the kernel has taken.
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t records() const { return records_; }
  std::uint64_t messages() const { return messages_; }

 private:
  static constexpr std::size_t kBuffer = kLargestRecord;
  /// Where a record ends in the buffer, and how many messages there are up to there.
  struct Mark {
    std::uint32_t end;
    std::uint32_t messages;
  };

  bool fail(const char* what);
  void keep_whole(std::size_t taken);

  std::string path_;
  net::Descriptor file_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t size_ = 0;     ///< bytes in the buffer
  std::vector<Mark> marks_;  ///< one a record in the buffer
  std::uint64_t bytes_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t messages_ = 0;
  std::string error_;
};

}  // namespace pyscalp::live
