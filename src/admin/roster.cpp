// SPDX-License-Identifier: Apache-2.0
#include "admin/roster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hubspot/path.hpp"
#include "hubspot/query.hpp"
#include "policy/decide.hpp"

namespace hubward::admin {
namespace {

Json facts_of(const AppFacts& app) {
  return Json::object({{"name", app.name.text},
                       {"kind", app.kind},
                       {"client_id", app.client_id},
                       {"api", app.api},
                       {"authorize", app.authorize},
                       {"token_endpoint", app.token_endpoint},
                       {"redirect", app.redirect},
                       {"scopes", texts(app.scopes)},
                       {"optional_scopes", texts(app.optional_scopes)},
                       {"pkce", app.pkce},
                       {"open_installs", app.open_installs},
                       {"simulator", app.simulator}});
}

std::string_view name_of(policy::Mode mode) {
  return mode == policy::Mode::Shadow ? "shadow" : "enforce";
}

Json facts_of(const policy::Rule& rule) {
  Json objects = Json::array();
  for (const hubspot::ObjectName& object : rule.objects) objects.push(object.text);
  Json operations = Json::array();
  for (const policy::OperationPattern& pattern : rule.operations) operations.push(pattern.text);
  return Json::object({{"name", rule.name},
                       {"effect", rule.outcome == policy::Rule::Outcome::Allow ? "allow" : "deny"},
                       {"objects", std::move(objects)},
                       {"actions", rule.actions.empty() ? "" : hubspot::to_text(rule.actions)},
                       {"operations", std::move(operations)}});
}

Result<const policy::Role*> find_role(const Roster& roster, const RoleName& name) {
  auto found = roster.roles.find(name);
  if (found != roster.roles.end()) return &found->second;
  return invalid(
      "ROLE_UNKNOWN",
      fmt::format("the configuration has no role \"{}\"; hubward role list shows those it has", name.text));
}

}  // namespace

Json texts(const std::vector<std::string>& items) {
  return Json::array(Json::Items(items.begin(), items.end()));
}

std::vector<std::string> Roster::simulator_apps() const {
  std::vector<std::string> names;
  for (const AppFacts& app : apps)
    if (app.simulator) names.push_back(app.name.text);
  return names;
}

Json list_apps(const Roster& roster) {
  Json apps = Json::array();
  for (const AppFacts& app : roster.apps) apps.push(facts_of(app));
  return Json::object({{"apps", std::move(apps)}});
}

Result<Json> show_app(const Roster& roster, const AppName& name) {
  auto found = std::ranges::find(roster.apps, name, &AppFacts::name);
  if (found != roster.apps.end()) return facts_of(*found);
  return invalid(
      "APP_UNKNOWN",
      fmt::format("the configuration has no app \"{}\"; hubward app list shows those it has", name.text));
}

Json list_roles(const Roster& roster) {
  Json roles = Json::array();
  for (const auto& [name, role] : roster.roles) {
    Json rules = Json::array();
    for (const policy::Rule& rule : role.rules) rules.push(rule.name);
    roles.push(
        Json::object({{"name", name.text}, {"mode", name_of(role.mode)}, {"rule_names", std::move(rules)}}));
  }
  return Json::object({{"roles", std::move(roles)}});
}

Result<Json> show_role(const Roster& roster, const RoleName& name) {
  Result<const policy::Role*> role = find_role(roster, name);
  if (!role) return std::unexpected(role.error());
  Json rules = Json::array();
  for (const policy::Rule& rule : (*role)->rules) rules.push(facts_of(rule));
  return Json::object({{"name", name.text}, {"mode", name_of((*role)->mode)}, {"rules", std::move(rules)}});
}

Result<Json> explain_role(const Roster& roster, const hubspot::Catalogue& catalogue, const RoleName& name,
                          std::string_view method, std::string_view target) {
  Result<const policy::Role*> role = find_role(roster, name);
  if (!role) return std::unexpected(role.error());
  std::size_t mark = std::min(target.find('?'), target.size());
  Result<hubspot::CanonicalPath> path = hubspot::canonicalise(target.substr(0, mark));
  if (!path) return std::unexpected(path.error());
  Result<hubspot::Query> query = hubspot::Query::parse(mark < target.size() ? target.substr(mark + 1) : "");
  if (!query) return std::unexpected(query.error());
  auto match = catalogue.find(method, *path);
  Result<void> forwardable = policy::check_forwardable(*path, *query);
  auto decide = [&] {
    return policy::explained(policy::decide(**role, *match, query->associated_objects()), **role, *match);
  };
  policy::Decision decision = !forwardable ? policy::Decision{.sentence = forwardable.error().message}
                              : match      ? decide()
                                           : policy::decide_unknown(match.error(), method, *path);
  return Json::object({{"allowed", decision.may_pass()},
                       {"rule", decision.rule},
                       {"sentence", decision.sentence},
                       {"explanation", policy::explain(**role, catalogue, method, target)}});
}

}  // namespace hubward::admin
