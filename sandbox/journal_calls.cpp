// SPDX-License-Identifier: Apache-2.0
// The calls of the webhook journal: entries, batches of them, subscriptions, and the files.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "sandbox/access.hpp"
#include "sandbox/problem.hpp"
#include "sandbox/webhook_journal.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::string_view prefix = "/webhooks-journal/";
constexpr std::size_t most_in_a_batch = 100;

using Rest = std::vector<std::string>;

// Everything that one call needs.
struct Asking {
  World& world;
  const Call& call;
  std::string app;
  Rest rest;  // of the path, behind the version
};

std::expected<std::string, Problem> app_of(World& world, const Call& call, const std::string& scope) {
  constexpr std::string_view scheme = "Bearer ";
  std::string_view value = call.field("Authorization");
  if (!value.starts_with(scheme)) return refuse(missing_credential());
  auto found = world.tokens.find(std::string(value.substr(scheme.size())));
  if (found == world.tokens.end() || found->second.use != "client_credentials" || found->second.revoked ||
      (found->second.expires && *found->second.expires <= world.now()))
    return refuse(missing_credential());
  if (!holds(found->second.scopes, scope)) return refuse(missing_scopes(Combine::All, {scope}));
  return found->second.app;
}

Json entry_json(const Asking& asking, const JournalPage& page) {
  TimePoint expires = asking.world.now() + WebhookJournal::signed_for;
  return Json::object(
      {{"currentOffset", page.offset},
       {"expiresAt", to_iso8601(expires)},
       {"url", fmt::format("https://{}{}{}?expires={}&signature={}", asking.call.field("Host"), journal_files,
                           page.offset, to_millis(expires), WebhookJournal::signature(page, expires))}});
}

// Those that one account is asked for hold nothing of others; a page is cut, not left out.
std::deque<JournalPage> pages_of(const Asking& asking) {
  return asking.world.journal.pages(asking.world, asking.app);
}

std::size_t place_of(const std::deque<JournalPage>& pages, std::string_view offset) {
  auto found = std::ranges::find(pages, offset, &JournalPage::offset);
  return static_cast<std::size_t>(found - pages.begin());
}

Outcome one(const Asking& asking, const std::deque<JournalPage>& pages, std::size_t place) {
  if (place >= pages.size()) return empty_answer();
  return json_answer(200, entry_json(asking, pages[place]));
}

Outcome several(const Asking& asking, const std::deque<JournalPage>& pages, std::size_t from,
                std::string_view count) {
  auto most = to_number(count);
  if (!most || *most == 0 || *most > most_in_a_batch)
    return refuse(400, fmt::format("count must be a number from 1 to {}", most_in_a_batch));
  Json results = Json::array();
  for (std::size_t i = from; i < pages.size() && results.items().size() < *most; ++i)
    results.push(entry_json(asking, pages[i]));
  Json now = to_iso8601(asking.world.now());
  return json_answer(200, Json::object({{"status", "COMPLETE"},
                                        {"results", std::move(results)},
                                        {"startedAt", now},
                                        {"completedAt", now}}));
}

Outcome read_batch(const Asking& asking, const std::deque<JournalPage>& pages) {
  Result<Json> body = Json::parse(asking.call.body);
  if (!body || !(*body)["inputs"].is_array()) return refuse(400, "Invalid input JSON: inputs is required");
  Json results = Json::array(), errors = Json::array();
  for (const Json& input : (*body)["inputs"].items()) {
    std::size_t place = place_of(pages, input.text().value_or(""));
    if (place < pages.size()) {
      results.push(entry_json(asking, pages[place]));
    } else {
      errors.push(batch_error({404, "No journal entry has this offset", "OBJECT_NOT_FOUND"}));
    }
  }
  Json now = to_iso8601(asking.world.now());
  Json answer = Json::object(
      {{"status", "COMPLETE"}, {"results", std::move(results)}, {"startedAt", now}, {"completedAt", now}});
  if (errors.items().empty()) return json_answer(200, answer);
  answer.set("numErrors", errors.items().size());
  answer.set("errors", std::move(errors));
  return json_answer(207, answer);
}

Outcome read_journal(const Asking& asking) {
  const std::deque<JournalPage> pages = pages_of(asking);
  const Rest& rest = asking.rest;
  bool get = asking.call.method == "GET";
  auto is = [&](std::size_t size, std::string_view first) { return rest.size() == size && rest[0] == first; };
  std::size_t last = pages.empty() ? 0 : pages.size() - 1;
  if (get && is(1, "earliest")) return one(asking, pages, 0);
  if (get && is(1, "latest")) return one(asking, pages, last);
  if (get && is(3, "offset") && rest[2] == "next") {
    std::size_t place = place_of(pages, rest[1]);
    // Older than what is kept: behind it lies all that there is.
    return one(asking, pages, place == pages.size() ? 0 : place + 1);
  }
  if (get && is(3, "batch") && rest[1] == "earliest") return several(asking, pages, 0, rest[2]);
  if (get && is(3, "batch") && rest[1] == "latest") {
    std::size_t most = std::min<std::size_t>(to_number(rest[2]).value_or(0), pages.size());
    return several(asking, pages, pages.size() - most, rest[2]);
  }
  if (get && is(4, "batch") && rest[2] == "next") {
    std::size_t place = place_of(pages, rest[1]);
    return several(asking, pages, place == pages.size() ? 0 : place + 1, rest[3]);
  }
  if (asking.call.method == "POST" && is(2, "batch") && rest[1] == "read") return read_batch(asking, pages);
  return refuse(unknown_route());
}

Json texts(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& text : list) json.push(text);
  return json;
}

