#include "exchange/record.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "market_fixture.hpp"

namespace pyscalp::exchange {
namespace {

using namespace testing;

class RecordFileTest : public ::testing::Test {
 protected:
  RecordFileTest()
      : path(::testing::TempDir() + "record_" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv") {
    std::filesystem::remove(path);
  }
  ~RecordFileTest() override { std::filesystem::remove(path); }

  std::string text() const {
    std::ifstream file(path);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }

  std::string path;
};

TEST_F(RecordFileTest, OneLineAReport) {
  Market market(two_instruments(), kFees);
  market.open(kNow);
  market.enter(sell(1, 1, 37, 123.45), kNow);
  market.enter(ioc(buy(2, 1, 40, 123.45)), kNow);
  market.enter(buy(2, 2, 0, 1), kNow);
  RecordFile record(path, market.instruments());
  record.append(market.reports());
  EXPECT_EQ(record.flush(), RecordStatus::kOk);
  EXPECT_EQ(record.lines(), 6U);
  EXPECT_EQ(
      text(),
      std::string(RecordFile::kHeader) +
          "1,34200000000000,accepted,1,1,0,1099511627776,ABC,sell,37,123450000000,37,,"
          "0,0,\n"
          "2,34200000000000,accepted,2,1,0,1099511627777,ABC,buy,40,123450000000,40,,0,"
          "0,\n"
          "3,34200000000000,executed,1,1,0,1099511627776,ABC,sell,37,123450000000,0,"
          "maker,1099511627776,-74000000,\n"
          "4,34200000000000,executed,2,1,0,1099511627777,ABC,buy,37,123450000000,3,"
          "taker,1099511627776,567765000,\n"
          "5,34200000000000,canceled,2,1,0,1099511627777,ABC,buy,3,123450000000,0,,0,0,"
          "I\n"
          "6,34200000000000,rejected,2,2,0,0,ABC,buy,0,1000000000,0,,0,0,13\n");
}

TEST_F(RecordFileTest, NamesEveryEvent) {
  RecordFile record(path, {});
  const char* const names[] = {"accepted", "replaced", "canceled",  "executed",
                               "rejected", "refilled", "self_match"};
  for (int kind = 0; kind < 7; ++kind) {
    EXPECT_STREQ(event_name(static_cast<ReportKind>(kind)), names[kind]);
  }
}

TEST_F(RecordFileTest, LargestValuesFit) {
  RecordFile record(path, two_instruments());
  Report report;
  report.client_ref = 0xFFFF'FFFF;
  report.order_reference = ~std::uint64_t{0};
  report.match = ~std::uint64_t{0};
  report.fee = {std::numeric_limits<std::int64_t>::min()};
  report.instrument = InstrumentId{0xFFFF};  // has no symbol
  record.append(report);
  EXPECT_EQ(record.close(), RecordStatus::kOk);
  EXPECT_NE(text().find("accepted,0,4294967295,0,18446744073709551615,,buy,0,0,0,,"
                        "18446744073709551615,-9223372036854775808,\n"),
            std::string::npos);
}

TEST_F(RecordFileTest, ASymbolCannotBreakItsLine) {
  RecordFile record(path, {{kAbc, "A,\"B"}});
  Report report;
  report.instrument = kAbc;
  record.append(report);
  record.flush();
  EXPECT_NE(text().find(",\"A,\"\"B\",buy"), std::string::npos);
}

TEST_F(RecordFileTest, WritesWholeLinesOfManyReportsInOrder) {
  RecordFile record(path, two_instruments());
  for (int i = 0; i < 20'000; ++i) record.append(Report{});
  RecordFile moved = std::move(record);
  moved.append(Report{});
  EXPECT_EQ(moved.close(), RecordStatus::kOk);
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::uint64_t n = 0;
  while (std::getline(file, line)) {
    ++n;
    ASSERT_EQ(line.substr(0, line.find(',')), std::to_string(n));
    ASSERT_EQ(std::count(line.begin(), line.end(), ','), 15);
  }
  EXPECT_EQ(n, 20'001U);
}

TEST_F(RecordFileTest, SaysThatItCannotOpen) {
  RecordFile record(path + "/no/such/folder.csv", {});
  EXPECT_EQ(record.status(), RecordStatus::kOpenFailed);
  EXPECT_EQ(record.error_number(), ENOENT);
  record.append(Report{});
  EXPECT_EQ(record.flush(), RecordStatus::kOpenFailed);
  EXPECT_EQ(record.lost(), 1U);
}

TEST_F(RecordFileTest, WritesOnceThereIsRoomAgain) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1'000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  RecordFile record(path, two_instruments());
  for (int i = 0; i < 100; ++i) record.append(Report{});
  const RecordStatus full = record.flush();
  const int error = record.error_number();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(full, RecordStatus::kWriteFailed);
  EXPECT_EQ(error, EFBIG);
  EXPECT_EQ(text().size(), 1'000U);  // cut in mid-line
  EXPECT_EQ(record.flush(), RecordStatus::kOk);
  const std::string all = text();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 101);
  EXPECT_NE(all.find("\n100,0,accepted,"), std::string::npos);
}

TEST_F(RecordFileTest, AFullDiskIsToldAndNothingIsForgotten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  RecordFile record("/dev/full", two_instruments());
  EXPECT_EQ(record.status(), RecordStatus::kOk);
  for (int i = 0; i < 5'000; ++i) record.append(Report{});
  EXPECT_EQ(record.status(), RecordStatus::kWriteFailed);  // met on the way
  EXPECT_EQ(record.error_number(), ENOSPC);
  EXPECT_EQ(record.lost(), 0U);  // waits
  EXPECT_EQ(record.flush(), RecordStatus::kWriteFailed);
  const std::string line = "1,0,accepted,0,0,0,0,,buy,0,0,0,,0,0,\n";
  const std::size_t enough = RecordFile::kWaitingMax / line.size() + 10;
  for (std::size_t i = 0; i < enough; ++i) record.append(Report{});
  EXPECT_EQ(record.status(), RecordStatus::kLinesLost);
  EXPECT_GT(record.lost(), 0U);
  EXPECT_EQ(record.close(), RecordStatus::kLinesLost);
}

}  // namespace
}  // namespace pyscalp::exchange
