// SPDX-License-Identifier: Apache-2.0
#include "admin/operations.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "admin/token_facts.hpp"
#include "async/await.hpp"
#include "core/encoding.hpp"
#include "grants/connection_life.hpp"
#include "policy/role_scopes.hpp"

namespace hubward::admin {
namespace {

constexpr std::chrono::seconds refresh_wait{30};

Json time_or_null(const std::optional<TimePoint>& time) {
  return time ? Json(to_iso8601(*time)) : Json();
}

Json facts_of(const grants::ConnectionView& view, TimePoint now) {
  grants::Explanation why = grants::explanation_of(view);
  auto text_or_null = [](std::string text) { return text.empty() ? Json() : Json(std::move(text)); };
  Json trouble_at;
  bool is_departed = view.state == grants::ConnectionState::Disconnected;
  if (view.last_trouble && !is_departed) trouble_at = to_iso8601(view.last_trouble->at);
  Json disconnected_at;
  if (is_departed) disconnected_at = to_iso8601(view.last_trouble->at);
  return Json::object(
      {{"name", view.name.text},
       {"app", view.app.text},
       {"kind", grants::to_text(view.kind)},
       {"account", view.hub_id.number},
       {"region", view.region},
       {"state", grants::to_text(view.state)},
       {"sentence", grants::sentence_of(view)},
       {"cause", text_or_null(std::move(why.cause))},
       {"next_step", text_or_null(std::move(why.next_step))},
       {"trouble_at", std::move(trouble_at)},
       {"scopes", texts(view.scopes)},
       {"missing_scopes", texts(view.missing_scopes)},
       {"generation", view.generation},
       {"connected_at", to_iso8601(view.connected_at)},
       {"renewed_at", is_departed ? Json() : Json(to_iso8601(view.renewed_at))},
       {"expires_at", time_or_null(view.expires_at)},
       {"disconnected_at", std::move(disconnected_at)},
       {"token_due", view.token ? Json(to_iso8601(grants::due_at(view.token->birth))) : Json()},
       {"token", token_facts(view, now)}});
}

Json facts_of(const gateway::Client& client) {
  Json connections = Json::array();
  for (const ConnectionName& connection : client.connections) connections.push(connection.text);
  Json networks = Json::array();
  for (const http::Network& network : client.networks) networks.push(network.text());
  Json keys = Json::array();
  for (const gateway::StoredKey& key : client.keys)
    keys.push(Json::object({{"id", key.id},
                            {"created_at", to_iso8601(key.created)},
                            {"expires_at", time_or_null(key.expires)}}));
  Json certificates = Json::array();
  for (const gateway::StoredCertificate& one : client.certificates)
    certificates.push(Json::object({{"key_sha256", to_hex(one.key_hash)},
                                    {"created_at", to_iso8601(one.created)},
                                    {"expires_at", time_or_null(one.expires)}}));
  return Json::object({{"name", client.name.text},
                       {"role", client.role.text},
                       {"credential", gateway::to_text(client.credential)},
                       {"connections", std::move(connections)},
                       {"networks", std::move(networks)},
                       {"created_at", to_iso8601(client.created)},
                       {"revoked_at", time_or_null(client.revoked)},
                       {"keys", std::move(keys)},
                       {"certificates", std::move(certificates)}});
}

std::unexpected<Error> no_connection(const ConnectionName& name) {
  return invalid(
      "CONNECTION_UNKNOWN",
      fmt::format("there is no connection \"{}\"; hubward connection list shows those there are", name.text));
}

std::unexpected<Error> no_client(const ClientName& name) {
  return invalid(
      "CLIENT_UNKNOWN",
      fmt::format("there is no client \"{}\"; hubward client list shows those there are", name.text));
}

// A client with a certificate that nobody asks for would be refused without a reason in sight.
std::unexpected<Error> not_asked() {
  return invalid("CLIENT_INVALID",
                 "the egress door does not ask for certificates: set client_certificates = true in "
                 "[listen.egress] and start the gateway again");
}

Reply with_key(const ClientName& client, Secret key) {
  return {Json::object({{"client", client.text}}), "key", std::move(key)};
}

std::string_view name_of(vault::RootKeyStatus::State state) {
  switch (state) {
    case vault::RootKeyStatus::State::Current: return "current";
    case vault::RootKeyStatus::State::Next: return "next";
    case vault::RootKeyStatus::State::Retiring: return "retiring";
    case vault::RootKeyStatus::State::Retired: return "retired";
  }
  return "unknown";
}

}  // namespace

Operations::Operations(Parts parts, std::shared_ptr<const Roster> roster)
    : parts_(std::move(parts)), roster_(std::move(roster)), since_(parts_.clock.now()) {}

std::vector<std::string> Operations::troubles() const {
  std::vector<std::string> sentences;
  if (parts_.journal.statistics().failing)
    sentences.emplace_back("the journal cannot be written; calls are refused until it can");
  for (const grants::ConnectionView& view : parts_.grants.list()) {
    for (std::string& sentence : token_troubles(view, parts_.clock.now()))
      sentences.push_back(std::move(sentence));
    bool is_broken =
        view.state == grants::ConnectionState::Failing || view.state == grants::ConnectionState::Dead;
    if (is_broken) sentences.push_back("connection " + grants::sentence_of(view));
  }
  for (const gateway::Client* client : parts_.clients.list()) {
    if (!client->revoked && !roster_->roles.contains(client->role))
      sentences.push_back(fmt::format("client {} has role {}, which the configuration does not have",
                                      client->name.text, client->role.text));
  }
  for (const gateway::Client* client : parts_.clients.list()) {
    if (!client->revoked && client->credential != gateway::Credential::Key && !roster_->asks_for_certificates)
      sentences.push_back(
          fmt::format("client {} shows a certificate, but the egress door asks for none", client->name.text));
  }
  for (const DoorCertificate& one : door_certificates())
    if (std::optional<std::string> sentence = warning_of(one, parts_.clock.now()))
      sentences.push_back(std::move(*sentence));
  return sentences;
}

Json Operations::journal_facts() const {
  journal::Journal::Statistics statistics = parts_.journal.statistics();
  return Json::object({{"state", statistics.failing ? "failing" : "writing"},
                       {"waiting", statistics.waiting},
                       {"lag_ms", statistics.lag.count()},
                       {"written", statistics.records},
                       {"refused", statistics.refused}});
}

Async<Result<Json>> Operations::status() const {
  Result<Json> ready = co_await readiness();
  if (!ready) co_return std::unexpected(ready.error());
  bool serves = (*ready)["ready"].boolean().value_or(false);
  co_return Json::object({{"state", serves ? "ready" : "not ready"},
                          {"version", parts_.version},
                          {"since", to_iso8601(since_)},
                          {"pid", static_cast<std::int64_t>(getpid())},
                          {"connections", parts_.grants.list().size()},
                          {"clients", parts_.clients.list().size()},
                          {"journal", (*ready)["journal"]["state"]},
                          {"simulator_apps", texts(roster_->simulator_apps())},
                          {"certificates", certificate_facts()},
                          {"troubles", texts(troubles())}});
}

Async<Result<Json>> Operations::readiness() const {
  Result<vault::KeyStatus> keys = co_await parts_.vault.status();
  bool journal_writes = !parts_.journal.statistics().failing;
  Json root_key;
  if (keys && !keys->root_keys.empty()) root_key = keys->root_keys.front().id.text;
  co_return Json::object({{"ready", keys.has_value() && journal_writes},
                          {"root_key", std::move(root_key)},
                          {"store", keys ? Json("reads") : Json(keys.error().message)},
                          {"journal", journal_facts()},
                          {"simulator_apps", texts(roster_->simulator_apps())}});
}

Async<Result<void>> Operations::measure(telemetry::Metrics& metrics) const {
  using std::chrono::duration;
  journal::Journal::Statistics statistics = parts_.journal.statistics();
  metrics.gauge("hubward_journal_lag_seconds", "Age of the oldest record that is not on the disk yet")
      .set(duration<double>(statistics.lag).count());
  metrics.gauge("hubward_journal_waiting_records", "Records that are not on the disk yet")
      .set(static_cast<double>(statistics.waiting));
  metrics.gauge("hubward_journal_failing", "1 while the journal cannot be written")
      .set(statistics.failing ? 1 : 0);

  std::map<grants::ConnectionState, int> states = {{grants::ConnectionState::Connected, 0},
                                                   {grants::ConnectionState::Expiring, 0},
                                                   {grants::ConnectionState::Refreshing, 0},
                                                   {grants::ConnectionState::Failing, 0},
                                                   {grants::ConnectionState::Dead, 0}};
  std::optional<TimePoint> soonest;
  for (const grants::ConnectionView& view : parts_.grants.list()) {
    ++states[view.state];
    if (view.expires_at && (!soonest || *view.expires_at < *soonest)) soonest = view.expires_at;
  }
  for (auto [state, count] : states)
    metrics
        .gauge("hubward_connections", "Connections by state",
               {{"state", std::string(grants::to_text(state))}})
        .set(count);
  // Without a token that ends there is nothing to watch: as far away as can be.
  double seconds = soonest ? duration<double>(*soonest - parts_.clock.now()).count()
                           : std::numeric_limits<double>::infinity();
  metrics
      .gauge("hubward_soonest_token_expiry_seconds",
             "Until the first access token ends; below zero: has ended")
      .set(seconds);
  measure_tokens(metrics, parts_.grants.list(), parts_.clock.now());
  for (const DoorCertificate& one : door_certificates())
    metrics
        .gauge("hubward_certificate_expiry_seconds",
               "Until the TLS certificate of a door ends; below zero: has ended", {{"door", one.door}})
        .set(duration<double>(one.facts.not_after - parts_.clock.now()).count());
  co_return co_await parts_.deliveries.measure(metrics);
}

std::vector<DoorCertificate> Operations::door_certificates() const {
  return door_certificates_ ? door_certificates_() : std::vector<DoorCertificate>();
}

Json Operations::certificate_facts() const {
  Json facts = Json::array();
  for (const DoorCertificate& one : door_certificates())
    facts.push(Json::object({{"door", one.door},
                             {"subject", one.facts.subject},
                             {"expires_at", to_iso8601(one.facts.not_after)},
                             {"days_left", days_left(one.facts, parts_.clock.now())}}));
  return facts;
}

std::vector<std::string> Operations::notes_on(const grants::ConnectionView& view) const {
  std::set<RoleName> used_by;
  for (const gateway::Client* client : parts_.clients.list())
    if (!client->revoked && client->may_use(view.name)) used_by.insert(client->role);
  std::vector<std::string> notes;
  hubspot::ScopeSet granted(view.scopes);
  for (const RoleName& name : used_by) {
    auto role = roster_->roles.find(name);
    if (role == roster_->roles.end()) continue;
    for (const policy::ScopeGap& gap : policy::scope_gaps(role->second, parts_.catalogue, granted))
      notes.push_back(fmt::format(
          "role {} allows {}, which HubSpot will refuse without the scope {}: {}", name.text, gap.wanted,
          gap.scope,
          view.kind == grants::GrantKind::Oauth
              ? fmt::format("add it to the scopes of app {} here and at HubSpot, then have the "
                            "account agree again: hubward connection invite {} --app {}",
                            view.app.text, view.name.text, view.app.text)
              : fmt::format("add it to the app in HubSpot's settings, then store its token again: "
                            "hubward connection rotate {}",
                            view.name.text)));
  }
  return notes;
}

namespace {

Json facts_of(const pacing::Pacer::View& view) {
  auto window = [](const pacing::Budget::View& budget, std::size_t waiting) {
    return Json::object({{"limit", std::int64_t{budget.limit.calls}},
                         {"span_ms", std::int64_t{budget.limit.span.count()}},
                         {"told", budget.told},
                         {"used", std::int64_t{budget.ours}},
                         {"others", std::int64_t{budget.foreign}},
                         {"margin", std::int64_t{budget.margin}},
                         {"refused", static_cast<std::int64_t>(budget.refusals)},
                         {"waiting", static_cast<std::int64_t>(waiting)}});
  };
  Json facts = Json::object({{"app", view.app.text},
                             {"account", static_cast<std::int64_t>(view.account.number)},
                             {"kind", view.kind == pacing::AppKind::Static ? "private" : "oauth"},
                             {"window", window(view.ten_seconds, view.waiting)},
                             {"searches", window(view.search, view.searches_waiting)}});
  if (view.day) {
    facts.set("day", Json::object({{"limit", std::int64_t{view.day->limit}},
                                   {"left", std::int64_t{view.day->left}},
                                   {"heard_at", to_iso8601(view.day->heard)}}));
  }
  return facts;
}

}  // namespace

Json Operations::list_limits() const {
  Json limits = Json::array();
  for (const pacing::Pacer::View& view : parts_.pacer.list()) limits.push(facts_of(view));
  return Json::object({{"limits", std::move(limits)}});
}

Json Operations::list_connections() const {
  Json connections = Json::array();
  for (const grants::ConnectionView& view : parts_.grants.list())
    connections.push(facts_of(view, parts_.clock.now()));
  for (const grants::ConnectionView& view : parts_.grants.departed())
    connections.push(facts_of(view, parts_.clock.now()));
  return Json::object({{"connections", std::move(connections)}});
}

Result<Json> Operations::show_connection(const ConnectionName& name) const {
  if (std::optional<grants::ConnectionView> view = parts_.grants.show(name)) {
    Json facts = facts_of(*view, parts_.clock.now());
    facts.set("notes", texts(notes_on(*view)));
    return facts;
  }
  for (const grants::ConnectionView& view : parts_.grants.departed())
    if (view.name == name) return facts_of(view, parts_.clock.now());
  return no_connection(name);
}

Async<Result<Json>> Operations::invite(grants::InviteOrder order, grants::Actor actor) {
  Result<grants::Invite> invite = co_await parts_.installs.invite(std::move(order), std::move(actor));
  if (!invite) co_return std::unexpected(invite.error());
  co_return Json::object({{"url", invite->address}, {"expires_at", to_iso8601(invite->expires_at)}});
}

Async<Result<Json>> Operations::put_token(ConnectionName name, std::optional<AppName> app, Secret token,
                                          std::optional<TimePoint> created, grants::Actor actor) {
  if (!app) {
    std::optional<grants::ConnectionView> view = parts_.grants.show(name);
    if (!view) co_return no_connection(name);
    app = view->app;
  }
  Result<grants::ConnectionView> connected = co_await parts_.grants.connect_static(
      std::move(name), std::move(*app), std::move(token), std::move(actor), created);
  if (!connected) co_return std::unexpected(connected.error());
  co_return facts_of(*connected, parts_.clock.now());
}

Async<Result<Json>> Operations::finish_rotation(ConnectionName name, grants::Actor actor) {
  if (!parts_.grants.show(name)) co_return no_connection(name);
  Result<grants::Disconnected> ended = co_await parts_.grants.finish_rotation(name, std::move(actor));
  if (!ended) co_return std::unexpected(ended.error());
  co_return Json::object({{"done", texts(ended->done)},
                          {"not_done", texts(ended->not_done)},
                          {"remains", texts(ended->remains)}});
}

Async<Result<Json>> Operations::refresh(ConnectionName name) {
  if (!parts_.grants.show(name)) co_return no_connection(name);
  Deadline deadline = after(refresh_wait);
  Result<grants::ConnectionView> renewed = co_await parts_.grants.renew(std::move(name), deadline);
  if (!renewed) co_return std::unexpected(renewed.error());
  co_return facts_of(*renewed, parts_.clock.now());
}

Async<Result<Json>> Operations::disconnect(ConnectionName name, grants::Uninstall uninstall,
                                           grants::Actor actor) {
  if (!parts_.grants.show(name)) co_return no_connection(name);
  Result<grants::Disconnected> gone = co_await parts_.grants.disconnect(name, uninstall, std::move(actor));
  if (!gone) co_return std::unexpected(gone.error());
  if (parts_.forget_connection) parts_.forget_connection(name);
  co_return Json::object(
      {{"done", texts(gone->done)}, {"not_done", texts(gone->not_done)}, {"remains", texts(gone->remains)}});
}

Json Operations::list_clients() const {
  Json clients = Json::array();
  for (const gateway::Client* client : parts_.clients.list()) clients.push(facts_of(*client));
  return Json::object({{"clients", std::move(clients)}});
}

Result<Json> Operations::show_client(const ClientName& name) const {
  const gateway::Client* client = parts_.clients.find(name);
  if (client == nullptr) return no_client(name);
  return facts_of(*client);
}

Async<Result<Reply>> Operations::create_client(gateway::NewClient wanted) {
  if (!roster_->roles.contains(wanted.role))
    co_return invalid(
        "ROLE_UNKNOWN",
        fmt::format("the configuration has no role \"{}\"; hubward role list shows those it has",
                    wanted.role.text));
  for (const ConnectionName& connection : wanted.connections)
    if (!parts_.grants.show(connection)) co_return no_connection(connection);
  if (wanted.credential != gateway::Credential::Key && !roster_->asks_for_certificates) co_return not_asked();
  ClientName name = wanted.name;
  Result<std::optional<Secret>> key = co_await parts_.clients.create(std::move(wanted));
  if (!key) co_return std::unexpected(key.error());
  if (!*key) co_return Reply{Json::object({{"client", name.text}}), {}, {}};
  co_return with_key(name, std::move(**key));
}

Async<Result<Reply>> Operations::rotate_client(ClientName name, std::chrono::seconds overlap) {
  if (parts_.clients.find(name) == nullptr) co_return no_client(name);
  Result<Secret> key = co_await parts_.clients.rotate(name, overlap);
  if (!key) co_return std::unexpected(key.error());
  co_return with_key(name, std::move(*key));
}

Async<Result<Json>> Operations::rotate_certificate(ClientName name, crypto::Digest key_hash,
                                                   std::chrono::seconds overlap) {
  if (parts_.clients.find(name) == nullptr) co_return no_client(name);
  if (!roster_->asks_for_certificates) co_return not_asked();
  Result<void> rotated = co_await parts_.clients.rotate_certificate(name, key_hash, overlap);
  if (!rotated) co_return std::unexpected(rotated.error());
  co_return show_client(name);
}

Async<Result<Json>> Operations::revoke_client(ClientName name) {
  if (parts_.clients.find(name) == nullptr) co_return no_client(name);
  Result<void> revoked = co_await parts_.clients.revoke(name);
  if (!revoked) co_return std::unexpected(revoked.error());
  co_return show_client(name);
}

Async<Result<Json>> Operations::key_status() const {
  Result<vault::KeyStatus> status = co_await parts_.vault.status();
  if (!status) co_return std::unexpected(status.error());
  Json root_keys = Json::array();
  for (const vault::RootKeyStatus& key : status->root_keys)
    root_keys.push(
        Json::object({{"id", key.id.text}, {"state", name_of(key.state)}, {"since", to_iso8601(key.since)}}));
  Json left;
  if (status->left_to_rotate) left = Json(*status->left_to_rotate);
  co_return Json::object({{"root_keys", std::move(root_keys)},
                          {"data_keys", status->data_keys},
                          {"connections", status->connections},
                          {"left_to_rotate", std::move(left)}});
}

Async<Result<Json>> Operations::rotate_root(std::string source) {
  Result<vault::RotationReport> report = co_await parts_.rotate_root(std::move(source));
  if (!report) co_return std::unexpected(report.error());
  co_return Json::object(
      {{"from", report->from.text}, {"to", report->to.text}, {"rewrapped", report->rewrapped}});
}

}  // namespace hubward::admin
