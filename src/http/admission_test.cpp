// SPDX-License-Identifier: Apache-2.0
#include "http/admission.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "core/clock.hpp"

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

const SteadyPoint start{1000s};

AdmissionLimits limits_for(std::size_t connections, Rate all = {}, Rate each = {}) {
  AdmissionLimits limits;
  limits.connections_per_address = connections;
  limits.handshakes = all;
  limits.handshakes_per_address = each;
  return limits;
}

Admission::Place let_in(Admission& admission, const std::string& address) {
  auto place = admission.arrive(address, start);
  REQUIRE(place);
  return std::move(*place);
}

}  // namespace

TEST_CASE("an address is an IPv4 address or the /64 of an IPv6 address") {
  struct Case {
    const char* one;
    const char* other;
    bool same;
  };
  const Case cases[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
      {"2001:db8::1", "2001:db8:0:1::1", false},
      {"2001:db8::1", "2001:db9::1", false},
      {"::1", "127.0.0.1", false},
      {"::1", "0.0.0.0", false},
      {"unix", "192.0.2.1", false},
      {"unix", "::1", false},
      {"unix", "unix", true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.one);
    CAPTURE(one.other);
    CHECK((AddressKey::of(one.one) == AddressKey::of(one.other)) == one.same);
  }
}

