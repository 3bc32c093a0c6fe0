#include "exchange/feed_publisher.hpp"

#include <algorithm>

namespace pyscalp::exchange {

namespace mold = wire::mold;

void FeedPublisher::append(Bytes framed, bool send) {
  constexpr std::size_t kRoom = kMaxPacket - mold::kHeaderSize;
  Cut cut;
  while (!framed.empty()) {
    const std::size_t length =
        framed.size() < 2 ? 0 : load_be<std::uint16_t>(framed.data());
    const std::size_t size = 2 + length;
    if (length == 0 || size > framed.size()) {
      ++statistics_.messages_refused;
      break;
    }
    if (size > kRoom) {
      ++statistics_.messages_refused;
      framed = framed.subspan(size);
      continue;
    }
    const std::uint64_t sequence = next_sequence_;
    const Place place = keep(framed.first(size));
    framed = framed.subspan(size);
    if (!send) continue;
    const bool joins = cut.count > 0 && cut.size + size <= kRoom &&
                       cut.chunk == place.chunk &&
                       cut.offset + cut.size == place.offset;
    if (!joins) {
      if (cut.count > 0) cuts_.push_back(cut);
      cut = {sequence, place.chunk, place.offset, 0, 0};
    }
    cut.size = static_cast<std::uint16_t>(cut.size + size);
    ++cut.count;
  }
  if (cut.count > 0) cuts_.push_back(cut);
}

FeedPublisher::Place FeedPublisher::keep(Bytes framed_message) {
  if (chunks_.empty() || chunks_.back().used + framed_message.size() > kChunkSize)
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(kChunkSize), 0});
  Chunk& chunk = chunks_.back();
  const Place place{static_cast<std::uint32_t>(chunks_.size() - 1), chunk.used};
  std::memcpy(chunk.bytes.get() + chunk.used, framed_message.data(),
              framed_message.size());
  chunk.used += static_cast<std::uint32_t>(framed_message.size());
  if ((next_sequence_ - 1) % kIndexStep == 0) index_.push_back(place);
  ++next_sequence_;
  return place;
}

std::size_t FeedPublisher::framed_size(Place& place) const {
  if (place.offset == chunks_[place.chunk].used) place = {place.chunk + 1, 0};
  return 2u + load_be<std::uint16_t>(chunks_[place.chunk].bytes.get() + place.offset);
}

FeedPublisher::Place FeedPublisher::place_of(std::uint64_t sequence) const {
  Place place = index_[(sequence - 1) / kIndexStep];
  for (std::uint64_t skip = (sequence - 1) % kIndexStep; skip > 0; --skip)
    place.offset += static_cast<std::uint32_t>(framed_size(place));
  return place;
}

std::size_t FeedPublisher::answer(Bytes request, std::byte* out) {
  mold::Header wanted;
  if (request.size() != mold::kHeaderSize) {
    ++statistics_.requests_malformed;
    return 0;
  }
  Reader reader(request.data());
  wanted.map(reader);
  if (wanted.session != session_) {
    ++statistics_.requests_wrong_session;
    return 0;
  }
  if (wanted.count == 0) {
    ++statistics_.requests_malformed;
    return 0;
  }
  if (wanted.sequence == 0 || wanted.sequence >= next_sequence_) {
    ++statistics_.requests_out_of_range;
    return 0;
  }
  const std::uint64_t count_max =
      std::min<std::uint64_t>(wanted.count, next_sequence_ - wanted.sequence);
  Place place = place_of(wanted.sequence);
  mold::Header header{session_, wanted.sequence, 0};
  std::size_t size = mold::kHeaderSize;
  // 0xFFFF as a count would read as the end of the session; the datagram is full long
  // before.
  while (header.count < count_max) {
    const std::size_t message = framed_size(place);
    if (size + message > kMaxPacket) break;
    std::memcpy(out + size, chunks_[place.chunk].bytes.get() + place.offset, message);
    place.offset += static_cast<std::uint32_t>(message);
    size += message;
    ++header.count;
  }
  mold::encode(header, out);
  ++statistics_.requests_answered;
  return size;
}

Bytes FeedPublisher::control(std::uint16_t count) {
  mold::encode({session_, next_sequence_, count}, control_.data());
  return control_;
}

}  // namespace pyscalp::exchange
