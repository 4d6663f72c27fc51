// SPDX-License-Identifier: Apache-2.0
#include "admin/doors.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "crypto/compare.hpp"

namespace hubward::admin {
namespace {

constexpr std::size_t longest_authorization = 8 * 1024;

// The name in "name", "name:port" or "[::1]:port", without the port; empty when it is none of these.
std::string_view name_in(std::string_view authority) {
  if (authority.starts_with('[')) {
    std::size_t end = authority.find(']');
    return end == std::string_view::npos ? "" : authority.substr(0, end + 1);
  }
  std::size_t colon = std::min(authority.find(':'), authority.size());
  std::string_view port = authority.substr(colon);
  if (port.size() > 1 && !to_number(port.substr(1))) return "";
  return authority.substr(0, colon);
}

bool is_allowed(const NetworkRules& rules, std::string_view authority) {
  std::string_view name = name_in(authority);
  return std::ranges::any_of(rules.allowed_hosts,
                             [&](const std::string& host) { return same_ignoring_case(host, name); });
}

Result<void> check_names(const NetworkRules& rules, const http::Fields& fields) {
  auto host = fields.find("Host");
  if (!host || fields.count("Host") != 1 || !is_allowed(rules, *host))
    return invalid(
        "FORBIDDEN",
        "this door is not known under the name in Host; [listen.admin] allowed_hosts lists its names");
  auto origin = fields.find("Origin");
  if (!origin) return {};
  constexpr std::string_view scheme = "https://";
  if (fields.count("Origin") != 1 || !origin->starts_with(scheme) ||
      !is_allowed(rules, origin->substr(scheme.size())))
    return invalid("FORBIDDEN", "a page of another origin may not ask here");
  return {};
}

// Takes the Authorization value out and into locked memory, whatever becomes of the request.
Result<void> check_token(const NetworkRules& rules, http::Fields& fields) {
  // More than any token has, and strangers get no more locked memory than that.
  if (fields.find("Authorization").value_or("").size() > longest_authorization)
    fields.remove("Authorization");
  std::size_t times = fields.count("Authorization");
  std::optional<Secret> value = fields.take_secret("Authorization");
  auto refused = invalid("UNAUTHENTICATED",
                         "the operator token is missing or wrong; send it as \"Authorization: Bearer …\"");
  constexpr std::string_view scheme = "Bearer ";
  if (times != 1 || !value || value->size() <= scheme.size() ||
      !same_ignoring_case(value->reveal_text().substr(0, scheme.size()), scheme))
    return refused;
  crypto::Digest given = crypto::sha256(value->reveal().subspan(scheme.size()));
  if (!crypto::equal_in_constant_time(given, rules.token_hash)) return refused;
  return {};
}

bool reads(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

NetworkRules network_rules(const Secret& token, std::vector<std::string> allowed_hosts) {
  return {crypto::sha256(token.reveal()), std::move(allowed_hosts)};
}

Async<http::Response> Doors::from_socket(http::Request request) {
  std::optional<std::uint32_t> uid = request.peer.uid;
  if (!uid || (*uid != 0 && *uid != getuid())) {
    Error refused{"FORBIDDEN", Fault::Caller, Retry::Never,
                  "only root and the gateway's own user may ask here; run the command as one of them"};
    co_return error_response(refused, crypto::uuid4(random_));
  }
  grants::Actor actor{fmt::format("uid {}", *uid)};
  http::Response response = co_await answer(std::move(actor), std::move(request));
  co_return response;
}

Async<http::Response> Doors::from_network(http::Request request) {
  std::shared_ptr<const NetworkRules> rules = rules_;
  Error closed{"FORBIDDEN", Fault::Caller, Retry::Never, "this door has no operator token and stays closed"};
  if (!rules) co_return error_response(closed, crypto::uuid4(random_));
  Result<void> named = check_names(*rules, request.fields);
  if (!named) co_return error_response(named.error(), crypto::uuid4(random_));
  if (request.path() == "/healthz" && reads(request))
    co_return json_response(200, Json::object({{"alive", true}}));
  Result<void> known = check_token(*rules, request.fields);
  if (!known) co_return error_response(known.error(), crypto::uuid4(random_));
  grants::Actor actor{"operator"};
  http::Response response = co_await answer(std::move(actor), std::move(request));
  co_return response;
}

Async<http::Response> Doors::answer(grants::Actor actor, http::Request request) {
  if (reads(request) && request.path() == "/healthz")
    co_return json_response(200, Json::object({{"alive", true}}));
  if (reads(request) && request.path() == "/readyz") {
    http::Response response = co_await readiness();
    co_return response;
  }
  if (reads(request) && request.path() == "/metrics") {
    operations_.measure(metrics_);
    http::Response response =
        http::text_response(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text());
    response.fields.set("Cache-Control", "no-store");
    co_return response;
  }
  http::Response response = co_await api_.answer(std::move(actor), std::move(request));
  co_return response;
}

Async<http::Response> Doors::readiness() {
  Result<Json> facts = co_await operations_.readiness();
  if (!facts) co_return error_response(facts.error(), crypto::uuid4(random_));
  co_return json_response((*facts)["ready"].boolean().value_or(false) ? 200 : 503, *facts);
}

}  // namespace hubward::admin
