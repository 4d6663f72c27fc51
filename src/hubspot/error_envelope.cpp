// SPDX-License-Identifier: Apache-2.0
#include "hubspot/error_envelope.hpp"

#include <algorithm>
#include <optional>

#include "core/ascii.hpp"
#include "core/json.hpp"

namespace hubward::hubspot {

namespace {

using Kind = HubSpotError::Kind;

constexpr std::size_t longest_word = 128;
constexpr std::size_t most_scopes = 256;

// A word of HubSpot's that is safe to log and compare: names, ids, scopes. Anything else is no such word.
std::string word(const Json& value) {
  std::string_view text = value.text().value_or("");
  auto allowed = [](char c) {
    return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':';
  };
  return text.size() <= longest_word && std::ranges::all_of(text, allowed) ? std::string(text)
                                                                           : std::string();
}

void gather_scopes(const Json& context, HubSpotError& error) {
  for (std::string_view name : {"requiredGranularScopes", "requiredScopes"}) {
    for (const Json& item : context[name].items()) {
      std::string scope = word(item);
      if (!scope.empty() && error.required_scopes.size() < most_scopes)
        error.required_scopes.push_back(std::move(scope));
    }
    if (!error.required_scopes.empty()) return;
  }
}

bool lacks_permissions(const Json& context) {
  auto says_so = [](const Json& item) { return item.text() == "USER_DOES_NOT_HAVE_PERMISSIONS"; };
  return std::ranges::any_of(context["validationResult"].items(), says_so);
}

struct Findings {
  bool user_lacks_permissions = false;
  bool says_expired = false;
  bool says_scopes = false;
};

Findings gather(const Json& body, HubSpotError& error) {
  Findings found;
  error.category = word(body["category"]);
  if (error.category.empty()) error.category = word(body["errorType"]);
  error.correlation_id = word(body["correlationId"]);
  error.policy_name = word(body["policyName"]);
  std::string_view message = body["message"].text().value_or("");
  found.says_expired = message.starts_with("The OAuth token used to make this call expired");
  found.says_scopes = message.find("required scopes") != std::string_view::npos;
  found.user_lacks_permissions = lacks_permissions(body["context"]);
  gather_scopes(body["context"], error);
  for (const Json& one : body["errors"].items()) {
    if (error.required_scopes.empty()) gather_scopes(one["context"], error);
    found.user_lacks_permissions |= lacks_permissions(one["context"]);
    error.all_scopes_required |=
        one["message"].text().value_or("").starts_with("All of the following scopes");
  }
  if (error.policy_name.empty() && message.find("secondly limit") != std::string_view::npos) {
    error.policy_name =
        message.find("ten_secondly") != std::string_view::npos ? "TEN_SECONDLY_ROLLING" : "SECONDLY";
  }
  if (error.policy_name.empty() && message.find("daily limit") != std::string_view::npos)
    error.policy_name = "DAILY";
  return found;
}

Kind limit_kind(const HubSpotError& error) {
  if (error.policy_name == "DAILY") return Kind::DailyLimit;
  return error.policy_name == "SECONDLY" ? Kind::SecondlyLimit : Kind::TenSecondlyLimit;
}

Kind kind_from(int status, const HubSpotError& error, const Findings& found) {
  switch (status) {
    case 400: return found.user_lacks_permissions ? Kind::MissingPermissions : Kind::Other;
    case 401:
      return error.category == "EXPIRED_AUTHENTICATION" || found.says_expired ? Kind::ExpiredToken
                                                                              : Kind::InvalidToken;
    case 403:
      if (error.category == "MISSING_SCOPES" || !error.required_scopes.empty() || found.says_scopes) {
        return Kind::MissingScopes;
      }
      return error.category == "MISSING_PERMISSIONS" || found.user_lacks_permissions
                 ? Kind::MissingPermissions
                 : Kind::Other;
    case 423: return Kind::Locked;
    case 429: return limit_kind(error);
    case 477: return Kind::Migrating;
    case 502:
    case 503:
    case 504:
    case 521:
    case 522:
    case 523:
    case 524: return Kind::Unavailable;
    default: return Kind::Other;
  }
}

}  // namespace

std::string envelope(const OwnError& error) {
  Json body = Json::object({{"status", "error"},
                            {"message", error.message},
                            {"correlationId", error.correlation_id},
                            {"category", error.category}});
  if (!error.policy_name.empty()) {
    body.set("errorType", "RATE_LIMIT");
    body.set("policyName", error.policy_name);
  }
  if (!error.context.empty()) {
    Json context = Json::object();
    for (const auto& [name, values] : error.context) {
      Json::Items items(values.begin(), values.end());
      context.set(name, Json::array(std::move(items)));
    }
    body.set("context", std::move(context));
  }
  return body.dump();
}

OwnError own_error(const Error& error, std::string correlation_id) {
  return {.category = std::string(own_category_prefix) + error.code,
          .message = error.message,
          .correlation_id = std::move(correlation_id),
          .context = {},
          .policy_name = {}};
}

HubSpotError read_error(int status, std::string_view body) {
  HubSpotError error;
  Findings found;
  if (body.size() <= longest_error_body) {
    if (auto parsed = Json::parse(body); parsed && parsed->is_object()) found = gather(*parsed, error);
  }
  error.kind = kind_from(status, error, found);
  error.user_lacks_permissions = found.user_lacks_permissions;
  return error;
}

}  // namespace hubward::hubspot
