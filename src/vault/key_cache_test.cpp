// SPDX-License-Identifier: Apache-2.0
#include "vault/key_cache.hpp"

#include <doctest/doctest.h>

#include "crypto/fake_random.hpp"

using namespace hubward;
using namespace hubward::vault;

namespace {

crypto::SystemRandom random_bytes;

std::shared_ptr<DataKey> make_key(const std::string& id, const std::string& connection = "acme") {
  return std::make_shared<DataKey>(DataKeyId{id}, ConnectionName{connection},
                                   crypto::random_secret(random_bytes, 32), random_bytes,
                                   std::make_shared<Openings>());
}

}  // namespace

TEST_CASE("the cache keeps its limit, and the least lately asked for goes first") {
  KeyCache cache(2);
  for (const char* id : {"a", "b"}) cache.keep(make_key(id), 0);
  CHECK(cache.find({"a"}));
  cache.keep(make_key("c"), 0);
  CHECK(cache.size() == 2);
  CHECK(cache.find({"a"}));
  CHECK(cache.find({"c"}));
  CHECK_FALSE(cache.find({"b"}));
}

TEST_CASE("a key that somebody still holds is found again, and is the same one") {
  KeyCache cache(1);
  auto held = cache.keep(make_key("a"), 0);
  cache.keep(make_key("b"), 0);
  CHECK(cache.size() == 1);
  CHECK(cache.find({"a"}) == held);
  CHECK(cache.keep(make_key("a"), 0) == held);
}

TEST_CASE("shredding reaches keys that are kept, held or only known, and nobody else's") {
  KeyCache cache(1);
  auto held = cache.keep(make_key("a"), 0);
  auto known = make_key("b");
  cache.know(known);
  auto remaining = cache.keep(make_key("c"), 0);
  auto other = cache.keep(make_key("d", "other"), 0);
  cache.shred({"acme"}, {{"c"}});
  CHECK(held->shredded());
  CHECK(known->shredded());
  CHECK_FALSE(remaining->shredded());
  CHECK_FALSE(other->shredded());
  CHECK_FALSE(cache.find({"a"}));
  CHECK(cache.find({"c"}) == remaining);
}

TEST_CASE("a key that was read before a shredding is not kept after it") {
  KeyCache cache(4);
  std::uint64_t before = cache.shreddings();
  auto read_before = make_key("a");
  cache.shred({"acme"}, {});
  CHECK_FALSE(cache.keep(read_before, before));
  CHECK_FALSE(cache.find({"a"}));
  CHECK(cache.keep(read_before, cache.shreddings()) == read_before);
}

TEST_CASE("keys that nobody holds any more are not remembered for ever") {
  KeyCache cache(8);
  for (int i = 0; i < 10'000; ++i) cache.keep(make_key(std::to_string(i)), 0);
  CHECK(cache.size() == 8);
  CHECK(cache.find({"9999"}));
  CHECK_FALSE(cache.find({"9000"}));
}
