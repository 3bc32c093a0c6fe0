#include "live/recording_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace pyscalp::live {

RecordingFile::RecordingFile(std::string path, bool overwrite)
    : path_(std::move(path)),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kBuffer)) {
  const int mode = overwrite ? O_TRUNC : O_EXCL;
  // Non-blocking, so that the other end of a pipe is not waited for.
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | mode;
  file_ = net::Descriptor(::open(path_.c_str(), flags, 0666));
  if (!file_) {
    fail("create");
    if (errno == EEXIST) error_ += "; choose another name, or overwrite it (--force)";
    return;
  }
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) {
    fail("create");
  } else if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) {
    error_ = "cannot create " + path_ + ": it is no regular file";
  }
}

RecordingFile::~RecordingFile() { flush(); }

bool RecordingFile::fail(const char* what) {
  if (error_.empty()) {
    error_ = std::string("cannot ") + what + ' ' + path_ + ": " +
             std::generic_category().message(errno);
  }
  return false;
}

bool RecordingFile::append(Bytes head, Bytes body, std::uint32_t messages) {
  const std::size_t size = head.size() + body.size();
  if (failed() || size > kLargestRecord) return false;
  if (size_ + size > kBuffer && !flush()) return false;
  std::byte* const at = buffer_.get() + size_;
  if (!head.empty()) std::memcpy(at, head.data(), head.size());
  if (!body.empty()) std::memcpy(at + head.size(), body.data(), body.size());
  size_ += size;
  const std::uint32_t before = marks_.empty() ? 0 : marks_.back().messages;
  marks_.push_back({static_cast<std::uint32_t>(size_), before + messages});
  return true;
}

bool RecordingFile::flush() {
  if (failed()) return false;
  std::size_t taken = 0;
  bool whole = true;
  while (taken < size_) {
    const ssize_t size = ::write(file_.get(), buffer_.get() + taken, size_ - taken);
    if (size > 0) {
      taken += static_cast<std::size_t>(size);
    } else if (size == 0 || errno != EINTR) {
      whole = fail("write");
      break;
    }
  }
  keep_whole(taken);
  return whole;
}

/// Books the records that are whole within the first `taken` bytes of the buffer; the
/// part of one that follows them, after a failed write, is taken back.
void RecordingFile::keep_whole(std::size_t taken) {
  const auto first_cut =
      std::partition_point(marks_.begin(), marks_.end(),
                           [&](const Mark& mark) { return mark.end <= taken; });
  std::size_t kept = 0;
  if (first_cut != marks_.begin()) {
    kept = std::prev(first_cut)->end;
    messages_ += std::prev(first_cut)->messages;
  }
  bytes_ += kept;
  records_ += static_cast<std::uint64_t>(first_cut - marks_.begin());
  if (kept != taken && ::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0)
    error_ += "; its last record is cut, as it could not be taken back";
  marks_.clear();
  size_ = 0;
}

bool RecordingFile::finish() {
  if (!flush()) return false;
  // EINVAL: a device that has nothing to wait for.
  if (::fdatasync(file_.get()) != 0 && errno != EINVAL) return fail("write");
  file_.reset();
  return true;
}

}  // namespace pyscalp::live
