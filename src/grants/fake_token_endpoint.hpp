// SPDX-License-Identifier: Apache-2.0
// A HubSpot in memory, for tests and simulation: codes, grants, introspection, revocation and accounts on the
// dated paths, read from the real forms. Fails on demand: an answer lost before or after its effect, any
// status and body instead, or a wait until it is let go. One loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "crypto/digest.hpp"
#include "grants/callback_query.hpp"
#include "grants/token_endpoint.hpp"

namespace hubward::grants {

class FakeHubSpot final : public TokenEndpoint {
 public:
  explicit FakeHubSpot(Loop& loop) : released_(loop) {}

  // --- The account's side ---

  // What the consent page hands out: a code for this account, from this authorize address.
  std::string consent(HubId account, std::string redirect_uri, std::string code_challenge = "") {
    std::string code = "c0de-" + std::to_string(++drawn_);
    codes_[code] = {account, std::move(redirect_uri), std::move(code_challenge)};
    return code;
  }
  std::string static_token(HubId account) {
    std::string token = "pat-na1-" + std::to_string(++drawn_);
    access_[token] = account;
    return token;
  }
  void end(const std::string& token) { access_.erase(token); }
  void honour(const std::string& token, HubId account) { access_[token] = account; }
  void uninstall(HubId account) {
    revoke(account);
    std::erase_if(access_, [&](const auto& one) { return one.second == account; });
  }
  void revoke(HubId account) {
    std::erase_if(refresh_, [&](const auto& one) { return one.second == account; });
  }

  // --- Behaviour ---

  std::chrono::seconds life{1800};
  bool rotate_refresh_tokens = false;
  bool name_refresh_token = true;  // in the answer to a refresh
  bool name_scopes = true;         // in the answers of the token call, as all but v1 do
  std::vector<std::string> scopes{"oauth", "crm.objects.contacts.read"};
  std::string client_secret = "5ec7e7";
  std::size_t token_bytes = 0;  // access tokens are at least so long

  struct Mishap {
    enum class Kind { LoseQuestion, LoseAnswer, HoldAnswer, Answer } kind = Kind::LoseQuestion;
    int status = 503;
    std::string body = {};
    std::string only_target = {};  // ends so; empty: whatever comes next
  };
  std::deque<Mishap> mishaps;  // each used once; HoldAnswer until release()
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    released_.notify();
  }
  // Runs on the loop before a call has its effect.
  std::function<void(std::string_view target)> before_effect;

  // --- What happened ---

  std::map<std::string, int> calls;  // by "METHOD target"
  int refreshes = 0;                 // that had their effect
  int in_flight = 0, most_in_flight = 0;
  bool accepts(std::string_view access_token) const { return access_.contains(std::string(access_token)); }
  bool knows(std::string_view refresh_token) const { return refresh_.contains(std::string(refresh_token)); }
  std::size_t live_refresh_tokens() const { return refresh_.size(); }
  std::set<HubId> uninstalled;

  Async<Result<hubspot::OauthAnswer>> ask(AppSnapshot app, hubspot::OauthCall call,
                                          Deadline deadline) override {
    ++calls[call.method + " " + call.target];
    most_in_flight = std::max(most_in_flight, ++in_flight);
    co_await yield();
    if (held_) {
      bool let_go = co_await released_.wait(deadline);
      if (!let_go) {
        --in_flight;
        co_return lost();
      }
    }
    --in_flight;
    std::optional<Mishap> mishap = next_mishap(call.target);
    if (mishap && mishap->kind == Mishap::Kind::LoseQuestion) co_return lost();
    if (mishap && mishap->kind == Mishap::Kind::Answer) co_return answer(mishap->status, mishap->body);
    if (before_effect) before_effect(call.target);
    hubspot::OauthAnswer result = serve(*app, call);
    if (mishap && mishap->kind == Mishap::Kind::HoldAnswer) {
      bool let_go = co_await released_.wait(deadline);
      if (let_go) mishap.reset();
    }
    if (mishap) co_return lost();
    co_return std::move(result);
  }

 private:
  struct Code {
    HubId account;
    std::string redirect_uri, challenge;
  };

  static std::unexpected<Error> lost() {
    return failure("UPSTREAM_TIMEOUT", Fault::Network, Retry::Later, "no answer in time (injected)");
  }
  static hubspot::OauthAnswer answer(int status, std::string_view body) {
    return {status, std::nullopt, Secret(body)};
  }
  static hubspot::OauthAnswer answer(const Json& body) { return answer(200, body.dump()); }
  static hubspot::OauthAnswer refused(std::string_view code, std::string_view error) {
    return answer(400, Json::object({{"error", error}, {"status", code}, {"message", "no"}}).dump());
  }
  std::optional<Mishap> next_mishap(std::string_view target) {
    if (mishaps.empty() || !target.ends_with(mishaps.front().only_target)) return std::nullopt;
    Mishap mishap = std::move(mishaps.front());
    mishaps.pop_front();
    return mishap;
  }
  static std::string field(const hubspot::OauthCall& call, std::string_view name) {
    std::optional<Secret> value = secret_parameter(call.body.reveal_text(), name);
    return value ? std::string(value->reveal_text()) : std::string();
  }
  static std::string bearer(const hubspot::OauthCall& call) {
    return call.bearer ? std::string(call.bearer->reveal_text()) : std::string();
  }
  Json scope_list() const {
    Json list = Json::array();
    for (const std::string& scope : scopes) list.push(scope);
    return list;
  }

