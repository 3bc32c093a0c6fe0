#include "binance/signing.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fixture.hpp"

namespace pyscalp::binance {
namespace {

using test::kSampleApiKey;
using test::kSamplePem;
using test::kSampleSecret;

std::string signature(Signer& signer, std::string_view payload) {
  return std::string(signer.sign(payload).text());
}

// The vectors of the exchange's "Request security", REST and WebSocket API.
TEST(Signing, HmacOfTheDocuments) {
  Signer signer(KeyKind::kHmac, kSampleApiKey, kSampleSecret);
  ASSERT_EQ(signer.status(), SignStatus::kOk);
  EXPECT_EQ(signature(signer,
                      "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&"
                      "quantity=1&price=0.1&recvWindow=5000&"
                      "timestamp=1499827319559"),
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
  EXPECT_EQ(signature(signer,
                      "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF"
                      "%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&"
                      "price=0.1&recvWindow=5000&timestamp=1499827319559"),
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3");
  EXPECT_EQ(
      signature(
          signer,
          "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
          "&newOrderRespType=ACK&price=52000.00&quantity=0.01000000&recvWindow=100"
          "&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532"
          "&type=LIMIT"),
      "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a");
}

// RFC 4231, test cases 1, 2 and 6.
TEST(Signing, HmacOfTheStandard) {
  Signer first(KeyKind::kHmac, "k", std::string(20, '\x0b'));
  EXPECT_EQ(signature(first, "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  Signer second(KeyKind::kHmac, "k", "Jefe");
  EXPECT_EQ(signature(second, "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  Signer longer(KeyKind::kHmac, "k", std::string(131, '\xaa'));
  EXPECT_EQ(signature(longer, "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 8032, 7.1, TEST 1: the signature of nothing.
TEST(Signing, Ed25519OfTheStandard) {
  Signer signer(KeyKind::kEd25519, kSampleApiKey, kSamplePem);
  ASSERT_EQ(signer.status(), SignStatus::kOk);
  const std::string_view expected =
      "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFD"
      "jnoQCw==";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(signature(signer, ""), expected);
}

// RFC 8032, 7.1, TEST 2 and 3: other keys, one and two bytes.
TEST(Signing, Ed25519OfOneAndTwoBytes) {
  Signer one(KeyKind::kEd25519, "k",
             "-----BEGIN PRIVATE KEY-----\n"
             "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
             "-----END PRIVATE KEY-----\n");
  ASSERT_EQ(one.status(), SignStatus::kOk);
  EXPECT_EQ(
      signature(one, "\x72"),
      "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6w"
      "DSkWErsMAA==");
  Signer two(KeyKind::kEd25519, "k",
             "-----BEGIN PRIVATE KEY-----\n"
             "MC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3\n"
             "-----END PRIVATE KEY-----\n");
  ASSERT_EQ(two.status(), SignStatus::kOk);
  EXPECT_EQ(
      signature(two, "\xaf\x82"),
      "YpHWV97sJAJIJ+acOr4BowzlSKKEdDpEXjaA19taw6wY/5tTjRbykK5n92CYTcZZSnwV6XFu0o3A"
      "J77O6h7ECg==");
}

TEST(Signing, WhatCannotSignSaysWhy) {
  EXPECT_EQ(Signer(KeyKind::kHmac, "", "s").status(), SignStatus::kNoApiKey);
  EXPECT_EQ(Signer(KeyKind::kHmac, "a\"b", "s").status(), SignStatus::kNoApiKey);
  EXPECT_EQ(Signer(KeyKind::kHmac, "a\nb", "s").status(), SignStatus::kNoApiKey);
  EXPECT_EQ(Signer(KeyKind::kHmac, std::string(129, 'a'), "s").status(),
            SignStatus::kNoApiKey);
  EXPECT_EQ(Signer(KeyKind::kHmac, "k", "").status(), SignStatus::kNoSecret);
  EXPECT_EQ(Signer(KeyKind::kEd25519, "k", "no pem").status(), SignStatus::kBadPem);
  // A key on the curve P-256.
  Signer other(KeyKind::kEd25519, "k",
               "-----BEGIN PRIVATE KEY-----\n"
               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghb3swJGp4/nHJvxE\n"
               "5UGSZLUkt8ZHixdAlizX9szB4PyhRANCAAQjrqdunIwUbsyqIV7ij8F/LkPdnHEM\n"
               "tpO9VcXdBv12gZ+zMUxtnIELNONoyeprVzjZOLvX6GTsg+e2wEiotqUK\n"
               "-----END PRIVATE KEY-----\n");
  EXPECT_EQ(other.status(), SignStatus::kWrongKind);
  EXPECT_EQ(other.sign("x").size, 0u);
}

TEST(Signing, Base64HasItsPadding) {
  // RFC 4648, 10.
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : cases) {
    char out[16];
    const std::size_t size = to_base64(test::bytes_of(plain), out);
    EXPECT_EQ(std::string_view(out, size), coded);
  }
}

}  // namespace
}  // namespace pyscalp::binance
