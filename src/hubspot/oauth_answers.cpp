// SPDX-License-Identifier: Apache-2.0
// What is answered, in the forms of hubspot.md sections 1.2 to 1.5, 2.1 and 7.1.
#include <algorithm>

#include "core/ascii.hpp"
#include "hubspot/oauth.hpp"
#include "hubspot/secret_json.hpp"

namespace hubward::hubspot {
namespace {

constexpr std::size_t most_scopes = 1000;  // HubSpot has about 300
constexpr std::size_t longest_word = 200;
constexpr std::size_t longest_refusal_name = 64;
// No token of HubSpot's lives longer; a greater number is clamped, so that no sum of times overflows.
constexpr std::chrono::seconds longest_life{366L * 24 * 3600};

// A word that may stand in our own sentences: anything else is left out.
std::string word(const SecretJson& json, std::string_view name) {
  std::string text = json.text(name, longest_word).value_or("");
  bool plain = std::ranges::all_of(
      text, [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
  return plain ? text : std::string();
}

// The name of a refusal, like BAD_AUTH_CODE or invalid_grant. It gets into logs and the journal, and an
// answer may repeat what it was asked with: tokens, codes and secrets have digits, names have none.
std::string refusal_name(const SecretJson& json, std::string_view name) {
  std::string text = json.text(name, longest_refusal_name).value_or("");
  bool plain = std::ranges::all_of(text, [](char c) { return is_alpha(c) || c == '_'; });
  return plain ? text : std::string();
}

std::optional<std::uint64_t> id(const SecretJson& json, std::string_view name) {
  std::optional<std::int64_t> number = json.integer(name);
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<HubId> hub_id(const SecretJson& json, std::string_view name) {
  return id(json, name).transform([](std::uint64_t number) { return HubId{number}; });
}

std::vector<std::string> scopes(const SecretJson& json) {
  std::vector<std::string> result = json.texts("scopes", most_scopes).value_or(std::vector<std::string>());
  std::erase_if(result, [](const std::string& scope) {
    return scope.empty() || scope.size() > longest_word ||
           !std::ranges::all_of(scope, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
  });
  return result;
}

std::optional<Secret> token(const SecretJson& json, std::string_view name) {
  std::optional<Secret> secret = json.secret(name, longest_token);
  if (secret && !looks_like_token(secret->reveal_text())) return std::nullopt;
  return secret;
}

std::optional<std::chrono::seconds> life(const SecretJson& json) {
  std::optional<std::int64_t> seconds = json.integer("expires_in");
  if (!seconds || *seconds <= 0) return std::nullopt;
  return std::chrono::seconds(std::min<std::int64_t>(*seconds, longest_life.count()));
}

bool may_pass(int status) {
  return status == 408 || status == 423 || status == 429 || status == 477 || status >= 500;
}

OauthTrouble trouble(const OauthAnswer& answer) {
  return {answer.status, "HubSpot answered " + std::to_string(answer.status), answer.retry_after};
}

OauthTrouble garbled(const OauthAnswer& answer) {
  return {answer.status, "HubSpot's answer was not what it documents", answer.retry_after};
}

// What an answer other than success means.
template <class T>
OauthOutcome<T> refusal(const OauthAnswer& answer) {
  if (may_pass(answer.status) || answer.status < 400) return trouble(answer);
  std::optional<SecretJson> json = SecretJson::read(answer.body.reveal_text());
  if (!json) return trouble(answer);
  OauthRefusal refused{answer.status, refusal_name(*json, "status"), refusal_name(*json, "error")};
  if (refused.code == "error") refused.code = refusal_name(*json, "category");
  if (refused.code.empty() && refused.error.empty()) return trouble(answer);
  return refused;
}

std::optional<SecretJson> success(const OauthAnswer& answer) {
  return SecretJson::read(answer.body.reveal_text());
}

}  // namespace

bool OauthRefusal::refresh_token_is_dead() const {
  if (http_status != 400) return false;
  if (code == "BAD_REFRESH_TOKEN") return true;
  return error == "invalid_grant" && !code.starts_with("BAD_");
}

bool OauthRefusal::client_is_wrong() const {
  return error == "invalid_client" || code == "BAD_CLIENT_ID" || code == "BAD_CLIENT_SECRET";
}

bool OauthRefusal::client_secret_is_wrong() const {
  return code == "BAD_CLIENT_SECRET" || (error == "invalid_client" && !code.starts_with("BAD_"));
}

std::string OauthRefusal::shown() const {
  if (code.empty()) return error;
  return error.empty() ? code : code + " (" + error + ")";
}

OauthOutcome<Granted> read_token_answer(const OauthAnswer& answer) {
  if (answer.status != 200) return refusal<Granted>(answer);
  std::optional<SecretJson> json = success(answer);
  if (!json) return garbled(answer);
  std::optional<Secret> access = token(*json, "access_token");
  std::optional<std::chrono::seconds> lives = life(*json);
  bool bearer = !json->has("token_type") || same_ignoring_case(word(*json, "token_type"), "bearer");
  if (!access || !lives || !bearer) return garbled(answer);
  Granted granted;
  granted.access_token = std::move(*access);
  granted.refresh_token = token(*json, "refresh_token");
  granted.expires_in = *lives;
  granted.hub_id = hub_id(*json, "hub_id");
  granted.user_id = id(*json, "user_id");
  granted.scopes = scopes(*json);
  return granted;
}

OauthOutcome<std::variant<TokenFacts, TokenInactive>> read_introspection(const OauthAnswer& answer) {
  using Either = std::variant<TokenFacts, TokenInactive>;
  if (answer.status != 200) return refusal<Either>(answer);
  std::optional<SecretJson> json = success(answer);
  if (!json) return garbled(answer);
  std::optional<bool> active = json->boolean("active");
  if (active == false) return Either(TokenInactive());
  std::optional<HubId> account = hub_id(*json, "hub_id");
  if (active != true || !account) return garbled(answer);
  TokenFacts facts;
  facts.hub_id = *account;
  facts.client_id = word(*json, "client_id");
  facts.app_id = id(*json, "app_id");
  facts.user_id = id(*json, "user_id");
  facts.scopes = scopes(*json);
  facts.expires_in = life(*json);
  return Either(std::move(facts));
}

OauthOutcome<TokenFacts> read_static_token_info(const OauthAnswer& answer) {
  if (answer.status != 200) return refusal<TokenFacts>(answer);
  std::optional<SecretJson> json = success(answer);
  std::optional<HubId> account = json ? hub_id(*json, "hubId") : std::nullopt;
  if (!account) return garbled(answer);
  TokenFacts facts;
  facts.hub_id = *account;
  facts.app_id = id(*json, "appId");
  facts.user_id = id(*json, "userId");
  facts.scopes = scopes(*json);
  return facts;
}

OauthOutcome<AccountDetails> read_account_details(const OauthAnswer& answer) {
  if (answer.status != 200) return refusal<AccountDetails>(answer);
  std::optional<SecretJson> json = success(answer);
  std::optional<HubId> account = json ? hub_id(*json, "portalId") : std::nullopt;
  if (!account) return garbled(answer);
  AccountDetails details;
  details.hub_id = *account;
  details.account_type = word(*json, "accountType");
  details.time_zone = json->text("timeZone", longest_word).value_or("");
  details.ui_domain = word(*json, "uiDomain");
  details.region = word(*json, "dataHostingLocation");
  return details;
}

OauthOutcome<Done> read_acknowledgement(const OauthAnswer& answer) {
  if (answer.status >= 200 && answer.status < 300) return Done();
  return refusal<Done>(answer);
}

bool looks_like_token(std::string_view text) {
  return !text.empty() && text.size() <= longest_token &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace hubward::hubspot
