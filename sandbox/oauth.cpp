// SPDX-License-Identifier: Apache-2.0
// Which OAuth path is which, and what can be asked about a token (hubspot.md sections 1.4, 2.1).
#include "sandbox/oauth.hpp"

#include "core/encoding.hpp"
#include "sandbox/problem.hpp"

namespace hubward::sandbox {
namespace {

constexpr const char* form_type = "application/x-www-form-urlencoded";

bool is_form(const Call& call) {
  std::string_view type = call.field("Content-Type");
  return same_ignoring_case(trimmed(type.substr(0, type.find(';'))), form_type);
}

Json texts(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& text : list) json.push(text);
  return json;
}

std::int64_t seconds_left(World& world, const Token& token) {
  return std::chrono::duration_cast<std::chrono::seconds>(*token.expires - world.now()).count();
}

Json signed_json(World& world, const Token& token, const Account& account, const App& app) {
  std::string scopes;
  for (const std::string& scope : token.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  auto bytes = [&] { return to_base64(bytes_of(world.random_bytes(20))); };
  return Json::object({{"expiresAt", to_millis(*token.expires)},
                       {"scopes", to_base64(bytes_of(scopes)).substr(0, 16)},
                       {"hubId", account.hub_id},
                       {"userId", token.user_id},
                       {"appId", app.app_id},
                       {"appInstallId", std::to_string(account.hub_id * 10 + app.app_id)},
                       {"audience", "public"},
                       {"installingUserId", token.user_id},
                       {"signature", bytes()},
                       {"newSignature", bytes()},
                       {"scopeToScopeGroupPks", "AAAA"},
                       {"trialScopes", ""},
                       {"trialScopeToScopeGroupPks", ""},
                       {"hublet", account.hublet},
                       {"isUserLevel", false},
                       {"isPrivateDistribution", false},
                       {"isServiceAccount", false}});
}

// A live OAuth access token with its app and account, or nothing.
struct Known {
  const Token* token;
  const App* app;
  const Account* account;
};
std::optional<Known> known_token(World& world, const std::string& text) {
  auto found = world.tokens.find(text);
  if (found == world.tokens.end()) return std::nullopt;
  const Token& token = found->second;
  const Account* account = world.account(token.hub_id);
  bool dead = token.revoked || token.use != "access_token" || !token.expires || *token.expires <= world.now();
  if (dead || account == nullptr) return std::nullopt;
  return Known{&token, &world.apps[token.app], account};
}

Answer old_access_info(World& world, const std::string& text) {
  auto known = known_token(world, text);
  if (!known) return problem_answer({404, "resource not found", "OBJECT_NOT_FOUND"}, world.uuid());
  return json_answer(
      200,
      Json::object({{"token", text},
                    {"user", known->account->user},
                    {"hub_domain", known->account->domain},
                    {"scopes", texts(known->token->scopes)},
                    {"signed_access_token", signed_json(world, *known->token, *known->account, *known->app)},
                    {"hub_id", known->account->hub_id},
                    {"app_id", known->app->app_id},
                    {"expires_in", seconds_left(world, *known->token)},
                    {"user_id", known->token->user_id},
                    {"token_type", "access"},
                    {"is_private_distribution", false}}));
}

Answer old_refresh_info(World& world, const Call& call, const std::string& text) {
  Install* install = world.install_by_refresh_token(text);
  const Account* account = install == nullptr ? nullptr : world.account(install->hub_id);
  if (account == nullptr || install->revoked)
    return problem_answer({404, "resource not found", "OBJECT_NOT_FOUND"}, world.uuid());
  if (call.method == "DELETE") {
    install->revoked = true;  // access tokens live on (section 1.4)
    install->refresh_token.clear();
    return empty_answer();
  }
  return json_answer(200, Json::object({{"token", text},
                                        {"user", account->user},
                                        {"hub_domain", account->domain},
                                        {"scopes", texts(install->scopes)},
                                        {"hub_id", account->hub_id},
                                        {"client_id", world.apps[install->app].client_id},
                                        {"user_id", install->user_id},
                                        {"token_type", "refresh"}}));
}

Answer static_token_info(World& world, const Call& call) {
  auto body = Json::parse(call.body);
  std::string text = body ? std::as_const(*body)["tokenKey"].text_or("") : "";
  auto found = world.tokens.find(text);
  bool unknown = found == world.tokens.end() || found->second.revoked || found->second.use != "static" ||
                 (found->second.expires && *found->second.expires <= world.now());
  if (unknown) return problem_answer(missing_credential(), world.uuid());
  const Token& token = found->second;
  return json_answer(200, Json::object({{"userId", token.user_id},
                                        {"hubId", token.hub_id},
                                        {"appId", world.apps[token.app].app_id},
                                        {"scopes", texts(token.scopes)}}));
}

// The form's client, when its secret fits; else the error answer.
std::expected<const App*, Answer> client_of(World& world, const Form& form) {
  auto refused = [](const char* status, const char* message) {
    return std::unexpected(json_answer(400, Json::object({{"error", "invalid_client"},
                                                          {"error_description", message},
                                                          {"status", status},
                                                          {"message", message}})));
  };
  const App* app = world.app_by_client(form.first("client_id"));
  if (app == nullptr) return refused("BAD_CLIENT_ID", "missing or invalid client id");
  if (app->client_secret != form.first("client_secret"))
    return refused("BAD_CLIENT_SECRET", "missing or invalid client secret");
  return app;
}

}  // namespace

Answer introspect_call(World& world, const Call& call) {
  Form form = Form::parse(call.body);
  auto app = client_of(world, form);
  if (!app) return app.error();
  std::string text = form.first("token");
  if (auto known = known_token(world, text); known && known->app == *app)
    return json_answer(
        200, Json::object(
                 {{"active", true},
                  {"token", text},
                  {"token_use", "access_token"},
                  {"token_type", "Bearer"},
                  {"client_id", known->app->client_id},
                  {"app_id", known->app->app_id},
                  {"hub_id", known->account->hub_id},
                  {"hub_domain", known->account->domain},
                  {"user", known->account->user},
                  {"user_id", known->token->user_id},
                  {"scopes", texts(known->token->scopes)},
                  {"expires_in", seconds_left(world, *known->token)},
                  {"is_private_distribution", false},
                  {"signed_access_token", signed_json(world, *known->token, *known->account, *known->app)}}));
  Install* install = world.install_by_refresh_token(text);
  const Account* account = install == nullptr ? nullptr : world.account(install->hub_id);
  if (account == nullptr || install->revoked || install->app != (*app)->name)
    return json_answer(200, Json::object({{"active", false}}));
  return json_answer(200, Json::object({{"active", true},
                                        {"token", text},
                                        {"token_use", "refresh_token"},
                                        {"token_type", "Bearer"},
                                        {"client_id", (*app)->client_id},
                                        {"app_id", (*app)->app_id},
                                        {"hub_id", account->hub_id},
                                        {"hub_domain", account->domain},
                                        {"user", account->user},
                                        {"user_id", install->user_id},
                                        {"scopes", texts(install->scopes)}}));
}

Answer revoke_call(World& world, const Call& call) {
  Form form = Form::parse(call.body);
  auto app = client_of(world, form);
  if (!app) return app.error();
  // Kills no access token that is out already, and says nothing about unknown ones (RFC 7009 section 2.2).
  Install* install = world.install_by_refresh_token(form.first("token"));
  if (install != nullptr && install->app == (*app)->name) {
    install->revoked = true;
    install->refresh_token.clear();
  }
  return empty_answer(200);
}

std::optional<Answer> answer_oauth(World& world, const Call& call) {
  std::vector<std::string> part = path_segments(call.path);
  if (part.empty() || part[0] != "oauth") return std::nullopt;
  auto wrong_method = [&] {
    return problem_answer({405, "Method not allowed", "VALIDATION_ERROR"}, world.uuid());
  };
  bool get = call.method == "GET", post = call.method == "POST";
  if (part.back() == "authorize" && part.size() <= 3) {
    std::optional<std::uint64_t> hub_id;
    if (part.size() == 3) hub_id = to_number(part[1]).value_or(0);
    return get    ? consent_page(world, call, hub_id)
           : post ? consent_given(world, call, hub_id)
                  : wrong_method();
  }
  if (part.size() < 3) return std::nullopt;
  bool old_form = part[1] == "v1";
  bool current = part[1] == "v3" || part[1] == "2026-03" || part[1] == "2026-09";
  bool token_path = (old_form || current) && part[2] == "token";
  if (token_path && (part.size() == 3 || (part.size() == 4 && current))) {
    const std::string what = part.size() == 4 ? part[3] : "token";
    if (what != "token" && what != "introspect" && what != "revoke") return std::nullopt;
    if (!post) return wrong_method();
    if (!call.body.empty() && !is_form(call))
      return problem_answer({415, "Unsupported media type", "VALIDATION_ERROR"}, world.uuid());
    if (what == "introspect") return introspect_call(world, call);
    return what == "revoke" ? revoke_call(world, call) : token_call(world, call, old_form);
  }
  if (old_form && part.size() == 4 && part[2] == "access-tokens")
    return get ? old_access_info(world, part[3]) : wrong_method();
  if (old_form && part.size() == 4 && part[2] == "refresh-tokens")
    return get || call.method == "DELETE" ? old_refresh_info(world, call, part[3]) : wrong_method();
  if (call.path == "/oauth/v2/private-apps/get/access-token-info")
    return post ? static_token_info(world, call) : wrong_method();
  return std::nullopt;
}

}  // namespace hubward::sandbox
