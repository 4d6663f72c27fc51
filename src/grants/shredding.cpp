// SPDX-License-Identifier: Apache-2.0
// Shredding a connection: its key is destroyed here first, and proved to be; HubSpot is asked afterwards,
// with the one copy of the refresh token that is left, in locked memory. A disconnect asks HubSpot first;
// here, nothing may keep the key alive for as long as HubSpot takes.
#include <algorithm>
#include <iterator>

#include "async/await.hpp"
#include "grants/grants_state.hpp"
#include "grants/shredded.hpp"
#include "journal/journal.hpp"
#include "store/database.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

// A renewal, or a rotation of the root key, may change what is to be destroyed; then it is looked at again.
constexpr unsigned shred_tries = 8;

std::vector<store::Statement> destroying(const StoredGrant& grant, const vault::ShredEvidence& evidence,
                                         TimePoint now, const Actor& actor) {
  // The values that are looked for afterwards are those that go.
  std::vector<store::Statement> transaction = {
      {"DELETE FROM grants WHERE connection = ? AND generation = ? AND data_key = ?",
       {grant.name.text, static_cast<std::int64_t>(grant.generation), grant.key.text},
       1}};
  std::ranges::move(delete_grant(grant.name, now, actor), std::back_inserter(transaction));
  std::ranges::move(vault::shred_statements(evidence), std::back_inserter(transaction));
  return transaction;
}

}  // namespace

struct Grants::State::Doomed {
  StoredGrant grant;
  vault::ShredEvidence evidence;
  std::optional<Secret> refresh_token;
};

// What is to be destroyed, as the store has it now.
Async<Result<Grants::State::Doomed>> Grants::State::doomed(ConnectionName connection) {
  Result<std::optional<StoredGrant>> row = co_await stored(connection);
  if (!row) co_return std::unexpected(row.error());
  if (!*row) co_return invalid("CONNECTION_UNKNOWN", "the store has no connection named " + connection.text);
  Result<vault::ShredEvidence> evidence = co_await vault::gather_evidence(parts.vault, connection);
  if (!evidence) co_return while_doing("reading the keys of connection " + connection.text, evidence.error());
  Doomed doomed{std::move(**row), std::move(*evidence), std::nullopt};
  doomed.evidence.values = sealed_values(doomed.grant);
  Result<vault::DataKeyHandle> key = co_await parts.vault.data_key(doomed.grant.key);
  if (!key) co_return doomed;  // then nothing can be revoked with it either
  Result<std::optional<Secret>> refresh_token = open_refresh_token(doomed.grant, **key);
  if (refresh_token) doomed.refresh_token = std::move(*refresh_token);
  co_return doomed;
}

Async<Result<Shredded>> Grants::State::shred(ConnectionName connection, Actor actor) {
  Result<Entry> entry = find(connection);
  if (!entry) co_return std::unexpected(entry.error());
  record("grant.shred", connection, {{"by", actor.text}});
  Result<void> committed;
  Doomed gone;
  for (unsigned tries = 0; tries < shred_tries; ++tries) {
    Result<Doomed> found = co_await doomed(connection);
    if (!found) co_return std::unexpected(found.error());
    gone = std::move(*found);
    committed =
        co_await parts.database.commit(destroying(gone.grant, gone.evidence, parts.clock.now(), actor));
    if (committed || committed.error().code != "STORE_CONFLICT") break;
  }
  if (!committed)
    co_return while_doing("destroying the key of connection " + connection.text, committed.error());
  unpublish(connection);
  co_await remember_departed(connection);
  Shredded report;
  report.connection = view_of(gone.grant);
  report.at = parts.clock.now();
  for (const vault::DataKeyId& id : gone.evidence.keys) report.data_keys.push_back(id.text);
  report.root_keys = gone.evidence.root_keys;

  Result<void> finished = co_await parts.vault.finish_shredding(connection);
  report.proof = co_await vault::prove_shredded(parts.vault, std::move(gone.evidence));
  vault::ShredCheck emptied{"the store's write-ahead log is emptied", finished.has_value(), "done"};
  if (!finished) emptied.detail = finished.error().message;
  report.proof.checks.push_back(std::move(emptied));

  journal::Record record;
  record.kind = journal::Kind::Grant;
  record.time = report.at;
  record.connection = connection.text;
  record.operation = "grant.shredded";
  record.details = {{"by", actor.text},
                    {"data_keys", joined(report.data_keys)},
                    {"root_keys", joined(report.root_keys)},
                    {"proved", report.proof.holds() ? "yes" : "no"}};
  report.recorded = co_await parts.journal.append_durably(std::move(record));
  report.at_hubspot = co_await end_at_hubspot(entry->app, std::move(gone));
  co_return report;
}

Async<Disconnected> Grants::State::end_at_hubspot(AppSnapshot its_app, Doomed gone) {
  Disconnected report;
  if (gone.grant.kind == GrantKind::Static) {
    report.not_done.emplace_back(
        "the static token itself still works: delete or rotate it in HubSpot's settings");
    co_return report;
  }
  report.remains.emplace_back("access tokens that HubSpot already issued work there for up to 30 minutes");
  std::string why_not = "the configuration has no app named " + gone.grant.app.text;
  if (its_app) why_not = "it did not open";
  if (its_app && gone.refresh_token) {
    OauthCaller hubspot = caller(std::move(its_app));
    hubspot::OauthOutcome<hubspot::Done> outcome = co_await hubspot.revoke(std::move(*gone.refresh_token));
    const auto* refusal = std::get_if<hubspot::OauthRefusal>(&outcome);
    const auto* trouble = std::get_if<hubspot::OauthTrouble>(&outcome);
    why_not = refusal ? "HubSpot refused with " + refusal->shown() : trouble ? trouble->what : std::string();
  }
  if (why_not.empty())
    report.done.emplace_back("the refresh token was revoked at HubSpot");
  else
    report.not_done.push_back("the refresh token was not revoked at HubSpot (" + why_not +
                              "); our copy of it is gone: uninstall the app in the account");
  co_return report;
}

Async<Result<Shredded>> Grants::shred(ConnectionName connection, Actor actor) {
  return state_->shred(std::move(connection), std::move(actor));
}

}  // namespace hubward::grants
