// Requests from the moment they are made until they are answered or forgotten.
//
// A request has an id that is never used twice; its place follows from the id. What was
// not answered in time stays to be found until its place is taken, since the answer may
// still come. All memory is taken at construction; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "binance/order_requests.hpp"
#include "binance/rate_budget.hpp"

namespace pyscalp::binance {

enum class RequestStage : std::uint8_t {
  kFree = 0,
  kQueued,  ///< made, not handed over
  kSent,    ///< handed over, no answer yet
  kLate,    ///< given up; an answer may still come
};

struct PooledRequest {
  std::uint64_t id = 0;
  RequestStage stage = RequestStage::kFree;
  RequestKind kind = RequestKind::kServerTime;
  Lane lane = Lane::kWebSocket;
  std::uint32_t user_ref = 0;  ///< 0: of no order of this run
  std::uint32_t symbol = 0;    ///< its place among the symbols
  RequestCost cost;
  MonoNanos made_at{};
  std::string_view verb;
  std::size_t size = 0;
  std::span<char> memory;  ///< kMaxRequest, for its text
  std::string_view text() const { return {memory.data(), size}; }

  bool waiting() const {
    return stage == RequestStage::kQueued || stage == RequestStage::kSent;
  }
};

class RequestPool {
 public:
  static constexpr std::size_t kPlaces = 256;
  static_assert((kPlaces & (kPlaces - 1)) == 0);

  RequestPool() : places_(kPlaces), texts_(kPlaces * kMaxRequest) {
    for (std::size_t i = 0; i < kPlaces; ++i) {
      places_[i].memory = {texts_.data() + i * kMaxRequest, kMaxRequest};
    }
    for (Queue& queue : queues_) queue.ids.resize(kPlaces);
  }

  /// A place for the next request, with its id; null where too many are waiting. It
  /// counts from `commit` on.
  PooledRequest* take(Lane lane) {
    if (queues_[static_cast<std::size_t>(lane)].size == kPlaces) return nullptr;
    for (std::size_t tried = 0; tried < kPlaces; ++tried) {
      PooledRequest& place = places_[++last_id_ % kPlaces];
      if (place.waiting()) continue;
      place.id = last_id_;
      place.stage = RequestStage::kFree;
      place.lane = lane;
      place.user_ref = place.symbol = 0;
      return &place;
    }
    return nullptr;
  }
  void commit(PooledRequest& request) {
    request.stage = RequestStage::kQueued;
    Queue& queue = queues_[static_cast<std::size_t>(request.lane)];
    queue.ids[(queue.first + queue.size++) % kPlaces] = request.id;
  }
  /// The oldest that was not handed over; null where there is none.
  PooledRequest* front(Lane lane) {
    Queue& queue = queues_[static_cast<std::size_t>(lane)];
    for (; queue.size != 0; drop_front(queue)) {
      PooledRequest* const request = find(queue.ids[queue.first]);
      if (request != nullptr && request->stage == RequestStage::kQueued) return request;
    }
    return nullptr;
  }
  /// `front` is on its way.
  void sent(Lane lane) {
    PooledRequest* const request = front(lane);
    if (request == nullptr) return;
    request->stage = RequestStage::kSent;
    drop_front(queues_[static_cast<std::size_t>(lane)]);
  }
  PooledRequest* find(std::uint64_t id) {
    PooledRequest& place = places_[id % kPlaces];
    return place.id == id && place.stage != RequestStage::kFree ? &place : nullptr;
  }
  /// Calls visit(PooledRequest&) for all that wait, by place.
  template <class Visit>
  void for_each_waiting(Visit&& visit) {
    for (PooledRequest& place : places_) {
      if (place.waiting()) visit(place);
    }
  }

 private:
  struct Queue {
    std::vector<std::uint64_t> ids;
    std::size_t first = 0;
    std::size_t size = 0;
  };
  static void drop_front(Queue& queue) {
    queue.first = (queue.first + 1) % kPlaces;
    --queue.size;
  }

  std::vector<PooledRequest> places_;
  std::vector<char> texts_;
  std::array<Queue, kLanes> queues_;
  std::uint64_t last_id_ = 0;
};

}  // namespace pyscalp::binance
