// SPDX-License-Identifier: Apache-2.0
#include "pacing/budget.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace hubward::pacing {
namespace {

using namespace std::chrono_literals;
using hubspot::LimitFields;

constexpr SteadyPoint start{1000s};
constexpr hubspot::RollingLimit ten{10, 10s};

LimitFields told(std::uint32_t max, std::uint32_t remaining) {
  return {.max = max, .remaining = remaining, .interval = 10s};
}

// As many as may go at one moment.
std::vector<Budget::Place> take_all(Budget& budget, SteadyPoint now) {
  std::vector<Budget::Place> taken;
  while (budget.has_room(now)) taken.push_back(budget.take(now));
  return taken;
}

}  // namespace

TEST_CASE("no more than the limit are held, and each until ten seconds after its answer") {
  Budget budget(ten);
  auto taken = take_all(budget, start);
  CHECK(taken.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) budget.answered(taken[i], start + i * 100ms, {});
  CHECK_FALSE(budget.has_room(start + 10s - 1ns));
  CHECK(budget.next_room(start + 5s) == start + 10s);
  CHECK(take_all(budget, start + 10s).size() == 1);
  CHECK(take_all(budget, start + 10s + 500ms).size() == 5);
}

TEST_CASE("a call without an answer is held as if HubSpot counted it late") {
  Budget budget({1, 10s});
  budget.take(start);
  budget.lost(start + 2s);
  CHECK_FALSE(budget.has_room(start + 12s));
  CHECK(budget.has_room(start + 13s));
}

TEST_CASE("what was not sent is not held") {
  Budget budget({1, 10s});
  budget.take(start);
  budget.unsent();
  CHECK(budget.has_room(start));
}

TEST_CASE("the limit is what HubSpot says, whatever was documented") {
  Budget budget({100, 10s});
  budget.answered(budget.take(start), start, told(190, 189));
  CHECK(budget.view(start).limit.calls == 190);
  CHECK(budget.view(start).told);
  CHECK(budget.view(start).margin == 1);
  CHECK(take_all(budget, start).size() == 188);
  budget.set_documented(5);
  CHECK(budget.view(start).limit.calls == 190);
}

TEST_CASE("what others used is known from the next answer on") {
  Budget budget({100, 10s});
  budget.answered(budget.take(start), start, told(100, 99));
  CHECK(budget.view(start).foreign == 0);
  budget.answered(budget.take(start + 1s), start + 1s, told(100, 58));
  CHECK(budget.view(start + 1s).foreign == 40);
  // They came all at once, so as many may come again: a margin, as far as it goes.
  CHECK(budget.view(start + 1s).margin == 25);
  CHECK(take_all(budget, start + 1s).size() == 33);
}

TEST_CASE("others that are gone are forgotten with the next answer") {
  Budget budget({100, 10s});
  budget.answered(budget.take(start), start, told(100, 40));
  CHECK(budget.view(start).foreign == 59);
  budget.answered(budget.take(start + 5s), start + 5s, told(100, 98));
  CHECK(budget.view(start + 5s).foreign == 0);
}

TEST_CASE("calls of ours that overtake each other are not taken for others") {
  Budget budget({100, 10s});
  auto first = budget.take(start);
  auto second = budget.take(start);
  auto third = budget.take(start);
  // HubSpot counted the third first, then the second, then the first.
  budget.answered(first, start + 30ms, told(100, 97));
  CHECK(budget.view(start + 30ms).foreign == 0);
  budget.answered(second, start + 40ms, told(100, 98));
  budget.answered(third, start + 50ms, told(100, 99));
  CHECK(budget.view(start + 50ms).foreign == 0);
}

