// SPDX-License-Identifier: Apache-2.0
#include "grants/holding.hpp"

#include <utility>

namespace hubward::grants {

Holding::Holding(ConnectionView view, Secret access_token, GrantFacts facts)
    : name(view.name),
      kind(view.kind),
      account(view.hub_id),
      recorded(view.state),
      view_(std::move(view)),
      access_token_(std::move(access_token)),
      facts_(facts) {}

Holding::Answer Holding::take(Loop& here, SteadyPoint now, Deadline deadline) {
  std::scoped_lock lock(mutex_);
  if (removed_)
    return Error{"CONNECTION_UNKNOWN", Fault::Caller, Retry::Never,
                 "connection " + name.text + " was disconnected"};
  switch (for_call(facts_, now)) {
    case ForCall::Use:
      if (kind == GrantKind::Static) {
        if (uses_.empty() || uses_.back().generation != view_.generation) uses_.push_back({view_.generation});
        ++uses_.back().count;
        uses_.back().last = now;
      }
      return Ready{access_token_.clone(), view_.generation};
    case ForCall::Dead:
      return Error{"GRANT_DEAD", Fault::HubSpot, Retry::Never,
                   "HubSpot no longer honours the grant of connection " + name.text + "; connect it again"};
    case ForCall::Refused:
      return Error{"TOKEN_EXPIRED", Fault::HubSpot, Retry::Never,
                   "HubSpot refuses the static token of connection " + name.text +
                       "; store a new one with hubward connection rotate " + name.text};
    case ForCall::Wait: break;
  }
  // A call whose deadline passes before the next try gains nothing by waiting for it.
  bool in_vain = !facts_.in_flight && facts_.not_before && *facts_.not_before - now > deadline - after({});
  if (in_vain || waiters_.size() >= most_waiters) return unavailable();
  waiters_.push_back({&here, std::make_shared<Signal>(here)});
  return Waiting{waiters_.back().changed};
}

std::shared_ptr<Signal> Holding::watch(Loop& here) {
  std::scoped_lock lock(mutex_);
  waiters_.push_back({&here, std::make_shared<Signal>(here)});
  return waiters_.back().changed;
}

void Holding::stop_waiting(const std::shared_ptr<Signal>& changed) {
  std::scoped_lock lock(mutex_);
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.changed == changed; });
}

void Holding::reject(std::uint64_t generation) {
  std::scoped_lock lock(mutex_);
  if (view_.generation == generation) facts_.rejected = true;
}

bool Holding::suspect(std::uint64_t generation, SteadyPoint now) {
  std::scoped_lock lock(mutex_);
  bool can_be_asked = view_.generation == generation && facts_.life && !facts_.dead && !facts_.in_flight;
  bool was_lately = suspected_ && now - *suspected_ < between_suspicions;
  if (!can_be_asked || was_lately) return false;
  suspected_ = now;
  return true;
}

std::optional<Secret> Holding::living_token(SteadyPoint now) const {
  std::scoped_lock lock(mutex_);
  if (removed_ || for_call(facts_, now) != ForCall::Use) return std::nullopt;
  return access_token_.clone();
}

void Holding::explain_death(LastTrouble reason, bool token_refused) {
  std::scoped_lock lock(mutex_);
  if (!facts_.dead) return;
  view_.last_trouble = std::move(reason);
  if (token_refused) facts_.rejected = true;
}

std::vector<Holding::Uses> Holding::take_uses() {
  std::scoped_lock lock(mutex_);
  return std::exchange(uses_, {});
}

void Holding::show_token(std::uint64_t generation, std::shared_ptr<const StaticTokenView> token) {
  std::scoped_lock lock(mutex_);
  if (view_.generation == generation) view_.token = std::move(token);
}

ConnectionView Holding::view() const {
  std::scoped_lock lock(mutex_);
  return view_;
}

GrantFacts Holding::facts() const {
  std::scoped_lock lock(mutex_);
  return facts_;
}

ConnectionState Holding::state(AppKnown app, SteadyPoint now) const {
  std::scoped_lock lock(mutex_);
  return state_at(view_.state, facts_, app, now);
}

void Holding::begin_renewal(SteadyPoint now) {
  std::scoped_lock lock(mutex_);
  renewal_began(facts_, now);
}

void Holding::show(LastTrouble trouble) {
  std::scoped_lock lock(mutex_);
  view_.state = ConnectionState::Failing;
  view_.last_trouble = std::move(trouble);
  wake_all();
}

void Holding::replace(ConnectionView view, Secret access_token, GrantFacts facts) {
  std::scoped_lock lock(mutex_);
  view_ = std::move(view);
  access_token_ = std::move(access_token);
  facts_ = facts;
  wake_all();
}

void Holding::fail(Failure failure, SteadyPoint now, double jitter) {
  std::scoped_lock lock(mutex_);
  renewal_failed(facts_, failure.how, failure.at_least, now, jitter);
  view_.state = facts_.dead ? ConnectionState::Dead : ConnectionState::Failing;
  view_.last_trouble = std::move(failure.trouble);
  wake_all();
}

void Holding::remove() {
  std::scoped_lock lock(mutex_);
  removed_ = true;
  access_token_ = Secret();
  facts_ = GrantFacts{};
  wake_all();
}

Error Holding::unavailable() const {
  std::string cause = view_.last_trouble ? ": " + view_.last_trouble->cause : std::string();
  return {"GRANT_UNAVAILABLE", Fault::HubSpot, Retry::Later,
          "the token of connection " + name.text + " has expired and is not renewed yet" + cause};
}

// A waiter is woken on its own loop.
void Holding::wake_all() {
  for (Waiter& waiter : std::exchange(waiters_, {}))
    waiter.loop->post([changed = std::move(waiter.changed)] { changed->notify(); });
}

}  // namespace hubward::grants
