// SPDX-License-Identifier: Apache-2.0
// HubSpot's OAuth as bytes: what is asked (addresses, forms) and what is answered (hubspot.md sections 1, 2.1
// and 7.1). Pure; any thread. Forms and answers hold tokens, so they live in Secret and are read in place
// (hubspot/secret_json.hpp): no token passes through an ordinary string here. Answers are bounded by
// oauth_answer_limit; what breaks the rules is an OauthTrouble (HubSpot's fault, worth a retry), never a
// refusal, so that a garbled answer cannot call a grant dead.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/named.hpp"
#include "core/secret.hpp"
#include "hubspot/tokens.hpp"

namespace hubward::hubspot {

// Which token endpoint an app uses. Default is 2026-03, the newest release whose description is complete
// (hubspot.md section 1.2: the 2026-09 description is a pre-release copy). V1 is for the token call only,
// since its other calls carry tokens in the path; it stops on 2027-02-16.
enum class OauthVersion { V1, V3, Dated2026_03, Dated2026_09 };
constexpr OauthVersion default_oauth_version = OauthVersion::Dated2026_03;

std::string_view to_text(OauthVersion version);  // "v1", "v3", "2026-03", "2026-09"
std::optional<OauthVersion> oauth_version(std::string_view text);

constexpr std::size_t oauth_answer_limit = 16 * 1024;  // a token and its scopes take a tenth

// --- What is asked ---

// One call to HubSpot's API host. `body` and `bearer` are secrets; the target never holds one.
struct OauthCall {
  std::string method = "POST";
  std::string target;
  std::string content_type;  // empty: no body
  Secret body;
  std::optional<Secret> bearer;
};

struct AuthorizeQuestion {
  std::string client_id;
  std::string redirect_uri;
  std::vector<std::string> scopes;  // required and conditionally required
  std::vector<std::string> optional_scopes;
  std::string state;
  std::optional<std::string> code_challenge;  // base64url(SHA-256(verifier)), method S256
};
// `base` is scheme and host ("https://app.hubspot.com"), without a slash at the end.
std::string authorize_address(std::string_view base, const AuthorizeQuestion& question);
// The S256 challenge of a PKCE verifier (RFC 7636 section 4.2).
std::string code_challenge_of(const Secret& verifier);

struct ClientIdentity {
  std::string_view id;
  const Secret& secret;
};
enum class TokenKind { Access, Refresh };

OauthCall exchange_call(OauthVersion version, ClientIdentity client, const Secret& code,
                        std::string_view redirect_uri, const Secret* code_verifier);
OauthCall refresh_call(OauthVersion version, ClientIdentity client, const Secret& refresh_token);
// For what an app may do on its own behalf, without an account (section 1.2): scopes like
// developer.webhooks_journal.read.
OauthCall client_credentials_call(OauthVersion version, ClientIdentity client, std::string_view scopes);
OauthCall introspect_call(OauthVersion version, ClientIdentity client, const Secret& token, TokenKind kind);
OauthCall revoke_call(OauthVersion version, ClientIdentity client, const Secret& token, TokenKind kind);
// Private-app tokens and service keys (section 2.1): the token in a JSON body and as the bearer.
OauthCall static_token_info_call(const Secret& token);
OauthCall account_details_call(const Secret& token);
OauthCall uninstall_call(const Secret& token);

// --- What is answered ---

struct OauthAnswer {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
  Secret body;
};

// HubSpot said no, in either of its two forms (section 1.5). `code` is its `status` ("BAD_REFRESH_TOKEN") or,
// without one, its category; `error` the RFC 6749 word. Both hold only letters, digits, '_', '-' and '.'.
struct OauthRefusal {
  int http_status = 0;
  std::string code;
  std::string error;

  // HubSpot's own verdict that this refresh token is worth nothing any more. True only for HTTP 400 with
  // BAD_REFRESH_TOKEN, or with invalid_grant and no other BAD_… word.
  bool refresh_token_is_dead() const;
  bool client_is_wrong() const;         // client id or secret: a matter of configuration
  bool client_secret_is_wrong() const;  // the secret alone: a previous one may still be good
  std::string shown() const;            // "BAD_HUB (access_denied)", for sentences
};
// No usable answer: 429, 5xx, 477, 423, 408, or bytes that are not what HubSpot documents.
struct OauthTrouble {
  int http_status = 0;
  std::string what;  // "HubSpot answered 503"; never text of the body
  std::optional<std::chrono::seconds> retry_after;
};
template <class T>
using OauthOutcome = std::variant<T, OauthRefusal, OauthTrouble>;

struct Granted {
  Secret access_token;
  std::optional<Secret> refresh_token;
  std::chrono::seconds expires_in{0};
  std::optional<HubId> hub_id;
  std::optional<std::uint64_t> user_id;
  std::vector<std::string> scopes;  // empty when the answer names none (v1)
};
// What introspection says of a live token.
struct TokenFacts {
  HubId hub_id;
  std::string client_id;  // empty for static tokens
  std::optional<std::uint64_t> app_id;
  std::optional<std::uint64_t> user_id;
  std::vector<std::string> scopes;
  std::optional<std::chrono::seconds> expires_in;
};
struct TokenInactive {};
struct AccountDetails {
  HubId hub_id;
  std::string account_type;  // "STANDARD"
  std::string time_zone;
  std::string ui_domain;
  std::string region;  // the hublet: "na1"; empty when the answer names none
};
struct Done {};

OauthOutcome<Granted> read_token_answer(const OauthAnswer& answer);
OauthOutcome<std::variant<TokenFacts, TokenInactive>> read_introspection(const OauthAnswer& answer);
OauthOutcome<TokenFacts> read_static_token_info(const OauthAnswer& answer);
OauthOutcome<AccountDetails> read_account_details(const OauthAnswer& answer);
// Revocation and uninstall: any 2xx is done.
OauthOutcome<Done> read_acknowledgement(const OauthAnswer& answer);

// Visible ASCII without spaces, 1 to longest_token bytes: safe to write into a header field.
bool looks_like_token(std::string_view text);

}  // namespace hubward::hubspot
