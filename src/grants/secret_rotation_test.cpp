// SPDX-License-Identifier: Apache-2.0
#include "grants/secret_rotation.hpp"

#include <doctest/doctest.h>

namespace hubward::grants {

TEST_CASE("it is news when HubSpot takes another of the two secrets than before") {
  SecretUses uses;
  const AppName app{"crm"};
  TimePoint now = from_millis(1'800'000'000'000);
  auto note = [&](ClientSecret which) {
    now += std::chrono::minutes(1);
    return uses.note(app, which, now);
  };
  CHECK_FALSE(note(ClientSecret::Current));
  CHECK_FALSE(note(ClientSecret::Current));
  CHECK(note(ClientSecret::Previous));
  CHECK_FALSE(note(ClientSecret::Previous));
  CHECK(note(ClientSecret::Current));
  CHECK(uses.of(app).current == now);
  CHECK(uses.of(app).previous == now - std::chrono::minutes(1));
  CHECK_FALSE(uses.of(AppName{"other"}).current);
  CHECK(uses.note(AppName{"other"}, ClientSecret::Previous, now));
}

TEST_CASE("a sentence says which secret HubSpot takes and what to do") {
  TimePoint early = from_millis(1'800'000'000'000), late = early + std::chrono::hours(1);
  struct Case {
    SecretUse calls, webhooks;
    std::string_view says;
  };
  const Case cases[] = {
      {{}, {}, "neither secret was used"},
      {{{}, early}, {}, "is not in force there yet"},
      {{early, late}, {}, "last at 2027-01-15T09:00:00.000Z: the new one is not in force"},
      {{late, early}, {}, "takes the new secret; the previous one was used last at 2027-01-15T08:00:00.000Z"},
      {{late, {}}, {}, "was not used since the start: remove previous_client_secret"},
      {{late, {}}, {{}, early}, "still signs webhooks"},
      {{late, {}}, {late, early}, "used last at 2027-01-15T08"},
      {{}, {late, {}}, "takes the new secret"},
  };
  for (const Case& c : cases) {
    std::string sentence = rotation_sentence(c.calls, c.webhooks);
    CAPTURE(sentence);
    CHECK(sentence.contains(c.says));
  }
}

}  // namespace hubward::grants
