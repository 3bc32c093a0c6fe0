// When a session asks for what is missing, and for how much.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "feed/mold_session.hpp"
#include "mold_packets.hpp"

namespace pyscalp::feed {
namespace {

using namespace testing;

TEST(MoldRequests, NeighbouringRunsShareOneAndFarOnesHaveTheirOwn) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  for (const std::uint64_t held : {3, 5, 8, 100}) {
    receiver.give(Line::kA, packet(held, 1), {});
  }
  receiver.give(Line::kA, packet(10, 89), {});  // 99 is missing too
  EXPECT_EQ(text(due(receiver.session, milliseconds(2))), "[2,10)[99,100)");
  EXPECT_EQ(text(due(receiver.session, milliseconds(3))), "");
  // What is answered is not asked for again; what is not, alone.
  receiver.give(Line::kRetransmission, packet(2, 8), milliseconds(3));
  EXPECT_EQ(receiver.next, 99u);
  EXPECT_EQ(text(due(receiver.session, milliseconds(30))), "[99,100)");
  EXPECT_EQ(receiver.session.counters().requests, 3u);
  EXPECT_EQ(receiver.session.counters().requests_repeated, 1u);
}

TEST(MoldRequests, ALaterGapWaitsForItsOwnTime) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  receiver.give(Line::kA, packet(3, 1), milliseconds(0));
  receiver.give(Line::kA, packet(50, 1), milliseconds(1));
  EXPECT_EQ(text(due(receiver.session, milliseconds(2))), "[2,3)");
  EXPECT_EQ(receiver.session.next_deadline(), milliseconds(3));
  EXPECT_EQ(text(due(receiver.session, milliseconds(3))), "[4,50)");
}

TEST(MoldRequests, ALineThatIsSeenToBeLateIsWaitedFor) {
  Receiver receiver;
  std::uint64_t sequence = 1;
  MonoNanos now{};
  const auto gap_filled_after = [&](MonoNanos late) {
    receiver.give(Line::kA, packet(sequence + 1, 1), now);
    now += late;
    receiver.give(Line::kB, packet(sequence, 1), now);
    sequence += 2;
  };
  receiver.give(Line::kA, packet(sequence++, 1), now);
  gap_filled_after(MonoNanos{1'600'000});
  gap_filled_after(MonoNanos{1'900'000});
  receiver.give(Line::kA, packet(sequence + 1, 1), now);
  // A quarter more than the latest, where the default alone would be 2 ms.
  EXPECT_EQ(receiver.session.next_deadline(), now + MonoNanos{2'375'000});
  EXPECT_EQ(text(due(receiver.session, now + MonoNanos{2'374'999})), "");
  EXPECT_EQ(due(receiver.session, now + MonoNanos{2'375'000}).size(), 1u);
  // A copy that comes although it was asked for teaches as much, up to the maximum.
  receiver.give(Line::kRetransmission, packet(sequence, 1), now + milliseconds(3));
  receiver.give(Line::kB, packet(sequence, 1), now + milliseconds(900));
  now += seconds(1);
  receiver.give(Line::kA, packet(sequence + 3, 1), now);
  EXPECT_EQ(receiver.session.next_deadline(), now + MoldOptions{}.request_delay_max);
}

TEST(MoldRequests, ALateAnswerIsWaitedForTheNextTime) {
  Receiver receiver;
  receiver.give(Line::kA, packet(1, 1), {});
  std::uint64_t sequence = 2;
  MonoNanos now{};
  // Answers take 40 ms; a request is repeated until one answer has told how long.
  int requests = 0;
  for (int gap = 0; gap < 6; ++gap) {
    receiver.give(Line::kA, packet(sequence + 1, 1), now);
    MonoNanos answer_at = kNever;
    requests = 0;
    while (receiver.next <= sequence) {
      now += milliseconds(1);
      if (!due(receiver.session, now).empty()) {
        ++requests;
        answer_at = std::min(answer_at, now + milliseconds(40));
      }
      if (now >= answer_at) {
        receiver.give(Line::kRetransmission, packet(sequence, 1), now);
      }
    }
    sequence += 2;
  }
  EXPECT_EQ(requests, 1);
}

}  // namespace
}  // namespace pyscalp::feed
