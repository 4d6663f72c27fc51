// SPDX-License-Identifier: Apache-2.0
#include "gateway/client_key.hpp"

#include <doctest/doctest.h>

#include "core/encoding.hpp"
#include "crypto/fake_random.hpp"

using namespace hubward;
using namespace hubward::gateway;

TEST_CASE("a new key is well formed, names its id and has a hash that depends on every part") {
  crypto::SeededRandom random(1);
  ClientKey key = make_client_key(random);
  std::string text(key.text.reveal_text());
  CHECK(text.size() == 4 + 16 + 1 + 43);
  CHECK(client_key_id(text) == key.id);

  crypto::HmacKey pepper(bytes_of("pepper")), other_pepper(bytes_of("peppes"));
  auto hash = hash_client_key(pepper, key.text);
  CHECK(hash == hash_client_key(pepper, key.text));
  CHECK(hash != hash_client_key(other_pepper, key.text));
  ClientKey second = make_client_key(random);
  CHECK(second.id != key.id);
  CHECK(hash != hash_client_key(pepper, second.text));
}

TEST_CASE("what does not look like a key has no id") {
  crypto::SeededRandom random(1);
  std::string good(make_client_key(random).text.reveal_text());
  std::string upper_id = good, no_separator = good, space = good;
  upper_id[5] = 'G';
  no_separator[20] = '-';
  space[30] = ' ';
  for (const std::string& text :
       {std::string(), std::string("hwk_"), good + "x", good.substr(1), upper_id, no_separator, space,
        "pat-na1-00000000-0000-0000-0000-000000000000" + good}) {
    CAPTURE(text);
    CHECK_FALSE(client_key_id(text));
  }
}
