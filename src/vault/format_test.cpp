// SPDX-License-Identifier: Apache-2.0
// What rests on disk, against bytes that another implementation made (Node's crypto, from the words of
// docs/formats/sealed.md alone). A difference means that stores in the field no longer open.
#include <doctest/doctest.h>

#include "vault/data_key.hpp"
#include "vault/vault_house.hpp"

using namespace hubward;
using namespace hubward::vault;

namespace {

// 32 bytes that count up from `first`.
Secret counting(std::uint8_t first) {
  Secret key = Secret::of_size(32);
  for (std::byte& byte : key.writable()) byte = std::byte{first++};
  return key;
}

// Counts too: 01 02 03 …
class CountingRandom final : public crypto::Random {
 public:
  void fill(std::span<std::byte> into) override {
    std::uint8_t next = 1;
    for (std::byte& byte : into) byte = std::byte{next++};
  }
};

}  // namespace

TEST_CASE("a token sealed for its place has the bytes that the format says") {
  CountingRandom random;
  DataKey key({"key-1"}, {"acme"}, counting(0), random, std::make_shared<Openings>());
  const Place place{.table = "grants", .row = "acme", .column = "access_token", .generation = 7};
  Bytes sealed = key.seal(place, bytes_of("pat-na1-example")).value();
  CHECK(to_hex(sealed) ==
        "010102030405060708090a0b0c758b2ef882f5c1ab29da022a607f8f9e4536647225f15397e2af6277e4438c");
  CHECK(key.open(place, sealed)->reveal_text() == "pat-na1-example");
}

TEST_CASE("a wrapped data key has the bytes that the format says") {
  CountingRandom random;
  keys::LocalKeyProvider provider(std::move(keys::RootKey::from(counting(0), "a test").value()), random);
  House house;
  const keys::KeyBinding binding{"key-1", "connection", "acme"};
  Bytes wrapped = house.wait(provider.wrap(counting(32), binding)).value();
  CHECK(to_hex(wrapped) ==
        "010102030405060708090a0b0c77bd62ca8bfafaf1fa3d561d7953e8525783c3edf076e352e122304f53db4d5d75037bd7cf"
        "afcbf8"
        "6e465f2d95dca649");
  CHECK(house.wait(provider.unwrap(wrapped, binding))->same_as(counting(32)));
}
