// SPDX-License-Identifier: Apache-2.0
#include "admin/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "admin/api.hpp"
#include "admin/asking.hpp"
#include "admin/webhook_routes.hpp"
#include "async/await.hpp"
#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace hubward::admin {
namespace {

constexpr std::size_t max_name_bytes = 128;
constexpr std::uint64_t max_overlap_seconds = 90ULL * 86'400;
constexpr std::uint64_t max_invite_seconds = 7ULL * 86'400;

std::unexpected<Error> wrong_member(std::string_view name, std::string_view what) {
  return invalid("REQUEST_INVALID", fmt::format("the member \"{}\" must be {}", name, what));
}

Result<std::string> text_of(const Json& body, std::string_view name) {
  auto text = body[name].text();
  if (!text || text->empty()) return wrong_member(name, "text, and not empty");
  return std::string(*text);
}

Result<std::vector<std::string>> texts_of(const Json& body, std::string_view name) {
  std::vector<std::string> texts;
  if (!body.has(name)) return texts;
  if (!body[name].is_array()) return wrong_member(name, "a list of texts");
  for (const Json& item : body[name].items()) {
    if (!item.is_text()) return wrong_member(name, "a list of texts");
    texts.push_back(item.text_or(""));
  }
  return texts;
}

Result<std::optional<std::uint64_t>> number_of(const Json& body, std::string_view name, std::uint64_t most) {
  if (!body.has(name)) return std::nullopt;
  auto number = body[name].integer();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > most)
    return wrong_member(name, fmt::format("a number from 0 to {}", most));
  return static_cast<std::uint64_t>(*number);
}

Async<Result<Reply>> status(Operations& operations, Asked) {
  Result<Json> answer = co_await operations.status();
  co_return plain(std::move(answer));
}

Async<Result<Reply>> apps(Operations& operations, Asked) {
  co_return plain(list_apps(operations.roster()));
}

Async<Result<Reply>> app(Operations& operations, Asked asked) {
  co_return plain(operations.show_app(AppName{asked.name}));
}

Async<Result<Reply>> roles(Operations& operations, Asked) {
  co_return plain(list_roles(operations.roster()));
}

Async<Result<Reply>> role(Operations& operations, Asked asked) {
  co_return plain(show_role(operations.roster(), RoleName{asked.name}));
}

Async<Result<Reply>> explain(Operations& operations, Asked asked) {
  Result<std::string> method = text_of(asked.body, "method");
  if (!method) co_return std::unexpected(method.error());
  Result<std::string> target = text_of(asked.body, "target");
  if (!target) co_return std::unexpected(target.error());
  co_return plain(
      explain_role(operations.roster(), operations.catalogue(), RoleName{asked.name}, *method, *target));
}

