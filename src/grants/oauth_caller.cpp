// SPDX-License-Identifier: Apache-2.0
#include "grants/oauth_caller.hpp"

#include <memory>

#include "async/await.hpp"

namespace hubward::grants {
namespace {

hubspot::ClientIdentity identity(const App& app, const Secret& secret) {
  return {app.client_id, secret};
}

// std::function wants copies, and a Secret has none: the builder shares it.
std::shared_ptr<const Secret> shared(Secret secret) {
  return std::make_shared<const Secret>(std::move(secret));
}

}  // namespace

template <class T>
OauthCaller::Outcome<T> OauthCaller::ask(hubspot::OauthCall call, Read<T> read) const {
  Result<hubspot::OauthAnswer> answer = co_await endpoint_->ask(app_, std::move(call), after(timeout_));
  if (!answer) co_return hubspot::OauthTrouble{0, "HubSpot gave no answer: " + answer.error().message, {}};
  co_return read(*answer);
}

// Whether HubSpot looked behind the secret, whatever it then said.
template <class T>
bool took_secret(const hubspot::OauthOutcome<T>& outcome) {
  if (std::holds_alternative<hubspot::OauthTrouble>(outcome)) return false;
  const auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome);
  return refusal == nullptr || !refusal->client_secret_is_wrong();
}

template <class T>
OauthCaller::Outcome<T> OauthCaller::ask_as_client(Make make, Read<T> read) const {
  hubspot::OauthOutcome<T> outcome = co_await ask(make(*app_, app_->client_secret), read);
  const auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome);
  bool try_previous = refusal != nullptr && refusal->client_secret_is_wrong() && app_->previous_client_secret;
  if (!try_previous) {
    if (on_secret_ && took_secret(outcome)) on_secret_(ClientSecret::Current);
    co_return std::move(outcome);
  }
  hubspot::OauthOutcome<T> second = co_await ask(make(*app_, *app_->previous_client_secret), read);
  if (on_secret_ && took_secret(second)) on_secret_(ClientSecret::Previous);
  co_return std::move(second);
}

OauthCaller::Outcome<hubspot::Granted> OauthCaller::exchange(Secret code, std::string redirect_uri,
                                                             std::optional<Secret> verifier) const {
  std::shared_ptr<const Secret> pkce = verifier ? shared(std::move(*verifier)) : nullptr;
  Make make = [code = shared(std::move(code)), redirect_uri = std::move(redirect_uri), pkce](
                  const App& app, const Secret& secret) {
    return hubspot::exchange_call(app.oauth_version, identity(app, secret), *code, redirect_uri, pkce.get());
  };
  return ask_as_client<hubspot::Granted>(std::move(make), hubspot::read_token_answer);
}

OauthCaller::Outcome<hubspot::Granted> OauthCaller::refresh(Secret refresh_token) const {
  Make make = [token = shared(std::move(refresh_token))](const App& app, const Secret& secret) {
    return hubspot::refresh_call(app.oauth_version, identity(app, secret), *token);
  };
  return ask_as_client<hubspot::Granted>(std::move(make), hubspot::read_token_answer);
}

OauthCaller::Outcome<hubspot::Granted> OauthCaller::client_credentials(std::string scopes) const {
  Make make = [scopes = std::move(scopes)](const App& app, const Secret& secret) {
    return hubspot::client_credentials_call(app.oauth_version, identity(app, secret), scopes);
  };
  return ask_as_client<hubspot::Granted>(std::move(make), hubspot::read_token_answer);
}

OauthCaller::Outcome<std::variant<hubspot::TokenFacts, hubspot::TokenInactive>> OauthCaller::introspect(
    Secret access_token) const {
  Make make = [token = shared(std::move(access_token))](const App& app, const Secret& secret) {
    return hubspot::introspect_call(app.oauth_version, identity(app, secret), *token,
                                    hubspot::TokenKind::Access);
  };
  return ask_as_client<std::variant<hubspot::TokenFacts, hubspot::TokenInactive>>(
      std::move(make), hubspot::read_introspection);
}

OauthCaller::Outcome<hubspot::TokenFacts> OauthCaller::static_token_info(Secret token) const {
  return ask<hubspot::TokenFacts>(hubspot::static_token_info_call(token), hubspot::read_static_token_info);
}

OauthCaller::Outcome<hubspot::AccountDetails> OauthCaller::account_details(Secret access_token) const {
  return ask<hubspot::AccountDetails>(hubspot::account_details_call(access_token),
                                      hubspot::read_account_details);
}

OauthCaller::Outcome<hubspot::Done> OauthCaller::revoke(Secret refresh_token) const {
  Make make = [token = shared(std::move(refresh_token))](const App& app, const Secret& secret) {
    return hubspot::revoke_call(app.oauth_version, identity(app, secret), *token,
                                hubspot::TokenKind::Refresh);
  };
  return ask_as_client<hubspot::Done>(std::move(make), hubspot::read_acknowledgement);
}

OauthCaller::Outcome<hubspot::Done> OauthCaller::uninstall(Secret access_token) const {
  return ask<hubspot::Done>(hubspot::uninstall_call(access_token), hubspot::read_acknowledgement);
}

}  // namespace hubward::grants
