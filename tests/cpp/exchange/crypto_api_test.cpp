// Signatures, parameters, limits and routes of the crypto venue's API.
#include "exchange/crypto_api.hpp"

#include "crypto_fixture.hpp"
#include "exchange/crypto_signature.hpp"

namespace pyscalp::exchange {
namespace {

// Key, payload and signature of the venue's own documentation of signed requests.
constexpr std::string_view kSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
constexpr std::string_view kPayload =
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&"
    "recvWindow=5000&timestamp=1499827319559";
constexpr std::string_view kSignature =
    "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";

TEST(CryptoSignature, HmacIsThatOfTheVenueSDocumentation) {
  EXPECT_EQ(hmac_sha256_hex(kSecret, kPayload), kSignature);
  EXPECT_TRUE(hmac_matches(kSecret, kPayload, kSignature));
  std::string upper(kSignature);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(hmac_matches(kSecret, kPayload, upper));
  EXPECT_FALSE(hmac_matches(kSecret, kPayload.substr(1), kSignature));
  EXPECT_FALSE(hmac_matches(kSecret, kPayload, "c8db"));
}

TEST(CryptoSignature, Ed25519IsCheckedWithAKeyOfOpenssl) {
  // RFC 8032, 7.1, test 2: the message is one byte, 0x72.
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
      "-----END PUBLIC KEY-----\n";
  const std::string signature =
      "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6w"
      "DSkWErsMAA==";
  EXPECT_TRUE(ed25519_matches(pem, "r", signature));
  EXPECT_FALSE(ed25519_matches(pem, "s", signature));
  EXPECT_FALSE(ed25519_matches(pem, "r", "AAAA"));
  EXPECT_FALSE(ed25519_matches("no key", "r", signature));
  const Ed25519Pair made = make_ed25519();
  EXPECT_NE(made.private_pem.find("BEGIN PRIVATE KEY"), std::string::npos);
  EXPECT_NE(made.public_pem.find("BEGIN PUBLIC KEY"), std::string::npos);
}

TEST(CryptoParameters, QueriesAreDecodedAndSignedAsSent) {
  Parameters given;
  EXPECT_TRUE(given.add_query("a=1&b=%2B%2f&c=&d"));
  EXPECT_EQ(given.get("b"), "+/");
  EXPECT_FALSE(given.has("c"));
  EXPECT_FALSE(given.has("d"));
  EXPECT_FALSE(Parameters().add_query("a=%2"));
  EXPECT_FALSE(Parameters().add_query("a=%zz"));
  EXPECT_EQ(rest_payload("a=1&signature=x", "b=%2B"), "a=1b=%2B");
  EXPECT_EQ(rest_payload("a=1", "b=2&signature=x"), "a=1b=2");
}

TEST(CryptoParameters, CallsAreReadAndSignedSorted) {
  const auto call = json_call(
      R"({"id":"x1","method":"order.place","params":{"timestamp":5,"price":"0.1"}})");
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->id, "\"x1\"");
  Parameters given;
  EXPECT_TRUE(given.add_json(call->params));
  given.add("signature", "s");
  EXPECT_EQ(given.sorted_payload(), "price=0.1&timestamp=5");
  EXPECT_FALSE(json_call("[1]").has_value());
  EXPECT_FALSE(json_call(R"({"id":1)").has_value());
  EXPECT_FALSE(json_call(R"({"id":1} x)").has_value());
  EXPECT_EQ(json_strings(R"(["a","b"])")->size(), 2U);
  EXPECT_FALSE(json_strings("[1]").has_value());
  EXPECT_FALSE(json_strings("").has_value());
}

TEST(CryptoLimits, WindowsAreOfTheClockAndObstinacyIsBanned) {
  CryptoLimitsConfig config;
  config.weight = 10;
  config.ignored = 2;
  config.orders_short = 2;
  CryptoLimits limits(CryptoProtocol::kSpot, config);
  using Verdict = CryptoLimits::Verdict;
  const UnixNanos minute{kNanosPerUnit * 60 * 1'000};
  EXPECT_EQ(limits.charge("a", 10, minute).verdict, Verdict::kFree);
  const auto refused = limits.charge("a", 1, {minute.value + 20 * kNanosPerUnit});
  EXPECT_EQ(refused.verdict, Verdict::kTooMany);
  EXPECT_EQ(refused.retry_s, 40);
  EXPECT_EQ(limits.charge("b", 10, minute).verdict, Verdict::kFree);
  const UnixNanos next{minute.value + 60 * kNanosPerUnit};
  EXPECT_EQ(limits.charge("a", 11, next).verdict, Verdict::kTooMany);
  EXPECT_EQ(limits.charge("a", 1, next).verdict, Verdict::kTooMany);
  EXPECT_EQ(limits.charge("a", 1, next).verdict, Verdict::kBanned);
  const UnixNanos later{next.value + 119 * kNanosPerUnit};
  EXPECT_EQ(limits.charge("a", 1, later).verdict, Verdict::kBanned);
  EXPECT_EQ(limits.charge("a", 1, {next.value + 121 * kNanosPerUnit}).verdict,
            Verdict::kFree);
  EXPECT_TRUE(limits.count_order(1, minute));
  EXPECT_TRUE(limits.count_order(1, minute));
  EXPECT_FALSE(limits.count_order(1, minute));
  EXPECT_TRUE(limits.count_order(2, minute));
  EXPECT_TRUE(limits.count_order(1, {minute.value + 10 * kNanosPerUnit}));
  EXPECT_EQ(limits.orders(1, {minute.value + 10 * kNanosPerUnit})[1], 3);
}

TEST(CryptoApi, TimeAndWindowAreChecked) {
  testing::CryptoMarket at(CryptoProtocol::kSpot);
  const std::string key(64, 'k');
  CryptoApi api(CryptoProtocol::kSpot, at.publisher, at.desk, {},
                {{1, key, std::string(kSecret), ""}});
  const std::int64_t server = testing::kWall.value / 1'000'000;
  const auto code = [&](std::int64_t timestamp, const std::string& window) {
    Parameters given;
    given.add("timestamp", std::to_string(timestamp));
    given.add("recvWindow", window);
    CryptoCaller caller;
    caller.api_key = key;
    caller.payload = given.sorted_payload();
    given.add("signature", hmac_sha256_hex(kSecret, caller.payload));
    const auto who = api.authenticate(given, caller, at.now);
    const auto* const refused = std::get_if<CryptoError>(&who);
    return refused == nullptr ? 0 : refused->code;
  };
  EXPECT_EQ(code(server, "5000"), 0);
  EXPECT_EQ(code(server + 999, "5000"), 0);
  EXPECT_EQ(code(server + 1000, "5000"), -1021);
  EXPECT_EQ(code(server - 5000, "5000"), 0);
  EXPECT_EQ(code(server - 5001, "5000"), -1021);
  EXPECT_EQ(code((server - 10) * 1000, "10.5"), 0);  // microseconds
  EXPECT_EQ(code(server, "60001"), -1131);
}

}  // namespace
}  // namespace pyscalp::exchange
