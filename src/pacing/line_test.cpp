// SPDX-License-Identifier: Apache-2.0
#include "pacing/line.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "pacing/day.hpp"

namespace hubward::pacing {
namespace {

using namespace std::chrono_literals;
using Verdict = Line::Asked::Verdict;

constexpr SteadyPoint start{1000s};

// So many wait for each; who goes, in turn.
std::vector<std::string> turns(FairQueue& queue, std::size_t count, std::vector<std::string>& names) {
  std::vector<std::string> gone;
  for (std::size_t i = 0; i < count; ++i) gone.push_back(names.at(queue.pop()));
  return gone;
}

}  // namespace

TEST_CASE("within a class clients share by weight, and each one's calls keep their order") {
  FairQueue queue;
  std::vector<std::string> names;
  auto push = [&](const char* client, std::uint32_t weight, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      queue.push(names.size(), {client, Priority::Normal, weight});
      names.emplace_back(client + std::to_string(i));
    }
  };
  push("a", 1, 10);
  push("b", 3, 10);
  auto gone = turns(queue, 8, names);
  CHECK(std::ranges::count_if(gone, [](auto& name) { return name[0] == 'b'; }) == 6);
  std::erase_if(gone, [](auto& name) { return name[0] == 'a'; });
  CHECK(gone == std::vector<std::string>{"b0", "b1", "b2", "b3", "b4", "b5"});
}

TEST_CASE("classes share sixteen to four to one, so that none starves") {
  FairQueue queue;
  FairQueue::Number number = 0;
  std::vector<Priority> of;
  for (Priority priority : {Priority::Bulk, Priority::Normal, Priority::Interactive})
    for (int i = 0; i < 100; ++i) {
      queue.push(number++, {"c", priority, 1});
      of.push_back(priority);
    }
  std::array<int, priorities> went{};
  for (int i = 0; i < 42; ++i) ++went[static_cast<std::size_t>(of[queue.pop()])];
  CHECK(went == std::array<int, priorities>{32, 8, 2});
}

TEST_CASE("one that always has a single call waiting gets no more than its share") {
  FairQueue queue;
  for (FairQueue::Number i = 0; i < 100; ++i) queue.push(i, {"steady", Priority::Normal, 3});
  FairQueue::Number own = 1000;
  queue.push(own, {"eager", Priority::Normal, 1});
  int went = 0;
  for (int i = 0; i < 40; ++i) {
    if (queue.pop() < 1000) continue;
    ++went;
    queue.push(++own, {"eager", Priority::Normal, 1});  // comes back at once
  }
  CHECK(went == 10);
}

TEST_CASE("how many go before a newcomer is what then happens") {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    FairQueue queue;
    std::uint32_t dice = seed * 2654435761U;
    auto roll = [&dice](std::uint32_t end) {
      dice = dice * 1664525U + 1013904223U;
      return (dice >> 8) % end;
    };
    const std::array<std::string, 4> clients = {"a", "b", "c", "d"};
    FairQueue::Number number = 0;
    auto claim = [&] {
      std::uint32_t who = roll(4);
      return Claim{clients[who], static_cast<Priority>(roll(3)), 1 + who};
    };
    std::vector<Claim> waiting;
    for (std::uint32_t i = 0; i < 40; ++i) {
      waiting.push_back(claim());
      queue.push(number++, waiting.back());
    }
    for (std::uint32_t i = roll(20); i > 0; --i) queue.pop();
    Claim newcomer = claim();
    std::size_t ahead = queue.ahead_of(newcomer);
    FairQueue::Number own = number++;
    queue.push(own, newcomer);
    // Everybody who waits goes on having calls that wait.
    for (int i = 0; i < 400; ++i)
      for (const Claim& one : waiting)
        if (queue.has(one)) queue.push(number++, one);
    std::size_t before = 0;
    while (queue.pop() != own) ++before;
    CHECK(before == ahead);
  }
}

TEST_CASE("a line lets go, lets wait, and refuses what could not go in time") {
  Line line({4, 10s}, 3);
  Claim claim{"c", Priority::Normal, 1};
  std::vector<Budget::Place> gone;
  for (int i = 0; i < 4; ++i) {
    Line::Asked asked = line.ask(claim, start, start);
    REQUIRE(asked.verdict == Verdict::Go);
    gone.push_back(asked.place);
  }
  for (const auto& place : gone) line.budget().answered(place, start + 100ms, {});
  Line::Asked late = line.ask(claim, start + 1s, start + 10s);
  CHECK(late.verdict == Verdict::TooLate);
  CHECK(late.bound == 9100ms);
  std::vector<Line::Number> waits;
  for (int i = 0; i < 3; ++i) {
    Line::Asked asked = line.ask(claim, start + 1s, start + 20s);
    REQUIRE(asked.verdict == Verdict::Wait);
    waits.push_back(asked.number);
  }
  CHECK(line.ask(claim, start + 1s, start + 60s).verdict == Verdict::Full);
  CHECK(line.wakes_at(start + 1s) == start + 10100ms);
  CHECK_FALSE(line.next_turn(start + 10099ms));
  auto turn = line.next_turn(start + 10100ms);
  REQUIRE(turn);
  CHECK(turn->number == waits[0]);
  CHECK(turn->place);
  // The next keeps its distance: 0.95 of ten seconds by four.
  CHECK_FALSE(line.next_turn(start + 12s));
  CHECK(line.wakes_at(start + 12s) == start + 10100ms + 2375ms);
  line.leave(waits[1]);
  turn = line.next_turn(start + 12475ms);
  REQUIRE(turn);
  CHECK(turn->number == waits[2]);
  CHECK(line.waiting() == 0);
  CHECK_FALSE(line.wakes_at(start + 13s));
}

