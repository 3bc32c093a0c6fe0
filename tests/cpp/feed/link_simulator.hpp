// A market data service and its network in one process: two lines, a retransmission
// server and a snapshot server, each at the end of a link that loses, doubles, delays
// and reorders by a seed. The clock is the simulator's.
//
// What it counts, so that repair traffic can be bounded:
// - a *gap* is a maximal run of messages that neither line delivered, in whole answers:
//   a run that no single answer can hold counts as many gaps as answers it takes;
// - a request is *excused* where an earlier one for the same message was lost, or all
//   copies of the answer to it were: no policy can do without asking again.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <queue>
#include <string>

#include "feed/mold_session.hpp"
#include "feed/snapshot_session.hpp"
#include "naive_book.hpp"

namespace pyscalp::feed::testing {

namespace mold = wire::mold;
namespace soup = wire::soup;

/// Of one link.
struct LinkFaults {
  double loss = 0;
  double duplicates = 0;
  MonoNanos delay{};           ///< each copy takes up to this long
  std::uint64_t reorder = 0;   ///< a packet may go behind up to this many later ones
  MonoNanos reorder_within{};  ///< but waits no longer than this
};

struct World {
  std::uint64_t seed = 1;
  std::size_t messages = 400;
  MonoNanos spacing_max = milliseconds(2);  ///< between packets
  LinkFaults lines[2];
  LinkFaults requests;
  LinkFaults answers;
  std::size_t answer_max = 1'400;  ///< bytes of one answer
  std::size_t join_at = 0;         ///< packets sent before the client listens
  std::size_t count_from = 0;  ///< gaps and requests below this message do not count
  bool retransmission_dead = false;
  MonoNanos dead_until = kNever;  ///< where it is: it may come back
  bool snapshots = false;
  double snapshot_refused = 0;       ///< share of connections refused
  double snapshot_cut = 0;           ///< share of connections cut in the middle
  bool snapshots_name_last = false;  ///< the server's reading of its last message
  SnapshotOptions client;
  MoldOptions options;
};

/// What came of a world.
struct Outcome {
  bool quiet = false;  ///< complete, ended, nothing under way
  bool book_equal = false;
  bool in_order = true;  ///< each message once, in sequence, and as it was sent
  std::uint64_t gaps = 0;
  std::uint64_t requests = 0;
  std::uint64_t excused = 0;
  std::uint64_t most_in_a_second = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t snapshots_failed = 0;
  MonoNanos ended_at{};
  MonoNanos longest_gap{};  ///< from a gap's first notice to its end
};

class LinkSimulator {
 public:
  explicit LinkSimulator(const World& world)
      : world_(world),
        random_(world.seed),
        truth_(random_messages(world.seed ^ 0x5EED, world.messages)),
        session_(world.options),
        client_("SCALP1", "paper", world.client) {
    cut_packets();
  }

  Outcome run() {
    at(kStart, [this] { publish(); });
    const MonoNanos limit = kStart + seconds(600);
    while (now_ < limit && !done()) step();
    outcome_.quiet = done();
    outcome_.book_equal = book_ == true_book_ && book_.sound;
    outcome_.gaps = true_gaps();
    outcome_.snapshots = session_.counters().snapshots;
    outcome_.snapshots_failed = session_.counters().snapshots_failed;
    outcome_.ended_at = now_ - kStart;
    return outcome_;
  }
  const MoldSession& session() const { return session_; }

