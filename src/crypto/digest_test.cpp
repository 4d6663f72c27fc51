// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/encoding.hpp"
#include "crypto/compare.hpp"
#include "crypto/hmac_key.hpp"

using namespace hubward;
using namespace hubward::crypto;

TEST_CASE("SHA-256 agrees with the published examples (FIPS 180-4, NIST CAVP)") {
  const std::pair<std::string, std::string_view> vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
  for (const auto& [message, digest] : vectors) {
    CHECK(to_hex(sha256(bytes_of(message))) == digest);
    // However it is cut, and again after it was finished.
    Sha256 incremental;
    for (std::size_t cut : {std::size_t{0}, message.size() / 3, message.size()}) {
      auto bytes = bytes_of(message);
      CHECK(to_hex(sha256({bytes.first(cut), bytes.subspan(cut)})) == digest);
      incremental.add(bytes.first(cut));
      incremental.add(bytes.subspan(cut));
      CHECK(to_hex(incremental.finish()) == digest);
    }
  }
}

TEST_CASE("HMAC-SHA256 agrees with RFC 4231 section 4") {
  struct Vector {
    std::string name, key, message;
    std::string_view mac;
  };
  const std::string long_key(131, '\xaa');
  std::string counting;
  for (int i = 1; i <= 25; ++i) counting.push_back(static_cast<char>(i));
  const Vector vectors[] = {
      {"4.2", std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"4.3", "Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"4.4", std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"4.5", counting, std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {"4.7", long_key, "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"4.8", long_key,
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
       "to "
       "be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
      // Not of the RFC; Python's hmac module gives the same.
      {"empty key", "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const Vector& vector : vectors) {
    CAPTURE(vector.name);
    auto message = bytes_of(vector.message);
    CHECK(to_hex(hmac_sha256(bytes_of(vector.key), message)) == vector.mac);
    CHECK(to_hex(HmacKey(bytes_of(vector.key)).sign(message)) == vector.mac);
    std::size_t half = message.size() / 2;
    CHECK(to_hex(hmac_sha256(bytes_of(vector.key), {message.first(half), message.subspan(half)})) ==
          vector.mac);
  }
}

TEST_CASE("comparison in constant time still compares") {
  auto equal = [](std::string_view a, std::string_view b) {
    return equal_in_constant_time(bytes_of(a), bytes_of(b));
  };
  CHECK(equal("", ""));
  CHECK(equal("abc", "abc"));
  for (std::string_view other : {"", "ab", "abd", "bbc", "abcd", "Abc"}) CHECK_FALSE(equal("abc", other));
}
