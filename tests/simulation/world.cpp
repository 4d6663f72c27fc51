// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <fmt/format.h>

#include <utility>

namespace hubward::simulation {

Counts& Counts::operator+=(const Counts& other) {
  refreshes += other.refreshes, renewed += other.renewed, adopted += other.adopted, doubled += other.doubled;
  deaths += other.deaths, lost_in_window += other.lost_in_window, doubts += other.doubts;
  crashes += other.crashes, pauses += other.pauses, jumps += other.jumps, takeovers += other.takeovers;
  events += other.events;
  return *this;
}

World::World(Timeline& the_timeline, Weather the_weather, Breakage broken, Trace trace)
    : timeline(the_timeline), weather(the_weather), breakage(broken), trace_(trace) {
  grant.access = grant.refresh = 1;
  issued_[1] = timeline.now();
}

void World::must(bool holds, const char* belief) {
  if (holds || !broken_.empty()) return;
  broken_ = belief;
  if (trace_ == Trace::On) fmt::print("*** {}\n", belief);
}

void World::note(Doer doer, std::string_view what) const {
  if (trace_ == Trace::Off) return;
  static const SteadyPoint begin(std::chrono::hours(1000));
  double seconds = std::chrono::duration<double>(timeline.now() - begin).count();
  std::string lease_holder = lease ? lease->mark.holder : "-";
  fmt::print("{:10.3f} s  process {}.{}  {:24} stored: {}{}, refresh token {}{}, lease {}\n", seconds,
             doer.process, doer.incarnation, what, grant.generation, grant.dead ? " dead" : "", grant.refresh,
             grant.refresh == honoured_ ? "" : " (spent)", lease_holder);
}

// --- The store ---

bool World::keep(const GrantRow& next, std::uint64_t in_place_of) {
  if (grant.generation != in_place_of && breakage != Breakage::NoFencing) return false;
  must(next.generation == grant.generation + 1,
       "a stored generation was overwritten by one that does not follow it");
  must(next.refresh != 0, "the stored refresh token was replaced by nothing");
  grant = next;
  return true;
}

bool World::call_dead(std::uint64_t generation) {
  if (grant.generation != generation) return false;
  bool good = installed && (grant.refresh == honoured_ || somebody_may_bring_it());
  must(!good, "a good grant was called dead");
  grant.dead = true;
  ++counts.deaths;
  return true;
}

bool World::claim_lease(const std::string& holder, const leases::Claim& claim) {
  if (lease.has_value() != claim.from.has_value()) return false;
  if (lease && lease->mark != *claim.from) return false;
  if (lease && !lease->mark.holder.empty()) ++counts.takeovers;
  lease = leases::LeaseRow{{holder, 1}, claim.before};
  return true;
}

bool World::renew_lease(const std::string& holder) {
  if (!lease || lease->mark.holder != holder) return false;
  ++lease->mark.beat;
  return true;
}

void World::return_lease(const std::string& holder, leases::Work work) {
  if (!lease || lease->mark.holder != holder) return;
  if (work == leases::Work::Settled || lease->before == leases::Before::Settled)
    lease.reset();
  else
    lease->mark.holder.clear();
}

// --- HubSpot ---

World::Answer World::refresh(std::uint64_t refresh_token, std::uint64_t generation,
                             const std::shared_ptr<FlightRecord>& by, bool clock_may_be_wrong) {
  ++counts.refreshes;
  if (!installed || refresh_token != honoured_)
    return {hubspot::OauthRefusal{400, "BAD_REFRESH_TOKEN", "invalid_grant"}};
  witness_refresh(generation, by, clock_may_be_wrong);
  Answer answer{hubspot::Granted{}, ++drawn_, 0};
  issued_[answer.access] = timeline.now();
  if (weather.rotates) {
    honoured_ = answer.refresh = ++drawn_;
    issue_ = Issue{by->doer};
  } else if (timeline.chance(weather.names_token)) {
    answer.refresh = honoured_;
  }
  return answer;
}

bool World::accepts(std::uint64_t access_token) const {
  auto found = issued_.find(access_token);
  return found != issued_.end() && timeline.now() - found->second < token_life;
}

// --- The witness ---

void World::witness_refresh(std::uint64_t generation, const std::shared_ptr<FlightRecord>& by,
                            bool clock_may_be_wrong) {
  auto& earlier = asked_with_[generation];
  for (const auto& one : earlier) {
    if (one == by) continue;
    must(one->disturbed || by->disturbed, "HubSpot was asked twice where once was enough");
    ++counts.doubled;
  }
  earlier.push_back(by);
  bool is_old = !issued_.contains(grant.access) || timeline.now() - issued_[grant.access] >= token_life / 2;
  must(is_old || generation < grant.generation || by->disturbed || clock_may_be_wrong,
       "a token was renewed long before its time");
}

void World::decides_to_ask(const std::string& holder) {
  must(lease && lease->mark.holder == holder, "HubSpot was to be asked without holding the lease");
}

void World::puts_to_use(std::uint64_t generation, std::uint64_t access) {
  must(generation <= grant.generation, "a token was used before it was stored");
  must(generation != grant.generation || access == grant.access,
       "a token was used that is not the stored one");
}

void World::received(std::uint64_t refresh, bool arrived) {
  if (!issue_ || refresh != honoured_) return;
  issue_->at = arrived ? Issue::Whereabouts::InHand : Issue::Whereabouts::Lost;
}

void World::gives_up(Doer doer) {
  if (issue_ && issue_->to == doer && issue_->at == Issue::Whereabouts::Travelling)
    issue_->at = Issue::Whereabouts::Lost;
}

bool World::is_alive(Doer doer) const {
  auto found = alive_.find(doer.process);
  return found != alive_.end() && found->second == doer.incarnation;
}

bool World::somebody_may_bring_it() const {
  return issue_ && issue_->at != Issue::Whereabouts::Lost && is_alive(issue_->to);
}

bool World::grant_is_lost() {
  if (grant.refresh == honoured_ || somebody_may_bring_it()) return false;
  bool in_window = issue_ && (issue_->at == Issue::Whereabouts::Lost || !is_alive(issue_->to));
  must(in_window, "a grant that HubSpot honours was lost");
  ++counts.lost_in_window;
  return true;
}

}  // namespace hubward::simulation
