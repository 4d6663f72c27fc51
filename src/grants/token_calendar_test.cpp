// SPDX-License-Identifier: Apache-2.0
#include "grants/token_calendar.hpp"

#include <doctest/doctest.h>

namespace hubward::grants {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const TokenBirth born{from_millis(1'780'272'000'000), true};  // 2026-06-01

TEST_CASE("warnings come at 30, 14, 7 and 1 days and when a token is overdue, once each") {
  struct Row {
    std::chrono::milliseconds age;
    std::int64_t left;
    std::optional<int> reached;
  };
  const Row rows[] = {
      {0h, 180, {}},       {days(149) + 23h, 30, {}}, {days(150), 30, 30}, {days(150) + 1h, 29, 30},
      {days(165), 15, 30}, {days(166), 14, 14},       {days(173), 7, 7},   {days(178) + 23h, 1, 7},
      {days(179), 1, 1},   {days(179) + 23h, 0, 1},   {days(180), 0, 0},   {days(180) + 1h, -1, 0},
      {days(400), -220, 0}};
  for (const Row& row : rows) {
    TimePoint now = born.at + row.age;
    CAPTURE(row.age.count());
    CHECK(days_left(born, now) == row.left);
    CHECK(warning(born, now) == row.reached);
    CHECK(fresh_warning(born, now, {}) == row.reached);
    CHECK_FALSE(fresh_warning(born, now, 0));
    if (row.reached) {
      CHECK_FALSE(fresh_warning(born, now, *row.reached));
      CHECK(fresh_warning(born, now, *row.reached + 1) == row.reached);
    }
  }
}

TEST_CASE("what a person reads says the day, and whether the age is known") {
  CHECK(calendar_sentence(born, born.at + days(150)) ==
        "the token is 150 days old and due in 30 days, on 2026-11-28");
  CHECK(calendar_sentence(born, born.at + days(179)) ==
        "the token is 179 days old and due in 1 day, on 2026-11-28");
  CHECK(calendar_sentence(born, born.at + days(182)) ==
        "the token is 182 days old and overdue by 2 days, since 2026-11-28");
  CHECK(calendar_sentence({born.at, false}, born.at + days(1)).contains("nobody stated when it was made"));
}

}  // namespace
}  // namespace hubward::grants
