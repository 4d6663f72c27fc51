// SPDX-License-Identifier: Apache-2.0
#include "sandbox/account_calls.hpp"

#include <fmt/core.h>

#include "sandbox/limits.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::uint64_t largest_owner_page = 500;

std::string ui_domain(const Account& account) {
  return account.hublet == "na1" ? "app.hubspot.com" : "app-" + account.hublet + ".hubspot.com";
}

Json owner_json(const Owner& owner, TimePoint now) {
  return Json::object({{"id", std::to_string(owner.id)},
                       {"email", owner.email},
                       {"type", "PERSON"},
                       {"firstName", owner.first_name},
                       {"lastName", owner.last_name},
                       {"userId", owner.user_id},
                       {"userIdIncludingInactive", owner.user_id},
                       {"createdAt", to_iso8601(now)},
                       {"updatedAt", to_iso8601(now)},
                       {"archived", owner.archived}});
}

}  // namespace

Outcome account_details(const Context& context) {
  const Account& account = context.account;
  return json_answer(200, Json::object({{"portalId", account.hub_id},
                                        {"accountType", account.type},
                                        {"timeZone", account.time_zone},
                                        {"companyCurrency", account.currency},
                                        {"additionalCurrencies", Json::array()},
                                        {"utcOffset", account.utc_offset},
                                        {"utcOffsetMilliseconds", account.utc_offset_minutes * 60'000},
                                        {"uiDomain", ui_domain(account)},
                                        {"dataHostingLocation", account.hublet}}));
}

Outcome daily_usage(const Context& context) {
  App private_app;
  private_app.kind = "private";
  Json usage = Json::object({{"name", "private-apps-api-calls-daily"},
                             {"usageLimit", allowance_of(context.account, private_app).daily},
                             {"currentUsage", calls_today(context.world, context.account)},
                             {"collectedAt", to_iso8601(context.now())},
                             {"fetchStatus", "SUCCESS"},
                             {"resetsAt", to_iso8601(next_midnight(context.account, context.now()))}});
  return json_answer(200, Json::object({{"results", Json::array({std::move(usage)})}}));
}

Outcome list_owners(const Context& context) {
  std::uint64_t limit = to_number(context.query.find("limit").value_or("100")).value_or(0);
  if (limit == 0 || limit > largest_owner_page)
    return refuse(400, fmt::format("limit must be between 1 and {}", largest_owner_page));
  std::uint64_t after = to_number(context.query.first("after")).value_or(0);
  bool archived = context.query.first("archived") == "true";
  auto email = context.query.find("email");
  Json results = Json::array();
  std::uint64_t last = 0;
  bool more = false;
  for (const Owner& owner : context.crm().owners) {
    bool meant =
        owner.id > after && owner.archived == archived && (!email || same_ignoring_case(owner.email, *email));
    if (!meant) continue;
    if (results.items().size() == limit) {
      more = true;
      break;
    }
    results.push(owner_json(owner, context.crm().types["0-1"].created));
    last = owner.id;
  }
  Json body = Json::object({{"results", std::move(results)}});
  if (more) {
    std::string link =
        fmt::format("{}{}?limit={}&after={}", context.world.settings.public_base, context.path, limit, last);
    body.set("paging",
             Json::object({{"next", Json::object({{"after", std::to_string(last)}, {"link", link}})}}));
  }
  return json_answer(200, body);
}

Outcome read_owner(const Context& context) {
  auto wanted = to_number(context.args[0]);
  bool by_user = context.query.first("idProperty") == "userId";
  bool archived = context.query.first("archived") == "true";
  for (const Owner& owner : context.crm().owners)
    if (wanted && (by_user ? owner.user_id : owner.id) == *wanted && owner.archived == archived)
      return json_answer(200, owner_json(owner, context.crm().types["0-1"].created));
  return refuse(404, "resource not found", "OBJECT_NOT_FOUND");
}

Outcome uninstall(const Context& context) {
  auto found = context.world.installs.find(grant_key(context.token.app, context.account.hub_id));
  if (context.token.use != "access_token" || found == context.world.installs.end())
    return refuse(400, "This app cannot be uninstalled with this credential");
  uninstall(context.world, std::string(found->first));
  return empty_answer();
}

}  // namespace hubward::sandbox
