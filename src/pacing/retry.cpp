// SPDX-License-Identifier: Apache-2.0
#include "pacing/retry.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace hubward::pacing {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

struct Rule {
  milliseconds first;         // doubled by each repeat
  bool was_not_done = false;  // HubSpot refused before it did anything
};

std::optional<Rule> rule_for(const Failed& failed) {
  if (failed.unsent) return Rule{200ms, true};
  switch (failed.status) {
    case 423: return Rule{2s, true};  // locked by another change
    case 477: return Rule{1s, true};  // the account moves between data centres
    case 502:
    case 504: return Rule{1s};  // "processing limits; pause some seconds"
    case 0:
    case 500:
    case 503: return Rule{200ms};
    default: break;
  }
  bool of_the_edge = failed.status >= 520 && failed.status <= 526;
  return of_the_edge ? std::optional(Rule{200ms}) : std::nullopt;
}

}  // namespace

bool is_idempotent(const hubspot::Operation& operation) {
  using hubspot::Effect;
  if (operation.effects.within({Effect::View})) return true;
  if (operation.method == "PUT" || operation.method == "DELETE" || operation.method == "PATCH") return true;
  constexpr std::array<std::string_view, 3> batches = {"crm.objects.batch.update", "crm.objects.batch.upsert",
                                                       "crm.objects.batch.archive"};
  return std::ranges::find(batches, operation.name) != batches.end();
}

std::optional<milliseconds> wait_before_repeat(const Failed& failed, bool idempotent, int repeats,
                                               double dice) {
  std::optional<Rule> rule = rule_for(failed);
  if (!rule || repeats >= most_repeats || (!rule->was_not_done && !idempotent)) return std::nullopt;
  constexpr double jitter = 0.25;
  auto wait = rule->first * (1 << repeats);
  wait += std::chrono::duration_cast<milliseconds>(wait * jitter * dice);
  return std::max(wait, std::chrono::duration_cast<milliseconds>(failed.retry_after.value_or(0s)));
}

void RepeatBudget::sent() {
  left_ = std::min(left_ + share, most);
}

bool RepeatBudget::take() {
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

}  // namespace hubward::pacing
