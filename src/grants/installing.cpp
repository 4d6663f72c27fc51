// SPDX-License-Identifier: Apache-2.0
// From HubSpot's code to a kept grant: exchange, introspect, account, pin, seal, keep. Whatever goes wrong
// after the exchange, the refresh token is given back: a token nobody keeps must not live.
#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "grants/hubspot_says.hpp"
#include "telemetry/log.hpp"

namespace hubward::grants {
namespace {

// Of an open install: "crm-8801234".
ConnectionName name_for(const AppName& app, HubId account) {
  constexpr std::size_t longest_app = 40;  // with the longest number within what a name may have
  return {app.text.substr(0, longest_app) + "-" + std::to_string(account.number)};
}

}  // namespace

Async<Result<Installed>> Grants::State::install(AnsweredInvite answered) {
  OauthCaller hubspot = caller(answered.app);
  AppSnapshot its_app = answered.app;
  ConnectionName connection = answered.invite.connection;
  hubspot::OauthOutcome<hubspot::Granted> outcome = co_await hubspot.exchange(
      std::move(answered.code), answered.redirect_uri, std::move(answered.verifier));
  Result<hubspot::Granted> granted = value_or_reason("exchanging the code", std::move(outcome));
  if (!granted) co_return std::unexpected(granted.error());
  if (!granted->refresh_token)
    co_return failure("HUBSPOT_REFUSED", Fault::HubSpot, Retry::Never, "HubSpot gave no refresh token");
  Secret refresh_token = granted->refresh_token->clone();
  std::optional<HubId> account = granted->hub_id;

  Result<FreshGrant> fresh = co_await inspected(std::move(answered), std::move(*granted));
  Error why_not;
  if (fresh) {
    account = fresh->hub_id;
    Installed installed{{}, missing_scopes(its_app->required_scopes, fresh->scopes)};
    Result<ConnectionView> kept = co_await keep(std::move(*fresh));
    if (kept) {
      installed.connection = std::move(*kept);
      co_return std::move(installed);
    }
    why_not = std::move(kept.error());
  } else {
    why_not = std::move(fresh.error());
  }
  co_await take_back(its_app, connection, account, std::move(refresh_token));
  co_return std::unexpected(std::move(why_not));
}

// Whose token it is, by HubSpot's word and not by the browser's.
Async<Result<FreshGrant>> Grants::State::inspected(AnsweredInvite answered, hubspot::Granted granted) {
  OauthCaller hubspot = caller(answered.app);
  Secret asked_about = granted.access_token.clone();
  hubspot::OauthOutcome<std::variant<hubspot::TokenFacts, hubspot::TokenInactive>> answer =
      co_await hubspot.introspect(std::move(asked_about));
  auto facts = value_or_reason("asking HubSpot whose the token is", std::move(answer));
  if (!facts) co_return std::unexpected(facts.error());
  const auto* live = std::get_if<hubspot::TokenFacts>(&*facts);
  bool ours = live != nullptr && (live->client_id.empty() || live->client_id == answered.app->client_id) &&
              (!granted.hub_id || *granted.hub_id == live->hub_id);
  if (!ours)
    co_return failure("HUBSPOT_REFUSED", Fault::HubSpot, Retry::Never,
                      "HubSpot does not call the new token ours");
  if (answered.invite.account && *answered.invite.account != live->hub_id)
    co_return invalid("ACCOUNT_MISMATCH",
                      "this invitation is for account " + std::to_string(answered.invite.account->number) +
                          ", but account " + std::to_string(live->hub_id.number) + " was chosen");
  asked_about = granted.access_token.clone();
  hubspot::OauthOutcome<hubspot::AccountDetails> about =
      co_await hubspot.account_details(std::move(asked_about));
  Result<hubspot::AccountDetails> details =
      value_or_reason("asking HubSpot about the account", std::move(about));
  if (!details) co_return std::unexpected(details.error());
  if (details->hub_id != live->hub_id)
    co_return failure("HUBSPOT_REFUSED", Fault::HubSpot, Retry::Never,
                      "HubSpot names two different accounts for this token");

  FreshGrant fresh;
  fresh.connection = answered.invite.connection;
  fresh.only_new = fresh.connection.text.empty();
  if (fresh.only_new) {
    if (auto known = connected_as(answered.app->name, live->hub_id))
      co_return invalid("ALREADY_CONNECTED", "account " + std::to_string(live->hub_id.number) +
                                                 " is connected already, as \"" + known->text + "\"");
    fresh.connection = name_for(answered.app->name, live->hub_id);
  }
  fresh.app = answered.app;
  fresh.hub_id = live->hub_id;
  fresh.region = details->region;
  fresh.scopes = live->scopes.empty() ? granted.scopes : live->scopes;
  fresh.expires_in = granted.expires_in;
  fresh.access_token = std::move(granted.access_token);
  fresh.refresh_token = std::move(granted.refresh_token);
  fresh.also.push_back(use_invite(answered.invite.hash, parts.clock.now()));
  co_return std::move(fresh);
}

std::optional<ConnectionName> Grants::State::connected_as(const AppName& app,
                                                          std::optional<HubId> account) const {
  std::shared_ptr<const Directory> now = directory();
  for (const auto& [name, entry] : now->entries) {
    ConnectionView view = entry.holding->view();
    if (view.app == app && (!account || view.hub_id == *account)) return name;
  }
  return std::nullopt;
}

// Unless that account is connected through this app already, under whatever name: its grant may be this very
// token, since nothing says that HubSpot draws a new one each time.
Async<void> Grants::State::take_back(AppSnapshot its_app, ConnectionName connection,
                                     std::optional<HubId> account, Secret refresh_token) {
  if (auto known = connected_as(its_app->name, account)) {
    record("install.left_alone", connection, {{"account_connected_as", known->text}});
    co_return;
  }
  OauthCaller hubspot = caller(std::move(its_app));
  hubspot::OauthOutcome<hubspot::Done> outcome = co_await hubspot.revoke(std::move(refresh_token));
  bool revoked = std::holds_alternative<hubspot::Done>(outcome);
  record("install.taken_back", connection, {{"revoked", revoked ? "yes" : "no"}});
}

}  // namespace hubward::grants
