// A decoder over a whole file, and over the same file in pieces of every size.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "capture/decoder.hpp"

namespace pyscalp::capture {

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline Events decode_in(Decoder& decoder, Bytes file, std::size_t piece) {
  Events events;
  while (!file.empty()) {
    const std::size_t size = std::min(piece, file.size());
    decoder.feed(file.first(size), events);
    file = file.subspan(size);
  }
  decoder.finish(events);
  return events;
}

/// The events of `file`, after checking that pieces of every size up to `pieces` bytes
/// give the same events, counters and failure. `make` returns a fresh decoder by value.
template <class Make>
Events decode_all(const Make& make, Bytes file, std::size_t pieces = 80) {
  auto whole = make();
  const Events events = decode_in(whole, file, std::max<std::size_t>(file.size(), 1));
  for (std::size_t piece = 1; piece <= pieces; ++piece) {
    auto cut = make();
    EXPECT_EQ(decode_in(cut, file, piece), events) << "pieces of " << piece;
    EXPECT_EQ(cut.counters().messages, whole.counters().messages);
    EXPECT_EQ(cut.counters().undecodable, whole.counters().undecodable);
    EXPECT_EQ(cut.counters().unknown_types, whole.counters().unknown_types);
    EXPECT_EQ(cut.counters().more, whole.counters().more);
    EXPECT_EQ(cut.failure(), whole.failure());
    EXPECT_EQ(cut.failed_at(), whole.failed_at());
    EXPECT_EQ(cut.cut(), whole.cut());
    EXPECT_EQ(cut.instruments().symbols(), whole.instruments().symbols());
  }
  return events;
}

}  // namespace pyscalp::capture
