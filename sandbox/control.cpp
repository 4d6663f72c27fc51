// SPDX-License-Identifier: Apache-2.0
#include "sandbox/control.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "hubspot/webhook_samples.hpp"
#include "sandbox/counting.hpp"
#include "sandbox/fields.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::size_t max_faults = 1000;

Answer wrong(int status, std::string message) {
  return json_answer(status, Json::object({{"error", std::move(message)}}));
}

Answer clock_json(const World& world) {
  return json_answer(200, Json::object({{"now", to_iso8601(world.now())},
                                        {"now_ms", to_millis(world.now())},
                                        {"frozen", world.clock_frozen()}}));
}

constexpr std::int64_t longest_overlap_s = 7LL * 86'400;  // HubSpot's (hubspot.md section 2.1)
constexpr std::int64_t longest_wait_ms = 10LL * 60 * 1000;

bool within(std::int64_t number, std::int64_t least, std::int64_t most) {
  return number >= least && number <= most;
}

// {"advance_ms": n}, {"set_ms": n}, {"frozen": true|false}; in this order when several are given.
Answer change_clock(World& world, const Json& body) {
  const std::int64_t now = to_millis(world.now());
  const std::int64_t by = body["advance_ms"].integer().value_or(0);
  if (!within(by, -latest_millis, latest_millis) || !within(now + by, 0, latest_millis) ||
      !within(body["set_ms"].integer().value_or(0), 0, latest_millis))
    return wrong(400, "the clock goes from 1970 to 2200");
  world.move_clock(std::chrono::milliseconds(by));
  if (auto to = body["set_ms"].integer()) world.move_clock(from_millis(*to) - world.now());
  if (auto frozen = body["frozen"].boolean())
    world.freeze_clock(*frozen ? std::optional(world.now()) : std::nullopt);
  return clock_json(world);
}

// Unknown members are refused, since a misspelt rule would silently do nothing.
template <class T>
std::string unknown_member(const Json& body, T sample) {
  Json known = to_state(sample);
  for (const auto& [name, value] : body.members())
    if (!known.has(name)) return name;
  return {};
}

Answer add_fault(World& world, const Json& body) {
  static const std::vector<std::string_view> cuts = {"", "before", "after_effect", "middle", "after"};
  static const std::vector<std::string_view> credentials = {"", "expired", "revoked"};
  if (std::string name = unknown_member(body, FaultRule{}); !name.empty())
    return wrong(400, "a fault has no " + name);
  if (world.faults.size() >= max_faults) return wrong(400, "too many faults; delete some");
  FaultRule fault;
  from_state(body, fault);
  if (!holds(cuts, fault.cut)) return wrong(400, "cut is before, after_effect, middle or after");
  if (!holds(credentials, fault.credential)) return wrong(400, "credential is expired or revoked");
  bool real = fault.status == 0 || (fault.status >= 200 && fault.status <= 599);
  if (!real) return wrong(400, "status is between 200 and 599");
  if (!within(fault.delay_ms, 0, longest_wait_ms) || !within(fault.pause_ms, 0, longest_wait_ms) ||
      fault.piece_bytes < 0)
    return wrong(400, "delay_ms and pause_ms are at most ten minutes, piece_bytes is not negative");
  if (fault.id.empty()) fault.id = fmt::format("fault-{}", world.next_fault++);
  fault.hits = 0;
  world.faults.push_back(fault);
  return json_answer(201, to_state(fault));
}

Answer remove_fault(World& world, const std::string& id) {
  auto removed = std::erase_if(world.faults, [&](const FaultRule& fault) { return fault.id == id; });
  return removed > 0 ? empty_answer() : wrong(404, "there is no fault " + id);
}

template <class T>
Answer change(T& target, const Json& body) {
  if (std::string name = unknown_member(body, target); !name.empty())
    return wrong(400, "there is no setting " + name);
  T changed = target;
  from_state(body, changed);
  if (!usable(changed)) return wrong(400, "a time is out of range");
  target = std::move(changed);
  return json_answer(200, to_state(target));
}

