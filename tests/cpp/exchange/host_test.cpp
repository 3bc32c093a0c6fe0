#include "exchange/host.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "base/clock.hpp"
#include "market_fixture.hpp"
#include "soup_client.hpp"

namespace pyscalp::exchange {
namespace {

namespace mold = wire::mold;
namespace ouch = wire::ouch;
namespace soup = wire::soup;
using namespace testing;

constexpr std::uint32_t kLoopback = 0x7F000001;
constexpr MonoNanos kPatience = seconds(20);

/// A quiet day: ABC trades at second 100, 1,000 shares are offered at 10.10 and 1,000
/// bid at 10.00; then one order far from the touch each 50 ms, for ten minutes.
ByteVector quiet_day() {
  const auto add = [](std::int64_t ns, std::uint64_t reference, char side,
                      std::uint32_t shares, std::uint32_t price_e4) {
    return bytes(itch::AddOrder{header(kAbc, UnixNanos{ns}), reference, side, shares,
                                Text<8>("ABC"), price_e4});
  };
  constexpr std::int64_t kStart = 100'000'000'000;
  itch::SystemEvent open{header(InstrumentId{}, UnixNanos{kStart}), 'Q'};
  itch::TradingAction trade = trading_action(kAbc, 'T');
  trade.header.timestamp_ns = kStart;
  std::vector<ByteVector> messages{
      bytes(open), bytes(directory(kAbc, "ABC", UnixNanos{kStart})), bytes(trade),
      add(kStart, 1, 'S', 1'000, 101'000), add(kStart, 2, 'B', 1'000, 100'000)};
  for (std::int64_t i = 1; i <= 12'000; ++i) {
    messages.push_back(add(kStart + i * 50'000'000, 2 + static_cast<std::uint64_t>(i),
                           'B', 100, 50'000));
  }
  return binary_file(messages);
}

HostConfig any_ports(Bytes day) {
  HostConfig config;
  config.driver = DriverKind::kReplay;
  config.day = day;
  config.from = UnixNanos{101'000'000'000};
  config.feed_a = {0xEFFF2A01, 0};
  config.feed_b = {0xEFFF2A02, 0};
  config.retransmission = {kLoopback, 0};
  config.orders = {kLoopback, 0};
  config.logins = {{"SCALP1", "paper"}};
  config.fees = kFees;
  config.farewell = milliseconds(200);
  return config;
}

/// A Host in a thread of its own; stopped and joined at the end.
class Running {
 public:
  explicit Running(HostConfig config) : host(std::move(config)) {
    thread_ = std::thread([this] {
      host.run();
      ended.store(true);
    });
  }
  ~Running() { stop(); }
  void stop() {
    host.stop();
    if (thread_.joinable()) thread_.join();
  }

  Host host;
  std::atomic<bool> ended{false};

 private:
  std::thread thread_;
};

/// The receiving side of the feed: both lines, arbitration by sequence, gap requests.
class FeedClient {
 public:
  explicit FeedClient(Host& host) {
    auto a = net::UdpReceiver::open(host.feed_a(), kLoopback);
    auto b = net::UdpReceiver::open(host.feed_b(), kLoopback);
    auto gaps = net::UdpSocket::connect(host.retransmission());
    EXPECT_TRUE(a && b && gaps) << a.error << b.error << gaps.error;
    lines_.push_back(std::move(*a));
    lines_.push_back(std::move(*b));
    gaps_.emplace(std::move(*gaps));
  }

  void poll() {
    for (std::size_t line = 0; line < 2; ++line) {
      for (std::ptrdiff_t n; (n = lines_[line].receive(buffer_)) != net::kNoDatagram;)
        take(Bytes(buffer_).first(static_cast<std::size_t>(n)), line);
    }
    for (std::ptrdiff_t n; (n = gaps_->receive(buffer_)) != net::kNoDatagram;) {
      ++answers;
      take(Bytes(buffer_).first(static_cast<std::size_t>(n)), 2);
    }
    const MonoNanos now = mono_now();
    if (next < expected && (asked_ != next || now - asked_at_ > milliseconds(100))) {
      std::array<std::byte, mold::kHeaderSize> request;
      const auto count =
          static_cast<std::uint16_t>(std::min<std::uint64_t>(expected - next, 60'000));
      mold::encode({session, next, count}, request.data());
      gaps_->send(request);
      asked_ = next, asked_at_ = now;
    }
  }
  bool whole() const { return next > 1 && next == expected; }

  mold::Session session;
  std::uint64_t next = 1;      ///< of the message wanted next
  std::uint64_t expected = 1;  ///< one more than the highest that was told of
  std::array<int, 3> packets{};
  std::array<int, 3> heartbeats{};
  std::array<int, 3> ends{};
  int answers = 0;
  FeedBook book;

 private:
  void take(Bytes datagram, std::size_t line) {
    mold::Packet packet;
    ASSERT_EQ(mold::Packet::decode(datagram, packet), mold::DecodeStatus::kOk);
    session = packet.header().session;
    if (packet.is_heartbeat()) ++heartbeats[line];
    if (packet.is_end_of_session()) ++ends[line];
    if (packet.message_count() > 0) ++packets[line];
    expected = std::max(expected, packet.header().sequence + packet.message_count());
    packet.for_each([&](std::uint64_t sequence, Bytes message) {
      later_.emplace(sequence, ByteVector(message.begin(), message.end()));
    });
    for (auto at = later_.begin(); at != later_.end() && at->first <= next;) {
      if (at->first == next) {
        book.read(binary_file({at->second}));
        ++next;
      }
      at = later_.erase(at);
    }
  }

  std::vector<net::UdpReceiver> lines_;
  std::optional<net::UdpSocket> gaps_;
  std::array<std::byte, 2'048> buffer_;
  std::map<std::uint64_t, ByteVector> later_;
  std::uint64_t asked_ = 0;
  MonoNanos asked_at_{};
};

class OrderClient {
 public:
  explicit OrderClient(const net::Endpoint& server) {
    auto stream = net::TcpStream::connect(server);
    EXPECT_TRUE(stream) << stream.error;
    stream_.emplace(std::move(*stream));
    while (stream_->progress() == net::ConnectState::kConnecting)
      std::this_thread::yield();
    // A host that is full may have hung up before we looked.
    closed = stream_->progress() != net::ConnectState::kConnected;
  }
  void send(Bytes bytes) {
    const net::IoResult result = stream_->send(bytes);
    EXPECT_EQ(result.size, bytes.size());
  }
  void poll() {
    std::array<std::byte, 4'096> buffer;
    while (!closed) {
      const net::IoResult result = stream_->receive(buffer);
      if (result.status == net::IoStatus::kAgain) return;
      if (result.status != net::IoStatus::kOk) closed = true;
      EXPECT_TRUE(received.feed(Bytes(buffer).first(result.size)));
    }
  }
  void abort() { stream_->abort(); }

  Received received;
  bool closed = false;

 private:
  std::optional<net::TcpStream> stream_;
};

/// Polls until `done()`; false where it does not come true for a long time.
template <class Poll, class Done>
bool until(Poll&& poll, Done&& done) {
  for (const MonoNanos end = mono_now() + kPatience; mono_now() < end;) {
    poll();
    if (done()) return true;
    net::wait_readable(nullptr, 0, 200'000);
  }
  return false;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// ---- From end to end ----

TEST(Host, TradesOverRealSocketsFromEndToEnd) {
  const ByteVector day = quiet_day();
  HostConfig config = any_ports(day);
  const auto record = std::filesystem::temp_directory_path() /
                      ("pyscalp_host_test_" + std::to_string(wall_now().value));
  config.record_path = record.string();
  Running running(config);
  FeedClient feed(running.host);
  const auto poll_feed = [&] { feed.poll(); };

  // A late joiner gets the whole day: what was before by retransmission, the rest live.
  ASSERT_TRUE(until(poll_feed, [&] { return feed.whole() && feed.next > 40; }));
  EXPECT_GT(feed.answers, 0);
  EXPECT_EQ(feed.session, mold::Session(running.host.session()));
  EXPECT_EQ(feed.book.depth(kAbc, Side::kSell).at(0),
            (PriceLevel{dollars(10.10), 1'000}));
  EXPECT_GT(feed.packets[0], 0);
  EXPECT_GT(feed.packets[1], 0);

  OrderClient client(running.host.orders());
  const auto poll = [&] { feed.poll(), client.poll(); };
  client.send(login("SCALP1", "paper"));
  ASSERT_TRUE(until(poll, [&] { return client.received.logins.size() == 1; }));
  EXPECT_EQ(client.received.logins[0].session.trimmed(), running.host.session());

  // One order takes from the recorded ask, one rests.
  client.send(unsequenced(order(1, 'B', 50, 101'000, "ABC")));
  client.send(unsequenced(order(2, 'B', 70, 100'500, "ABC")));
  ASSERT_TRUE(until(poll, [&] { return client.received.accepted.size() == 2; }));
  ASSERT_EQ(client.received.sequenced, "SAEA");
  EXPECT_EQ(client.received.executed[0].quantity, 50u);
  EXPECT_EQ(client.received.executed[0].price_e4, 101'000u);
  const std::uint64_t reference = client.received.accepted[1].order_reference;
  ASSERT_TRUE(until(poll, [&] { return feed.book.orders.count(reference) == 1; }));
  EXPECT_EQ(feed.book.orders.at(reference).shares, 70u);
  EXPECT_EQ(feed.book.depth(kAbc, Side::kSell).at(0).qty, 950);
  EXPECT_NE(feed.book.types.find('E'), std::string::npos);

  // The connection dies: the resting order goes, on the feed and in the account.
  client.abort();
  ASSERT_TRUE(until(poll_feed, [&] { return feed.book.orders.count(reference) == 0; }));
  OrderClient again(running.host.orders());
  const auto poll_again = [&] { feed.poll(), again.poll(); };
  again.send(login("scalp1", "PAPER", running.host.session(), "5"));
  ASSERT_TRUE(until(poll_again, [&] { return !again.received.sequenced.empty(); }));
  EXPECT_EQ(again.received.sequenced, "C");
  EXPECT_EQ(again.received.canceled[0].user_ref, 2u);
  EXPECT_EQ(again.received.canceled[0].quantity, 70u);

  // A heartbeat for the order client that says nothing and hears nothing.
  ASSERT_TRUE(until(
      poll_again, [&] { return again.received.types.find('H') != std::string::npos; }));

  running.host.stop();
  ASSERT_TRUE(until(poll_again, [&] {
    return feed.ends[0] > 0 && feed.ends[1] > 0 && again.closed && running.ended;
  }));
  EXPECT_EQ(again.received.types.back(), soup::kEndOfSession);
  EXPECT_EQ(feed.book.errors, 0);
  running.stop();

  const HostStatistics statistics = running.host.statistics();
  EXPECT_EQ(statistics.orders.logins, 2u);
  EXPECT_EQ(statistics.orders.orders, 2u);
  EXPECT_EQ(statistics.reports, 4u);
  EXPECT_EQ(statistics.send_errors, 0u);
  EXPECT_EQ(statistics.record_error, "");
  EXPECT_EQ(statistics.feed.requests_wrong_session, 0u);
  EXPECT_GT(statistics.feed.requests_answered, 0u);
  EXPECT_EQ(statistics.next_sequence, feed.expected);
  EXPECT_FALSE(statistics.day_truncated);

  const std::string lines = text_of(record);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 5) << lines;
  EXPECT_NE(lines.find(",executed,1,1,"), std::string::npos) << lines;
  EXPECT_NE(lines.find(",canceled,1,2,"), std::string::npos) << lines;
  std::filesystem::remove(record);
}

TEST(Host, AQuietFeedHasHeartbeatsThatNameTheNextMessage) {
  const ByteVector day = quiet_day();
  HostConfig config = any_ports(day);
  config.speed = 0.001;  // the next event is 50 s away
  Running running(config);
  FeedClient feed(running.host);
  const auto poll = [&] { feed.poll(); };
  ASSERT_TRUE(until(poll, [&] {
    return feed.heartbeats[0] > 1 && feed.heartbeats[1] > 1 && feed.whole();
  }));
  EXPECT_EQ(feed.next, running.host.statistics().next_sequence);
}

TEST(Host, LossOnBothLinesHealsByRetransmission) {
  const ByteVector day = quiet_day();
  HostConfig config = any_ports(day);
  config.speed = 200;
  for (LineFaults* faults : {&config.faults_a, &config.faults_b}) {
    faults->loss = 0.3, faults->duplicate = 0.2, faults->reorder = 0.2;
  }
  Running running(config);
  FeedClient feed(running.host);
  const auto poll = [&] { feed.poll(); };
  ASSERT_TRUE(until(poll, [&] { return feed.next > 2'000; }));
  running.host.stop();
  ASSERT_TRUE(until(poll, [&] {
    return feed.ends[0] + feed.ends[1] > 0 && feed.whole() && running.ended;
  }));
  running.stop();
  const HostStatistics statistics = running.host.statistics();
  EXPECT_GT(statistics.line_a.lost, 0u);
  EXPECT_GT(statistics.line_b.duplicated, 0u);
  EXPECT_GT(statistics.line_b.reordered, 0u);
  const auto faults_of = [](const LineStatistics& line) {
    return std::array{line.lost, line.duplicated, line.reordered};
  };
  EXPECT_NE(faults_of(statistics.line_a), faults_of(statistics.line_b))
      << "the lines must not fail alike";
  EXPECT_EQ(feed.book.errors, 0);
  EXPECT_EQ(feed.next, statistics.next_sequence);
}

TEST(Host, GarbageFromStrangersHarmsNobody) {
  const ByteVector day = quiet_day();
  Running running(any_ports(day));
  OrderClient client(running.host.orders());
  OrderClient stranger(running.host.orders());
  const auto poll = [&] { client.poll(), stranger.poll(); };
  client.send(login("SCALP1", "paper"));
  stranger.send(ByteVector(40, std::byte{0}));
  auto requests = net::UdpSocket::connect(running.host.retransmission());
  ASSERT_TRUE(requests);
  requests->send(ByteVector(3));
  requests->send(ByteVector(1'000));
  ASSERT_TRUE(until(poll, [&] { return stranger.closed; }));
  client.send(unsequenced(order(1, 'B', 50, 101'000, "ABC")));
  ASSERT_TRUE(until(poll, [&] { return client.received.executed.size() == 1; }));
  EXPECT_FALSE(client.closed);
  ASSERT_TRUE(until(poll, [&] {
    const HostStatistics now = running.host.statistics();
    return now.feed.requests_malformed == 2 &&
           now.orders.closed[static_cast<std::size_t>(CloseReason::kBadFrame)] == 1;
  }));
}

TEST(Host, ManyClientsAreTakenAndTooManyRefused) {
  const ByteVector day = quiet_day();
  Running running(any_ports(day));
  std::vector<OrderClient> clients;
  clients.reserve(Host::kConnectionsMax + 2);
  for (std::size_t i = 0; i < Host::kConnectionsMax + 2; ++i)
    clients.emplace_back(running.host.orders());
  const auto poll = [&] {
    for (OrderClient& client : clients) client.poll();
  };
  ASSERT_TRUE(
      until(poll, [&] { return running.host.statistics().connections_refused == 2; }));
  ASSERT_TRUE(until(poll, [&] {
    return std::count_if(clients.begin(), clients.end(),
                         [](const OrderClient& client) { return client.closed; }) == 2;
  }));
  clients.front().send(login("SCALP1", "paper"));
  ASSERT_TRUE(until(poll, [&] { return clients.front().received.types[0] == 'A'; }));
}

TEST(Host, AWrongPasswordIsToldBeforeTheClose) {
  const ByteVector day = quiet_day();
  Running running(any_ports(day));
  OrderClient client(running.host.orders());
  client.send(login("SCALP1", "wrong"));
  ASSERT_TRUE(until([&] { client.poll(); }, [&] { return client.closed; }));
  ASSERT_EQ(client.received.types, "J");
  EXPECT_EQ(client.received.refusals[0].reason, 'A');
}

TEST(Host, EndsWithTheDayAndByDuration) {
  const ByteVector day = quiet_day();
  HostConfig config = any_ports(day);
  config.farewell = milliseconds(10);
  config.speed = 1e6;
  Host whole(config);
  whole.run();
  EXPECT_EQ(whole.statistics().next_sequence, 12'006u);
  EXPECT_EQ(whole.statistics().events, 12'005u);

  config.speed = 1;
  config.duration = milliseconds(50);
  Host part(config);
  part.run();
  EXPECT_LT(part.statistics().next_sequence, 12'006u);
}

TEST(Host, TheAgentsMarketTradesToo) {
  HostConfig config = any_ports({});
  config.driver = DriverKind::kAgents;
  config.from = std::nullopt;
  config.speed = 20;
  Running running(config);
  const std::string symbol = config.agents.stocks[0].symbol;
  FeedClient feed(running.host);
  OrderClient client(running.host.orders());
  const auto poll = [&] { feed.poll(), client.poll(); };
  client.send(login("SCALP1", "paper"));
  ASSERT_TRUE(until(poll, [&] {
    return !feed.book.depth(kAbc, Side::kSell).empty() &&
           client.received.logins.size() == 1;
  }));
  const Price ask = feed.book.depth(kAbc, Side::kSell).at(0).price;
  client.send(unsequenced(order(1, 'B', 10, price_to_e4(ask) + 5'000, symbol)));
  ASSERT_TRUE(until(poll, [&] { return client.received.executed.size() >= 1; }));
  running.host.stop();
  ASSERT_TRUE(until(poll, [&] { return feed.ends[0] > 0 && feed.whole(); }));
  EXPECT_EQ(feed.book.errors, 0);
  EXPECT_TRUE(feed.book.orders.empty()) << "the market closed";
}

// ---- Snapshots ----

TEST(Host, GivesSnapshotsToManyClientsAndRefusesTooManyAndStrangers) {
  const ByteVector day = quiet_day();
  HostConfig config = any_ports(day);
  EXPECT_FALSE(Host(config).snapshot());
  config.snapshot = net::Endpoint{kLoopback, 0};
  config.speed = 200;
  Running running(config);
  ASSERT_TRUE(running.host.snapshot());
  const net::Endpoint port = *running.host.snapshot();
  std::vector<OrderClient> clients;
  clients.reserve(Host::kSnapshotsMax);
  const auto poll = [&] {
    for (OrderClient& client : clients) client.poll();
  };
  for (std::size_t i = 0; i < Host::kSnapshotsMax; ++i) clients.emplace_back(port);
  ASSERT_TRUE(until(poll, [&] {
    return running.host.statistics().snapshots.connections == Host::kSnapshotsMax;
  }));
  auto one_too_many = net::TcpStream::connect(port);
  ASSERT_TRUE(one_too_many);
  ASSERT_TRUE(
      until(poll, [&] { return running.host.statistics().connections_refused == 1; }));
  clients[0].send(login("SCALP1", "wrong"));
  clients[1].send(ByteVector(40, std::byte{0}));
  for (std::size_t i = 2; i < clients.size(); ++i) {
    clients[i].send(login("SCALP1", "paper"));
  }
  ASSERT_TRUE(until(poll, [&] {
    return std::all_of(clients.begin(), clients.end(),
                       [](const OrderClient& client) { return client.closed; });
  }));
  EXPECT_EQ(clients[0].received.types, "J");
  EXPECT_EQ(clients[1].received.types, "");
  for (std::size_t i = 2; i < clients.size(); ++i) {
    const Received& received = clients[i].received;
    EXPECT_EQ(received.types.substr(0, 2), "AS");
    EXPECT_EQ(received.types.back(), 'Z');
    EXPECT_EQ(static_cast<char>(received.raw.back()[0]), 'G');
    EXPECT_GE(received.raw.size(), 6u);
  }
  ASSERT_TRUE(until(
      [] {},
      [&] {
        return running.host.statistics()
                   .snapshots.ended[static_cast<std::size_t>(SnapshotEnd::kWhole)] ==
               Host::kSnapshotsMax - 2;
      }));
  EXPECT_EQ(running.host.statistics().orders.connections, 0u);
}

// ---- Mistakes ----

template <class Error>
std::string refusal(const HostConfig& config) {
  try {
    Host host(config);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Host, NamesATakenPort) {
  const ByteVector day = quiet_day();
  auto taken = net::TcpListener::open({kLoopback, 0});
  ASSERT_TRUE(taken);
  HostConfig config = any_ports(day);
  config.orders = taken->endpoint();
  EXPECT_EQ(refusal<HostError>(config),
            "cannot bind " + net::endpoint_text(taken->endpoint()) +
                ": address already in use; stop the other process or choose another "
                "port");
  config = any_ports(day);
  config.snapshot = taken->endpoint();
  EXPECT_NE(refusal<HostError>(config).find(net::endpoint_text(taken->endpoint())),
            std::string::npos);
  config = any_ports(day);
  config.record_path = "/nowhere/at/all/record.csv";
  EXPECT_NE(refusal<HostError>(config).find("/nowhere/at/all/record.csv"),
            std::string::npos);
}

TEST(Host, NamesAWrongSetting) {
  const ByteVector day = quiet_day();
  const auto refused = [&](auto change) {
    HostConfig config = any_ports(day);
    change(config);
    return refusal<std::invalid_argument>(config);
  };
  EXPECT_NE(refused([](HostConfig& c) { c.speed = 0; }).find("speed"),
            std::string::npos);
  EXPECT_NE(refused([](HostConfig& c) { c.speed = 2e6; }).find("speed"),
            std::string::npos);
  EXPECT_NE(refused([](HostConfig& c) { c.duration = MonoNanos{0}; }).find("duration"),
            std::string::npos);
  EXPECT_NE(refused([](HostConfig& c) { c.day = {}; }).find("empty"),
            std::string::npos);
  EXPECT_NE(refused([](HostConfig& c) { c.faults_a.loss = 2; }).find("loss"),
            std::string::npos);
  EXPECT_NE(refused([](HostConfig& c) {
              c.logins = {{"TOOLONGNAME", ""}};
            }).find("TOOLONGNAME"),
            std::string::npos);
  EXPECT_NE(refused([](HostConfig& c) { c.session = "ELEVENCHARS"; }).find("session"),
            std::string::npos);
  EXPECT_EQ(refused([](HostConfig& c) { c.from = UnixNanos{57'600'000'000'000}; }),
            "the recorded day ends before 16:00:00; choose an earlier time to start "
            "from");
  const ByteVector garbage(100, std::byte{0x7F});
  EXPECT_NE(refused([&](HostConfig& c) { c.day = garbage; }).find("no instrument"),
            std::string::npos);
}

TEST(Host, ADayCutInTheMiddleOfAMessagePlaysToItsEndAndSaysSo) {
  ByteVector day = quiet_day();
  day.resize(day.size() - 10);
  HostConfig config = any_ports(day);
  config.speed = 1e6;
  config.farewell = milliseconds(10);
  Host host(config);
  host.run();
  EXPECT_TRUE(host.statistics().day_truncated);
  EXPECT_EQ(host.statistics().events, 12'004u);
}

TEST(Host, EachRunHasASessionOfItsOwn) {
  const ByteVector day = quiet_day();
  Host first(any_ports(day));
  net::wait_readable(nullptr, 0, 2'000'000);
  Host second(any_ports(day));
  EXPECT_EQ(first.session().size(), 10u);
  EXPECT_NE(first.session(), second.session());
  HostConfig named = any_ports(day);
  named.session = "MINE";
  EXPECT_EQ(Host(named).session(), "MINE");
}

}  // namespace
}  // namespace pyscalp::exchange
