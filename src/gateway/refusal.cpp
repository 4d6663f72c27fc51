// SPDX-License-Identifier: Apache-2.0
#include "gateway/refusal.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "http/error_response.hpp"
#include "hubspot/error_envelope.hpp"

namespace hubward::gateway {
namespace {

using namespace std::string_view_literals;

// Codes whose status says more than the fault does.
constexpr std::array<std::pair<std::string_view, int>, 21> statuses = {{
    {"UNAUTHENTICATED"sv, 401},
    {"CERTIFICATE_REFUSED"sv, 401},
    {"CERTIFICATE_REQUIRED"sv, 401},
    {"NETWORK_NOT_ALLOWED"sv, 403},
    {"CONNECTION_NOT_ALLOWED"sv, 403},
    {"CONNECTION_UNKNOWN"sv, 404},
    {"DENIED"sv, 403},
    {"OPERATION_UNKNOWN"sv, 403},
    {"METHOD_NOT_ALLOWED"sv, 405},
    {"OAUTH_NOT_FORWARDED"sv, 403},
    {"GRANT_DEAD"sv, 503},
    {"GRANT_UNAVAILABLE"sv, 503},
    {"TOKEN_EXPIRED"sv, 503},
    {"TOKEN_REFUSED"sv, 502},
    {"APP_UNKNOWN"sv, 503},
    {"JOURNAL_UNAVAILABLE"sv, 503},
    {"OVERLOADED"sv, 503},
    {"NO_ROOM"sv, 429},
    {"NO_SEARCH_ROOM"sv, 429},
    {"LINE_FULL"sv, 429},
    {"DAY_USED_UP"sv, 429},
}};

// How long a caller should wait before it tries again, where nobody knows: trouble of ours or the network's
// is over in seconds or not soon.
constexpr std::chrono::seconds usual_wait{5};

// Our own 429s, in the words on which HubSpot's SDKs back off (hubspot.md section 5.5): by the policy's name,
// and for searches by the message alone, so that the reason stands beside it.
hubspot::OwnError with_policy(hubspot::OwnError own, std::string_view code) {
  if (code == "NO_SEARCH_ROOM") {
    own.context.emplace_back(
        "reason", std::vector{std::exchange(own.message, "You have reached your secondly limit.")});
    own.policy_name = "SECONDLY";
  } else if (code == "DAY_USED_UP") {
    own.policy_name = "DAILY";
  } else if (code == "NO_ROOM" || code == "LINE_FULL") {
    own.policy_name = "TEN_SECONDLY_ROLLING";
  }
  return own;
}

}  // namespace

// What begins then takes a moment.
std::string seconds_of(std::chrono::milliseconds wait) {
  return std::to_string(
      std::max(std::chrono::ceil<std::chrono::seconds>(wait), std::chrono::seconds(1)).count());
}

int status_of(const Error& error) {
  auto found =
      std::ranges::find(statuses, std::string_view(error.code), &std::pair<std::string_view, int>::first);
  if (found != statuses.end()) return found->second;
  return http::status_of(error);
}

http::Response refusal(const Error& error, const std::string& correlation_id,
                       std::optional<std::chrono::milliseconds> wait) {
  http::Response response = http::text_response(
      status_of(error), "application/json;charset=utf-8",
      hubspot::envelope(with_policy(hubspot::own_error(error, correlation_id), error.code)));
  response.fields.set("X-HubSpot-Correlation-Id", correlation_id);
  response.fields.set("Cache-Control", "no-store");
  if (response.status == 401) response.fields.set("WWW-Authenticate", "Bearer realm=\"hubward\"");
  if (error.retry == Retry::Later) response.fields.set("Retry-After", seconds_of(wait.value_or(usual_wait)));
  return response;
}

}  // namespace hubward::gateway
