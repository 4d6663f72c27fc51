// SPDX-License-Identifier: Apache-2.0
#include "http/patience.hpp"

#include <doctest/doctest.h>

using hubward::Deadline;
using hubward::http::Patience;
using namespace std::chrono_literals;

namespace {

// How long a peer holds out that moves `bytes` every `pause`, at most `most`.
std::chrono::milliseconds lasts(Patience patience, std::uint64_t bytes, std::chrono::milliseconds pause,
                                std::chrono::milliseconds most) {
  Deadline start{};
  Deadline now = start;
  while (now - start < most) {
    if (patience.begin(now) < now + pause) break;
    now += pause;
    patience.moved(bytes, now);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
}

}  // namespace

TEST_CASE("a body may lag, but not trickle") {
  Patience patience(30s, 1024);
  struct Case {
    std::uint64_t bytes;
    std::chrono::milliseconds pause;
    bool is_served;
  };
  const Case cases[] = {
      {1, 29s, false},         {1, 1s, false},      {1, 1ms, false},     // trickles
      {1023, 1s, false},       {500, 500ms, false},                      // a little too slow
      {1024, 1s, true},        {1025, 1s, true},    {512, 500ms, true},  // just fast enough
      {29 * 1024, 29s, true},                                            // lags, then hurries
      {1'000'000, 31s, false},                                           // lags too long
  };
  for (const Case& one : cases) {
    CAPTURE(one.bytes);
    CAPTURE(one.pause.count());
    CHECK((lasts(patience, one.bytes, one.pause, 100'000s) >= 100'000s) == one.is_served);
  }
}

TEST_CASE("a byte now and then holds a connection hardly longer than silence") {
  Patience patience(30s, 1024);
  CHECK(lasts(patience, 1, 29s, 1h) <= 30s);
  CHECK(lasts(patience, 1, 1s, 1h) <= 31s);
  CHECK(lasts(patience, 10, 10ms, 1h) <= 1300s);  // 1000 bytes a second, 24 short
}

TEST_CASE("a fast start is no licence to trickle later") {
  Patience patience(30s, 1024);
  Deadline now{};
  CHECK(patience.begin(now) == now + 30s);
  patience.moved(100'000'000, now + 1s);
  CHECK(patience.begin(now + 1s) == now + 31s);
  CHECK(lasts(patience, 1, 10s, 1h) <= 30s);
}

TEST_CASE(
    "bytes that came with others earn as much as those that were waited for, and never more than the whole") {
  Patience patience(30s, 100);
  Deadline now{};
  CHECK(patience.begin(now) == now + 30s);
  patience.moved(100, now + 10s);
  CHECK(patience.begin(now + 10s) == now + 31s);
  patience.moved(0, now + 10s);
  patience.earn(400);
  CHECK(patience.begin(now + 10s) == now + 35s);
  patience.moved(0, now + 10s);
  patience.earn(1'000'000);
  CHECK(patience.begin(now + 10s) == now + 40s);
}

TEST_CASE("time that nobody waits for the peer does not count") {
  Patience patience(30s, 1024);
  Deadline now{};
  for (int i = 0; i < 100; ++i) {
    CHECK(patience.begin(now) >= now + 1s);
    patience.moved(1024, now + 1s);
    now += 3600s;
  }
}
