// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <fmt/format.h>

#include <deque>

#include "process.hpp"

namespace hubward::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Millis stormy = 2h, quiet = 70min;
// Together shorter than a verdict is doubted: what is paused for longer may find its grant called dead, and
// brings it back to life when it goes on.
constexpr Millis longest_pause = 4min, longest_outage = 2min;
// Between two pauses of one process, so that they do not add up.
constexpr Millis between_pauses = 11min;

double sometimes(Timeline& chance, double probability, double most) {
  return chance.chance(probability) ? chance.fraction() * most : 0;
}

class Run {
 public:
  Run(std::uint64_t seed, Breakage breakage, World::Trace trace)
      : timeline_(seed * 2 + 1), world_(timeline_, weather_of(seed), breakage, trace) {
    SteadyPoint begin = timeline_.now();
    end_of_storm_ = begin + stormy;
    TimePoint wall(std::chrono::duration_cast<Millis>(begin.time_since_epoch()) + 400'000h);
    world_.grant.obtained = wall;
    world_.grant.expires = wall + World::token_life;
    for (int i = 0; i < world_.weather.processes; ++i) processes_.emplace_back(world_, i);
    paused_.resize(processes_.size());
    world_.when_asking = [this](int process) { disturb_call(static_cast<std::size_t>(process)); };
  }

  Verdict run() {
    for (Process& process : processes_) process.start();
    if (world_.weather.uninstalled_at)
      timeline_.in(*world_.weather.uninstalled_at, [this] { world_.installed = false; });
    timeline_.in(1min, [this] { every_minute(); });
    timeline_.run_until(end_of_storm_);
    calm_down();
    timeline_.run_until(end_of_storm_ + quiet);
    judge();
    world_.counts.events = timeline_.happened();
    return {world_.broken(), world_.counts};
  }

 private:
  bool is_storm() const { return timeline_.now() < end_of_storm_; }

  void every_minute() {
    if (!is_storm()) return;
    const Weather& weather = world_.weather;
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      Process& process = processes_[i];
      if (timeline_.chance(weather.crashes)) timeline_.in(some_time(), [&] { crash(process); });
      if (timeline_.chance(weather.pauses)) timeline_.in(some_time(), [this, i] { pause(i); });
      if (timeline_.chance(weather.jumps)) process.set_clock(another_clock());
    }
    if (!world_.store_is_out && timeline_.chance(weather.outages)) {
      timeline_.in(some_time(), [this] { world_.store_is_out = true; });
      timeline_.in(1min + timeline_.between(1s, longest_outage), [this] { world_.store_is_out = false; });
    }
    timeline_.in(1min, [this] { every_minute(); });
  }

  void calm_down() {
    Weather& weather = world_.weather;
    weather.lost_question = weather.lost_answer = weather.doubled_question = weather.busy =
        weather.slow_hubspot = 0;
    weather.store_refuses = weather.store_mumbles = weather.store_doubles = 0;
  }

  void disturb_call(std::size_t i) {
    if (!is_storm()) return;
    Millis when = timeline_.between(0ms, 1s);
    if (timeline_.chance(world_.weather.pauses_in_call)) timeline_.in(when, [this, i] { pause(i); });
    if (timeline_.chance(world_.weather.crashes_in_call))
      timeline_.in(when, [this, i] { crash(processes_[i]); });
  }

  Millis some_time() { return timeline_.between(0ms, 59s); }
  // Right, or wrong by up to a day.
  Millis another_clock() {
    if (timeline_.chance(0.3)) return 0ms;
    Millis by = timeline_.between(1h, 24h);
    return timeline_.chance(0.5) ? by : -by;
  }
  void crash(Process& process) {
    if (!process.running()) return;
    process.crash();
    timeline_.in(timeline_.between(100ms, 2min), [&process] { process.start(); });
  }
  void pause(std::size_t i) {
    if (!processes_[i].running() || timeline_.now() < paused_[i] + between_pauses) return;
    paused_[i] =
        timeline_.now() + timeline_.between(100ms, timeline_.chance(0.5) ? Millis(20s) : longest_pause);
    processes_[i].pause(paused_[i]);
  }

  void judge() {
    bool is_lost = world_.installed && world_.grant_is_lost();
    for (Process& process : processes_) {
      if (is_lost || !world_.installed)
        world_.must(process.is_dead(), "a grant that HubSpot does not honour was not called dead");
      else
        world_.must(!process.is_dead() && timeline_.now() - process.last_success() < 5min,
                    "a process has no token that works, long after everything came right");
    }
  }

  Timeline timeline_;
  World world_;
  std::deque<Process> processes_;
  std::vector<SteadyPoint> paused_;
  SteadyPoint end_of_storm_;
};

}  // namespace

// A good part of the runs is calm, so that what is excused by a disturbance is seen without one.
Weather weather_of(std::uint64_t seed) {
  Timeline chance(seed * 2);
  Weather weather;
  weather.processes = 1 + static_cast<int>(chance.draw() % 5);
  weather.rotates = chance.chance(0.5);
  weather.names_token = chance.chance(0.5) ? 1 : chance.fraction();
  if (chance.chance(0.15))
    weather.uninstalled_at = chance.between(1min, std::chrono::duration_cast<Millis>(stormy));
  if (chance.chance(0.5)) weather.slowest_store = chance.between(20ms, 700ms);
  weather.slow_hubspot = sometimes(chance, 0.3, 0.5);
  weather.pauses = sometimes(chance, 0.4, 0.2);
  weather.crashes = sometimes(chance, 0.4, 0.2);
  weather.pauses_in_call = sometimes(chance, 0.4, 0.7);
  weather.crashes_in_call = sometimes(chance, 0.2, 0.5);
  weather.jumps = sometimes(chance, 0.4, 0.2);
  weather.lost_question = sometimes(chance, 0.3, 0.3);
  weather.lost_answer = sometimes(chance, 0.2, 0.3);
  weather.busy = sometimes(chance, 0.3, 0.5);
  weather.doubled_question = sometimes(chance, 0.1, 0.3);
  weather.store_refuses = sometimes(chance, 0.3, 0.2);
  weather.store_mumbles = sometimes(chance, 0.3, 0.2);
  weather.store_doubles = sometimes(chance, 0.2, 0.2);
  weather.outages = sometimes(chance, 0.2, 0.1);
  return weather;
}

std::string describe(const Weather& weather) {
  return fmt::format(
      "{} processes, rotation {}, uninstalled {}; HubSpot: question lost {:.2f}, answer lost {:.2f}, "
      "question doubled "
      "{:.2f}, busy {:.2f}, slow {:.2f}; store: refuses {:.2f}, works and says it failed {:.2f}, works twice "
      "{:.2f}, "
      "up to {} ms; for each minute: crash {:.2f}, pause {:.2f}, clock {:.2f}, outage {:.2f}; "
      "for each call: crash {:.2f}, pause {:.2f}",
      weather.processes, weather.rotates ? "on" : "off", weather.uninstalled_at ? "yes" : "no",
      weather.lost_question, weather.lost_answer, weather.doubled_question, weather.busy,
      weather.slow_hubspot, weather.store_refuses, weather.store_mumbles, weather.store_doubles,
      weather.slowest_store.count(), weather.crashes, weather.pauses, weather.jumps, weather.outages,
      weather.crashes_in_call, weather.pauses_in_call);
}

Verdict run_schedule(std::uint64_t seed, Breakage breakage, World::Trace trace) {
  return Run(seed, breakage, trace).run();
}

}  // namespace hubward::simulation
