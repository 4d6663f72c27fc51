// SPDX-License-Identifier: Apache-2.0
// Letting a connection go: at HubSpot as far as HubSpot answers, here for good.
#include <algorithm>
#include <iterator>

#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "store/database.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

using Lines = std::vector<std::string>;

// Why HubSpot did not do it, or empty when it did.
std::string reason(const hubspot::OauthOutcome<hubspot::Done>& outcome) {
  if (const auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome))
    return "HubSpot refused with " + refusal->shown();
  if (const auto* trouble = std::get_if<hubspot::OauthTrouble>(&outcome)) return trouble->what;
  return {};
}

struct AtHubSpot {
  OauthCaller hubspot;
  std::optional<Secret> refresh_token;
  Secret access_token;
};

Async<void> uninstall(AtHubSpot& there, Disconnected& report) {
  Secret token = there.access_token.clone();
  hubspot::OauthOutcome<hubspot::Done> outcome = co_await there.hubspot.uninstall(std::move(token));
  std::string why_not = reason(outcome);
  if (why_not.empty())
    report.done.emplace_back(
        "the app was uninstalled from the account; HubSpot tells its administrators by e-mail");
  else
    report.not_done.push_back("the app is still installed in the account (" + why_not +
                              "): an administrator can remove it there under Connected apps");
}

Async<void> revoke(AtHubSpot& there, Disconnected& report) {
  Secret token = there.refresh_token->clone();
  hubspot::OauthOutcome<hubspot::Done> outcome = co_await there.hubspot.revoke(std::move(token));
  std::string why_not = reason(outcome);
  if (why_not.empty())
    report.done.emplace_back("the refresh token was revoked at HubSpot");
  else
    report.not_done.push_back("the refresh token was not revoked at HubSpot (" + why_not +
                              "); our copy of it is gone, and nobody else has one");
}

}  // namespace

Async<Result<Disconnected>> Grants::State::disconnect(ConnectionName connection, Uninstall wish,
                                                      Actor actor) {
  Result<Entry> entry = find(connection);
  if (!entry) co_return std::unexpected(entry.error());
  Result<std::optional<StoredGrant>> row = co_await stored(connection);
  if (!row) co_return std::unexpected(row.error());
  record("grant.disconnect", connection, {{"by", actor.text}});
  Disconnected report;
  if (*row) {
    StoredGrant grant = std::move(**row);
    bool is_static = grant.kind == GrantKind::Static;
    if (is_static)
      report.not_done.emplace_back(
          "the static token itself still works: delete or rotate it in HubSpot's settings");
    else
      report.remains.emplace_back(
          "access tokens that HubSpot already issued work there for up to 30 minutes");
    Result<Adopted> open = co_await opened(grant);
    if (!entry->app) {
      report.not_done.push_back("nothing was asked of HubSpot: the configuration has no app named " +
                                grant.app.text);
    } else if (!open) {
      report.not_done.push_back("nothing was asked of HubSpot: " + open.error().message);
    } else {
      Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(grant.key);
      AtHubSpot there{caller(entry->app), std::nullopt, std::move(open->access_token)};
      Result<std::optional<Secret>> refresh_token = std::nullopt;
      if (key) refresh_token = open_refresh_token(grant, **key);
      if (refresh_token) there.refresh_token = std::move(*refresh_token);
      if (wish == Uninstall::Yes) co_await uninstall(there, report);
      if (there.refresh_token) co_await revoke(there, report);
    }
    std::vector<store::Statement> transaction = delete_grant(connection, parts.clock.now(), actor);
    std::ranges::move(parts.vault.shred_statements(connection), std::back_inserter(transaction));
    Result<void> committed = co_await parts.database.commit(std::move(transaction));
    if (!committed) co_return while_doing("forgetting connection " + connection.text, committed.error());
    // At once: the name is free in the store, and whoever connects it now must not find the old one here.
    unpublish(connection);
    co_await remember_departed(connection);
    report.done.emplace_back("the connection, its tokens and its data key were deleted");
    Result<void> shredded = co_await parts.vault.finish_shredding(connection);
    if (!shredded)
      report.not_done.push_back("the store's log may still hold the wrapped data key (" +
                                shredded.error().message + "); it goes with the next checkpoint");
  } else {
    unpublish(connection);
  }
  record("grant.disconnected", connection,
         {{"done", std::to_string(report.done.size())},
          {"not_done", std::to_string(report.not_done.size())},
          {"from", std::string(to_text(entry->holding->recorded))},
          {"to", "disconnected"}});
  co_return report;
}

}  // namespace hubward::grants