TEST_CASE("after a refusal all room counts as taken, and one call at a time asks how things stand") {
  Budget budget({100, 10s});
  budget.answered(budget.take(start), start, told(100, 99));
  budget.refused(budget.take(start + 1s), start + 1s, told(100, 0));
  CHECK_FALSE(budget.has_room(start + 1s));
  CHECK(budget.next_room(start + 1s) == start + 2s);
  CHECK(budget.has_room(start + 2s));
  auto probe = budget.take(start + 2s);
  CHECK_FALSE(budget.has_room(start + 2s));  // one at a time
  budget.answered(probe, start + 2s, told(100, 60));
  CHECK(take_all(budget, start + 2s).size() > 1);  // one answer is enough
  CHECK(budget.view(start + 2s).refusals == 1);
}

TEST_CASE("a margin grows by refusals and shrinks with quiet") {
  Budget budget({100, 10s});
  auto margin_at = [&](SteadyPoint now) { return budget.view(now).margin; };
  budget.answered(budget.take(start), start, told(100, 99));
  CHECK(margin_at(start) == 1);
  SteadyPoint now = start;
  for (std::uint32_t expected : {3, 7, 15, 25, 25}) {
    now += 100s;
    budget.refused(budget.take(now), now, told(100, 0));
    budget.answered(budget.take(now), now, told(100, 100));
    CHECK(margin_at(now + 61s) >= std::min(expected, 25U) - 1);
  }
  CHECK(margin_at(now + 24h) == 1);
}

TEST_CASE("where answers tell nothing, a refusal counts for one window") {
  Budget searches({5, 1s});
  searches.answered(searches.take(start), start, {});
  searches.refused(searches.take(start), start, {});
  CHECK_FALSE(searches.has_room(start + 400ms));
  CHECK(searches.view(start + 1s).foreign == 0);
  CHECK(take_all(searches, start + 1s).size() == 4);  // four a second from now on, for a while
}

TEST_CASE("a bound for the n-th in line") {
  Budget budget(ten);
  auto taken = take_all(budget, start);
  for (const auto& place : taken) budget.answered(place, start, {});
  auto spacing = budget.spacing(start);
  CHECK(spacing == 950ms);
  CHECK(budget.turn_of(1, start, start) == start + 10s);
  CHECK(budget.turn_of(3, start, start) == start + 10s + 2 * spacing);
  CHECK(budget.turn_of(11, start, start) == start + 20s);
  CHECK(budget.turn_of(31, start, start) == start + 40s);
  CHECK(budget.turn_of(1'000'001, start, start) == start + 1'000'010s);
}

TEST_CASE("numbers that nobody could mean are not believed") {
  LimitFields fields;
  fields.note("X-HubSpot-RateLimit-Max", "190");
  fields.note("x-hubspot-ratelimit-remaining", "12");
  fields.note("X-HubSpot-RateLimit-Interval-Milliseconds", "10000");
  fields.note("X-HubSpot-RateLimit-Daily", "625000");
  fields.note("X-HubSpot-RateLimit-Daily-Remaining", "624999");
  fields.note("X-HubSpot-RateLimit-Secondly", "19");
  CHECK(fields.max == 190);
  CHECK(fields.remaining == 12);
  CHECK(fields.interval == 10s);
  CHECK(fields.daily == 625'000);
  CHECK(fields.daily_remaining == 624'999);
  for (const char* text : {"", "-1", "1.5", "1000000001", "99999999999999999999", "12 ", "0x10"}) {
    CAPTURE(text);
    LimitFields odd;
    odd.note("X-HubSpot-RateLimit-Max", text);
    odd.note("X-HubSpot-RateLimit-Interval-Milliseconds", text);
    CHECK_FALSE(odd.max);
    CHECK_FALSE(odd.interval);
  }
  LimitFields none;
  none.note("X-HubSpot-RateLimit-Interval-Milliseconds", "0");
  none.note("X-HubSpot-RateLimit-", "1");
  none.note("Content-Type", "190");
  CHECK_FALSE(none.interval);
  CHECK_FALSE(none.max);
  // More is left than there is: nothing was used.
  Budget budget({100, 10s});
  budget.answered(budget.take(start), start, told(100, 4000));
  CHECK(budget.view(start).foreign == 0);
  budget.answered(budget.take(start), start, told(0, 0));
  CHECK(budget.view(start).limit.calls == 100);
}

}  // namespace hubward::pacing
