#include <cstring>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "bindings/bindings.hpp"
#include "capture/binance.hpp"
#include "capture/dbn.hpp"
#include "capture/hftbacktest.hpp"
#include "capture/itch_file.hpp"
#include "capture/lean.hpp"
#include "capture/lobster.hpp"
#include "capture/packets.hpp"
#include "capture/touch_day.hpp"

namespace pyscalp::bindings {

namespace {

using event::MarketEvent;

py::dtype event_dtype() {
  const auto field = [](const char* name, const char* type, std::size_t offset) {
    return py::make_tuple(name, type, offset);
  };
  const py::tuple fields[] = {
      field("venue_time", "<i8", offsetof(MarketEvent, venue_time)),
      field("receipt_time", "<i8", offsetof(MarketEvent, receipt_time)),
      field("sequence", "<u8", offsetof(MarketEvent, sequence)),
      field("order", "<u8", offsetof(MarketEvent, order)),
      field("other", "<u8", offsetof(MarketEvent, other)),
      field("price", "<i8", offsetof(MarketEvent, price)),
      field("qty", "<i8", offsetof(MarketEvent, qty)),
      field("instrument", "<u4", offsetof(MarketEvent, instrument)),
      field("kind", "u1", offsetof(MarketEvent, kind)),
      field("side", "u1", offsetof(MarketEvent, side)),
      field("flags", "u1", offsetof(MarketEvent, flags)),
      field("code", "S1", offsetof(MarketEvent, code)),
  };
  py::list names, formats, offsets;
  for (const py::tuple& of : fields) {
    names.append(of[0]);
    formats.append(of[1]);
    offsets.append(of[2]);
  }
  return py::dtype(names, formats, offsets, sizeof(MarketEvent));
}

/// An array over the vector's own memory, which a capsule keeps; nothing is copied.
py::array owned_array(capture::Events events) {
  auto kept = std::make_unique<capture::Events>(std::move(events));
  const auto size = static_cast<py::ssize_t>(kept->size());
  const void* const data = kept->data();
  const py::capsule owner(kept.get(),
                          [](void* at) { delete static_cast<capture::Events*>(at); });
  kept.release();
  constexpr auto kStride = static_cast<py::ssize_t>(sizeof(MarketEvent));
  return py::array(event_dtype(), {size}, {kStride}, data, owner);
}

std::unique_ptr<capture::Decoder> make_decoder(const std::string& format,
                                               std::int64_t midnight_ns,
                                               std::int64_t qty_scale,
                                               const std::string& symbol) {
  if (format == "itch") return std::make_unique<capture::ItchFileDecoder>(midnight_ns);
  if (format == "pcap") return std::make_unique<capture::PacketDecoder>(midnight_ns);
  if (format == "lobster") {
    return std::make_unique<capture::LobsterDecoder>(midnight_ns, symbol);
  }
  if (format == "lean") {
    return std::make_unique<capture::LeanDecoder>(midnight_ns, symbol);
  }
  if (format == "dbn") return std::make_unique<capture::DbnDecoder>();
  std::int64_t unit = 1;
  while (unit < qty_scale && unit < 1'000'000'000'000) unit *= 10;
  if (unit != qty_scale)
    throw py::value_error("qty_scale must be a power of ten to 1e12");
  if (format == "hftbacktest") {
    return std::make_unique<capture::HftbacktestDecoder>(qty_scale, symbol);
  }
  if (format == "binance") return std::make_unique<capture::BinanceDecoder>(qty_scale);
  throw py::value_error("no format is called " + format);
}

/// A decoder and the events that wait to be taken. Calls from several threads take
/// turns; the lock is never waited for by a thread that decodes under it.
class EventDecoder {
 public:
  EventDecoder(const std::string& format, std::int64_t midnight_ns,
               std::int64_t qty_scale, const std::string& symbol)
      : decoder_(make_decoder(format, midnight_ns, qty_scale, symbol)) {}

