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

Result<void> check_host(const NetworkRules& rules, const http::Fields& fields) {
  auto host = fields.find("Host");
  if (!host || fields.count("Host") != 1 || !is_allowed(rules, *host))
    return invalid(
        "FORBIDDEN",
        "this door is not known under the name in Host; [listen.admin] allowed_hosts lists its names");
  return {};
}

Result<void> check_origin(const NetworkRules& rules, const http::Fields& fields) {
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

// In the order of Doors::Refusal.
constexpr std::array<std::string_view, 5> refusal_names = {"USER_REFUSED", "DOOR_CLOSED", "HOST_REFUSED",
                                                           "ORIGIN_REFUSED", "TOKEN_REFUSED"};

telemetry::Counter counter_of(telemetry::Metrics& metrics, std::size_t refusal) {
  return metrics.counter("hubward_admin_refusals_total",
                         "Requests that the operators' doors turned away, by reason",
                         {{"reason", std::string(refusal_names[refusal])}});
}

}  // namespace

Doors::Doors(Parts parts)
    : parts_(parts),
      turned_away_{counter_of(parts.metrics, 0), counter_of(parts.metrics, 1), counter_of(parts.metrics, 2),
                   counter_of(parts.metrics, 3), counter_of(parts.metrics, 4)} {
  static_assert(refusal_names.size() == refusals);
}

NetworkRules network_rules(const Secret& token, std::vector<std::string> allowed_hosts) {
  return {crypto::sha256(token.reveal()), std::move(allowed_hosts)};
}

Async<http::Response> Doors::from_socket(http::Request request) {
  std::optional<std::uint32_t> uid = request.peer.uid;
  if (!uid || (*uid != 0 && *uid != getuid())) {
    Error refused{"FORBIDDEN", Fault::Caller, Retry::Never,
                  "only root and the gateway's own user may ask here; run the command as one of them"};
    co_return turn_away(request, Refusal::User, refused);
  }
  grants::Actor actor{fmt::format("uid {}", *uid)};
  http::Response response = co_await answer(std::move(actor), std::move(request));
  co_return response;
}

Async<http::Response> Doors::from_network(http::Request request) {
  std::shared_ptr<const NetworkRules> rules = rules_;
  Error closed{"FORBIDDEN", Fault::Caller, Retry::Never, "this door has no operator token and stays closed"};
  if (!rules) co_return turn_away(request, Refusal::Closed, closed);
  Result<void> host = check_host(*rules, request.fields);
  if (!host) co_return turn_away(request, Refusal::Host, host.error());
  Result<void> origin = check_origin(*rules, request.fields);
  if (!origin) co_return turn_away(request, Refusal::Origin, origin.error());
  if (request.path() == "/healthz" && reads(request))
    co_return json_response(200, Json::object({{"alive", true}}));
  Result<void> known = check_token(*rules, request.fields);
  if (!known) co_return turn_away(request, Refusal::Token, known.error());
  grants::Actor actor{"operator"};
  http::Response response = co_await answer(std::move(actor), std::move(request));
  co_return response;
}

http::Response Doors::turn_away(const http::Request& request, Refusal why, const Error& error) {
  std::string correlation_id = crypto::uuid4(parts_.random);
  http::Response response = error_response(error, correlation_id);
  auto index = static_cast<std::size_t>(why);
  turned_away_[index].add();
  if (!strangers_.take(parts_.clock.steady())) return response;
  journal::Record record{.kind = journal::Kind::Admin,
                         .time = parts_.clock.now(),
                         .operation = "door.refuse",
                         .decision = journal::Decision::Deny,
                         .reason = std::string(refusal_names[index]),
                         .status = static_cast<std::uint16_t>(response.status),
                         .correlation_id = std::move(correlation_id),
                         .peer = request.peer.address};
  Result<void> recorded = parts_.journal.append(std::move(record));
  if (!recorded) parts_.log.failed(telemetry::Level::Error, "admin.unrecorded", recorded.error());
  return response;
}

Async<http::Response> Doors::answer(grants::Actor actor, http::Request request) {
  if (reads(request) && request.path() == "/healthz")
    co_return json_response(200, Json::object({{"alive", true}}));
  if (reads(request) && request.path() == "/readyz") {
    http::Response response = co_await readiness();
    co_return response;
  }
  if (reads(request) && request.path() == "/metrics") {
    Result<void> measured = co_await parts_.operations.measure(parts_.metrics);
    if (!measured) parts_.log.failed(telemetry::Level::Warning, "metrics.deliveries", measured.error());
    http::Response response =
        http::text_response(200, "text/plain; version=0.0.4; charset=utf-8", parts_.metrics.text());
    response.fields.set("Cache-Control", "no-store");
    co_return response;
  }
  http::Response response = co_await parts_.api.answer(std::move(actor), std::move(request));
  co_return response;
}

Async<http::Response> Doors::readiness() {
  Result<Json> facts = co_await parts_.operations.readiness();
  if (!facts) co_return error_response(facts.error(), crypto::uuid4(parts_.random));
  co_return json_response((*facts)["ready"].boolean().value_or(false) ? 200 : 503, *facts);
}

}  // namespace hubward::admin