Async<Result<Reply>> invite(Operations& operations, Asked asked) {
  Result<std::string> connection = text_of(asked.body, "connection");
  if (!connection) co_return std::unexpected(connection.error());
  Result<std::string> app_name = text_of(asked.body, "app");
  if (!app_name) co_return std::unexpected(app_name.error());
  auto account = number_of(asked.body, "account", INT64_MAX);
  if (!account) co_return std::unexpected(account.error());
  auto life = number_of(asked.body, "expires_seconds", max_invite_seconds);
  if (!life) co_return std::unexpected(life.error());
  grants::InviteOrder order{ConnectionName{*connection}, AppName{*app_name}, {}, {}};
  if (*account) order.account = HubId{**account};
  if (*life) order.life = std::chrono::seconds(**life);
  Result<Json> answer = co_await operations.invite(std::move(order), std::move(asked.actor));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> limits(Operations& operations, Asked) {
  co_return plain(operations.list_limits());
}

Async<Result<Reply>> connections(Operations& operations, Asked) {
  co_return plain(operations.list_connections());
}

Async<Result<Reply>> connection(Operations& operations, Asked asked) {
  co_return plain(operations.show_connection(ConnectionName{asked.name}));
}

Async<Result<Reply>> put_token(Operations& operations, Asked asked) {
  std::optional<AppName> app_name;
  if (auto given = asked.query.find("app")) app_name = AppName{std::string(*given)};
  std::optional<TimePoint> created;
  if (auto given = asked.query.find("created")) {
    created = read_time(*given, asked.now);
    if (!created)
      co_return invalid("REQUEST_INVALID",
                        "the parameter \"created\" must be a day like 2026-06-01, or an age like 100d");
  }
  Result<Json> answer =
      co_await operations.put_token(ConnectionName{asked.name}, std::move(app_name), std::move(asked.secret),
                                    created, std::move(asked.actor));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> finish_rotation(Operations& operations, Asked asked) {
  Result<Json> answer =
      co_await operations.finish_rotation(ConnectionName{asked.name}, std::move(asked.actor));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> refresh(Operations& operations, Asked asked) {
  Result<Json> answer = co_await operations.refresh(ConnectionName{asked.name});
  co_return plain(std::move(answer));
}

Async<Result<Reply>> disconnect(Operations& operations, Asked asked) {
  bool uninstall = asked.body["uninstall"].boolean().value_or(false);
  Result<Json> answer = co_await operations.disconnect(
      ConnectionName{asked.name}, uninstall ? grants::Uninstall::Yes : grants::Uninstall::No,
      std::move(asked.actor));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> shred(Operations& operations, Asked asked) {
  Result<Json> answer = co_await operations.shred(ConnectionName{asked.name},
                                                  asked.body["confirm"].text_or(""), std::move(asked.actor));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> clients(Operations& operations, Asked) {
  co_return plain(operations.list_clients());
}

Async<Result<Reply>> client(Operations& operations, Asked asked) {
  co_return plain(operations.show_client(ClientName{asked.name}));
}

// The key of the certificate that a body brings, as PEM or as the hash of its key; nothing when it brings
// neither.
Result<std::optional<crypto::Digest>> certificate_key_of(const Json& body, TimePoint now) {
  if (body.has("certificate") && body.has("certificate_key_sha256"))
    return invalid("REQUEST_INVALID", "give \"certificate\" or \"certificate_key_sha256\", not both");
  if (body.has("certificate_key_sha256")) {
    std::optional<Bytes> bytes = from_hex(body["certificate_key_sha256"].text_or(""));
    crypto::Digest hash;
    if (!bytes || bytes->size() != hash.size())
      return wrong_member("certificate_key_sha256", "64 hexadecimal digits");
    std::ranges::copy(*bytes, hash.begin());
    return hash;
  }
  if (!body.has("certificate")) return std::nullopt;
  Result<http::CertificateFacts> facts = http::read_certificate(body["certificate"].text_or(""));
  if (!facts) return std::unexpected(facts.error());
  if (facts->key_strength < http::least_key_strength)
    return invalid("CERTIFICATE_INVALID",
                   fmt::format("the certificate's key is too weak: {} bits instead of {}",
                               facts->key_strength, http::least_key_strength));
  if (!facts->valid_at(now))
    return invalid("CERTIFICATE_INVALID",
                   fmt::format("the certificate is good from {} to {}, which is not now",
                               to_iso8601(facts->not_before), to_iso8601(facts->not_after)));
  return facts->key_hash;
}

Async<Result<Reply>> create_client(Operations& operations, Asked asked) {
  Result<std::string> name = text_of(asked.body, "name");
  if (!name) co_return std::unexpected(name.error());
  Result<std::string> role_name = text_of(asked.body, "role");
  if (!role_name) co_return std::unexpected(role_name.error());
  Result<std::vector<std::string>> allowed = texts_of(asked.body, "connections");
  if (!allowed) co_return std::unexpected(allowed.error());
  Result<std::vector<std::string>> networks = texts_of(asked.body, "networks");
  if (!networks) co_return std::unexpected(networks.error());
  auto certificate_key = certificate_key_of(asked.body, asked.now);
  if (!certificate_key) co_return std::unexpected(certificate_key.error());
  auto credential =
      gateway::read_credential(asked.body["credential"].text_or(*certificate_key ? "certificate" : "key"));
  if (!credential) co_return wrong_member("credential", "\"key\", \"certificate\" or \"both\"");
  gateway::NewClient wanted{.name = {*name},
                            .role = {*role_name},
                            .connections = {},
                            .networks = std::move(*networks),
                            .credential = *credential,
                            .certificate_key = *certificate_key};
  for (const std::string& one : *allowed) wanted.connections.push_back(ConnectionName{one});
  Result<Reply> reply = co_await operations.create_client(std::move(wanted));
  co_return reply;
}

Async<Result<Reply>> rotate_client(Operations& operations, Asked asked) {
  auto overlap = number_of(asked.body, "overlap_seconds", max_overlap_seconds);
  if (!overlap) co_return std::unexpected(overlap.error());
  std::chrono::seconds wait(overlap->value_or(0));
  auto certificate_key = certificate_key_of(asked.body, asked.now);
  if (!certificate_key) co_return std::unexpected(certificate_key.error());
  if (*certificate_key) {
    Result<Json> answer =
        co_await operations.rotate_certificate(ClientName{asked.name}, **certificate_key, wait);
    co_return plain(std::move(answer));
  }
  Result<Reply> reply = co_await operations.rotate_client(ClientName{asked.name}, wait);
  co_return reply;
}

Async<Result<Reply>> revoke_client(Operations& operations, Asked asked) {
  Result<Json> answer = co_await operations.revoke_client(ClientName{asked.name});
  co_return plain(std::move(answer));
}

Async<Result<Reply>> keys(Operations& operations, Asked) {
  Result<Json> answer = co_await operations.key_status();
  co_return plain(std::move(answer));
}

Async<Result<Reply>> rotate_keys(Operations& operations, Asked asked) {
  Result<std::string> source = text_of(asked.body, "to");
  if (!source) co_return std::unexpected(source.error());
  Result<Json> answer = co_await operations.rotate_root(std::move(*source));
  co_return plain(std::move(answer));
}

Result<JournalQuestion::Lines> lines_of(const hubspot::Query& query) {
  std::string_view format = query.find("format").value_or("json");
  if (format == "text") return JournalQuestion::Lines::Text;
  if (format == "json") return JournalQuestion::Lines::Json;
  if (format == "csv") return JournalQuestion::Lines::Csv;
  return wrong_parameter("format", "text, json or csv");
}

template <class Enum>
Result<Enum> word_of(std::string_view name, std::string_view word, std::initializer_list<Enum> values) {
  std::string known;
  for (Enum value : values) {
    if (journal::name_of(value) == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(journal::name_of(value));
  }
  return wrong_parameter(name, "one of " + known);
}

// One condition of a search.
Result<void> narrow(journal::Search& search, std::string_view name, std::string value, TimePoint now) {
  journal::Filter& filter = search.filter;
  if (name == "client")
    filter.client = std::move(value);
  else if (name == "connection")
    filter.connection = std::move(value);
  else if (name == "operation")
    filter.operation = std::move(value);
  else if (name == "correlation_id")
    filter.correlation_id = std::move(value);
  else if (name == "from" || name == "to") {
    std::optional<TimePoint> time = read_time(value, now);
    if (!time) return wrong_parameter(name, "a time like 2026-03-01, 2026-03-01T12:00:00Z or 24h");
    (name == "from" ? filter.from : filter.to) = time;
  } else if (name == "status") {
    auto status_code = to_number(value);
    if (!status_code || *status_code > 999) return wrong_parameter(name, "a status like 403");
    filter.status = static_cast<std::uint16_t>(*status_code);
  } else if (name == "kind") {
    using enum journal::Kind;
    auto kind = word_of(name, value, {Call, Admin, SecretUse, Grant, Webhook, System});
    if (!kind) return std::unexpected(kind.error());
    filter.kind = *kind;
  } else if (name == "decision") {
    using enum journal::Decision;
    auto decision = word_of(name, value, {Allow, Deny, ShadowDeny});
    if (!decision) return std::unexpected(decision.error());
    filter.decision = *decision;
  } else if (name == "after") {
    std::size_t dot = value.find('.');
    auto block = to_number(std::string_view(value).substr(0, dot));
    auto done = to_number(dot == std::string::npos ? "" : std::string_view(value).substr(dot + 1));
    if (!block || *block > INT64_MAX || !done || *done > UINT32_MAX)
      return wrong_parameter(name, "the \"next\" of an answer");
    search.after = journal::Cursor{static_cast<std::int64_t>(*block), static_cast<std::uint32_t>(*done)};
  } else if (name != "format") {
    return invalid("REQUEST_INVALID", "the search has a parameter that does not exist");
  }
  return {};
}

Async<Result<Reply>> search(Operations& operations, Asked asked) {
  JournalQuestion question;
  Result<JournalQuestion::Lines> lines = lines_of(asked.query);
  if (!lines) co_return std::unexpected(lines.error());
  question.lines = *lines;
  for (const hubspot::Query::Parameter& parameter : asked.query.parameters()) {
    Result<void> narrowed = narrow(question.search, parameter.name, parameter.value, asked.now);
    if (!narrowed) co_return std::unexpected(narrowed.error());
  }
  Result<Json> answer = co_await operations.search_journal(std::move(question));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> tail(Operations& operations, Asked asked) {
  Result<JournalQuestion::Lines> lines = lines_of(asked.query);
  if (!lines) co_return std::unexpected(lines.error());
  auto count = to_number(asked.query.find("count").value_or("20"));
  if (!count || *count == 0 || *count > journal::max_page)
    co_return wrong_parameter("count", fmt::format("a number from 1 to {}", journal::max_page));
  Result<Json> answer = co_await operations.tail_journal(*lines, static_cast<std::size_t>(*count));
  co_return plain(std::move(answer));
}

constexpr Route routes[] = {
    {"GET", "status", "", Reads::Nothing, status},
    {"GET", "apps", "", Reads::Nothing, apps},
    {"GET", "apps/{name}", "", Reads::Nothing, app},
    {"GET", "roles", "", Reads::Nothing, roles},
    {"GET", "roles/{name}", "", Reads::Nothing, role},
    {"POST", "roles/{name}/explain", "", Reads::Json, explain},
    {"POST", "invites", "connection.invite", Reads::Json, invite},
    {"GET", "limits", "", Reads::Nothing, limits},
    {"GET", "connections", "", Reads::Nothing, connections},
    {"GET", "connections/{name}", "", Reads::Nothing, connection},
    {"PUT", "connections/{name}/token", "connection.token", Reads::Secret, put_token},
    {"POST", "connections/{name}/finish", "connection.finish", Reads::Nothing, finish_rotation},
    {"POST", "connections/{name}/refresh", "connection.refresh", Reads::Nothing, refresh},
    {"POST", "connections/{name}/disconnect", "connection.disconnect", Reads::Json, disconnect,
     Unrecorded::Do},
    {"POST", "connections/{name}/shred", "connection.shred", Reads::Json, shred, Unrecorded::Do},
    {"GET", "clients", "", Reads::Nothing, clients},
    {"GET", "clients/{name}", "", Reads::Nothing, client},
    {"POST", "clients", "client.create", Reads::Json, create_client},
    {"POST", "clients/{name}/rotate", "client.rotate", Reads::Json, rotate_client},
    {"POST", "clients/{name}/revoke", "client.revoke", Reads::Nothing, revoke_client, Unrecorded::Do},
    {"GET", "keys", "", Reads::Nothing, keys},
    {"POST", "keys/rotate", "keys.rotate", Reads::Json, rotate_keys},
    {"GET", "journal", "", Reads::Nothing, search},
    {"GET", "journal/tail", "", Reads::Nothing, tail},
    {"GET", "webhooks", "", Reads::Nothing, webhook_routes::status},
    {"GET", "webhooks/events", "", Reads::Nothing, webhook_routes::events},
    {"GET", "webhooks/events/{name}", "", Reads::Nothing, webhook_routes::event},
    {"POST", "webhooks/capture", "webhook.capture", Reads::Json, webhook_routes::capture},
    {"POST", "webhooks/repair", "webhook.repair", Reads::Json, webhook_routes::repair},
    {"GET", "webhooks/destinations", "", Reads::Nothing, webhook_routes::destinations},
    {"POST", "webhooks/destinations/{name}/enable", "webhook.enable", Reads::Nothing, webhook_routes::enable},
    {"POST", "webhooks/destinations/{name}/disable", "webhook.disable", Reads::Json, webhook_routes::disable,
     Unrecorded::Do},
    {"POST", "webhooks/destinations/{name}/replay", "webhook.replay", Reads::Json, webhook_routes::replay},
    {"GET", "webhooks/dead", "", Reads::Nothing, webhook_routes::dead},
    {"POST", "webhooks/dead/redrive", "webhook.redrive", Reads::Json, webhook_routes::redrive},
    {"POST", "webhooks/dead/discard", "webhook.discard", Reads::Json, webhook_routes::discard},
};

// A name as it may stand in a path: nothing that would need an escape.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= max_name_bytes && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  constexpr std::string_view hole = "{name}";
  std::size_t at = pattern.find(hole);
  if (at == std::string_view::npos) return pattern == path ? std::optional(std::string()) : std::nullopt;
  std::string_view before = pattern.substr(0, at);
  std::string_view behind = pattern.substr(at + hole.size());
  if (path.size() <= before.size() + behind.size()) return std::nullopt;
  if (!path.starts_with(before) || !path.ends_with(behind)) return std::nullopt;
  std::string_view name = path.substr(before.size(), path.size() - before.size() - behind.size());
  return is_name(name) ? std::optional(std::string(name)) : std::nullopt;
}

}  // namespace

std::span<const Route> all_routes() {
  return routes;
}

Result<Found> find_route(std::string_view method, std::string_view path) {
  std::string others;
  for (const Route& route : routes) {
    std::optional<std::string> name = match(route.pattern, path);
    if (!name) continue;
    if (route.method == method) return Found{&route, std::move(*name)};
    others += (others.empty() ? "" : ", ") + std::string(route.method);
  }
  if (others.empty()) return invalid("NOT_FOUND", "there is nothing here; docs/admin.md lists what there is");
  return invalid("METHOD_NOT_ALLOWED", "this can only be asked with " + others);
}

}  // namespace hubward::admin