  std::size_t feed(const py::buffer& data) {
    const py::buffer_info info = data.request();
    if (info.ndim != 1 || (info.size > 1 && info.strides[0] != info.itemsize)) {
      throw py::value_error("feed needs one contiguous row of bytes");
    }
    const Bytes bytes(static_cast<const std::byte*>(info.ptr),
                      static_cast<std::size_t>(info.size * info.itemsize));
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    decoder_->feed(bytes, waiting_);
    return waiting_.size();
  }
  std::size_t finish() {
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    decoder_->finish(waiting_);
    return waiting_.size();
  }
  py::array take(std::size_t most) {
    capture::Events taken;
    {
      const py::gil_scoped_release release;
      const std::lock_guard lock(mutex_);
      if (waiting_.size() <= most) {
        taken.swap(waiting_);
        waiting_.reserve(taken.size());
      } else {
        const auto cut = waiting_.begin() + static_cast<std::ptrdiff_t>(most);
        capture::Events rest;
        rest.reserve(waiting_.size());
        rest.assign(cut, waiting_.end());
        waiting_.resize(most);
        taken.swap(waiting_);
        waiting_.swap(rest);
      }
    }
    return owned_array(std::move(taken));
  }
  void choose(const std::vector<std::string>& symbols,
              const std::vector<std::uint32_t>& numbers) {
    const std::lock_guard lock(mutex_);
    decoder_->choose({symbols.begin(), symbols.end()},
                     {numbers.begin(), numbers.end()});
  }
  std::map<std::uint32_t, std::string> instruments() {
    const std::lock_guard lock(mutex_);
    return decoder_->instruments().symbols();
  }
  py::dict counters() {
    const std::lock_guard lock(mutex_);
    const capture::Counters& of = decoder_->counters();
    py::dict unknown;
    for (std::size_t type = 0; type < of.unknown_types.size(); ++type) {
      if (of.unknown_types[type] != 0) unknown[py::int_(type)] = of.unknown_types[type];
    }
    py::dict dict;
    dict["bytes"] = of.bytes;
    dict["messages"] = of.messages;
    dict["events"] = of.events;
    dict["undecodable"] = of.undecodable;
    dict["unknown_types"] = unknown;
    dict["gaps"] = of.gaps;
    dict["missing"] = of.missing;
    dict["restarts"] = of.restarts;
    for (const auto& [name, count] : of.more) dict[py::str(name)] = count;
    return dict;
  }
  std::string failure() {
    const std::lock_guard lock(mutex_);
    return decoder_->failure();
  }
  std::uint64_t failed_at() {
    const std::lock_guard lock(mutex_);
    return decoder_->failed_at();
  }
  bool cut() {
    const std::lock_guard lock(mutex_);
    return decoder_->cut();
  }
  std::int64_t qty_scale() {
    const std::lock_guard lock(mutex_);
    return decoder_->qty_scale();
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<capture::Decoder> decoder_;
  capture::Events waiting_;
};

py::dict event_values() {
  using event::EventKind;
  using event::EventSide;
  py::dict kinds, sides, flags;
  const std::pair<const char*, EventKind> of_kinds[] = {
      {"OTHER", EventKind::kOther},          {"ADD", EventKind::kAdd},
      {"EXECUTE", EventKind::kExecute},      {"REDUCE", EventKind::kReduce},
      {"DELETE", EventKind::kDelete},        {"REPLACE", EventKind::kReplace},
      {"MODIFY", EventKind::kModify},        {"LEVEL", EventKind::kLevel},
      {"TOUCH", EventKind::kTouch},          {"TRADE", EventKind::kTrade},
      {"BREAK", EventKind::kBreak},          {"CLEAR", EventKind::kClear},
      {"STATUS", EventKind::kStatus},        {"SYSTEM", EventKind::kSystem},
      {"INSTRUMENT", EventKind::kInstrument}};
  for (const auto& [name, kind] : of_kinds) kinds[name] = static_cast<int>(kind);
  sides["BUY"] = static_cast<int>(EventSide::kBuy);
  sides["SELL"] = static_cast<int>(EventSide::kSell);
  sides["NONE"] = static_cast<int>(EventSide::kNone);
  const std::pair<const char*, event::EventFlag> of_flags[] = {
      {"LAST", event::kLast},
      {"HIDDEN", event::kHidden},
      {"NOT_PRINTABLE", event::kNotPrintable},
      {"OWN_PRICE", event::kOwnPrice},
      {"SNAPSHOT", event::kSnapshot},
      {"KEEPS_PLACE", event::kKeepsPlace},
      {"CROSS", event::kCross},
      {"PLACE_BY_RULE", event::kPlaceByRule}};
  for (const auto& [name, flag] : of_flags) flags[name] = static_cast<int>(flag);
  py::dict values;
  values["kinds"] = kinds;
  values["sides"] = sides;
  values["flags"] = flags;
  values["no_price"] = kNoPrice.value;
  values["dtype"] = event_dtype();
  return values;
}

py::dict touch_day_counters(const capture::TouchDayCounters& of) {
  py::dict dict;
  dict["quotes"] = of.quotes;
  dict["locked"] = of.locked;
  dict["crossed"] = of.crossed;
  dict["quotes_rounded"] = of.quotes_rounded;
  dict["trades_rounded"] = of.trades_rounded;
  dict["refused"] = of.refused;
  dict["suspicious"] = of.suspicious;
  dict["backward"] = of.backward;
  const std::pair<const char*, const capture::TouchDayCounters::Trades*> trades[] = {
      {"at_touch", &of.at_touch}, {"restored", &of.restored},
      {"beyond", &of.beyond},     {"undisplayed", &of.undisplayed},
      {"auction", &of.auction},   {"off_exchange", &of.off_exchange},
      {"untimely", &of.untimely}, {"official", &of.official}};
  for (const auto& [name, counted] : trades) {
    py::dict both;
    both["count"] = counted->count;
    both["shares"] = counted->shares;
    dict[name] = both;
  }
  return dict;
}

/// One array of events of one instrument, in order of time.
struct Stream {
  const std::byte* next = nullptr;  ///< rows as NumPy has them, aligned to nothing
  std::size_t left = 0;
  std::uint32_t instrument = 0;