TEST_CASE("a rate lets a burst in at once, gives later turns, and refuses what is too far off") {
  struct Step {
    std::chrono::milliseconds at;
    std::chrono::milliseconds begins;  // -1: refused
  };
  struct Case {
    const char* what;
    Rate rate;
    std::vector<Step> steps;
  };
  constexpr auto refused = -1ms;
  const Case cases[] = {
      {"no bound", {0, 1}, {{0ms, 0ms}, {0ms, 0ms}, {0ms, 0ms}}},
      {"one at a time", {10, 1}, {{0ms, 0ms}, {0ms, 100ms}, {0ms, 200ms}, {0ms, refused}, {150ms, 300ms}}},
      {"a burst",
       {10, 3},
       {{0ms, 0ms}, {0ms, 0ms}, {0ms, 0ms}, {0ms, 100ms}, {50ms, 200ms}, {50ms, refused}}},
      {"a burst comes back",
       {10, 2},
       {{0ms, 0ms},
        {0ms, 0ms},
        {100ms, 100ms},
        {100ms, 200ms},
        {1000ms, 1000ms},
        {1000ms, 1000ms},
        {1000ms, 1100ms}}},
      {"a refusal costs no turn",
       {10, 1},
       {{0ms, 0ms}, {0ms, 100ms}, {0ms, 200ms}, {0ms, refused}, {0ms, refused}, {300ms, 300ms}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    Turns turns;
    for (const Step& step : one.steps) {
      SteadyPoint now = start + step.at;
      auto begins = turns.take(one.rate, now, now + 249ms);
      CHECK(begins.has_value() == (step.begins != refused));
      if (begins) CHECK(*begins == start + step.begins);
    }
  }
}

TEST_CASE("a turn that is given back goes to the next who asks, and makes nobody's turn come together") {
  constexpr Rate rate{10, 1};
  Turns turns;
  auto take = [&](std::chrono::milliseconds at) {
    auto begins = turns.take(rate, start + at, start + at + 1s);
    REQUIRE(begins);
    return std::chrono::duration_cast<std::chrono::milliseconds>(*begins - start);
  };
  for (std::chrono::milliseconds begins : {0ms, 100ms, 200ms, 300ms, 400ms}) CHECK(take(0ms) == begins);
  turns.give_back(start + 300ms, start + 50ms);
  turns.give_back(start + 100ms, start + 50ms);
  CHECK(turns.next(rate, start + 50ms) == start + 100ms);
  CHECK(take(50ms) == 100ms);
  CHECK(take(50ms) == 300ms);
  CHECK(take(50ms) == 500ms);
  // One whose time has come when it is given back, or before anybody asks, is lost.
  turns.give_back(start + 200ms, start + 200ms);
  turns.give_back(start + 300ms, start + 200ms);
  CHECK(take(301ms) == 600ms);
}

TEST_CASE("connections that end before their turns leave these to others, and a refusal costs none") {
  AdmissionLimits limits = limits_for(0, {10, 1}, {10, 1});
  limits.longest_wait = 1s;
  Admission admission(limits);
  std::vector<Admission::Place> strangers;
  for (int i = 0; i < 11; ++i) {
    strangers.push_back(let_in(admission, "192.0.2." + std::to_string(i)));
    CHECK(admission.turn(strangers.back(), start) == start + i * 100ms);
  }
  Admission::Place good = let_in(admission, "198.51.100.1");
  for (int i = 0; i < 3; ++i) CHECK(admission.turn(good, start).error() == Admission::Refusal::HandshakeRate);
  for (const Admission::Place& stranger : strangers) admission.give_back_turn(stranger, start + 50ms);
  CHECK(admission.turn(good, start + 50ms) == start + 100ms);
  CHECK(admission.turn(strangers[3], start + 50ms) == start + 200ms);
}

TEST_CASE("an address that comes and goes without a handshake is listed once") {
  Admission admission(limits_for(10, {}, {1, 3}));
  {
    Admission::Place place = let_in(admission, "192.0.2.1");
    REQUIRE(admission.turn(place, start));
  }
  for (int i = 0; i < 1000; ++i) let_in(admission, "192.0.2.1");
  CHECK(admission.leaving() == 1);
  // It took turns meanwhile: it is remembered until these are forgotten, still listed once.
  Admission::Place other = let_in(admission, "192.0.2.2");
  {
    Admission::Place place = let_in(admission, "192.0.2.1");
    REQUIRE(admission.turn(place, start));
  }
  REQUIRE(admission.turn(other, start + 1s));
  CHECK(admission.leaving() == 1);
  CHECK(admission.addresses() == 2);
  REQUIRE(admission.turn(other, start + 2s));
  CHECK(admission.leaving() == 0);
  CHECK(admission.addresses() == 1);
}

TEST_CASE("one address holds no more than its connections, and gets places back") {
  Admission admission(limits_for(2));
  auto first = std::make_unique<Admission::Place>(let_in(admission, "192.0.2.1"));
  Admission::Place second = let_in(admission, "192.0.2.1");
  CHECK(admission.arrive("192.0.2.1", start).error() == Admission::Refusal::AddressFull);
  CHECK(admission.arrive("::ffff:192.0.2.1", start).error() == Admission::Refusal::AddressFull);
  CHECK(admission.arrive("192.0.2.2", start));
  first.reset();
  CHECK(admission.arrive("192.0.2.1", start));
}

TEST_CASE("an address that has its share loses one that could go to its newcomer, and nobody else's") {
  Admission admission(limits_for(2));
  std::optional<Admission::Place> idle(let_in(admission, "192.0.2.1"));
  Admission::Place busy = let_in(admission, "192.0.2.1");
  Admission::Place other = let_in(admission, "192.0.2.2");
  CHECK_FALSE(busy.took_over());
  int gone = 0, other_gone = 0;
  auto make_seat = [](const Admission::Place& place, int& counts) {
    return std::make_unique<Expendable::Seat>(*place.neighbours(), [&counts] { ++counts; });
  };
  auto seat = make_seat(*idle, gone), other_seat = make_seat(other, other_gone);
  seat->stand(Expendable::As::Newcomer, start);
  other_seat->stand(Expendable::As::Idle, start);
  CHECK(admission.arrive("192.0.2.1", start).error() == Admission::Refusal::AddressFull);
  seat->stand(Expendable::As::Idle, start);
  {
    auto next = admission.arrive("192.0.2.1", start);
    REQUIRE(next);
    CHECK(next->took_over());
    CHECK(gone == 1);
    seat.reset();
    idle.reset();
    // Those that are left are busy.
    CHECK(admission.arrive("192.0.2.1", start).error() == Admission::Refusal::AddressFull);
  }
  CHECK(other_gone == 0);
}

TEST_CASE("a shared address is bounded only together with all others") {
  AdmissionLimits limits = limits_for(1, {100, 2}, {1, 1});
  limits.longest_wait = 0ms;
  limits.is_shared = [](const std::string& address) { return address == "127.0.0.1"; };
  Admission admission(limits);
  std::vector<Admission::Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(let_in(admission, "127.0.0.1"));
  CHECK(admission.turn(places[0], start) == start);
  CHECK(admission.turn(places[1], start) == start);
  CHECK(admission.turn(places[2], start).error() == Admission::Refusal::HandshakeRate);
  CHECK(admission.addresses() == 0);
}

TEST_CASE("one address that is too fast does not slow the others down") {
  AdmissionLimits limits = limits_for(0, {1000, 1000}, {10, 2});
  limits.longest_wait = 1s;
  Admission admission(limits);
  Admission::Place flood = let_in(admission, "192.0.2.1");
  int waiting = 0, refused = 0;
  for (int i = 0; i < 500; ++i) {
    auto turn = admission.turn(flood, start);
    if (!turn) CHECK(turn.error() == Admission::Refusal::AddressHandshakeRate);
    if (!turn) ++refused;
    if (turn && *turn > start) ++waiting;
  }
  CHECK(waiting == 10);
  CHECK(refused == 488);
  Admission::Place good = let_in(admission, "192.0.2.2");
  CHECK(admission.turn(good, start) == start);
}

TEST_CASE("a fleet that comes back at once gets in, spread over seconds") {
  AdmissionLimits limits = limits_for(0, {1000, 2000});
  limits.longest_wait = 5s;
  Admission admission(limits);
  Admission::Place any = let_in(admission, "192.0.2.1");
  SteadyPoint last = start;
  for (int i = 0; i < 7000; ++i) {
    auto turn = admission.turn(any, start);
    REQUIRE(turn);
    CHECK(*turn >= last);
    last = *turn;
  }
  CHECK(last == start + 5s);
  CHECK(admission.turn(any, start).error() == Admission::Refusal::HandshakeRate);
}

TEST_CASE("leaving does not give an address its burst back, and it is forgotten when that does no harm") {
  Admission admission(limits_for(10, {}, {1, 3}));
  auto come_and_go = [&](SteadyPoint now) {
    Admission::Place place = let_in(admission, "192.0.2.1");
    auto turn = admission.turn(place, now);
    return turn ? *turn - now : SteadyPoint::duration(-1);
  };
  for (int i = 0; i < 3; ++i) CHECK(come_and_go(start) == 0s);
  CHECK(come_and_go(start) == 1s);
  CHECK(admission.addresses() == 1);
  Admission::Place other = let_in(admission, "192.0.2.2");
  CHECK(admission.turn(other, start + 3s));
  CHECK(admission.addresses() == 2);
  CHECK(admission.turn(other, start + 4s));
  CHECK(admission.addresses() == 1);
}

TEST_CASE("strangers from ever new addresses leave nothing behind") {
  Admission admission(limits_for(10, {}, {10, 20}));
  SteadyPoint now = start;
  std::size_t most = 0;
  for (int i = 0; i < 20'000; ++i) {
    char address[64];
    std::snprintf(address, sizeof address, "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
    Admission::Place place = let_in(admission, address);
    REQUIRE(admission.turn(place, now));
    most = std::max(most, admission.addresses());
    now += 1ms;
  }
  CHECK(most <= 102);  // a turn is forgotten after a tenth of a second
}
