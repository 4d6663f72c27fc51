// SPDX-License-Identifier: Apache-2.0
#include "pacing/budget.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hubward::pacing {
namespace {

using namespace std::chrono_literals;

// A call without an answer may be counted as late as this after we gave it up.
constexpr auto late_counting = 1s;
// Others who were seen are expected to come again for so long.
constexpr auto foreign_memory = 60s;
// How long to wait before one call asks how things stand, when others seem to take everything.
constexpr auto first_probe_wait = 500ms;
constexpr auto longest_probe_wait = 4s;
// How long without a refusal until the margin shrinks by one; doubled by each refusal.
constexpr std::chrono::milliseconds first_patience = 60s;
constexpr std::chrono::milliseconds longest_patience = 1h;
// Spread a little closer than evenly: what a late timer loses is caught up.
constexpr double closeness = 0.95;
// Windows so small that leaving one call out would be felt go without a margin until a refusal.
constexpr std::uint32_t small = 50;

}  // namespace

Budget::Budget(hubspot::RollingLimit documented, Answers answers)
    : limit_(std::max(documented.calls, 1U)),
      answers_(answers),
      window_(documented.span),
      probe_wait_(first_probe_wait),
      refusal_margin_(least_margin()),
      patience_(first_patience) {}

void Budget::set_documented(std::uint32_t calls) {
  if (!told_) limit_ = std::max(calls, 1U);
}

bool Budget::has_room(SteadyPoint now) {
  window_.pass(now);
  return window_.held() < allowed(now) || may_probe(now);
}

Budget::Place Budget::take(SteadyPoint now) {
  window_.pass(now);
  auto in_flight = static_cast<std::uint32_t>(window_.in_flight());
  window_.begin();
  return {++sent_, static_cast<std::uint32_t>(window_.held()), in_flight};
}

void Budget::answered(const Place& place, SteadyPoint now, const hubspot::LimitFields& told) {
  window_.end(now);
  probe_wait_ = first_probe_wait;
  hear(place, now, told);
}

void Budget::refused(const Place& place, SteadyPoint now, const hubspot::LimitFields& told) {
  // Not known whether HubSpot counts what it refuses: held as if it did.
  window_.end(now);
  ++refusals_;
  hear(place, now, told);
  if (place.number >= heard_) {
    heard_ = place.number;
    std::uint32_t before = place.ours - 1;
    foreign_ = std::max(foreign_, limit_ - std::min(before, limit_));
    is_guess_ = true;
    // Where answers do not tell, what others used has left after one window.
    foreign_until_ = now + (told_ ? std::chrono::milliseconds(foreign_memory) : window_.span());
  }
  last_news_ = now;
  probe_wait_ = std::min<std::chrono::milliseconds>(probe_wait_ * 2, longest_probe_wait);
  refusal_margin_ = std::min(refusal_margin_ * 2 + 1, most_margin());
  patience_ = std::min(patience_ * 2, longest_patience);
  eased_ = now;
}

void Budget::lost(SteadyPoint now) {
  window_.end(now + late_counting);
}

void Budget::unsent() {
  window_.take_back();
}

// Each goes when one has left of those that keep it out, and keeps its distance from the one before. Who goes
// meanwhile leaves a window later in its turn, so from the second window on everything comes again.
SteadyPoint Budget::turn_of(std::size_t n, SteadyPoint earliest, SteadyPoint now) {
  window_.pass(now);
  if (answers_ == Answers::TellTheLimit && !told_ && window_.in_flight() > 0) return earliest;
  std::size_t may = std::max(allowed(now), 1U), held = window_.held();
  // After a refusal nobody knows what others use; the next call will tell.
  if (is_guess_ && foreign(now) > 0) {
    may = std::max<std::size_t>(allowed(now) + foreign(now), 1);
    earliest = std::max(earliest, last_news_ + probe_wait_);
  }
  std::size_t again = n > 2 * may ? (n - may - 1) / may : 0;
  std::chrono::nanoseconds distance = spacing(now);
  std::vector<SteadyPoint> leavings = window_.leavings(), turns;
  turns.reserve(n - again * may);
  while (turns.size() < n - again * may) {
    SteadyPoint turn = turns.empty() ? earliest : turns.back() + distance;
    std::size_t leave = held + turns.size();  // so many, less `may`, and one more, are to leave before
    if (leave >= may) {
      std::size_t at = leave - may;
      SteadyPoint left = now + window_.span();  // of one under way: not before
      if (at < leavings.size()) left = leavings[at];
      if (at >= held) left = turns[at - held] + window_.span();
      turn = std::max(turn, left);
    }
    turns.push_back(turn);
  }
  return turns.back() + window_.span() * static_cast<std::int64_t>(again);
}

