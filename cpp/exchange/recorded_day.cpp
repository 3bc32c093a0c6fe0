#include "exchange/recorded_day.hpp"

#include <algorithm>

#include "wire/itch50.hpp"

namespace pyscalp::exchange {
namespace {

constexpr std::size_t kTimestampEnd = 11;

}  // namespace

RecordedDay::RecordedDay(Bytes file, std::optional<UnixNanos> from, Pace pace)
    : reader_(file), size_(file.size()), from_(from), pace_(pace) {
  peek();
}

void RecordedDay::peek() {
  next_ = reader_.next();
  if (!next_ || next_->size() < kTimestampEnd) return;
  const auto stamp = static_cast<std::int64_t>(wire::itch::timestamp_ns(*next_));
  next_time_ = std::max(next_time_, UnixNanos{stamp});
}

std::optional<UnixNanos> RecordedDay::next_time() const {
  if (!next_) return std::nullopt;
  return next_time_;
}

void RecordedDay::apply(Market& market) {
  market.apply_recorded(*next_);
  ++messages_;
  peek();
}

void RecordedDay::step(Market& market) {
  if (!next_) return;
  const UnixNanos moment = next_time_;
  do {
    apply(market);
  } while (pace_ == Pace::kMoment && next_ && next_time_ == moment);
}

std::uint64_t RecordedDay::fast_forward(Market& market) {
  const std::uint64_t before = messages_;
  while (from_ && next_ && next_time_ < *from_) apply(market);
  return messages_ - before;
}

std::size_t RecordedDay::bytes_done() const {
  return reader_.offset() - (next_ ? 2 + next_->size() : 0);
}

std::vector<Instrument> RecordedDay::instruments(Bytes file) {
  struct Directory {
    std::vector<Instrument> found;
    void on(const wire::itch::StockDirectory& message) {
      const InstrumentId id{message.header.locate};
      const std::string symbol(message.stock.trimmed());
      const bool known = std::any_of(
          found.begin(), found.end(),
          [&](const Instrument& one) { return one.id == id || one.symbol == symbol; });
      if (!known && index(id) != 0 && !symbol.empty()) found.push_back({id, symbol});
    }
  };
  Directory directory;
  wire::BinaryFileReader reader(file);
  while (const auto message = reader.next()) {
    wire::itch::decode(*message, directory);
  }
  return std::move(directory.found);
}

}  // namespace pyscalp::exchange
