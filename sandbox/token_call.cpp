// SPDX-License-Identifier: Apache-2.0
// The token call: exchange of a code, refresh, client credentials, and its errors (hubspot.md sections 1.2,
// 1.3, 1.5).
#include <algorithm>
#include <expected>

#include "core/encoding.hpp"
#include "crypto/digest.hpp"
#include "sandbox/oauth.hpp"
#include "sandbox/tokens.hpp"

namespace hubward::sandbox {
namespace {

struct Refusal {
  const char* status;
  const char* error;
  const char* old_message;
  const char* new_message;
};
constexpr Refusal bad_code{"BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code",
                           "missing or unknown auth code"};
constexpr Refusal bad_refresh{"BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token",
                              "refresh token is invalid, expired or revoked"};
constexpr Refusal bad_hub{"BAD_HUB", "access_denied", "missing or unknown hub id",
                          "missing or unknown hub id"};
constexpr Refusal bad_client{"BAD_CLIENT_ID", "invalid_client", "missing or invalid client id",
                             "missing or invalid client id"};
constexpr Refusal bad_secret{"BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret",
                             "missing or invalid client secret"};
constexpr Refusal bad_redirect{"BAD_REDIRECT_URI", "invalid_grant", "missing or invalid redirect uri",
                               "missing or invalid redirect uri"};
constexpr Refusal bad_grant_type{"BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type",
                                 "missing or unknown grant type"};
constexpr Refusal bad_verifier{"BAD_CODE_VERIFIER", "invalid_grant", "missing or invalid code verifier",
                               "missing or invalid code verifier"};
constexpr Refusal bad_scopes{"BAD_SCOPES", "invalid_scope", "missing or unknown scopes",
                             "missing or unknown scopes"};

using Granted = std::expected<Json, Refusal>;

Json texts(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& text : list) json.push(text);
  return json;
}

Json granted(World& world, const App& app, const Account& account, Install& install) {
  return Json::object({{"access_token", issue_access_token(world, app, account, install)},
                       {"refresh_token", install.refresh_token},
                       {"expires_in", app.token_life_s},
                       {"token_type", "bearer"},
                       {"token_use", "access_token"},
                       {"hub_id", account.hub_id},
                       {"user_id", install.user_id},
                       {"scopes", texts(install.scopes)}});
}

bool verifier_fits(const Code& code, const std::string& verifier) {
  if (code.challenge.empty()) return true;
  if (code.challenge_method == "plain") return verifier == code.challenge;
  return to_base64url(crypto::sha256(bytes_of(verifier))) == code.challenge;
}

Granted exchange(World& world, const App& app, const Form& form) {
  auto found = world.codes.find(form.first("code"));
  if (found == world.codes.end()) return std::unexpected(bad_code);
  Code code = found->second;
  // Another client's attempt does not spend the code.
  if (code.app != app.name) return std::unexpected(bad_code);
  world.codes.erase(found);
  if (code.expires <= world.now()) return std::unexpected(bad_code);
  if (form.first("redirect_uri") != code.redirect_uri) return std::unexpected(bad_redirect);
  if (!verifier_fits(code, form.first("code_verifier"))) return std::unexpected(bad_verifier);
  Account* account = world.account(code.hub_id);
  if (account == nullptr) return std::unexpected(bad_hub);
  Install& install = world.install(app, *account);
  install.revoked = false;
  install.scopes = code.scopes;
  // Installing again keeps the refresh token, as an install has one.
  if (install.refresh_token.empty()) install.refresh_token = make_short_token(world, *account);
  return granted(world, app, *account, install);
}

Granted refresh(World& world, const App& app, const Form& form) {
  Install* install = world.install_by_refresh_token(form.first("refresh_token"));
  if (install == nullptr || install->revoked || install->app != app.name) return std::unexpected(bad_refresh);
  Account* account = world.account(install->hub_id);
  if (account == nullptr) return std::unexpected(bad_hub);
  ++install->refreshes;
  if (app.rotates_refresh_tokens) {
    install->refresh_token = make_short_token(world, *account);
    ++install->rotations;
  }
  return granted(world, app, *account, *install);
}

Granted client_credentials(World& world, const App& app, const Form& form) {
  std::vector<std::string> scopes;
  std::string asked = form.first("scope");
  for (std::string_view scope : split(asked, ' '))
    if (!scope.empty()) scopes.emplace_back(scope);
  bool known = !scopes.empty() && std::ranges::all_of(scopes, [](const std::string& scope) {
    return scope.starts_with("developer.");
  });
  if (!known) return std::unexpected(bad_scopes);
  Token token;
  token.app = app.name;
  token.scopes = scopes;
  token.use = "client_credentials";
  token.expires = world.now() + std::chrono::seconds(app.token_life_s);
  Account nobody;
  std::string text = make_access_token(world, app, nobody, *token.expires, scopes);
  world.keep_token(text, std::move(token));
  return Json::object({{"access_token", text},
                       {"expires_in", app.token_life_s},
                       {"token_type", "bearer"},
                       {"token_use", "client_credentials"},
                       {"scopes", texts(scopes)}});
}

Granted grant(World& world, const Form& form) {
  std::string kind = form.first("grant_type");
  if (kind != "authorization_code" && kind != "refresh_token" && kind != "client_credentials")
    return std::unexpected(bad_grant_type);
  const App* app = world.app_by_client(form.first("client_id"));
  if (app == nullptr) return std::unexpected(bad_client);
  if (app->client_secret != form.first("client_secret")) return std::unexpected(bad_secret);
  if (kind == "authorization_code") return exchange(world, *app, form);
  if (kind == "refresh_token") return refresh(world, *app, form);
  return client_credentials(world, *app, form);
}

Answer refusal_answer(World& world, const Refusal& refusal, bool old_form) {
  if (old_form)
    return json_answer(400, Json::object({{"status", refusal.status},
                                          {"message", refusal.old_message},
                                          {"correlationId", world.uuid()}}));
  return json_answer(400, Json::object({{"error", refusal.error},
                                        {"error_description", refusal.new_message},
                                        {"status", refusal.status},
                                        {"message", refusal.new_message}}));
}

}  // namespace

Answer token_call(World& world, const Call& call, bool old_form) {
  // v1 also takes its fields from the query, as its specification says.
  std::string text = call.body.empty() && old_form ? call.query : call.body;
  Granted answer = grant(world, Form::parse(text));
  if (!answer) return refusal_answer(world, answer.error(), old_form);
  if (!old_form) return json_answer(200, *answer);
  // In the field v1 answers four members only (hubspot.md section 1.2).
  Json few = Json::object();
  for (const char* name : {"token_type", "refresh_token", "access_token", "expires_in"})
    if (answer->has(name)) few.set(name, std::as_const(*answer)[name]);
  return json_answer(200, few);
}

std::string refreshed_grant(World& world, const Call& call) {
  if (call.method != "POST" || !call.path.starts_with("/oauth/") || !call.path.ends_with("/token")) return {};
  Form form = Form::parse(call.body);
  if (form.first("grant_type") != "refresh_token") return {};
  const Install* install = world.install_by_refresh_token(form.first("refresh_token"));
  return install == nullptr ? "" : grant_key(install->app, install->hub_id);
}

}  // namespace hubward::sandbox
