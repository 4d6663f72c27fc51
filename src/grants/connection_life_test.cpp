// SPDX-License-Identifier: Apache-2.0
#include "grants/connection_life.hpp"

#include <doctest/doctest.h>

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

namespace {

const SteadyPoint start{1000s};
const SteadyPoint early = start + 10min, due = start + 26min, over = start + 31min;

GrantFacts with(void (*change)(GrantFacts&)) {
  GrantFacts facts{.life = TokenLife{start, start + 30min}, .renew_at = start + 25min};
  change(facts);
  return facts;
}
GrantFacts plain() {
  return with([](GrantFacts&) {});
}

ConnectionView view_in(ConnectionState state) {
  ConnectionView view;
  view.name = {"acme-prod"};
  view.app = {"crm"};
  view.state = state;
  return view;
}

}  // namespace

TEST_CASE("the state follows from what is stored, what is known and the moment") {
  using enum ConnectionState;
  auto in_flight = [](GrantFacts& facts) { facts.in_flight = true; };
  auto rejected = [](GrantFacts& facts) { facts.rejected = true; };
  GrantFacts is_static = with([](GrantFacts& facts) { facts.life.reset(); });
  GrantFacts refused_static = is_static, asked_static = is_static, asked_well = is_static;
  refused_static.rejected = asked_static.rejected = true;
  asked_static.in_flight = asked_well.in_flight = true;
  struct Row {
    std::string_view what;
    ConnectionState settled;
    GrantFacts facts;
    AppKnown app;
    SteadyPoint now;
    ConnectionState expected;
  };
  const Row rows[] = {
      {"a good token", Connected, plain(), AppKnown::Yes, early, Connected},
      {"the moment it is due", Connected, plain(), AppKnown::Yes, start + 25min, Expiring},
      {"due, no renewal yet", Connected, plain(), AppKnown::Yes, due, Expiring},
      {"expired, no renewal yet", Connected, plain(), AppKnown::Yes, over, Expiring},
      {"HubSpot called it expired", Connected, with(rejected), AppKnown::Yes, early, Expiring},
      {"a renewal under way", Connected, with(in_flight), AppKnown::Yes, due, Refreshing},
      {"a renewal under way, asked for early", Connected, with(in_flight), AppKnown::Yes, early, Refreshing},
      {"trouble", Failing, plain(), AppKnown::Yes, early, Failing},
      {"trouble, due", Failing, plain(), AppKnown::Yes, due, Failing},
      {"trouble, asked again", Failing, with(in_flight), AppKnown::Yes, due, Failing},
      {"dead as stored", Dead, plain(), AppKnown::Yes, early, Dead},
      {"dead in memory", Failing, with([](GrantFacts& facts) { facts.dead = true; }), AppKnown::Yes, early,
       Dead},
      {"dead and probed", Dead, with(in_flight), AppKnown::Yes, over, Dead},
      {"no such app", Connected, plain(), AppKnown::No, early, Failing},
      {"no such app, renewal under way", Connected, with(in_flight), AppKnown::No, due, Failing},
      {"dead, and no such app", Dead, plain(), AppKnown::No, early, Dead},
      {"a static token", Connected, is_static, AppKnown::Yes, over, Connected},
      {"a static token that HubSpot refused to a call", Connected, refused_static, AppKnown::Yes, early,
       Expiring},
      {"HubSpot is asked about it", Connected, asked_static, AppKnown::Yes, early, Refreshing},
      {"HubSpot is asked about a static token that works", Connected, asked_well, AppKnown::Yes, early,
       Connected},
  };
  for (const Row& row : rows)
    CHECK_MESSAGE(state_at(row.settled, row.facts, row.app, row.now) == row.expected, row.what);
}

TEST_CASE("every state is explained in one sentence, with what to do") {
  using enum ConnectionState;
  auto troubled = [](ConnectionState state, std::string cause, std::string next_step) {
    ConnectionView view = view_in(state);
    view.last_trouble = {TimePoint(), std::move(cause), std::move(next_step)};
    return view;
  };
  ConnectionView refused = view_in(Expiring), asked_about = view_in(Refreshing);
  refused.kind = asked_about.kind = GrantKind::Static;
  const std::pair<ConnectionView, std::string_view> rows[] = {
      {view_in(Connected), "acme-prod is connected: its token works; nothing to do."},
      {view_in(Refreshing), "acme-prod is refreshing: its token is being renewed; nothing to do."},
      {view_in(Expiring),
       "acme-prod is expiring: its token is due for renewal, which has not begun; nothing to do unless it "
       "stays so; then: hubward connection refresh acme-prod."},
      {troubled(Failing, "HubSpot answered 503", "Nothing to do: it is tried again."),
       "acme-prod is failing: HubSpot answered 503; nothing to do: it is tried again."},
      {troubled(Refreshing, "of an earlier try", "x"),
       "acme-prod is refreshing: its token is being renewed; nothing to do."},
      {refused,
       "acme-prod is expiring: HubSpot refused its token to a call, and has not been asked about it yet; "
       "nothing to do unless it stays so; then: hubward connection refresh acme-prod."},
      {asked_about,
       "acme-prod is refreshing: HubSpot is being asked about its token, which it refused to a call; nothing "
       "to do."},
      {troubled(Dead, "HubSpot refused", "HubSpot's word is final."),
       "acme-prod is dead: HubSpot refused; HubSpot's word is final."},
      {view_in(Dead),
       "acme-prod is dead: HubSpot no longer honours its grant; connect the account again under the same "
       "name."},
      {troubled(Disconnected, "it was disconnected by uid 0", ""),
       "acme-prod is disconnected: it was disconnected by uid 0."},
  };
  for (const auto& [view, sentence] : rows) CHECK(sentence_of(view) == sentence);
  LastTrouble missing = app_is_missing({"crm"}, TimePoint());
  CHECK(
      sentence_of(troubled(Failing, missing.cause, missing.next_step)) ==
      "acme-prod is failing: the configuration has no app named crm; add the app to the configuration again, "
      "or disconnect the connection.");
}
