// SPDX-License-Identifier: Apache-2.0
#include "grants/refresh_flight.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hubward;
using namespace hubward::grants;
using namespace hubward::grants::flight;
using namespace std::chrono_literals;

namespace {

const SteadyPoint start{1000s};
constexpr std::chrono::milliseconds life = 9s;

std::string name(const Action& action) {
  static constexpr const char* names[] = {"look", "take lease", "ask", "keep", "call dead", "sleep"};
  const auto* end = std::get_if<End>(&action);
  if (end == nullptr) return names[action.index()];
  static constexpr const char* outcomes[] = {"renewed", "newer", "gone", "dead", "doubted", "trouble"};
  return std::string("end: ") + outcomes[end->outcome.index()] + (end->settled ? ", settled" : "");
}

Seen stored(std::uint64_t generation, bool dead = false) {
  return {Stored{generation, dead, {}}};
}
Refused refused() {
  return {{"BAD_REFRESH_TOKEN", "", {}}, false};
}

// A flight of generation 5, told one thing after another at `start`.
struct Told {
  explicit Told(Start given = {5, false, {}, life}) : flight(given) {
    actions.push_back(name(last = flight.begin(start)));
  }
  Told& operator<<(Event event) {
    actions.push_back(name(last = flight.on(std::move(event), now)));
    return *this;
  }
  RefreshFlight flight;
  SteadyPoint now = start;
  Action last;
  std::vector<std::string> actions;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a renewal looks, takes the lease, looks again, asks, keeps, and only then uses") {
  Told told;
  told << stored(5) << Taken{} << stored(5) << Granted{} << Done{};
  CHECK(told.actions == Names{"look", "take lease", "look", "ask", "keep", "end: renewed, settled"});
}

TEST_CASE("what somebody else stored is used without asking, before and under the lease") {
  CHECK((Told() << stored(6)).actions.back() == "end: newer");
  CHECK((Told() << stored(5) << Taken{} << stored(6)).actions.back() == "end: newer");
  CHECK((Told() << Seen{}).actions.back() == "end: gone, settled");
}

TEST_CASE("while somebody else holds the lease, the flight looks for what comes of it") {
  Told told;
  told << stored(5) << Held{} << Done{} << stored(5) << Held{} << Done{} << stored(6);
  CHECK(told.actions ==
        Names{"look", "take lease", "sleep", "look", "take lease", "sleep", "look", "end: newer"});
}

TEST_CASE("a lease that may be over by now is taken again before HubSpot is asked") {
  Told told;
  told << stored(5) << Taken{};
  told.now += life;
  told << stored(5);
  CHECK(told.actions.back() == "take lease");
  told << Taken{true} << stored(5);
  CHECK(told.actions.back() == "ask");
}

TEST_CASE("a lease is renewed at a third of its life, sooner after trouble, and not once it is lost") {
  Told told;
  told << stored(5);
  CHECK_FALSE(told.flight.lease_due());
  told << Taken{};
  CHECK(told.flight.lease_due() == start + life / 3);
  told.flight.lease_not_renewed(start + life / 3);
  CHECK(told.flight.lease_due() == start + life / 3 + life / 12);
  told.flight.lease_renewed(start + 4s);
  CHECK(told.flight.lease_due() == start + 4s + life / 3);
  told.now = start + 4s + life - 1ms;
  CHECK((told << stored(5)).actions.back() == "ask");
  told.flight.lease_lost();
  CHECK_FALSE(told.flight.lease_due());
}

TEST_CASE("leases that need no renewing are never due and never over") {
  Told told({5, false, {}, {}});
  told << stored(5) << Taken{};
  CHECK_FALSE(told.flight.lease_due());
  told.now += 100h;
  CHECK((told << stored(5)).actions.back() == "ask");
}

TEST_CASE("what HubSpot gave is offered to the store until the store has it") {
  Told told;
  told << stored(5) << Taken{} << stored(5) << Granted{};
  std::chrono::milliseconds expected = first_keep_wait;
  for (int i = 0; i < 20; ++i) {
    told << Failed{"disk full", "", {}};
    REQUIRE(std::get<Sleep>(told.last).until == told.now + expected);
    expected = std::min(expected * 2, last_keep_wait);
    told << Done{};
    REQUIRE(std::get<Keep>(told.last).after->cause == "disk full");
  }
  CHECK((told << Done{}).actions.back() == "end: renewed, settled");
}

TEST_CASE("whoever is outpaced uses what is stored, also when looking takes several tries") {
  Told told;
  told << stored(5) << Taken{} << stored(5) << Granted{} << Outpaced{} << Failed{} << Done{} << Outpaced{}
       << stored(6);
  CHECK(told.actions ==
        Names{"look", "take lease", "look", "ask", "keep", "look", "sleep", "keep", "look", "end: newer"});
  CHECK((Told() << stored(5) << Taken{} << stored(5) << Granted{} << Outpaced{} << Seen{}).actions.back() ==
        "end: gone, settled");
}

TEST_CASE("a grant is called dead on HubSpot's word about the newest stored token, after another look") {
  Told told;
  told << stored(5) << Taken{} << stored(5) << refused() << stored(5) << Done{};
  CHECK(told.actions ==
        Names{"look", "take lease", "look", "ask", "look", "call dead", "end: dead, settled"});
  CHECK((Told() << stored(5) << Taken{} << stored(5) << refused() << stored(6)).actions.back() ==
        "end: newer");
  CHECK((Told() << stored(5) << Taken{} << stored(5) << refused() << stored(5) << Outpaced{} << stored(6))
            .actions.back() == "end: newer");
}

TEST_CASE("while somebody else may be bringing a newer token, a verdict is doubted, for a time") {
  auto verdict = [](Start given, Taken taken, auto meanwhile) {
    Told told(given);
    told << stored(5) << taken << stored(5);
    meanwhile(told);
    told << refused() << stored(5);
    return told.actions.back();
  };
  auto nothing = [](Told&) {};
  Start fresh{5, false, {}, life};
  CHECK(verdict(fresh, Taken{true}, nothing) == "end: doubted");
  CHECK(verdict(fresh, Taken{}, [](Told& told) { told.flight.lease_lost(); }) == "end: doubted");
  CHECK(verdict(fresh, Taken{}, [](Told& told) { told.now += life; }) == "end: doubted");
  CHECK(verdict({5, false, start - doubt_time + 1ms, life}, Taken{true}, nothing) == "end: doubted");
  CHECK(verdict({5, false, start - doubt_time, life}, Taken{true}, nothing) == "call dead");
  Told told;
  told << stored(5) << Taken{} << stored(5) << Refused{{}, true};
  CHECK(told.actions.back() == "end: doubted");
}

TEST_CASE("trouble of any kind ends the flight and calls nothing dead") {
  const Failed busy{"busy", "", {}};
  CHECK((Told() << busy).actions.back() == "end: trouble");
  CHECK((Told() << stored(5) << busy).actions.back() == "end: trouble");
  CHECK((Told() << stored(5) << Taken{} << busy).actions.back() == "end: trouble");
  CHECK((Told() << stored(5) << Taken{} << stored(5) << busy).actions.back() == "end: trouble");
  CHECK((Told() << stored(5) << Taken{} << stored(5) << refused() << busy).actions.back() == "end: trouble");
  CHECK((Told() << stored(5) << Taken{} << stored(5) << refused() << stored(5) << busy).actions.back() ==
        "end: trouble");
  CHECK((Told() << Seen{Stored{5, false, busy}}).actions.back() == "end: trouble");
  CHECK((Told() << stored(4)).actions.back() == "end: trouble");  // a restored store
}

TEST_CASE("a grant found dead is believed without asking, unless it is to be probed") {
  CHECK((Told() << stored(5, true)).actions.back() == "end: dead");
  CHECK((Told() << stored(6, true)).actions.back() == "end: dead");
  Told probe({5, true, {}, life});
  probe << stored(5, true) << Taken{} << stored(5, true) << Granted{} << Done{};
  CHECK(probe.actions.back() == "end: renewed, settled");
}