Json subscription_json(const World& world, const JournalSubscription& subscription) {
  Json objects = Json::array();
  for (std::uint64_t object : subscription.objects) objects.push(object);
  auto app = world.apps.find(subscription.app);
  return Json::object({{"id", subscription.id},
                       {"appId", app == world.apps.end() ? 0 : app->second.app_id},
                       {"subscriptionType", subscription.type},
                       {"objectTypeId", subscription.object_type},
                       {"portalId", subscription.account},
                       {"actions", texts(subscription.actions)},
                       {"properties", texts(subscription.properties)},
                       {"objectIds", std::move(objects)},
                       {"createdAt", to_iso8601(subscription.created)},
                       {"updatedAt", to_iso8601(world.now())}});
}

std::vector<std::string> texts_in(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list.items()) texts.push_back(item.text_or(""));
  return texts;
}

Outcome subscribe(const Asking& asking) {
  const Result<Json> body = Json::parse(asking.call.body);
  if (!body || !body->is_object()) return refuse(400, "Invalid input JSON: an object is expected");
  JournalSubscription wanted;
  wanted.app = asking.app;
  wanted.type = (*body)["subscriptionType"].text_or("");
  wanted.object_type = (*body)["objectTypeId"].text_or("");
  wanted.account = static_cast<std::uint64_t>((*body)["portalId"].integer().value_or(0));
  wanted.actions = texts_in((*body)["actions"]);
  wanted.properties = texts_in((*body)["properties"]);
  for (const Json& object : (*body)["objectIds"].items())
    wanted.objects.push_back(static_cast<std::uint64_t>(object.integer().value_or(0)));
  if (wanted.type != "OBJECT") return refuse(400, "the sandbox has subscriptions of type OBJECT only");
  if (wanted.object_type.empty() || wanted.actions.empty() || asking.world.account(wanted.account) == nullptr)
    return refuse(400, "objectTypeId, portalId and actions are required");
  auto made = asking.world.journal.subscribe(asking.world, std::move(wanted));
  if (!made)
    return refuse(400,
                  fmt::format("an app has at most {} subscriptions", WebhookJournal::most_subscriptions));
  return json_answer(200, subscription_json(asking.world, *made));
}

Outcome subscriptions(const Asking& asking) {
  const Rest& rest = asking.rest;
  const std::string& method = asking.call.method;
  WebhookJournal& journal = asking.world.journal;
  if (rest.empty() && method == "POST") return subscribe(asking);
  if (rest.empty() && method == "GET") {
    Json results = Json::array();
    for (const JournalSubscription& one : journal.subscriptions())
      if (one.app == asking.app) results.push(subscription_json(asking.world, one));
    return json_answer(200, Json::object({{"results", std::move(results)}}));
  }
  if (rest.size() == 2 && rest[0] == "portals" && method == "DELETE") {
    journal.unsubscribe(asking.app, std::nullopt, to_number(rest[1]).value_or(0));
    return empty_answer();
  }
  if (rest.size() != 1 || (method != "GET" && method != "DELETE")) return refuse(unknown_route());
  auto id = static_cast<std::int64_t>(to_number(rest[0]).value_or(0));
  auto found = std::ranges::find_if(journal.subscriptions(), [&](const JournalSubscription& one) {
    return one.app == asking.app && one.id == id;
  });
  if (found == journal.subscriptions().end())
    return refuse(404, "No subscription has this id", "OBJECT_NOT_FOUND");
  if (method == "GET") return json_answer(200, subscription_json(asking.world, *found));
  journal.unsubscribe(asking.app, id, std::nullopt);
  return empty_answer();
}

// As a store for files does: who is signed in by the address may not be signed in otherwise, too.
Answer file(World& world, const Call& call) {
  Form query = Form::parse(call.query);
  std::string_view offset = std::string_view(call.path).substr(journal_files.size());
  const JournalPage* page =
      world.journal.signed_page(world, offset, query.first("expires"), query.first("signature"));
  if (!call.field("Authorization").empty())
    return {400, {{"Content-Type", "text/plain"}}, "only one way to be authorised is allowed", {}, {}};
  if (page == nullptr) return {403, {{"Content-Type", "text/plain"}}, "the address has expired", {}, {}};
  Json events = Json::array();
  for (const Json& event : page->events) events.push(event);
  return json_answer(200, Json::object({{"offset", page->offset},
                                        {"journalEvents", std::move(events)},
                                        {"publishedAt", to_iso8601(page->published)}}));
}

}  // namespace

std::optional<Answer> answer_webhook_journal(World& world, const Call& call,
                                             const std::string& correlation_id) {
  if (call.path.starts_with(journal_files)) return file(world, call);
  if (!call.path.starts_with(prefix)) return std::nullopt;
  Rest segments = path_segments(call.path);
  bool known = segments.size() >= 3 && segments[2] == "2026-03";
  bool journal = known && (segments[1] == "journal" || segments[1] == "journal-local");
  bool managing = known && segments[1] == "subscriptions";
  if (!journal && !managing) return problem_answer(unknown_route(), correlation_id);
  std::string scope = journal                ? "developer.webhooks_journal.read"
                      : call.method == "GET" ? "developer.webhooks_journal.subscriptions.read"
                                             : "developer.webhooks_journal.subscriptions.write";
  auto app = app_of(world, call, scope);
  if (!app) return problem_answer(app.error(), correlation_id);
  Asking asking{world, call, *app, Rest(segments.begin() + 3, segments.end())};
  Outcome outcome = journal ? read_journal(asking) : subscriptions(asking);
  return outcome ? *std::move(outcome) : problem_answer(outcome.error(), correlation_id);
}

}  // namespace hubward::sandbox
