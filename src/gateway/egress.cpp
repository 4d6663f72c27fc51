// SPDX-License-Identifier: Apache-2.0
#include "gateway/egress.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "core/json.hpp"
#include "core/locked_memory.hpp"
#include "gateway/client_key.hpp"
#include "gateway/identity.hpp"
#include "gateway/refusal.hpp"
#include "hubspot/path.hpp"
#include "hubspot/secret_json.hpp"

namespace hubward::gateway {
namespace {

constexpr std::string_view connection_prefix = "/c/";
constexpr std::size_t longest_connection_name = 64;
constexpr std::size_t longest_info_body = 512;
constexpr std::size_t longest_authorization = 256;  // a client key has 64 characters

bool is_name_character(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

// The one OAuth path that clients ask about themselves (hubspot.md section 2.1), in whatever spelling.
bool asks_about_key(std::string_view path) {
  if (!path.starts_with("/oauth/")) return false;  // most calls; an encoded spelling is refused later on
  Result<hubspot::CanonicalPath> canonical = hubspot::canonicalise(path);
  return canonical && canonical->sent() == "/oauth/v2/private-apps/get/access-token-info";
}

bool holds_client_key(std::string_view target) {
  for (std::size_t at = target.find(client_key_prefix); at != std::string_view::npos;
       at = target.find(client_key_prefix, at + 1))
    if (client_key_id(target.substr(at, client_key_length))) return true;
  return false;
}

// The second word of "Bearer hwk_…", wiped where it stood; nothing for what is not one such field.
std::optional<Secret> take_bearer(http::Fields& fields) {
  // Beyond that it is no key of ours, and strangers get no more locked memory than a key needs.
  if (fields.find("authorization").value_or("").size() > longest_authorization)
    fields.remove("authorization");
  if (fields.count("authorization") != 1) return std::nullopt;
  constexpr std::string_view scheme = "bearer ";
  std::string_view value = fields.find("authorization").value_or("");
  std::optional<Secret> key;
  if (value.size() > scheme.size() && same_ignoring_case(value.substr(0, scheme.size()), scheme))
    key.emplace(trimmed(value.substr(scheme.size())));
  fields.remove("authorization");  // wipes
  return key;
}

// What the caller wrote as its Host, if it is an authority: links in answers to this caller lead back there.
std::string base_of(const http::Fields& fields, const std::string& otherwise) {
  auto host = fields.find("host");
  constexpr std::size_t longest_host = 255;
  bool usable =
      host && !host->empty() && host->size() <= longest_host && std::ranges::all_of(*host, [](char c) {
        return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
      });
  return "https://" + (usable ? std::string(*host) : otherwise);
}

// Reads a small body straight into locked memory: a key stands in it.
Async<Result<Secret>> read_secret_body(std::unique_ptr<http::Body> body) {
  Secret whole = Secret::of_size(longest_info_body);
  std::size_t used = 0;
  while (body) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (used + piece->size() > whole.size())
      co_return invalid("BODY_TOO_LARGE", fmt::format("the body is longer than {} bytes", longest_info_body));
    std::ranges::copy(bytes_of(*piece), whole.writable().subspan(used).begin());
    used += piece->size();
  }
  whole.shrink(used);
  co_return whole;
}

}  // namespace

Result<Route> read_route(std::string_view target) {
  if (!target.starts_with(connection_prefix)) return Route{std::nullopt, std::string(target)};
  std::string_view rest = target.substr(connection_prefix.size());
  std::string_view name = rest.substr(0, rest.find_first_of("/?"));
  if (name.empty() || name.size() > longest_connection_name ||
      !std::ranges::all_of(name, is_name_character)) {
    return invalid("CONNECTION_NAME_REFUSED",
                   "the name behind /c/ is no connection's name: letters, digits, '-', '_' and '.', at most "
                   "64, unencoded");
  }
  std::string_view path = rest.substr(name.size());
  if (!path.starts_with('/'))
    return invalid("CONNECTION_NAME_REFUSED",
                   "behind /c/<connection> comes a HubSpot path, such as /crm/v3/objects/contacts");
  return Route{ConnectionName{std::string(name)}, std::string(path)};
}

Async<http::Response> Egress::handle(http::Request request) {
  std::string correlation_id = correlation_ids_.next();
  Shown shown;
  shown.authorization = request.fields.count("authorization") > 0;
  shown.bearer = take_bearer(request.fields);
  shown.certificate = request.peer.certificate;
  auto [client, refused] = identify(parts_.clients, shown, parts_.clock);
  if (refused) co_return turn_away(request, correlation_id, *refused, client.get());
  Result<void> allowed = check_network(*client, request.peer.address);
  if (!allowed) co_return turn_away(request, correlation_id, allowed.error(), client.get());

  if (holds_client_key(request.target)) {
    co_return turn_away(
        request, correlation_id,
        Error{"CREDENTIAL_IN_TARGET", Fault::Caller, Retry::Never,
              "a client key stands in the path or query, which end up in logs: rotate it, and send it in the "
              "Authorization header only"},
        client.get());
  }
  Result<Route> route = read_route(request.target);
  if (!route) co_return turn_away(request, correlation_id, route.error(), client.get());
  request.target = std::move(route->target);
  if (asks_about_key(request.path())) {
    Secret own = shown.bearer ? std::move(*shown.bearer) : Secret(certificate_bearer);
    http::Response described =
        co_await describe_key(client, std::move(own), std::move(request), route->connection, correlation_id);
    co_return described;
  }
  shown.bearer.reset();
  Caller caller{.client = std::move(client),
                .address = request.peer.address,
                .correlation_id = std::move(correlation_id),
                .base = base_of(request.fields, parts_.address),
                .connection = std::move(route->connection)};
  http::Response response = co_await parts_.gateway.call(std::move(caller), std::move(request));
  co_return response;
}

http::Response Egress::turn_away(const http::Request& request, const std::string& correlation_id,
                                 const Error& error, const Client* client) {
  http::Response response = refusal(error, correlation_id);
  parts_.metrics.refused(error.code);
  parts_.metrics.answered(response.status, std::chrono::nanoseconds(0));

  if (client == nullptr && !strangers_.take(parts_.clock.steady())) return response;
  journal::Record record{.kind = journal::Kind::Call,
                         .time = parts_.clock.now(),
                         .client = client != nullptr ? client->name.text : "",
                         .decision = journal::Decision::Deny,
                         .reason = error.code,
                         .status = static_cast<std::uint16_t>(response.status),
                         .correlation_id = correlation_id,
                         .peer = request.peer.address};
  if (!parts_.journal.append(std::move(record))) parts_.metrics.unrecorded();
  return response;
}

Async<http::Response> Egress::describe_key(std::shared_ptr<const Client> client, Secret key,
                                           http::Request request, std::optional<ConnectionName> connection,
                                           std::string correlation_id) {
  auto refused = [&](const char* code, std::string sentence) {
    return turn_away(request, correlation_id, Error{code, Fault::Caller, Retry::Never, std::move(sentence)},
                     client.get());
  };
  if (request.method != "POST") co_return refused("METHOD_NOT_ALLOWED", "token info is asked for with POST");
  if (locked_memory_is_short()) {
    co_return turn_away(request, correlation_id,
                        Error{"OVERLOADED", Fault::Us, Retry::Later,
                              "too many calls are under way at once; try again in a moment"},
                        client.get());
  }
  Result<Secret> body = co_await read_secret_body(std::move(request.body));
  if (!body) co_return turn_away(request, correlation_id, body.error(), client.get());
  auto json = hubspot::SecretJson::read(body->reveal_text());
  std::optional<Secret> asked = json ? json->secret("tokenKey", longest_info_body) : std::nullopt;
  if (!asked) co_return refused("INVALID_BODY", "the body must be {\"tokenKey\": \"<your client key>\"}");
  if (!asked->same_as(key)) {
    co_return refused("OAUTH_NOT_FORWARDED",
                      "token info is answered about the caller's own client key only; HubSpot is not asked");
  }
  if (!connection && client->connections.size() == 1) connection = client->connections.front();
  if (!connection)
    co_return refused("CONNECTION_REQUIRED", "name a connection: put /c/<connection> before the path");
  auto view = client->may_use(*connection) ? parts_.grants.show(*connection) : std::nullopt;
  if (!view) co_return refused("CONNECTION_NOT_ALLOWED", "this client may not use such a connection");

  // Shaped like HubSpot's answer, so that clients that begin with this call work; there is no user and no app
  // of theirs behind a client key, so those ids are zero.
  Json info = Json::object({{"userId", 0}, {"hubId", view->hub_id.number}, {"appId", 0}});
  for (const std::string& scope : view->scopes) info["scopes"].push(scope);
  journal::Record record{.kind = journal::Kind::Call,
                         .time = parts_.clock.now(),
                         .client = client->name.text,
                         .connection = connection->text,
                         .operation = "hubward.token-info",
                         .decision = journal::Decision::Allow,
                         .status = 200,
                         .correlation_id = correlation_id,
                         .peer = request.peer.address};
  if (Result<void> recorded = parts_.journal.append(std::move(record)); !recorded)
    co_return turn_away(request, correlation_id, recorded.error(), client.get());
  parts_.metrics.answered(200, std::chrono::nanoseconds(0));
  co_return http::text_response(200, "application/json;charset=utf-8", info.dump());
}

}  // namespace hubward::gateway
