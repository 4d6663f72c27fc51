// SPDX-License-Identifier: Apache-2.0
#include "grants/refresh_plan.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

namespace {

const SteadyPoint start{1000s};
TokenLife life(std::chrono::milliseconds length) {
  return {start, start + length};
}
std::chrono::milliseconds since_start(SteadyPoint time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time - start);
}

}  // namespace

TEST_CASE("renewal begins five minutes ahead, or a sixth of the life, and up to as much again earlier") {
  struct Row {
    std::chrono::milliseconds life;
    double jitter;
    std::chrono::milliseconds at;
  };
  const Row rows[] = {
      {30min, 0, 25min}, {30min, 0.5, 22min + 30s}, {6h, 0, 5h + 55min}, {6h, 0.999, 5h + 50min + 300ms},
      {3s, 0, 2500ms},   {3s, 0.5, 2250ms},         {1s, 0, 834ms},      {0s, 0.9, 0s}};
  for (const Row& row : rows) CHECK(since_start(renewal_time(life(row.life), row.jitter)) == row.at);
}

TEST_CASE("a token is not sent in its last moments") {
  CHECK(since_start(last_use(life(30min))) == 30min - 5s);
  CHECK(since_start(last_use(life(3s))) == 2950ms);
}

TEST_CASE("back-off doubles to a minute, half of it by chance") {
  struct Row {
    unsigned failures;
    double jitter;
    std::chrono::milliseconds wait;
  };
  const Row rows[] = {{1, 0, 250ms}, {1, 1, 500ms}, {2, 0, 500ms},           {3, 0.5, 1500ms},
                      {8, 1, 60s},   {9, 0, 30s},   {4'000'000'000U, 1, 60s}};
  for (const Row& row : rows) CHECK_MESSAGE(back_off(row.failures, row.jitter) == row.wait, row.failures);
}

TEST_CASE("what a call gets follows from the token's life, HubSpot's word and nothing else") {
  struct Row {
    std::string_view what;
    GrantFacts facts;
    std::chrono::milliseconds now;
    ForCall expected;
  };
  auto with = [](auto change) {
    GrantFacts facts{.life = life(30min), .renew_at = start + 25min};
    change(facts);
    return facts;
  };
  const Row rows[] = {
      {"fresh", with([](auto&) {}), 1min, ForCall::Use},
      {"due, renewal under way", with([](auto& f) { f.in_flight = true; }), 29min, ForCall::Use},
      {"renewal in trouble, token alive", with([](auto& f) { f.not_before = start + 40min; }), 29min,
       ForCall::Use},
      {"expired", with([](auto&) {}), 30min, ForCall::Wait},
      {"expired, in trouble", with([](auto& f) { f.not_before = start + 40min; }), 31min, ForCall::Wait},
      {"called expired by HubSpot", with([](auto& f) { f.rejected = true; }), 1min, ForCall::Wait},
      {"dead, token alive", with([](auto& f) { f.dead = true; }), 1min, ForCall::Use},
      {"dead, token expired", with([](auto& f) { f.dead = true; }), 30min, ForCall::Dead},
      {"static", GrantFacts{}, 1000h, ForCall::Use},
      {"static, called expired", GrantFacts{.rejected = true}, 0s, ForCall::Refused},
      {"static, to be checked", GrantFacts{.check_at = start}, 1000h, ForCall::Use},
      {"static, refused to a call", GrantFacts{.rejected = true, .check_at = start + 24h}, 0s, ForCall::Wait},
      {"static, refused again when asked",
       GrantFacts{.rejected = true, .dead = true, .check_at = start + 24h}, 0s, ForCall::Refused}};
  for (const Row& row : rows) CHECK_MESSAGE(for_call(row.facts, start + row.now) == row.expected, row.what);
}

TEST_CASE("the next renewal waits for its time, the back-off and the one before") {
  GrantFacts facts{.life = life(30min), .renew_at = start + 25min};
  CHECK(next_renewal(facts) == start + 25min);
  facts.not_before = start + 26min;
  CHECK(next_renewal(facts) == start + 26min);
  facts.rejected = true;
  CHECK(next_renewal(facts) == start + 26min);
  facts.not_before.reset();
  facts.last_start = start + 10min;
  CHECK(next_renewal(facts) == start + 10min + between_renewals);
  facts.in_flight = true;
  CHECK_FALSE(next_renewal(facts));
  facts.in_flight = false;
  facts.dead = true;
  CHECK_FALSE(next_renewal(facts));
  CHECK_FALSE(next_renewal(GrantFacts{.rejected = true}));
}

TEST_CASE("a static token is checked in its time, at once when a call was refused, and on while it is dead") {
  GrantFacts facts{.check_at = start + 24h};
  CHECK(next_renewal(facts) == start + 24h);
  facts.rejected = true;
  CHECK(next_renewal(facts) == SteadyPoint::min());
  facts.dead = true;
  facts.not_before = start + 1min;
  CHECK(next_renewal(facts) == start + 1min);
  facts.in_flight = true;
  CHECK_FALSE(next_renewal(facts));
}

TEST_CASE("only HubSpot's verdict about the refresh token is a death; the rest says what it is") {
  using hubspot::OauthRefusal, hubspot::OauthTrouble;
  auto kind = [](const Verdict& verdict) { return verdict.kind; };
  CHECK(kind(verdict_on(OauthRefusal{400, "BAD_REFRESH_TOKEN", ""})) == Verdict::Kind::DeadToken);
  CHECK(kind(verdict_on(OauthRefusal{400, "", "invalid_grant"})) == Verdict::Kind::DeadToken);
  for (OauthRefusal refusal :
       {OauthRefusal{400, "BAD_CLIENT_SECRET", "invalid_client"}, OauthRefusal{400, "BAD_HUB", ""},
        OauthRefusal{401, "INVALID_AUTHENTICATION", ""},
        OauthRefusal{400, "BAD_GRANT_TYPE", "unsupported_grant_type"}}) {
    Verdict verdict = verdict_on(refusal);
    CHECK(verdict.kind == Verdict::Kind::Trouble);
    CHECK(verdict.cause.contains(refusal.shown()));
    CHECK_FALSE(verdict.next_step.empty());
    CHECK(verdict.at_least == configuration_back_off);
  }
  CHECK(verdict_on(OauthTrouble{503, "HubSpot answered 503", {}}).at_least == 0s);
  CHECK(verdict_on(OauthTrouble{429, "HubSpot answered 429", 7s}).at_least == 7s);
  CHECK(verdict_on(OauthTrouble{477, "HubSpot answered 477", 1000h}).at_least == 24h);
  CHECK(kind(verdict_on(hubspot::Granted{})) == Verdict::Kind::Renewed);
}

TEST_CASE(
    "a stored token's age is believed where it can be; a clock that jumped makes it new, and HubSpot "
    "decides") {
  const TimePoint wall = from_millis(1'800'000'000'000);
  auto obtained = [&](std::chrono::milliseconds ago, std::optional<SteadyPoint> since) {
    TokenLife found = life_from({wall - ago, wall - ago + 30min}, wall, start, since);
    CHECK(found.expires - found.obtained == 30min);
    return std::chrono::duration_cast<std::chrono::milliseconds>(start - found.obtained);
  };
  CHECK(obtained(10min, {}) == 10min);
  CHECK(obtained(48h, {}) == 48h);  // the gateway was off
  CHECK(obtained(-24h, {}) == 0s);
  CHECK(obtained(10min, start - 25min) == 10min);
  CHECK(obtained(25min, start - 25min) == 25min);
  CHECK(obtained(26min, start - 25min) == 26min);  // asked before, stored after
  CHECK(obtained(27min, start - 25min) == 0s);
  CHECK(obtained(24h, start - 25min) == 0s);
  CHECK(obtained(-1ms, start - 25min) == 0s);
}

TEST_CASE("only a doubt about the token counts towards believing it, not one about the app") {
  using enum WithoutToken;
  struct Case {
    std::vector<WithoutToken> ends;  // one a second, the first after one
    std::optional<SteadyPoint> doubted_since;
    bool dead;
  };
  const Case cases[] = {
      {{Trouble}, {}, false},
      {{Doubted}, start + 1s, false},
      {{AppDoubted}, {}, false},
      {{AppDoubted, AppDoubted, Trouble}, {}, false},
      {{AppDoubted, AppDoubted, Doubted}, start + 3s, false},
      {{Doubted, AppDoubted, Doubted}, start + 1s, false},
      {{Trouble, Doubted, Trouble, Doubted}, start + 2s, false},
      {{AppDoubted, Dead}, {}, true},
      {{Dead, Trouble}, {}, true},
  };
  for (const Case& one : cases) {
    CAPTURE(&one - cases);
    GrantFacts facts{.life = life(30min)};
    SteadyPoint now = start;
    for (WithoutToken how : one.ends) {
      now += 1s;
      renewal_failed(facts, how, 0ms, now, 0);
    }
    CHECK(facts.doubted_since == one.doubted_since);
    CHECK(facts.dead == one.dead);
    CHECK(facts.failures == one.ends.size());
  }
}

TEST_CASE("a dead grant that is asked about in vain stays dead; a doubt remembers when it began") {
  GrantFacts facts{.life = life(30min)};
  renewal_began(facts, start);
  renewal_failed(facts, WithoutToken::Doubted, 0ms, start + 1s, 0);
  CHECK(facts.doubted_since == start + 1s);
  CHECK_FALSE(facts.in_flight);
  renewal_failed(facts, WithoutToken::Doubted, 0ms, start + 9s, 0);
  CHECK(facts.doubted_since == start + 1s);
  CHECK(facts.failures == 2);
  renewal_failed(facts, WithoutToken::Dead, 0ms, start + 10s, 0);
  CHECK(facts.dead);
  renewal_failed(facts, WithoutToken::Trouble, 7min, start + 11s, 0);
  CHECK(facts.dead);
  CHECK(facts.not_before == start + 11s + 7min);
  GrantFacts next = facts_of_new(life(10min), start, 0, facts);
  CHECK_FALSE(next.dead);
  CHECK(next.failures == 0);
  CHECK(next.last_start == start);
}