Answer change_account(World& world, const std::string& id, const Json& body) {
  auto found = world.accounts.find(to_number(id).value_or(0));
  if (found == world.accounts.end()) return wrong(404, "there is no account " + id);
  if (body.has("hub_id")) return wrong(400, "an account keeps its hub_id");
  if (body.has("crm")) return wrong(400, "records are changed through the API, or by PUT /state");
  Account& account = found->second;
  if (std::string name = unknown_member(body, account); !name.empty())
    return wrong(400, "an account has no " + name);
  from_state(body, account);
  Json shown = to_state(account);
  shown.remove("crm");
  return json_answer(200, shown);
}

// {"token": "<label's beginning>", "state": "expired"|"revoked"}
Answer change_tokens(World& world, const Json& body) {
  std::string label = body["token"].text_or(""), to = body["state"].text_or("");
  if (label.empty() || (to != "expired" && to != "revoked"))
    return wrong(400, "give token (a label's beginning) and state (expired or revoked)");
  int changed = 0;
  for (auto& [text, token] : world.tokens) {
    if (!World::label(token).starts_with(label)) continue;
    ++changed;
    if (to == "revoked") token.revoked = true;
    if (to == "expired") token.expires = world.now() - std::chrono::seconds(1);
  }
  return json_answer(200, Json::object({{"changed", changed}}));
}

// {"app": "private", "overlap_s": 604800}: what "rotate" does in HubSpot's settings. A new token; the old
// ones end after the overlap, or at once without one.
Answer rotate_static(World& world, const Json& body) {
  std::string app = body["app"].text_or("");
  std::int64_t overlap = body["overlap_s"].integer().value_or(0);
  if (!within(overlap, 0, longest_overlap_s)) return wrong(400, "overlap_s is at most seven days");
  std::optional<Token> fresh;
  for (auto& [text, token] : world.tokens) {
    if (token.app != app || token.use != "static") continue;
    if (!fresh || token.generation > fresh->generation) fresh = token;
    TimePoint ends = world.now() + std::chrono::seconds(overlap);
    if (overlap == 0) token.revoked = true;
    if (overlap > 0 && (!token.expires || *token.expires > ends)) token.expires = ends;
  }
  if (!fresh) return wrong(404, "there is no app with a static token named " + app);
  ++fresh->generation;
  fresh->expires.reset();
  fresh->revoked = false;
  std::string text = fmt::format("pat-{}-{}", world.accounts[fresh->hub_id].hublet, world.uuid());
  world.keep_token(text, std::move(*fresh));
  return json_answer(201, Json::object({{"token", text}}));
}

// {"grant": "app/hub"}: its refresh token is dead from now on.
Answer revoke_grant(World& world, const Json& body) {
  auto found = world.installs.find(body["grant"].text_or(""));
  if (found == world.installs.end()) return wrong(404, "there is no such grant; see GET /counters");
  found->second.revoked = true;
  found->second.refresh_token.clear();
  return empty_answer();
}

// {"grant": "app/hub"}: as when an administrator of the account removes the app.
Answer uninstall_app(World& world, const Json& body) {
  if (!uninstall(world, body["grant"].text_or("")))
    return wrong(404, "there is no such grant; see GET /counters");
  return empty_answer();
}

// {"app": "private", "account": n, "in_ten_seconds": n}: somebody else calls with the same token from now on,
// so often on average, at random moments. 0: nobody does.
Answer let_others_call(World& world, const Json& body) {
  std::string app = body["app"].text_or("");
  auto account = static_cast<std::uint64_t>(body["account"].integer().value_or(0));
  std::int64_t calls = body["in_ten_seconds"].integer().value_or(-1);
  if (!world.apps.contains(app) || !world.accounts.contains(account))
    return wrong(404, "name an app and an account; see GET /world");
  constexpr std::int64_t most = 10'000;
  if (!within(calls, 0, most)) return wrong(400, "in_ten_seconds is 0 to 10000");
  Usage& usage = world.usage[grant_key(app, account)];
  usage.others = calls;
  usage.next_of_others = world.now();
  return empty_answer();
}