 private:
  static constexpr MonoNanos kStart = seconds(1'000);
  static constexpr MonoNanos kHeartbeat = milliseconds(200);
  static constexpr int kFarewells = 5;
  const mold::Session kName{"LINK"};

  struct Packet {
    std::size_t first = 0;  ///< index into truth_
    std::size_t count = 0;
    int delivered = 0;  ///< copies, of both lines
  };
  struct Event {
    MonoNanos at;
    std::uint64_t order;
    std::function<void()> act;
    bool operator>(const Event& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };
  struct Delayed {
    std::uint64_t after;  ///< how many more go first
    MonoNanos latest;
    Buffer bytes;
    Packet* packet;
  };
  struct Asked {
    SequenceRange range;
    MonoNanos at;
    bool lost = false;  ///< it, or all of the answer to it
  };

  bool done() const {
    return farewells_ >= kFarewells && session_.ended() && !connected_ && !connecting_;
  }
  void at(MonoNanos when, std::function<void()> act) {
    events_.push({when, next_order_++, std::move(act)});
  }

  // ---- The sending side ----

  void cut_packets() {
    for (std::size_t first = 0; first < truth_.size();) {
      const std::size_t count =
          std::min<std::size_t>(1 + random_.below(8), truth_.size() - first);
      packets_.push_back({first, count, 0});
      first += count;
    }
  }
  Buffer downstream(std::uint64_t sequence, std::uint16_t count) const {
    Buffer bytes(mold::kHeaderSize);
    mold::encode({kName, sequence, count}, bytes.data());
    return bytes;
  }
  Buffer datagram(std::size_t first, std::size_t count) const {
    Buffer bytes = downstream(first + 1, static_cast<std::uint16_t>(count));
    for (std::size_t i = first; i < first + count; ++i) {
      const std::size_t end = bytes.size();
      bytes.resize(end + 2 + truth_[i].size());
      store_be(bytes.data() + end, static_cast<std::uint16_t>(truth_[i].size()));
      std::memcpy(bytes.data() + end + 2, truth_[i].data(), truth_[i].size());
    }
    return bytes;
  }
  void publish() {
    if (next_packet_ < packets_.size()) {
      Packet& packet = packets_[next_packet_++];
      for (std::size_t i = 0; i < packet.count; ++i) {
        true_book_.apply(truth_[packet.first + i]);
      }
      published_ = packet.first + packet.count;
      if (next_packet_ > world_.join_at) {
        const Buffer bytes = datagram(packet.first, packet.count);
        for (int line = 0; line < 2; ++line) send_line(line, bytes, &packet);
      }
      const auto spacing = static_cast<std::uint64_t>(world_.spacing_max.value);
      const MonoNanos wait{static_cast<std::int64_t>(random_.below(spacing))};
      at(now_ + wait, [this] { publish(); });
      return;
    }
    // Heartbeats, then the end of the session for as long as anybody needs it.
    const bool over = ++idle_ > 3;
    const Buffer bytes =
        downstream(truth_.size() + 1, over ? mold::kEndOfSession : mold::kHeartbeat);
    for (int line = 0; line < 2; ++line) send_line(line, bytes, nullptr);
    if (over) ++farewells_;
    at(now_ + kHeartbeat, [this] { publish(); });
  }

  // ---- Links ----

  MonoNanos delay(const LinkFaults& faults) {
    const auto most = static_cast<std::uint64_t>(faults.delay.value);
    return {static_cast<std::int64_t>(random_.below(most + 1))};
  }
  void send_line(int line, const Buffer& bytes, Packet* packet) {
    const LinkFaults& faults = world_.lines[line];
    release(line);
    if (faults.reorder != 0 && random_.chance(0.2)) {
      const std::uint64_t after = 1 + random_.below(faults.reorder);
      const MonoNanos latest = now_ + faults.reorder_within;
      delayed_[line].push_back({after, latest, bytes, packet});
      at(latest, [this, line] { release(line, false); });
    } else {
      pass(line, bytes, packet);
    }
  }
  void release(int line, bool passed = true) {
    std::vector<Delayed>& waiting = delayed_[line];
    for (std::size_t i = 0; i < waiting.size();) {
      if (passed) --waiting[i].after;
      if (waiting[i].after != 0 && waiting[i].latest > now_) {
        ++i;
        continue;
      }
      const Delayed due = waiting[i];
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
      pass(line, due.bytes, due.packet);
    }
  }
  /// How many copies of a packet come through.
  int copies(const LinkFaults& faults) {
    const bool lost = random_.chance(faults.loss);
    const bool doubled = random_.chance(faults.duplicates);
    return lost ? 0 : doubled ? 2 : 1;
  }
  void pass(int line, const Buffer& bytes, Packet* packet) {
    const LinkFaults& faults = world_.lines[line];
    const int count = copies(faults);
    if (packet != nullptr) packet->delivered += count;
    for (int i = 0; i < count; ++i) {
      at(now_ + delay(faults),
         [this, line, bytes] { receive(static_cast<Line>(line), bytes); });
    }
  }

  // ---- The receiving side ----

  void step() {
    const MonoNanos due = std::max(now_, session_.next_deadline());
    const MonoNanos client_due = std::max(now_, client_.next_deadline());
    const MonoNanos next = std::min(due, client_due);
    if (events_.empty() || next < events_.top().at) {
      now_ = next;
    } else {
      const Event event = events_.top();
      events_.pop();
      now_ = std::max(now_, event.at);
      event.act();
    }
    if (connected_ && !client_.on_time(now_)) disconnect();
    std::array<std::byte, mold::kHeaderSize> request;
    while (session_.take_request(now_, request)) ask(request);
    follow_snapshot();
    if (session_.gap_open() && gap_since_ == kNever) gap_since_ = now_;
    if (!session_.gap_open() && gap_since_ != kNever) {
      outcome_.longest_gap = std::max(outcome_.longest_gap, now_ - gap_since_);
      gap_since_ = kNever;
    }
  }
  void receive(Line line, const Buffer& bytes) {
    session_.on_datagram(line, bytes, now_, [this](std::uint64_t sequence, Bytes m) {
      deliver(sequence, m);
    });
  }
  void deliver(std::uint64_t sequence, Bytes message) {
    const Buffer& sent = truth_.at(sequence - 1);
    if (sequence != next_ || !std::ranges::equal(sent, message)) {
      outcome_.in_order = false;
    }
    ++next_;
    book_.apply(message);
  }

  // ---- Retransmission ----

  void ask(Bytes request) {
    mold::Header header;
    Reader reader(request.data());
    header.map(reader);
    const SequenceRange range{header.sequence, header.sequence + header.count};
    const bool counts = range.first > world_.count_from;
    outcome_.requests += counts;
    std::uint64_t in_a_second = 1;
    bool excused = false;
    for (const Asked& earlier : asked_) {
      in_a_second += earlier.at > now_ - seconds(1);
      excused |= earlier.lost && range.first >= earlier.range.first &&
                 range.first < earlier.range.end;
    }
    outcome_.excused += excused && counts;
    outcome_.most_in_a_second = std::max(outcome_.most_in_a_second, in_a_second);
    asked_.push_back({range, now_, false});
    const std::size_t number = asked_.size() - 1;
    const int count = copies(world_.requests);
    const bool dead = world_.retransmission_dead && now_ < world_.dead_until;
    if (count == 0 || dead) asked_[number].lost = true;
    for (int i = 0; i < count && !dead; ++i) {
      at(now_ + delay(world_.requests), [this, number] { answer(number); });
    }
  }
  void answer(std::size_t number) {
    const SequenceRange range = asked_[number].range;
    if (range.first > published_) return;
    std::size_t size = mold::kHeaderSize;
    std::size_t count = 0;
    const std::size_t first = range.first - 1;
    while (first + count < published_ && first + count + 1 < range.end) {
      const std::size_t message = 2 + truth_[first + count].size();
      if (size + message > world_.answer_max) break;
      size += message;
      ++count;
    }
    const Buffer bytes = datagram(first, count);
    const int passed = copies(world_.answers);
    if (passed == 0) asked_[number].lost = true;
    for (int i = 0; i < passed; ++i) {
      at(now_ + delay(world_.answers),
         [this, bytes] { receive(Line::kRetransmission, bytes); });
    }
  }
  std::uint64_t true_gaps() const {
    std::uint64_t gaps = 0;
    std::size_t run = 0;
    const std::size_t room = world_.answer_max - mold::kHeaderSize;
    const auto close = [&] {
      gaps += (run + room - 1) / room;
      run = 0;
    };
    for (const Packet& packet : packets_) {
      if (packet.delivered != 0 || packet.first < world_.count_from) {
        close();
        continue;
      }
      for (std::size_t i = 0; i < packet.count; ++i) {
        run += 2 + truth_[packet.first + i].size();
      }
    }
    close();
    return gaps;
  }

  // ---- Snapshots: TCP, so in order and whole until it is cut ----

  void follow_snapshot() {
    if (!world_.snapshots) return;
    const bool wanted = client_.wants_link(session_.wants_snapshot(now_), now_);
    if (connected_ && !wanted) return disconnect();
    if (connected_ || connecting_ || !wanted) return send_snapshot_bytes();
    connecting_ = true;
    at(now_ + delay(world_.requests), [this] { connect(); });
  }
  void connect() {
    connecting_ = false;
    if (random_.chance(world_.snapshot_refused)) {
      session_failed(client_.on_disconnected(now_));
      return;
    }
    connected_ = true;
    ++connection_;
    stream_at_ = now_;
    cut_after_ =
        random_.chance(world_.snapshot_cut) ? random_.below(3'000) : UINT64_MAX;
    client_.on_connected(now_);
    session_.expect_snapshot();
    send_snapshot_bytes();
  }
  void send_snapshot_bytes() {
    if (!connected_ || client_.outbound().empty()) return;
    const bool login = client_.state() == SnapshotState::kLoggingIn;
    client_.consumed(client_.outbound().size());
    if (!login || logged_in_ == connection_) return;
    logged_in_ = connection_;
    at(now_ + delay(world_.requests), [this, id = connection_] { serve(id); });
  }
  void frame(Buffer& out, char type, Bytes payload) const {
    const std::size_t end = out.size();
    out.resize(end + soup::kHeaderSize + payload.size());
    soup::encode_header(type, payload.size(), out.data() + end);
    std::copy(payload.begin(), payload.end(),
              out.begin() + static_cast<std::ptrdiff_t>(end + soup::kHeaderSize));
  }
  void serve(std::uint64_t id) {
    if (id != connection_) return;
    Buffer out(soup::kHeaderSize + soup::LoginAccepted::kSize);
    soup::encode(soup::LoginAccepted{Text<10>("SNAP"), soup::number_text(1)},
                 out.data());
    for (const Buffer& message : true_book_.snapshot()) {
      frame(out, soup::kSequencedData, message);
    }
    Buffer end(wire::glimpse::EndOfSnapshot::kSize);
    const std::uint64_t named = published_ + (world_.snapshots_name_last ? 0 : 1);
    wire::glimpse::encode({soup::number_text(named)}, end.data());
    frame(out, soup::kSequencedData, end);
    frame(out, soup::kEndOfSession, {});
    for (std::size_t from = 0; from < out.size(); from += 700) {
      const std::size_t size = std::min<std::size_t>(700, out.size() - from);
      const Buffer part(out.begin() + static_cast<std::ptrdiff_t>(from),
                        out.begin() + static_cast<std::ptrdiff_t>(from + size));
      stream_at_ = std::max(stream_at_, now_) + delay(world_.answers);
      const bool cut = from + size > cut_after_;
      at(stream_at_, [this, id, part, cut] {
        if (id != connection_ || !connected_) return;
        if (cut || !client_.on_bytes(part, now_, Listener{*this})) disconnect();
      });
      if (cut) break;
    }
  }
  struct Listener {
    LinkSimulator& simulator;
    void on_begin() {
      simulator.session_.begin_snapshot();
      simulator.book_ = {};
    }
    void on_message(Bytes message) { simulator.book_.apply(message); }
    bool on_end(std::uint64_t next) {
      simulator.next_ = next;
      return simulator.session_.finish_snapshot(
          next, simulator.now_, [this](std::uint64_t sequence, Bytes message) {
            simulator.deliver(sequence, message);
          });
    }
  };
  void disconnect() {
    connected_ = false;
    session_failed(client_.on_disconnected(now_));
  }
  void session_failed(bool whole) {
    if (whole) return;
    if (session_.resynchronising()) {
      book_ = {};
      next_ = 1;
    }
    session_.fail_snapshot(now_);
  }

  World world_;
  Random random_;
  std::vector<Buffer> truth_;
  std::vector<Packet> packets_;
  NaiveBook true_book_;
  std::size_t next_packet_ = 0;
  std::size_t published_ = 0;
  int idle_ = 0;
  int farewells_ = 0;
  std::vector<Delayed> delayed_[2];
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t next_order_ = 0;
  MonoNanos now_ = kStart;

  MoldSession session_;
  NaiveBook book_;
  std::uint64_t next_ = 1;
  MonoNanos gap_since_ = kNever;
  std::vector<Asked> asked_;

  SnapshotSession client_;
  bool connecting_ = false;
  bool connected_ = false;
  std::uint64_t connection_ = 0;
  std::uint64_t logged_in_ = 0;
  std::uint64_t cut_after_ = UINT64_MAX;
  MonoNanos stream_at_{};
  Outcome outcome_;
};

/// A world drawn by its seed: lines that lose up to 30 %, double up to 50 %, delay up
/// to 100 ms and reorder within 64 packets, and a way to the servers that is no better.
inline World random_world(std::uint64_t seed) {
  Random random(seed);
  const auto faults = [&random](bool line) {
    LinkFaults drawn;
    drawn.loss = 0.3 * random.uniform();
    drawn.duplicates = 0.5 * random.uniform();
    drawn.delay = {static_cast<std::int64_t>(random.below(100'000'001))};
    const bool reorders = random.below(2) == 0;
    if (line && reorders) {
      drawn.reorder = 64;
      drawn.reorder_within = milliseconds(100);
    }
    return drawn;
  };
  World world;
  world.seed = seed;
  world.lines[0] = faults(true);
  world.lines[1] = faults(true);
  world.requests = faults(false);
  world.answers = faults(false);
  world.answer_max = 500 + random.below(900);
  world.options.window = 1u << 12;
  return world;
}

}  // namespace pyscalp::feed::testing