TEST_CASE("before HubSpot has told a limit nobody is refused for what is only documented") {
  Line line({4, 10s}, 100, Budget::Answers::TellTheLimit);
  Claim claim{"c", Priority::Normal, 1};
  std::vector<Budget::Place> gone;
  for (int i = 0; i < 4; ++i) gone.push_back(line.ask(claim, start, start).place);
  std::vector<Line::Number> waits;
  for (int i = 0; i < 50; ++i) {
    Line::Asked asked = line.ask(claim, start, start + 5s);
    REQUIRE(asked.verdict == Verdict::Wait);
    waits.push_back(asked.number);
  }
  CHECK_FALSE(line.next_turn(start + 60ms));
  line.budget().answered(gone[0], start + 60ms, {.max = 190, .remaining = 186, .interval = 10s});
  auto turn = line.next_turn(start + 60ms);
  REQUIRE(turn);
  CHECK(turn->number == waits[0]);
  CHECK(turn->place);
  // From then on it is known what is too late.
  line.budget().answered(gone[1], start + 90ms, {.max = 4, .remaining = 0, .interval = 10s});
  CHECK(line.ask(claim, start + 90ms, start + 5s).verdict == Verdict::TooLate);
}

TEST_CASE("whose deadline is over is told so, and takes no place") {
  Line line({1, 10s}, 10);
  Claim claim{"c", Priority::Normal, 1};
  auto first = line.ask(claim, start, start);
  line.budget().answered(first.place, start, {});
  auto waits = line.ask(claim, start, start + 10s);
  REQUIRE(waits.verdict == Verdict::Wait);
  // Somebody else was there meanwhile.
  line.budget().refused(line.budget().take(start + 5s), start + 5s, {});
  CHECK(line.wakes_at(start + 9s) == start + 10s);
  CHECK_FALSE(line.next_turn(start + 10s));
  auto turn = line.next_turn(start + 10s + 1ns);
  REQUIRE(turn);
  CHECK(turn->number == waits.number);
  CHECK_FALSE(turn->place);
}

TEST_CASE("the last of the day is kept for what is urgent") {
  Day day(10);
  TimePoint now = from_millis(1'800'000'000'000);  // on a quarter of an hour
  for (Priority any : {Priority::Interactive, Priority::Normal, Priority::Bulk})
    CHECK_FALSE(day.wait(any, now));
  auto hear = [&](std::uint32_t left) {
    hubspot::LimitFields told{.daily = 1000, .daily_remaining = left};
    day.answered(day.take(Priority::Interactive, now), now, told);
  };
  struct Row {
    std::uint32_t left;
    bool interactive, normal, bulk;
  };
  for (Row row : {Row{101, true, true, true}, Row{100, true, true, false}, Row{51, true, true, false},
                  Row{50, true, false, false}, Row{1, true, false, false}, Row{0, false, false, false}}) {
    CAPTURE(row.left);
    hear(row.left);
    CHECK(!day.wait(Priority::Interactive, now) == row.interactive);
    CHECK(!day.wait(Priority::Normal, now) == row.normal);
    CHECK(!day.wait(Priority::Bulk, now) == row.bulk);
  }
  // It may be midnight there at the next quarter: one call asks.
  CHECK(day.wait(Priority::Bulk, now + 1min) == 14min);
  TimePoint quarter = now + 15min;
  CHECK_FALSE(day.wait(Priority::Bulk, quarter));
  day.take(Priority::Bulk, quarter);
  CHECK(day.wait(Priority::Bulk, quarter) == 15min);
  day.refused(1000, quarter);
  CHECK(day.view()->left == 0);
}

TEST_CASE("calls under way count against the day until an answer tells") {
  Day day(0);
  TimePoint now = from_millis(1'800'000'000'000);
  auto first = day.take(Priority::Normal, now);
  auto second = day.take(Priority::Normal, now);
  day.take(Priority::Normal, now);
  day.answered(first, now, {.daily = 10, .daily_remaining = 2});
  CHECK(day.view()->left == 0);  // two more are under way
  day.answered(second, now, {.daily = 10, .daily_remaining = 5});
  CHECK(day.view()->left == 4);
  day.answered(first, now, {.daily = 10, .daily_remaining = 9});  // an old answer
  CHECK(day.view()->left == 4);
  day.take(Priority::Normal, now);
  CHECK(day.view()->left == 3);
  day.unsent();
  CHECK(day.view()->left == 4);
}

}  // namespace hubward::pacing
