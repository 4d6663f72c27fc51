// SPDX-License-Identifier: Apache-2.0
// Destinations and dead letters, as an operator sees and mends them.
#include <utility>

#include "admin/operations.hpp"
#include "async/await.hpp"

namespace hubward::admin {
namespace {

using State = webhooks::Deliverer::Facts::State;

// The last attempt failed.
bool is_failing(const webhooks::Deliveries::View& view) {
  return view.facts.failed_at &&
         (!view.facts.delivered_at || *view.facts.failed_at > *view.facts.delivered_at);
}

std::string_view word_for(const webhooks::Deliveries::View& view) {
  if (!view.configured) return "not configured";
  switch (view.facts.state) {
    case State::Delivering: return view.waiting == 0 ? "idle" : is_failing(view) ? "failing" : "delivering";
    case State::Resting: return "resting";
    case State::Disabled: return "disabled";
  }
  return "";
}

std::string next_step_for(const webhooks::Deliveries::View& view) {
  if (!view.configured)
    return "configure [destinations." + view.name.text +
           "] again, or throw away what waits for it: hubward webhook discard --destination " +
           view.name.text;
  if (view.facts.state == State::Disabled)
    return "when its cause is gone: hubward webhook enable " + view.name.text;
  if (view.facts.state == State::Resting) return "none: it is tried again by itself";
  if (view.waiting > 0 && is_failing(view))
    return "none, if its cause goes away by itself: it is tried again";
  if (view.dead > 0) return "look at them: hubward webhook dead --destination " + view.name.text;
  return "";
}

Json time_or_null(const std::optional<TimePoint>& time) {
  return time ? Json(to_iso8601(*time)) : Json();
}

Json facts_of(const webhooks::Deliveries::View& view) {
  Json url;
  // Without its query, in which some receivers want a credential.
  if (view.configured) {
    const std::string& target = view.configured->target;
    url = http::to_string(view.configured->origin) + target.substr(0, target.find('?'));
  }
  return Json::object({{"name", view.name.text},
                       {"url", std::move(url)},
                       {"state", word_for(view)},
                       {"waiting", view.waiting},
                       {"dead", view.dead},
                       {"in_flight", view.facts.in_flight},
                       {"delivered", view.facts.delivered},
                       {"failed", view.facts.failed},
                       {"delivered_at", time_or_null(view.facts.delivered_at)},
                       {"failed_at", time_or_null(view.facts.failed_at)},
                       {"cause", view.facts.cause},
                       {"next_step", next_step_for(view)}});
}

Json facts_of(const webhooks::Deliveries::DeadLetterView& view) {
  const webhooks::EventFacts& event = view.letter.event;
  return Json::object({{"id", view.letter.id},
                       {"destination", view.destination.text},
                       {"event", event.id.number},
                       {"app", event.app.text},
                       {"account", event.account ? Json(event.account->number) : Json()},
                       {"kind", event.kind},
                       {"object", event.object},
                       {"attempts", std::int64_t{view.letter.attempts}},
                       {"first_at", to_iso8601(view.letter.first)},
                       {"cause", view.letter.cause}});
}

Result<Json> counted(Result<std::uint64_t> count, const char* what) {
  if (!count) return std::unexpected(count.error());
  return Json::object({{what, *count}});
}

}  // namespace

Async<Result<Json>> Operations::list_destinations() const {
  auto views = co_await parts_.deliveries.list();
  if (!views) co_return std::unexpected(views.error());
  Json list = Json::array();
  for (const webhooks::Deliveries::View& view : *views) list.push(facts_of(view));
  co_return Json::object({{"destinations", std::move(list)}});
}

Async<Result<Json>> Operations::list_dead(std::optional<webhooks::DestinationName> destination,
                                          std::optional<std::int64_t> before, std::int64_t limit) const {
  auto letters = co_await parts_.deliveries.dead(std::move(destination), before, limit);
  if (!letters) co_return std::unexpected(letters.error());
  Json list = Json::array();
  for (const webhooks::Deliveries::DeadLetterView& view : *letters) list.push(facts_of(view));
  Json answer = Json::object({{"dead", std::move(list)}});
  if (letters->size() == static_cast<std::size_t>(limit))
    answer.set("next", std::to_string(letters->back().letter.id));
  co_return answer;
}

Async<Result<Json>> Operations::redrive(webhooks::Deliveries::Choice choice) {
  Result<std::uint64_t> count = co_await parts_.deliveries.redrive(std::move(choice));
  co_return counted(std::move(count), "redriven");
}

Async<Result<Json>> Operations::discard(webhooks::Deliveries::Choice choice) {
  Result<std::uint64_t> count = co_await parts_.deliveries.discard(std::move(choice));
  co_return counted(std::move(count), "discarded");
}

Async<Result<Json>> Operations::replay(webhooks::DestinationName destination,
                                       webhooks::tables::EventQuestion events) {
  Result<std::uint64_t> count = co_await parts_.deliveries.replay(std::move(destination), std::move(events));
  co_return counted(std::move(count), "replayed");
}

Async<Result<Json>> Operations::enable(webhooks::DestinationName destination) {
  Result<void> done = co_await parts_.deliveries.enable(destination);
  if (!done) co_return std::unexpected(done.error());
  co_return Json::object({{"destination", destination.text}, {"state", "enabled"}});
}

Async<Result<Json>> Operations::disable(webhooks::DestinationName destination, std::string cause) {
  Result<void> done = co_await parts_.deliveries.disable(destination, std::move(cause));
  if (!done) co_return std::unexpected(done.error());
  co_return Json::object({{"destination", destination.text}, {"state", "disabled"}});
}

}  // namespace hubward::admin
