// SPDX-License-Identifier: Apache-2.0
// Asks HubSpot on behalf of one app and reads its answer. No answer at all is an OauthTrouble like any other.
// Where the client secret goes along, the previous one is tried when HubSpot refuses the current one. A
// value, cheap to copy; the endpoint outlives it. One loop.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "async/async.hpp"
#include "grants/app.hpp"
#include "grants/secret_rotation.hpp"
#include "grants/token_endpoint.hpp"

namespace hubward::grants {

class OauthCaller {
 public:
  // `on_secret` is told which of an app's two secrets HubSpot took; may be empty.
  OauthCaller(TokenEndpoint& endpoint, AppSnapshot app, std::chrono::milliseconds timeout,
              std::function<void(ClientSecret)> on_secret = {})
      : endpoint_(&endpoint), app_(std::move(app)), timeout_(timeout), on_secret_(std::move(on_secret)) {}

  template <class T>
  using Outcome = Async<hubspot::OauthOutcome<T>>;

  Outcome<hubspot::Granted> exchange(Secret code, std::string redirect_uri,
                                     std::optional<Secret> verifier) const;
  Outcome<hubspot::Granted> refresh(Secret refresh_token) const;
  Outcome<hubspot::Granted> client_credentials(std::string scopes) const;
  Outcome<std::variant<hubspot::TokenFacts, hubspot::TokenInactive>> introspect(Secret access_token) const;
  Outcome<hubspot::TokenFacts> static_token_info(Secret token) const;
  Outcome<hubspot::AccountDetails> account_details(Secret access_token) const;
  Outcome<hubspot::Done> revoke(Secret refresh_token) const;
  Outcome<hubspot::Done> uninstall(Secret access_token) const;

 private:
  // Builds the call with one client secret.
  using Make = std::function<hubspot::OauthCall(const App&, const Secret&)>;
  template <class T>
  using Read = hubspot::OauthOutcome<T> (*)(const hubspot::OauthAnswer&);

  template <class T>
  Outcome<T> ask(hubspot::OauthCall call, Read<T> read) const;
  template <class T>
  Outcome<T> ask_as_client(Make make, Read<T> read) const;

  TokenEndpoint* endpoint_;
  AppSnapshot app_;
  std::chrono::milliseconds timeout_;
  std::function<void(ClientSecret)> on_secret_;
};

}  // namespace hubward::grants
