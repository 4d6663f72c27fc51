// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/ascii.hpp"
#include "crypto/fake_random.hpp"

using namespace hubward;
using namespace hubward::crypto;

TEST_CASE("a uuid has its version, its variant and its dashes, and no two are alike") {
  SystemRandom system;
  SeededRandom seeded(7);
  std::set<std::string> seen;
  for (Random* random : {static_cast<Random*>(&system), static_cast<Random*>(&seeded)}) {
    for (int i = 0; i < 200; ++i) {
      std::string uuid = uuid4(*random);
      REQUIRE(uuid.size() == 36);
      for (std::size_t at = 0; at < uuid.size(); ++at) {
        bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        CHECK((uuid[at] == '-') == dash);
        if (!dash) CHECK((is_digit(uuid[at]) || (uuid[at] >= 'a' && uuid[at] <= 'f')));
      }
      CHECK(uuid[14] == '4');
      CHECK(std::string_view("89ab").find(uuid[19]) != std::string_view::npos);
      CHECK(seen.insert(uuid).second);
    }
  }
}

TEST_CASE("the same seed gives the same stream, another seed another") {
  SeededRandom first(1), again(1), other(2);
  CHECK(uuid4(first) == uuid4(again));
  CHECK(uuid4(first) == uuid4(again));
  CHECK(uuid4(first) != uuid4(other));
}

TEST_CASE("random text keeps its prefix and its alphabet, and uses all of it") {
  SystemRandom random;
  std::set<char> seen;
  for (int i = 0; i < 100; ++i) {
    Secret key = random_text(random, "hwk_", 43);
    std::string_view text = key.reveal_text();
    REQUIRE(text.size() == 47);
    CHECK(text.starts_with("hwk_"));
    for (char c : text.substr(4)) {
      CHECK((is_alpha(c) || is_digit(c) || c == '-' || c == '_'));
      seen.insert(c);
    }
  }
  CHECK(seen.size() == 64);  // 4300 draws: a missing character has odds of 64·(63/64)^4300, under 1e-27
}

TEST_CASE("the system's randomness fills all it was given") {
  SystemRandom random;
  Secret a = random_secret(random, 32), b = random_secret(random, 32);
  CHECK_FALSE(a.same_as(b));
  CHECK(std::ranges::any_of(a.reveal().last(8), [](std::byte byte) { return byte != std::byte{0}; }));
}
