// SPDX-License-Identifier: Apache-2.0
// Which grant is renewed when, and who waits for it. How one is renewed: refreshing.cpp.
#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace hubward::grants {
namespace {

// Real waits follow the gateway's clock: how far ahead `time` lies, from now.
Deadline real_deadline(SteadyPoint time, SteadyPoint now) {
  return after(time - now);
}

}  // namespace

Async<void> Grants::State::run(std::shared_ptr<State> self) {
  const Clock& clock = self->parts.clock;
  SteadyPoint next_sweep = clock.steady();
  while (!self->stopping) {
    if (clock.steady() >= next_sweep) {
      co_await self->sweep();
      next_sweep = clock.steady() + sweep_interval;
      continue;
    }
    self->start_due();
    SteadyPoint next = std::min(next_sweep, self->schedule_.earliest().value_or(next_sweep));
    co_await self->changed.wait(real_deadline(next, clock.steady()));
  }
}

Async<void> Grants::State::sweep() {
  Result<void> swept = co_await parts.database.commit(delete_expired(parts.clock.now()));
  if (!swept) parts.log.failed(telemetry::Level::Warning, "grants.sweep_failed", swept.error());
  std::shared_ptr<const Directory> now = directory();
  for (const auto& [name, entry] : now->entries) observe(entry.holding);
  co_await sweep_static();
}

void Grants::State::reschedule(const std::shared_ptr<Holding>& holding) {
  schedule_.set(holding, next_renewal(holding->facts()));
  start_due();
  changed.notify();
}

void Grants::State::start_due() {
  while (!stopping && active_ < most_renewals) {
    std::shared_ptr<Holding> due = schedule_.take_due(parts.clock.steady());
    if (!due) return;
    due->begin_renewal(parts.clock.steady());
    observe(due);
    ++active_;
    bool is_static = due->kind == GrantKind::Static;
    parts.loop.spawn(is_static ? check_static(shared_from_this(), std::move(due))
                               : renew(shared_from_this(), std::move(due)));
  }
}

void Grants::State::ask_about(const std::shared_ptr<Holding>& holding) {
  Result<Entry> entry = find(holding->name);
  if (!entry || entry->holding != holding || holding->facts().in_flight) return;
  schedule_.set(holding, parts.clock.steady());
  start_due();
}

void Grants::State::probe_dead_of(const AppName& app) {
  std::shared_ptr<const Directory> now = directory();
  for (const auto& [name, entry] : now->entries)
    if (entry.holding->view().app == app && entry.holding->facts().dead && !entry.holding->facts().in_flight)
      schedule_.set(entry.holding, parts.clock.steady());
}

Async<bool> Grants::State::drain(Deadline deadline) {
  while (active_ > 0) {
    bool in_time = co_await changed.wait(deadline);
    if (!in_time && active_ > 0) co_return false;
  }
  co_return true;
}

Async<Result<ConnectionView>> Grants::State::renew_now(ConnectionName connection, Deadline deadline) {
  Result<Entry> entry = find(connection);
  if (!entry) co_return std::unexpected(entry.error());
  std::shared_ptr<Holding> holding = entry->holding;
  ConnectionView before = holding->view();
  if (before.kind == GrantKind::Static)
    co_return invalid("NOT_RENEWABLE",
                      "connection " + connection.text + " has a static token; store a new one instead");
  std::shared_ptr<Signal> newer = holding->watch(parts.loop);
  if (!holding->facts().in_flight) {
    schedule_.set(holding, SteadyPoint::min());
    start_due();
  }
  bool ended = co_await newer->wait(deadline);
  if (!ended) holding->stop_waiting(newer);
  ConnectionView now = holding->view();
  if (now.generation > before.generation) co_return shown({holding, app(now.app)});
  std::string cause = now.last_trouble ? now.last_trouble->cause : "it was not done in time";
  co_return failure("GRANT_UNAVAILABLE", Fault::HubSpot, Retry::Later,
                    "connection " + connection.text + " was not renewed: " + cause);
}

}  // namespace hubward::grants
