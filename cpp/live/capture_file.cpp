#include "live/capture_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <new>

namespace pyscalp::live {

namespace {

constexpr int kWindow = 15 + 16;  // the largest window, and gzip's frame
constexpr int kMemory = 8;
constexpr int kLevel = 6;
constexpr std::size_t kStamp = 24;  // digits of a time and a blank, with room

}  // namespace

struct CaptureFile::Packer {
  Packer() {
    if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindow, kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Packer() { deflateEnd(&stream); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  z_stream stream{};
};

CaptureFile::CaptureFile(std::string path, bool overwrite, bool packed)
    : file_(std::move(path), overwrite),
      packer_(packed ? std::make_unique<Packer>() : nullptr) {
  lines_.reserve(kBatch + kLargestMessage + kStamp);
}

CaptureFile::~CaptureFile() { flush(); }

bool CaptureFile::append(UnixNanos received, Bytes message) {
  if (failed() || message.size() > kLargestMessage) return false;
  char stamp[kStamp];
  char* const end = std::to_chars(stamp, stamp + kStamp - 1, received.value).ptr;
  *end = ' ';
  const auto* const head = reinterpret_cast<const std::byte*>(stamp);
  lines_.insert(lines_.end(), head, head + (end + 1 - stamp));
  const std::size_t at = lines_.size();
  lines_.insert(lines_.end(), message.begin(), message.end());
  for (const char feed : {'\n', '\r'}) {
    std::replace(lines_.begin() + static_cast<std::ptrdiff_t>(at), lines_.end(),
                 std::byte(feed), std::byte(' '));
  }
  lines_.push_back(std::byte('\n'));
  ++count_;
  return lines_.size() < kBatch || pack();
}

/// Gives the lines so far to the file: plain, or as a gzip member.
bool CaptureFile::pack() {
  if (count_ == 0) return !failed();
  Bytes record = lines_;
  if (packer_) {
    z_stream& z = packer_->stream;
    deflateReset(&z);
    packed_.resize(deflateBound(&z, lines_.size()));
    z.next_in = reinterpret_cast<Bytef*>(lines_.data());
    z.avail_in = static_cast<uInt>(lines_.size());
    z.next_out = reinterpret_cast<Bytef*>(packed_.data());
    z.avail_out = static_cast<uInt>(packed_.size());
    deflate(&z, Z_FINISH);  // within its bound it cannot fail
    record = Bytes(packed_).first(z.total_out);
  }
  const bool taken = file_.append(record, {}, count_);
  lines_.clear();
  count_ = 0;
  return taken;
}

bool CaptureFile::flush() {
  pack();
  return file_.flush();
}

bool CaptureFile::finish() {
  pack();
  return file_.finish();
}

}  // namespace pyscalp::live
