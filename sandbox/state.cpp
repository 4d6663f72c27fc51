// SPDX-License-Identifier: Apache-2.0
// The World as JSON, both ways, and what scripts are told of it.
#include "sandbox/control.hpp"
#include "sandbox/fields.hpp"

namespace hubward::sandbox {
namespace {

// What the rest takes for granted about a state that came from outside.
std::string trouble_in(World& world) {
  if (!usable(world.settings)) return "a setting is out of range";
  for (const auto& [name, app] : world.apps)
    if (app.name != name || !usable(app)) return "the app " + name + " is not usable";
  for (const auto& [text, token] : world.tokens)
    if (!world.apps.contains(token.app)) return "a token belongs to no app";
  for (const auto& [key, install] : world.installs)
    if (!world.apps.contains(install.app) || key != grant_key(install.app, install.hub_id))
      return "the install " + key + " belongs to no app";
  for (const auto& [hub_id, account] : world.accounts) {
    if (account.hub_id != hub_id || !account.crm.types.contains("0-1")) return "an account is incomplete";
    for (const auto& [id, type] : account.crm.types) {
      bool complete = type.id == id && !type.groups.empty() && type.property("hs_object_id") != nullptr;
      if (!complete) return "the object type " + id + " is incomplete";
      for (const auto& [record_id, record] : type.records)
        if (record.id != record_id) return "a record has another id than its key";
    }
  }
  return {};
}

}  // namespace

bool usable(const App& app) {
  return app.token_life_s >= 1 && app.token_life_s <= longest_life_s && usable(app.webhooks);
}

bool usable(const Settings& settings) {
  return settings.code_life_s >= 1 && settings.code_life_s <= longest_life_s && settings.search_lag_ms >= 0 &&
         settings.search_lag_ms <= longest_life_s;
}

Json dump_state(const World& world) {
  return to_state(world).set("format", 1);
}

Result<void> load_state(World& world, const Json& state) {
  if (state["format"].integer() != 1)
    return invalid("SANDBOX_STATE", "this is no state of the sandbox: \"format\" must be 1");
  from_state(state, world);
  if (std::string trouble = trouble_in(world); !trouble.empty()) {
    world.reset();
    return invalid("SANDBOX_STATE", "the state cannot be used, and everything begins anew: " + trouble);
  }
  world.usage.clear();
  world.account_usage.clear();
  for (auto& [id, account] : world.accounts)
    for (auto& [type_id, type] : account.crm.types) type.rebuild_index();
  return {};
}

Json describe(World& world) {
  Json accounts = Json::array(), apps = Json::array();
  for (const auto& [id, account] : world.accounts)
    accounts.push(Json::object(
        {{"hub_id", id}, {"name", account.name}, {"hublet", account.hublet}, {"tier", account.tier}}));
  for (const auto& [name, app] : world.apps) {
    Json shown = Json::object({{"name", name}, {"kind", app.kind}, {"app_id", app.app_id}});
    Json scopes = Json::array();
    for (const std::string& scope : app.required_scopes) scopes.push(scope);
    for (const std::string& scope : app.optional_scopes)
      if (!holds(app.required_scopes, scope)) scopes.push(scope);
    shown.set("scopes", std::move(scopes));
    if (app.kind == "oauth") {
      shown.set("client_id", app.client_id).set("client_secret", app.client_secret);
      shown.set("redirect_uris", state::write(app.redirect_uris));
    }
    for (const auto& [text, token] : world.tokens)
      if (token.app == name && token.use == "static") shown.set("token", text).set("hub_id", token.hub_id);
    apps.push(std::move(shown));
  }
  return Json::object({{"accounts", std::move(accounts)}, {"apps", std::move(apps)}});
}

}  // namespace hubward::sandbox
