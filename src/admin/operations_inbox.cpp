// SPDX-License-Identifier: Apache-2.0
// Webhooks, as an operator sees them: what came, what was refused and why, what the inbox holds.
#include <algorithm>
#include <utility>

#include "admin/operations.hpp"
#include "async/await.hpp"
#include "grants/secret_rotation.hpp"
#include "webhooks/masking.hpp"

namespace hubward::admin {
namespace {

// Of one question; whoever asks goes on where it ended.
constexpr std::chrono::seconds longest_repair{10};

Json number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json();
}

Json facts_of(const webhooks::EventFacts& event) {
  return Json::object({{"id", event.id.number},
                       {"app", event.app.text},
                       {"kind", event.kind},
                       {"account", event.account ? Json(event.account->number) : Json()},
                       {"subscription", number_or_null(event.subscription)},
                       {"object_type", event.object_type},
                       {"object", event.object},
                       {"property", event.property},
                       {"occurred_at", to_iso8601(event.occurred)},
                       {"received_at", to_iso8601(event.received)},
                       {"attempt", event.attempt}});
}

Json outcomes_of(const webhooks::Hooks& hooks, const AppName& app) {
  Json list = Json::array();
  auto found = hooks.outcomes().find(app);
  if (found == hooks.outcomes().end()) return list;
  for (const auto& [name, outcome] : found->second)
    list.push(Json::object({{"outcome", name},
                            {"times", outcome.times},
                            {"last_at", to_iso8601(outcome.last)},
                            {"explanation", outcome.explanation}}));
  return list;
}

Json counts_of(const webhooks::Repaired& repaired) {
  return Json::object({{"files", repaired.files},
                       {"events", repaired.events},
                       {"missing", repaired.missing},
                       {"more", repaired.more},
                       {"began", repaired.began},
                       {"came_too_late", repaired.came_too_late}});
}

// Null when the app's journal is not read.
Json journal_of(const webhooks::GapRepair& repair, const AppName& app) {
  if (!repair.reads(app)) return {};
  webhooks::GapRepair::Facts facts = repair.facts(app);
  auto time = [](const std::optional<TimePoint>& at) { return at ? Json(to_iso8601(*at)) : Json(); };
  return Json::object({{"read_at", time(facts.read_at)},
                       {"missing", facts.missing},
                       {"late_at", time(facts.late_at)},
                       {"trouble_at", time(facts.trouble_at)},
                       {"trouble", facts.trouble}});
}

}  // namespace

Async<Result<Json>> Operations::webhook_status() const {
  Result<webhooks::Inbox::Counts> counts = co_await parts_.inbox.count();
  if (!counts) co_return std::unexpected(counts.error());
  const webhooks::HookSettings& settings = parts_.hooks.settings();
  Json apps = Json::array();
  for (const auto& [name, hook] : settings.apps)
    apps.push(Json::object({{"app", name.text},
                            {"address", settings.public_url + "/hooks/" + name.text},
                            {"accepts", hubspot::to_text(hook.policy.accepted)},
                            {"has_secret", !hook.app->client_secret.empty()},
                            {"requests", outcomes_of(parts_.hooks, name)},
                            {"journal", journal_of(parts_.gap_repair, name)}}));
  co_return Json::object({{"events", counts->events},
                          {"waiting", counts->waiting},
                          {"dead", counts->dead},
                          {"duplicates", counts->duplicates},
                          {"repaired", counts->repaired},
                          {"apps", std::move(apps)}});
}

Async<Result<Json>> Operations::list_events(webhooks::tables::EventQuestion question) const {
  std::size_t most = static_cast<std::size_t>(question.limit);
  Result<std::vector<webhooks::EventFacts>> found = co_await parts_.inbox.list(std::move(question));
  if (!found) co_return std::unexpected(found.error());
  Json events = Json::array();
  for (const webhooks::EventFacts& event : *found) events.push(facts_of(event));
  Json answer = Json::object({{"events", std::move(events)}});
  if (found->size() == most) answer.set("next", std::to_string(found->back().id.number));
  co_return answer;
}

Async<Result<Json>> Operations::show_event(webhooks::EventId id) const {
  Result<webhooks::Inbox::Whole> whole = co_await parts_.inbox.read(id);
  if (!whole) co_return std::unexpected(whole.error());
  Json answer = facts_of(whole->facts);
  answer.set("payload",
             webhooks::shown(whole->payload, whole->facts, parts_.hooks.settings().sensitive_properties));
  co_return answer;
}

Async<Result<Json>> Operations::capture_hook(AppName app, std::chrono::seconds wait) {
  if (!parts_.hooks.settings().apps.contains(app))
    co_return invalid("APP_UNKNOWN", "the configuration has no app named " + app.text);
  std::optional<std::string> request = co_await parts_.hooks.capture(std::move(app), after(wait));
  co_return Json::object({{"request", request ? Json(std::move(*request)) : Json()}});
}

Async<Result<Json>> Operations::repair(AppName app, webhooks::GapRepair::From from) {
  if (!parts_.hooks.settings().apps.contains(app))
    co_return invalid("APP_UNKNOWN", "the configuration has no app named " + app.text);
  Result<webhooks::Repaired> repaired =
      co_await parts_.gap_repair.repair(std::move(app), from, after(longest_repair));
  if (!repaired) co_return std::unexpected(repaired.error());
  co_return counts_of(*repaired);
}

Result<Json> Operations::show_app(const AppName& name) const {
  Result<Json> facts = admin::show_app(*roster_, name);
  if (!facts) return facts;
  auto app = std::ranges::find(roster_->apps, name, &AppFacts::name);
  if (app == roster_->apps.end() || !app->has_previous_secret) return facts;
  facts->set("client_secret",
             grants::rotation_sentence(parts_.grants.secret_use(name), parts_.hooks.secret_use(name)));
  return facts;
}

}  // namespace hubward::admin