std::optional<SteadyPoint> Budget::next_room(SteadyPoint now) {
  window_.pass(now);
  std::optional<SteadyPoint> next = window_.next_leaves();
  if (could_probe(now))
    next = std::min(next.value_or(SteadyPoint::max()), std::max(last_news_ + probe_wait_, now));
  return next;
}

std::optional<SteadyPoint> Budget::terms_change(SteadyPoint now) {
  ease(now);
  std::optional<SteadyPoint> next;
  if (others_are_known(now)) next = foreign_until_;
  if (refusal_margin_ > least_margin())
    next = std::min(next.value_or(SteadyPoint::max()), eased_ + patience_);
  return next;
}

std::chrono::nanoseconds Budget::spacing(SteadyPoint now) {
  auto even = std::chrono::duration<double, std::nano>(window_.span()) / std::max(allowed(now), 1U);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(even * closeness);
}

Budget::View Budget::view(SteadyPoint now) {
  window_.pass(now);
  std::uint32_t may = allowed(now), others = foreign(now);
  return {.limit = {limit_, window_.span()},
          .ours = static_cast<std::uint32_t>(window_.held()),
          .foreign = others,
          .margin = limit_ - std::min(limit_, may + others),
          .told = told_,
          .refusals = refusals_};
}

std::uint32_t Budget::allowed(SteadyPoint now) {
  ease(now);
  auto arrivals = static_cast<std::uint32_t>(std::ceil(others_are_known(now) ? arrival_margin_ : 0));
  std::uint32_t margin =
      std::min(std::max(refusal_margin_, arrivals), std::max(most_margin(), least_margin()));
  std::uint32_t taken = foreign(now) + margin;
  return taken < limit_ ? limit_ - taken : 0;
}

std::uint32_t Budget::foreign(SteadyPoint now) const {
  return others_are_known(now) ? foreign_ : 0;
}

bool Budget::others_are_known(SteadyPoint now) const {
  return foreign_until_ && now < *foreign_until_;
}

std::uint32_t Budget::least_margin() const {
  return limit_ < small ? 0 : 1;
}

std::uint32_t Budget::most_margin() const {
  return limit_ == 1 ? 0 : std::max(limit_ / 4, 1U);
}

void Budget::ease(SteadyPoint now) {
  while (refusal_margin_ > least_margin() && now - eased_ >= patience_) {
    --refusal_margin_;
    eased_ += patience_;
  }
  refusal_margin_ = std::clamp(refusal_margin_, least_margin(), std::max(most_margin(), least_margin()));
}

// Only where it is others, not we, who fill the window, and nobody is under way who will tell anyhow.
bool Budget::could_probe(SteadyPoint now) const {
  return window_.in_flight() == 0 && window_.held() + least_margin() < limit_ && foreign(now) > 0;
}

bool Budget::may_probe(SteadyPoint now) const {
  return could_probe(now) && now - last_news_ >= probe_wait_;
}

void Budget::hear(const Place& place, SteadyPoint now, const hubspot::LimitFields& told) {
  if (told.interval) window_.set_span(*told.interval);
  if (told.max && *told.max > 0) {
    limit_ = *told.max;
    told_ = true;
  }
  last_news_ = now;
  if (told.max && told.remaining) hear_remaining(place, now, std::min(*told.remaining, limit_));
}

// What HubSpot had counted when it counted this call, less what of ours was among that. Ours is known only
// within bounds: calls that were sent later may have been counted before (then others seem more than they
// are), calls sent before may have been counted after, or have left already (then they seem fewer).
void Budget::hear_remaining(const Place& place, SteadyPoint now, std::uint32_t remaining) {
  if (place.number < heard_) return;
  heard_ = place.number;
  auto counted = static_cast<std::int64_t>(limit_ - remaining);
  std::int64_t others = std::max<std::int64_t>(counted - place.ours, 0);
  auto sent_later = static_cast<std::int64_t>(sent_ - place.number);
  bool certain = others > sent_later;
  if (certain) foreign_until_ = now + foreign_memory;
  if (!others_are_known(now)) {
    foreign_ = 0;
    arrival_margin_ = 0;
    return;
  }
  auto unsure = std::min<std::int64_t>(place.in_flight, limit_ / 16);
  auto seen = static_cast<std::uint32_t>(std::min<std::int64_t>(others + unsure, limit_));
  double grown = seen > foreign_ ? seen - foreign_ : 0;
  constexpr double memory = 0.9;
  arrival_margin_ = std::max(grown, arrival_margin_ * memory);
  foreign_ = seen;
  is_guess_ = false;
}

}  // namespace hubward::pacing
