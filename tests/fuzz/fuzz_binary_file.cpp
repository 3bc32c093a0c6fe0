// Any bytes as a BinaryFILE; the messages, framed again, are the file up to its end.
#include "check.hpp"
#include "wire/binary_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pyscalp;
  const auto file = fuzz::exact_copy(data, size);
  wire::BinaryFileReader reader(file);
  std::vector<std::byte> rebuilt;
  while (const auto message = reader.next()) {
    FUZZ_CHECK(!message->empty());
    std::array<std::byte, 2> length;
    store_be(length.data(), static_cast<std::uint16_t>(message->size()));
    rebuilt.insert(rebuilt.end(), length.begin(), length.end());
    rebuilt.insert(rebuilt.end(), message->begin(), message->end());
    FUZZ_CHECK(reader.offset() == rebuilt.size());
  }
  FUZZ_CHECK(fuzz::same(rebuilt, Bytes(file).first(rebuilt.size())));
  const std::size_t rest = file.size() - rebuilt.size();
  const bool end_mark =
      rest >= 2 && load_be<std::uint16_t>(file.data() + rebuilt.size()) == 0;
  FUZZ_CHECK(reader.truncated() == (rest != 0 && !end_mark));
  return 0;
}