  std::int64_t time() const {
    std::int64_t time;
    std::memcpy(&time, next + offsetof(MarketEvent, venue_time), sizeof time);
    return time;
  }
  MarketEvent take() {
    MarketEvent event;
    std::memcpy(&event, next, sizeof event);
    event.instrument = instrument;
    next += sizeof event;
    --left;
    return event;
  }
};

Stream stream_of(const py::tuple& given) {
  const auto array = py::cast<py::array>(given[1]);
  if (!array.dtype().equal(event_dtype()) || array.ndim() != 1 ||
      (array.flags() & py::array::c_style) == 0) {
    throw py::value_error("a stream is (instrument, events in one contiguous row)");
  }
  return {static_cast<const std::byte*>(array.data()),
          static_cast<std::size_t>(array.size()), py::cast<std::uint32_t>(given[0])};
}

py::tuple touch_day(const std::vector<std::string>& symbols, const py::list& given) {
  std::vector<Stream> streams;
  for (const py::handle& one : given) {
    streams.push_back(stream_of(py::cast<py::tuple>(one)));
  }
  std::vector<std::byte> bytes;
  std::vector<capture::TouchDayCounters> counters;
  {
    const py::gil_scoped_release release;
    capture::TouchDay day(symbols);
    // Few streams: the earliest of them is looked for at each event.
    for (;;) {
      Stream* next = nullptr;
      for (Stream& stream : streams) {
        if (stream.left == 0) continue;
        if (next == nullptr || stream.time() < next->time()) next = &stream;
      }
      if (next == nullptr) break;
      day.take(next->take());
    }
    bytes = day.finish();
    counters = day.counters();
  }
  py::dict by_symbol;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    by_symbol[py::str(symbols[i])] = touch_day_counters(counters[i]);
  }
  return py::make_tuple(
      py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size()), by_symbol);
}

}  // namespace

void add_capture(py::module_& module) {
  module.def("event_values", &event_values,
             "The numbers behind the names of kinds, sides and flags of events, the "
             "price that is none, and the dtype of their arrays.");
  module.def(
      "touch_day", &touch_day, py::arg("symbols"), py::arg("streams"),
      "A venue's day, ITCH 5.0 in BinaryFILE framing, out of quotes and trades.\n\n"
      "`streams` are (instrument, events): the number of a symbol, from 1, and its "
      "events in order of time since midnight. Of equal times the earlier stream's "
      "come first, so give trades before quotes. Returns the day and what became of "
      "the events, by symbol.");
  py::class_<EventDecoder>(
      module, "EventDecoder",
      "Turns the bytes of a recorded file into events, pushed in pieces cut "
      "anywhere.\n\n"
      "Formats: itch, pcap, lobster, lean, dbn, hftbacktest (the rows behind the .npy "
      "header), "
      "binance. Decoding releases the GIL. Arrays own their memory.")
      .def(py::init<const std::string&, std::int64_t, std::int64_t,
                    const std::string&>(),
           py::arg("format"), py::kw_only(), py::arg("midnight_ns") = 0,
           py::arg("qty_scale") = 1, py::arg("symbol") = "")
      .def("feed", &EventDecoder::feed, py::arg("data"),
           "Takes the next bytes; returns how many events wait to be taken.")
      .def("finish", &EventDecoder::finish,
           "Says that the file ends here; returns how many events wait to be taken.")
      .def("take", &EventDecoder::take, py::arg("most"),
           "The first `most` waiting events, or all, as an array that owns them.")
      .def("choose", &EventDecoder::choose, py::arg("symbols"), py::arg("numbers"),
           "Leaves out the events of all other instruments from here on.")
      .def_property_readonly("instruments", &EventDecoder::instruments)
      .def_property_readonly("counters", &EventDecoder::counters)
      .def_property_readonly("failure", &EventDecoder::failure,
                             "Why nothing more can be decoded; empty if all is well.")
      .def_property_readonly("failed_at", &EventDecoder::failed_at,
                             "Byte of the unpacked file where that, or the cut, is.")
      .def_property_readonly("cut", &EventDecoder::cut,
                             "True where the last record was not whole at `finish`.")
      .def_property_readonly("qty_scale", &EventDecoder::qty_scale);
}

}  // namespace pyscalp::bindings