  hubspot::OauthAnswer serve(const App& app, const hubspot::OauthCall& call) {
    std::string_view target = call.target;
    if (target.ends_with("/details")) return details(bearer(call));
    if (target.ends_with("/access-token-info")) return static_info(bearer(call));
    if (target.ends_with("/external-install")) return remove_app(bearer(call));
    if (field(call, "client_id") != app.client_id) return refused("BAD_CLIENT_ID", "invalid_client");
    if (field(call, "client_secret") != client_secret) return refused("BAD_CLIENT_SECRET", "invalid_client");
    if (target.ends_with("/introspect")) return introspect(app, field(call, "token"));
    if (target.ends_with("/revoke")) return refresh_.erase(field(call, "token")), answer(200, "");
    return field(call, "grant_type") == "refresh_token" ? refresh(call) : exchange(call);
  }

  hubspot::OauthAnswer exchange(const hubspot::OauthCall& call) {
    auto found = codes_.find(field(call, "code"));
    if (found == codes_.end()) return refused("BAD_AUTH_CODE", "invalid_grant");
    Code code = found->second;
    codes_.erase(found);
    if (code.redirect_uri != field(call, "redirect_uri")) return refused("BAD_REDIRECT_URI", "invalid_grant");
    std::string verifier = field(call, "code_verifier");
    std::string challenge = verifier.empty() ? "" : to_base64url(crypto::sha256(bytes_of(verifier)));
    if (challenge != code.challenge) return refused("BAD_CODE_VERIFIER", "invalid_grant");
    return granted(code.account, "na1-refresh-" + std::to_string(++drawn_), true);
  }

  hubspot::OauthAnswer refresh(const hubspot::OauthCall& call) {
    auto found = refresh_.find(field(call, "refresh_token"));
    if (found == refresh_.end()) return refused("BAD_REFRESH_TOKEN", "invalid_grant");
    std::string token = found->first;
    HubId account = found->second;
    ++refreshes;
    if (rotate_refresh_tokens) {
      refresh_.erase(found);
      token = "na1-refresh-" + std::to_string(++drawn_);
    }
    return granted(account, token, name_refresh_token || rotate_refresh_tokens);
  }

  hubspot::OauthAnswer granted(HubId account, const std::string& refresh_token, bool name_it) {
    std::string access = "CIfake-access-" + std::to_string(++drawn_);
    access.resize(std::max(access.size(), token_bytes), 'x');
    access_[access] = account;
    refresh_[refresh_token] = account;
    Json body = Json::object({{"token_type", "bearer"},
                              {"access_token", access},
                              {"expires_in", life.count()},
                              {"token_use", "access_token"},
                              {"hub_id", account.number}});
    if (name_scopes) body.set("scopes", scope_list());
    if (name_it) body.set("refresh_token", refresh_token);
    return answer(body);
  }

  hubspot::OauthAnswer introspect(const App& app, const std::string& token) {
    auto found = access_.find(token);
    if (found == access_.end()) return answer(Json::object({{"active", false}}));
    return answer(Json::object({{"active", true},
                                {"token", token},
                                {"client_id", app.client_id},
                                {"hub_id", found->second.number},
                                {"scopes", scope_list()},
                                {"expires_in", life.count()}}));
  }

  hubspot::OauthAnswer details(const std::string& token) {
    auto found = access_.find(token);
    if (found == access_.end()) return unauthorized();
    return answer(Json::object({{"portalId", found->second.number},
                                {"accountType", "STANDARD"},
                                {"uiDomain", "app.hubspot.com"},
                                {"dataHostingLocation", "na1"}}));
  }
  hubspot::OauthAnswer static_info(const std::string& token) {
    auto found = access_.find(token);
    if (found == access_.end()) return unauthorized();
    return answer(Json::object(
        {{"userId", 7}, {"hubId", found->second.number}, {"appId", 5}, {"scopes", scope_list()}}));
  }
  hubspot::OauthAnswer remove_app(const std::string& token) {
    auto found = access_.find(token);
    if (found == access_.end()) return unauthorized();
    uninstalled.insert(found->second);
    uninstall(found->second);
    return answer(204, "");
  }
  static hubspot::OauthAnswer unauthorized() {
    return answer(
        401, R"({"status":"error","message":"no","correlationId":"0","category":"INVALID_AUTHENTICATION"})");
  }

  std::map<std::string, Code> codes_;
  std::map<std::string, HubId> access_;
  std::map<std::string, HubId> refresh_;
  int drawn_ = 0;
  bool held_ = false;
  Signal released_;
};

}  // namespace hubward::grants
