#include "live/capture_file.hpp"

#ifdef PYSCALP_HAS_ZLIB
#include <zlib.h>
#endif

#include <algorithm>
#include <charconv>
#include <new>

namespace pyscalp::live {

namespace {

constexpr std::size_t kStamp = 24;  // digits of a time and a blank, with room

}  // namespace

#ifdef PYSCALP_HAS_ZLIB

struct CaptureFile::Packer {
  static constexpr int kWindow = 15 + 16;  // the largest window, and gzip's frame
  static constexpr int kMemory = 8;
  static constexpr int kLevel = 6;

  Packer() {
    if (deflateInit2(&stream, kLevel, Z_DEFLATED, kWindow, kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Packer() { deflateEnd(&stream); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  /// The lines as a gzip member; valid until the next call.
  Bytes pack(Bytes lines) {
    deflateReset(&stream);
    packed.resize(deflateBound(&stream, lines.size()));
    // zlib's own type of what it only reads.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(lines.data()));
    stream.avail_in = static_cast<uInt>(lines.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);  // within its bound it cannot fail
    return Bytes(packed).first(stream.total_out);
  }

  z_stream stream{};
  std::vector<std::byte> packed;
};
bool CaptureFile::can_pack() { return true; }

#else

struct CaptureFile::Packer {
  static Bytes pack(Bytes lines) { return lines; }
};
bool CaptureFile::can_pack() { return false; }

#endif

CaptureFile::CaptureFile(std::string path, bool overwrite, bool packed)
    : file_(std::move(path), overwrite),
      packer_(packed && can_pack() ? std::make_unique<Packer>() : nullptr) {
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
  const Bytes record = packer_ ? packer_->pack(lines_) : Bytes(lines_);
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
