// SPDX-License-Identifier: Apache-2.0
// An app, as this room sees it: a registration at HubSpot that we act for. Filled from the configuration,
// never changed afterwards; a reload brings a new snapshot of all apps. Immutable; any thread may read it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/named.hpp"
#include "core/secret.hpp"
#include "http/client.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::grants {

struct App {
  // Oauth: client id and secret, many accounts, connected by an invite. Private: one account each, connected
  // with a static token (private-app token or service key; hubspot.md section 2).
  enum class Kind { Oauth, Private };
  enum class Pkce { Off, On };

  AppName name;
  Kind kind = Kind::Oauth;
  std::string client_id;
  Secret client_secret;
  // While a secret is being rotated at HubSpot: tried when HubSpot refuses the current one.
  std::optional<Secret> previous_client_secret;
  std::vector<std::string> required_scopes;
  std::vector<std::string> conditional_scopes;  // asked for in `scope` too, and may be missing afterwards
  std::vector<std::string> optional_scopes;
  http::Origin authorize_origin{.host = "app.hubspot.com"};
  http::Origin api_origin{.host = "api.hubapi.com"};
  hubspot::OauthVersion oauth_version = hubspot::default_oauth_version;
  Pkce pkce = Pkce::Off;
  bool open_installs = false;  // accounts may install it without an invite (decision 11)
  // Only a simulator may stand elsewhere than HubSpot; its authority is trusted for this app alone.
  bool simulator = false;
  std::string authority_file;
};

using AppSnapshot = std::shared_ptr<const App>;
using Apps = std::map<AppName, AppSnapshot>;

}  // namespace hubward::grants
