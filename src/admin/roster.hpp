// SPDX-License-Identifier: Apache-2.0
// What the configuration says of apps and roles, for showing and explaining; without a secret, so that it can
// be answered where no store and no root key are at hand. An immutable snapshot, swapped whole by a reload.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/named.hpp"
#include "core/result.hpp"
#include "hubspot/catalogue.hpp"
#include "policy/role.hpp"

namespace hubward::admin {

struct AppFacts {
  AppName name;
  std::string kind;  // "oauth", "private"
  std::string client_id;
  std::string api;             // "https://api.hubapi.com"
  std::string authorize;       // empty for private apps
  std::string token_endpoint;  // "2026-03"
  std::string redirect;        // to be registered at HubSpot
  std::vector<std::string> scopes, optional_scopes;
  bool pkce = false;
  bool open_installs = false;
  bool simulator = false;
  bool has_previous_secret = false;  // the client secret is being changed
};

struct Roster {
  std::vector<AppFacts> apps;  // by name
  std::map<RoleName, policy::Role> roles;
  bool asks_for_certificates = false;  // the egress door, of its clients

  std::vector<std::string> simulator_apps() const;
};

Json list_apps(const Roster& roster);
Result<Json> show_app(const Roster& roster, const AppName& name);
Json list_roles(const Roster& roster);
Result<Json> show_role(const Roster& roster, const RoleName& name);
// {"allowed", "explanation"}: what a call of this method and target is, and what the role says to it.
Result<Json> explain_role(const Roster& roster, const hubspot::Catalogue& catalogue, const RoleName& name,
                          std::string_view method, std::string_view target);

Json texts(const std::vector<std::string>& items);

}  // namespace hubward::admin
