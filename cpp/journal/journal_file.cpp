#include "journal/journal_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace pyscalp::journal {

namespace {

constexpr char kMagic[] = "pyscalp journal\n";
constexpr std::size_t kMagicSize = sizeof kMagic - 1;
constexpr std::size_t kPrefix = 8;

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78u : 0u);
    }
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t crc = ~0u;
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  }
  return ~crc;
}

JournalWriter::JournalWriter(const std::string& path) : path_(path) {
  file_ = std::fopen(path.c_str(), "wbx");
  if (file_ == nullptr) {
    fail("create");
    return;
  }
  if (std::fwrite(kMagic, 1, kMagicSize, file_) != kMagicSize) fail("write");
}

JournalWriter::~JournalWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

bool JournalWriter::fail(const char* what) {
  if (error_.empty()) {
    error_ = std::string("cannot ") + what + " " + path_ + ": " + std::strerror(errno);
  }
  return false;
}

bool JournalWriter::append(Bytes record) {
  if (failed()) return false;
  const std::array<std::uint32_t, 2> prefix{static_cast<std::uint32_t>(record.size()),
                                            crc32c(record)};
  if (std::fwrite(prefix.data(), 1, kPrefix, file_) != kPrefix ||
      std::fwrite(record.data(), 1, record.size(), file_) != record.size()) {
    return fail("write");
  }
  return true;
}

bool JournalWriter::flush(bool durable) {
  if (failed()) return false;
  if (std::fflush(file_) != 0) return fail("write");
  if (durable && ::fdatasync(::fileno(file_)) != 0) return fail("sync");
  return true;
}

JournalReader::JournalReader(Bytes file) : file_(file) {
  recognised_ =
      file.size() >= kMagicSize && std::memcmp(file.data(), kMagic, kMagicSize) == 0;
  if (recognised_) at_ = kMagicSize;
}

std::optional<Bytes> JournalReader::next() {
  if (!recognised_ || file_.size() - at_ < kPrefix) return std::nullopt;
  std::array<std::uint32_t, 2> prefix;
  std::memcpy(prefix.data(), file_.data() + at_, kPrefix);
  if (file_.size() - at_ - kPrefix < prefix[0]) return std::nullopt;
  const Bytes record = file_.subspan(at_ + kPrefix, prefix[0]);
  if (crc32c(record) != prefix[1]) return std::nullopt;
  at_ += kPrefix + record.size();
  return record;
}

}  // namespace pyscalp::journal
