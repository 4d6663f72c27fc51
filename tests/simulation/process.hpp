// SPDX-License-Identifier: Apache-2.0
// One gateway process of the simulation, as far as one connection concerns it: what src/grants/renewal.cpp,
// refreshing.cpp and src/leases/store_leases.cpp do, with the same protocol code, over a world in which every
// step may be late, lost or the last.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "grants/refresh_flight.hpp"
#include "grants/refresh_plan.hpp"
#include "leases/lease_watch.hpp"
#include "world.hpp"

namespace hubward::simulation {

class Process {
 public:
  static constexpr Millis lease_life = std::chrono::seconds(10);
  static constexpr Millis call_timeout = std::chrono::seconds(20);

  Process(World& world, int number) : world_(world), doer_{number, 0} {}

  void start();
  void crash();
  void pause(SteadyPoint until);
  void set_clock(Millis offset);
  bool running() const { return running_; }

  // At the end.
  bool is_dead() const { return facts_ && facts_->dead; }
  SteadyPoint last_success() const { return last_success_; }

 private:
  using Event = grants::flight::Event;
  using Reply = std::move_only_function<void(bool worked)>;

  // A renewal under way.
  struct Flight {
    Flight(const grants::flight::Start& start, Doer doer)
        : protocol(start), record(std::make_shared<FlightRecord>(doer)) {}

    grants::flight::RefreshFlight protocol;
    std::shared_ptr<FlightRecord> record;
    GrantRow row;
    std::uint64_t asked_with = 0;  // refresh token
    SteadyPoint asked;
    TimePoint asked_at;
    Millis offset{0};  // of the clock, then
    World::Answer answer;
    std::optional<std::string> holder;  // of the lease
    bool tending = false;
  };
  using Flying = std::shared_ptr<Flight>;

  SteadyPoint now() const { return world_.timeline.now(); }
  TimePoint wall() const;
  // Runs later, unless the process has crashed by then; a pause puts it off.
  void later(Millis wait, std::move_only_function<void()> what);
  // Something done at the store: `work` happens there, then `reply` here.
  void at_store(std::move_only_function<void()> work, Reply reply);

  void load();
  void schedule();
  void call_now_and_then();
  void call();

  void begin();
  void tell(const Flying& flight, Event event);
  void drive(const Flying& flight, grants::flight::Action action);
  void perform(const Flying& flight, grants::flight::Action action);
  void look(const Flying& flight);
  void take_lease(const Flying& flight);
  void claim_lease(const Flying& flight, const std::optional<leases::LeaseRow>& row, SteadyPoint asked);
  void give_back(const Flying& flight, leases::Work work, std::move_only_function<void()> then);
  void ask(const Flying& flight);
  void answered(const Flying& flight, World::Answer answer);
  void keep(const Flying& flight, std::uint64_t in_place_of);
  void call_dead(const Flying& flight, std::uint64_t generation);
  void tend_lease(const Flying& flight);
  void settle(const Flying& flight, grants::flight::End end);
  void use(const GrantRow& row, std::optional<grants::TokenLife> life, bool loaded);
  void fail(grants::WithoutToken how, Millis at_least);
  void disturbed();

  World& world_;
  Doer doer_;
  bool running_ = false;
  SteadyPoint paused_until_{};
  Millis offset_{0};
  int takings_ = 0;

  // What a running process knows.
  std::optional<grants::GrantFacts> facts_;
  std::uint64_t generation_ = 0, access_ = 0;
  bool clock_may_be_wrong_ = false;
  std::optional<leases::LeaseWatch> watch_;
  Flying flight_;
  std::uint64_t timer_ = 0;
  SteadyPoint last_success_{};
};

}  // namespace hubward::simulation
