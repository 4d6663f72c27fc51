// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/locked_memory.hpp"
#include "crypto/binding.hpp"
#include "crypto/fake_random.hpp"

using namespace hubward;
using namespace hubward::crypto;

namespace {

// Gives the nonce of a published vector.
class ThisNonce final : public Random {
 public:
  explicit ThisNonce(Bytes nonce) : nonce_(std::move(nonce)) {}
  void fill(std::span<std::byte> into) override {
    REQUIRE(into.size() == nonce_.size());
    std::ranges::copy(nonce_, into.begin());
  }

 private:
  Bytes nonce_;
};

struct Vector {
  std::string_view name, key, nonce, plain, associated, ciphertext, tag;
};

// McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, as adopted by NIST for
// SP 800-38D: every case with a 256-bit key and a 96-bit nonce.
constexpr std::string_view zero_key = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view spec_key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr Vector vectors[] = {
    {"test case 13", zero_key, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"test case 14", zero_key, "000000000000000000000000", "00000000000000000000000000000000", "",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"test case 15", spec_key, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"test case 16", spec_key, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

}  // namespace

TEST_CASE("sealing agrees with the published AES-256-GCM vectors") {
  for (const Vector& vector : vectors) {
    CAPTURE(vector.name);
    Secret key(std::span<const std::byte>(hex(vector.key)));
    ThisNonce random(hex(vector.nonce));
    Result<Bytes> sealed = seal(key, hex(vector.associated), hex(vector.plain), random);
    REQUIRE(sealed);
    CHECK(to_hex(*sealed) ==
          "01" + std::string(vector.nonce) + std::string(vector.ciphertext) + std::string(vector.tag));
    Result<Secret> opened = open(key, hex(vector.associated), *sealed);
    REQUIRE(opened);
    CHECK(to_hex(opened->reveal()) == vector.plain);
  }
}

TEST_CASE("a sealed value with any bit changed, any byte missing or any byte added is refused") {
  SeededRandom random(1);
  Secret key = random_secret(random, aead_key_size);
  Bytes place(bytes_of("grants/access_token").begin(), bytes_of("grants/access_token").end());
  Bytes sealed = seal(key, place, bytes_of("pat-na1-canary"), random).value();
  REQUIRE(open(key, place, sealed)->reveal_text() == "pat-na1-canary");

  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    CAPTURE(bit);
    Result<Secret> opened = open(key, place, changed);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == "SEALED_VALUE_REFUSED");
    CHECK(opened.error().fault == Fault::Store);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    CHECK_FALSE(open(key, place, std::span(sealed).first(size)));
  Bytes longer = sealed;
  longer.push_back(std::byte{0});
  CHECK_FALSE(open(key, place, longer));
}

TEST_CASE("a sealed value opens only under its key and for its place") {
  SeededRandom random(2);
  Secret key = random_secret(random, aead_key_size);
  Secret other = random_secret(random, aead_key_size);
  Bytes sealed = seal(key, bytes_of("here"), bytes_of("value"), random).value();
  CHECK(open(key, bytes_of("here"), sealed));
  CHECK_FALSE(open(other, bytes_of("here"), sealed));
  for (std::string_view elsewhere : {"", "her", "heres", "Here"})
    CHECK_FALSE_MESSAGE(open(key, bytes_of(elsewhere), sealed), elsewhere);
}

TEST_CASE("the same value sealed twice looks different") {
  SystemRandom random;
  Secret key = random_secret(random, aead_key_size);
  CHECK(seal(key, {}, bytes_of("value"), random).value() != seal(key, {}, bytes_of("value"), random).value());
}

TEST_CASE("what is too large to seal is refused with its size") {
  SeededRandom random(3);
  Secret key = random_secret(random, aead_key_size);
  Bytes largest(largest_sealable, std::byte{'x'});
  Bytes sealed = seal(key, {}, largest, random).value();
  CHECK(open(key, {}, sealed)->size() == largest_sealable);
  largest.push_back(std::byte{'x'});
  Result<Bytes> refused = seal(key, {}, largest, random);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "TOO_LARGE_TO_SEAL");
  CHECK(refused.error().message.find("65537") != std::string::npos);
  sealed.push_back(std::byte{0});
  CHECK_FALSE(open(key, {}, sealed));
}

TEST_CASE("a value that does not open leaves nothing in locked memory") {
  SeededRandom random(4);
  Secret key = random_secret(random, aead_key_size);
  Bytes sealed = seal(key, {}, bytes_of("value"), random).value();
  sealed.back() ^= std::byte{1};
  std::size_t before = locked_bytes_in_use();
  CHECK_FALSE(open(key, {}, sealed));
  CHECK(locked_bytes_in_use() == before);
}

TEST_CASE("a payload may be longer than a credential, and opens only whole and in its place") {
  SeededRandom random(5);
  Secret key = random_secret(random, aead_key_size);
  std::string text(largest_sealable + 1, 'p');
  Bytes sealed = seal_payload(key, bytes_of("here"), bytes_of(text), random).value();
  CHECK(open_payload(key, bytes_of("here"), sealed) == text);
  CHECK_FALSE(open_payload(key, bytes_of("there"), sealed));
  CHECK_FALSE(open(key, bytes_of("here"), sealed));
  CHECK(open_payload(key, {}, seal_payload(key, {}, {}, random).value()) == "");
  sealed.back() ^= std::byte{1};
  CHECK(open_payload(key, bytes_of("here"), sealed).error().code == "SEALED_VALUE_REFUSED");
  Bytes too_long(largest_payload + 1);
  CHECK(seal_payload(key, {}, too_long, random).error().code == "TOO_LARGE_TO_SEAL");
}

TEST_CASE("two different lists of fields never bind to the same bytes") {
  CHECK(to_hex(binding({"ab", "", "c"})) ==
        "00000002"
        "6162"
        "00000000"
        "00000001"
        "63");
  const Bytes bindings[] = {binding({}),          binding({""}),        binding({"", ""}),
                            binding({"abc"}),     binding({"ab", "c"}), binding({"a", "bc"}),
                            binding({"abc", ""}), binding({"", "abc"})};
  for (const Bytes& a : bindings)
    for (const Bytes& b : bindings) CHECK((&a == &b) == (a == b));
}
