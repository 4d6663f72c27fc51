// SPDX-License-Identifier: Apache-2.0
// What the simulated processes share: one store, one HubSpot, and a witness that sees everything and says
// what is broken. Tokens are numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hubspot/oauth.hpp"
#include "leases/lease_watch.hpp"
#include "timeline.hpp"

namespace hubward::simulation {

// Deliberate breakages of what the simulation puts around the protocol: they stand for the store's
// compare-and-set and for the writing of its rows. Those of the protocol itself are in mutants.py.
enum class Breakage { None, NoFencing, DropsRefreshToken, TwoWrites };

// How a run is to be disturbed; drawn from the seed.
struct Weather {
  int processes = 1;
  bool rotates = false;  // HubSpot gives a new refresh token with each answer
  double names_token =
      1;  // probability that an answer names the refresh token at all, where it stays the same
  std::optional<Millis> uninstalled_at = {};
  double lost_question = 0, lost_answer = 0, doubled_question = 0, busy = 0, slow_hubspot = 0;
  double store_refuses = 0, store_mumbles = 0,
         store_doubles = 0;  // fails; works and says it failed; works twice
  Millis slowest_store{20};
  double crashes = 0, pauses = 0, jumps = 0, outages = 0;  // for each minute and process
  double crashes_in_call = 0, pauses_in_call = 0;          // for each question to HubSpot
};

struct GrantRow {
  std::uint64_t generation = 1;
  bool dead = false;
  std::uint64_t access = 0;
  std::uint64_t refresh = 0;  // zero: none
  TimePoint obtained, expires;
  Millis offset{0};  // of the clock of whoever wrote it
};

// Whose doing something was: a process that started again is another one.
struct Doer {
  int process = 0;
  int incarnation = 0;
  bool operator==(const Doer&) const = default;
};

// One flight, as the witness knows it: whether anything disturbed it, which excuses what would be wrong
// otherwise.
struct FlightRecord {
  Doer doer;
  bool disturbed = false;
};

struct Counts {
  std::uint64_t refreshes = 0, renewed = 0, adopted = 0, doubled = 0, deaths = 0, lost_in_window = 0,
                doubts = 0;
  std::uint64_t crashes = 0, pauses = 0, jumps = 0, takeovers = 0, events = 0;
  Counts& operator+=(const Counts& other);
};

class World {
 public:
  // With --trace: one line for each thing that happens.
  enum class Trace { Off, On };
  World(Timeline& the_timeline, Weather the_weather, Breakage broken, Trace trace);

  // --- The store: each operation happens at once; the processes delay it, refuse it and lose its answer ---

  GrantRow grant;
  std::optional<leases::LeaseRow> lease;
  bool store_is_out = false;
  std::function<void(int process)> when_asking;  // what chance has in store for whoever asks HubSpot
  bool keep(const GrantRow& next, std::uint64_t in_place_of);  // false: conflict
  bool call_dead(std::uint64_t generation);
  bool claim_lease(const std::string& holder, const leases::Claim& claim);
  bool renew_lease(const std::string& holder);
  void return_lease(const std::string& holder, leases::Work work);

  // --- HubSpot ---

  static constexpr Millis token_life = std::chrono::minutes(30);
  struct Answer {
    hubspot::OauthOutcome<hubspot::Granted> outcome;
    std::uint64_t access = 0;
    std::uint64_t refresh = 0;  // zero: not named
  };
  Answer refresh(std::uint64_t refresh_token, std::uint64_t generation,
                 const std::shared_ptr<FlightRecord>& by, bool clock_may_be_wrong);
  bool accepts(std::uint64_t access_token) const;
  bool installed = true;

  // --- The witness ---

  // The first thing that went wrong, or nothing.
  const std::string& broken() const { return broken_; }
  void must(bool holds, const char* belief);
  void starts(Doer doer) { alive_[doer.process] = doer.incarnation; }
  void crashed(int process) { alive_[process] = -1; }
  void decides_to_ask(const std::string& holder);
  void puts_to_use(std::uint64_t generation, std::uint64_t access);
  // An answer reached who asked, or never will.
  void received(std::uint64_t refresh, bool arrived);
  void gives_up(Doer doer);  // waiting for its answer
  // At the end: what the store holds must be worth something, unless it was lost in the one window.
  bool grant_is_lost();

  void note(Doer doer, std::string_view what) const;

  Timeline& timeline;
  Weather weather;
  const Breakage breakage;
  Counts counts;

 private:
  // What became of the refresh token that HubSpot honours now.
  struct Issue {
    Doer to;
    enum class Whereabouts { Travelling, InHand, Lost } at = Whereabouts::Travelling;
  };
  bool is_alive(Doer doer) const;
  bool somebody_may_bring_it() const;
  void witness_refresh(std::uint64_t generation, const std::shared_ptr<FlightRecord>& by,
                       bool clock_may_be_wrong);

  std::uint64_t honoured_ = 1;
  std::optional<Issue> issue_;                   // none: it is the one of the connect
  std::map<std::uint64_t, SteadyPoint> issued_;  // access tokens
  std::uint64_t drawn_ = 1;

  std::map<int, int> alive_;  // incarnation by process; -1: crashed
  std::map<std::uint64_t, std::vector<std::shared_ptr<FlightRecord>>> asked_with_;  // by generation
  std::string broken_;
  const Trace trace_;
};

}  // namespace hubward::simulation
