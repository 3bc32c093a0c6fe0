#include "journal/recorder.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace pyscalp::journal {
namespace {

using engine::RecordHeader;
using engine::RecordKind;

template <class Body>
void take(Recorder& recorder, RecordKind kind, const Body& body) {
  const RecordHeader header{seconds(1), kind, 0, {}};
  std::vector<std::byte> record(sizeof header + sizeof body);
  std::memcpy(record.data(), &header, sizeof header);
  std::memcpy(record.data() + sizeof header, &body, sizeof body);
  recorder.take(record);
}

TEST(Recorder, NamesTheInstrumentWhoseBreakerWentOff) {
  Recorder recorder({"AMZN", "AAPL"});
  engine::Snapshot snapshot{};
  snapshot.instrument_count = 2;
  snapshot.instruments[1].instrument = InstrumentId{7};
  take(recorder, RecordKind::kSnapshot, snapshot);

  risk::Trip trip{};
  trip.time = seconds(1);
  trip.breaker = risk::Breaker::kConcentration;
  trip.value = -10;
  trip.limit = 4;
  trip.instrument = InstrumentId{7};
  take(recorder, RecordKind::kTrip, trip);
  trip.breaker = risk::Breaker::kRejects;
  trip.state = risk::TradingState::kHalted;
  trip.instrument = {};
  take(recorder, RecordKind::kTrip, trip);

  std::vector<std::string> texts;
  for (const Event& event : recorder.events()) {
    if (event.kind == "breaker") texts.push_back(event.text);
  }
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0],
            "concentration of AAPL: -10 reached the limit 4, which now only reduces");
  EXPECT_EQ(texts[1], "rejects: -10 reached the limit 4, now HALTED");
}

}  // namespace
}  // namespace pyscalp::journal