// {"account": n, "count": n, "kind": "contact.propertyChange", "objects": n}: so many events, about so many
// records that need not exist, as if they had happened now.
Answer make_events(World& world, const Json& body) {
  constexpr std::int64_t most_events = 100'000, first_object = 1000;
  std::string kind = body["kind"].text_or("contact.propertyChange");
  std::int64_t count = body["count"].integer().value_or(1), objects = body["objects"].integer().value_or(1);
  auto account = static_cast<std::uint64_t>(body["account"].integer().value_or(0));
  if (!hubspot::is_subscription_kind(kind)) return wrong(400, "HubSpot has no events of kind " + kind);
  if (!within(count, 1, most_events) || !within(objects, 1, most_events))
    return wrong(400, "count and objects are 1 to 100000");
  std::size_t made = 0;
  for (std::int64_t number = 0; number < count; ++number) {
    Happening what{.kind = kind, .account = account};
    if (kind.ends_with(".propertyChange")) what.property = "lifecyclestage", what.value = "lead";
    what.object = static_cast<std::uint64_t>(first_object + number % objects);
    made += world.happened(what);
  }
  return json_answer(201, Json::object({{"events", made}}));
}

// Figures; with ?acknowledged=1 the ids of the events that were answered with 2xx, too.
Answer show_webhooks(const World& world, const Call& call) {
  Json shown = world.webhooks.figures();
  if (Form::parse(call.query).first("acknowledged") == "1") {
    Json ids = Json::array();
    for (std::uint64_t id : world.webhooks.acknowledged()) ids.push(id);
    shown.set("events", std::move(ids));
  }
  return json_answer(200, shown);
}

using Body = std::expected<Json, Answer>;
Body json_body(const Call& call) {
  if (call.body.empty()) return Json::object();
  auto body = Json::parse(call.body);
  if (!body) return std::unexpected(wrong(400, body.error().message));
  if (!body->is_object()) return std::unexpected(wrong(400, "the body must be an object"));
  return *std::move(body);
}

Answer change_named(World& world, const std::vector<std::string>& part, const Json& body) {
  if (part[0] == "apps" && part.size() == 2) {
    if (body.has("name")) return wrong(400, "an app keeps its name");
    auto app = world.apps.find(part[1]);
    return app == world.apps.end() ? wrong(404, "there is no app " + part[1]) : change(app->second, body);
  }
  if (part[0] == "accounts" && part.size() == 2) return change_account(world, part[1], body);
  if (part[0] == "settings" && part.size() == 1) return change(world.settings, body);
  return wrong(404, "there is no such control; see docs/sandbox.md");
}

}  // namespace

Answer handle_control(World& world, const Call& call) {
  std::vector<std::string> part = path_segments(call.path);
  std::string what = call.method + " " + (part.empty() ? "" : part[0]);
  auto body = json_body(call);
  if (!body) return body.error();
  if (what == "GET clock") return clock_json(world);
  if (what == "POST clock") return change_clock(world, *body);
  if (what == "GET faults") return json_answer(200, Json::object({{"faults", state::write(world.faults)}}));
  if (what == "POST faults") return add_fault(world, *body);
  if (what == "DELETE faults" && part.size() == 2) return remove_fault(world, part[1]);
  if (what == "DELETE faults") return world.faults.clear(), empty_answer();
  if (what == "GET settings") return json_answer(200, to_state(world.settings));
  if (what == "GET world") return json_answer(200, describe(world));
  if (call.method == "PATCH" && !part.empty()) return change_named(world, part, *body);
  if (what == "POST tokens") return change_tokens(world, *body);
  if (what == "POST rotate") return rotate_static(world, *body);
  if (what == "POST others") return let_others_call(world, *body);
  if (what == "POST revoke") return revoke_grant(world, *body);
  if (what == "POST webhooks") return make_events(world, *body);
  if (what == "GET webhooks") return show_webhooks(world, call);
  if (what == "POST uninstall") return uninstall_app(world, *body);
  if (what == "GET counters") return json_answer(200, counters_json(world));
  if (what == "DELETE counters") return world.counters = {}, empty_answer();
  if (what == "GET calls") {
    auto after = to_number(Form::parse(call.query).first("after")).value_or(0);
    return json_answer(200, seen_calls_json(world, static_cast<std::int64_t>(after)));
  }
  if (what == "GET state") return json_answer(200, dump_state(world));
  if (what == "PUT state") {
    auto loaded = load_state(world, *body);
    return loaded ? empty_answer() : wrong(400, loaded.error().message);
  }
  if (what == "POST reset") return world.reset(), empty_answer();
  return wrong(404, "there is no such control; see docs/sandbox.md");
}

}  // namespace hubward::sandbox
