// SPDX-License-Identifier: Apache-2.0
#include "pacing/fair_queue.hpp"

#include <algorithm>

#include "core/invariant.hpp"

namespace hubward::pacing {
namespace {

constexpr std::array<std::string_view, priorities> names = {"interactive", "normal", "bulk"};

// Virtual time that a call costs: whole numbers, so that sums of thirds are thirds. All of 1 to 16 divide it.
constexpr std::uint64_t whole = 720'720;

std::uint64_t class_step(std::size_t index) {
  return whole / class_shares[index];
}

std::uint64_t step_of(const Claim& claim) {
  return whole / std::clamp(claim.weight, 1U, most_weight);
}

}  // namespace

std::string_view to_text(Priority priority) {
  return names[static_cast<std::size_t>(priority)];
}

std::optional<Priority> read_priority(std::string_view text) {
  auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Priority>(found - names.begin());
}

void FairQueue::push(Number number, const Claim& claim) {
  Class& one = of(claim.priority);
  auto found = one.flows.find(claim.client);
  if (found == one.flows.end()) {
    forget_past(one);
    found =
        one.flows.emplace(std::string(claim.client), Flow{.priority = claim.priority, .waiting = {}}).first;
  }
  Flow& flow = found->second;
  flow.step = step_of(claim);
  if (flow.waiting.empty()) flow.start = std::max(flow.start, one.now);
  if (one.waiting++ == 0) one.start = std::max(one.start, now_);
  flow.waiting.push_back(number);
  invariant(flow_of_.emplace(number, &flow).second, "two calls have one number");
}

FairQueue::Number FairQueue::pop() {
  Class* chosen = nullptr;
  for (Class& one : classes_)
    if (one.waiting > 0 && (chosen == nullptr || one.start < chosen->start)) chosen = &one;
  invariant(chosen != nullptr, "nobody waits");
  Flow* next = nullptr;
  for (auto& [client, flow] : chosen->flows)
    if (!flow.waiting.empty() && (next == nullptr || flow.start < next->start)) next = &flow;
  invariant(next != nullptr, "a class counts calls that wait, and has none");

  now_ = chosen->start;
  chosen->start += class_step(static_cast<std::size_t>(next->priority));
  chosen->now = next->start;
  next->start += next->step;
  Number number = next->waiting.front();
  next->waiting.pop_front();
  --chosen->waiting;
  flow_of_.erase(number);
  return number;
}

bool FairQueue::remove(Number number) {
  auto found = flow_of_.find(number);
  if (found == flow_of_.end()) return false;
  Flow& flow = *found->second;
  std::erase(flow.waiting, number);
  --of(flow.priority).waiting;
  flow_of_.erase(found);
  return true;
}

bool FairQueue::has(const Claim& claim) const {
  const Class& own = of(claim.priority);
  auto found = own.flows.find(claim.client);
  return found != own.flows.end() && !found->second.waiting.empty();
}

// The calls at start, start + step, … that go before one at `turn`; of two at the same time the one goes
// first that stands first.
std::size_t FairQueue::calls_before(Ticks start, Ticks step, Ticks turn, bool stands_first) {
  if (start > turn) return 0;
  Ticks past = turn - start;
  return past / step + (past % step > 0 || stands_first ? 1 : 0);
}

std::size_t FairQueue::ahead_of(const Claim& claim) const {
  const Class& own = of(claim.priority);
  Ticks start = own.now;
  std::size_t before = 0;  // within its class
  if (auto found = own.flows.find(claim.client); found != own.flows.end()) {
    start = std::max(found->second.start, own.now);
    before = found->second.waiting.size();
  }
  Ticks turn = start + before * step_of(claim);
  for (const auto& [client, flow] : own.flows)
    if (!flow.waiting.empty() && client != claim.client)
      before += calls_before(flow.start, flow.step, turn, client < claim.client);

  auto index = static_cast<std::size_t>(claim.priority);
  Ticks class_start = own.waiting > 0 ? own.start : std::max(own.start, now_);
  Ticks class_turn = class_start + before * class_step(index);
  std::size_t ahead = before;
  for (std::size_t other = 0; other < priorities; ++other)
    if (other != index && classes_[other].waiting > 0)
      ahead += calls_before(classes_[other].start, class_step(other), class_turn, other < index);
  return ahead;
}

// A client whose debt is paid need not be remembered.
void FairQueue::forget_past(Class& one) {
  std::erase_if(one.flows, [&](const auto& entry) {
    return entry.second.waiting.empty() && entry.second.start <= one.now;
  });
}

}  // namespace hubward::pacing
