// SPDX-License-Identifier: Apache-2.0
// Everything the simulated HubSpot remembers: accounts, apps, installs, tokens, limits, faults, counters and
// its clock. In memory, no I/O; a resource of one thread. Time is the given clock plus what a test moved it
// by; randomness comes through the seam. All of it can be dumped and loaded as JSON (sandbox/control.cpp).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "crypto/random.hpp"
#include "sandbox/crm_data.hpp"
#include "sandbox/message.hpp"
#include "sandbox/webhook_journal.hpp"
#include "sandbox/webhooks.hpp"

namespace hubward::sandbox {

struct Account {
  std::uint64_t hub_id = 0, user_id = 0;
  std::string name, domain, user;  // user: e-mail address of whoever installs apps
  std::string hublet = "na1", tier = "professional", type = "STANDARD";
  std::string time_zone = "UTC", utc_offset = "+00:00", currency = "EUR";
  int utc_offset_minutes = 0, limit_increases = 0;  // API limit add-ons, 0 to 2
  bool deleted = false;
  Crm crm;
  void each(auto&& visit) {
    visit("hub_id", hub_id), visit("user_id", user_id), visit("name", name), visit("domain", domain);
    visit("user", user), visit("hublet", hublet), visit("tier", tier), visit("type", type);
    visit("time_zone", time_zone), visit("utc_offset", utc_offset), visit("currency", currency);
    visit("utc_offset_minutes", utc_offset_minutes), visit("limit_increases", limit_increases);
    visit("deleted", deleted), visit("crm", crm);
  }
};

struct App {
  std::string name;
  std::string kind = "oauth";  // or "private", "service_key"
  std::uint64_t app_id = 0;
  std::string client_id, client_secret;
  std::vector<std::string> redirect_uris, required_scopes, optional_scopes;
  std::int64_t token_life_s = 1800;  // hubspot.md section 1.2
  bool rotates_refresh_tokens = false, requires_pkce = false;
  HookSettings webhooks;
  void each(auto&& visit) {
    visit("name", name), visit("kind", kind), visit("app_id", app_id), visit("client_id", client_id);
    visit("client_secret", client_secret), visit("redirect_uris", redirect_uris);
    visit("required_scopes", required_scopes), visit("optional_scopes", optional_scopes);
    visit("token_life_s", token_life_s), visit("rotates_refresh_tokens", rotates_refresh_tokens);
    visit("requires_pkce", requires_pkce), visit("webhooks", webhooks);
  }
};

// An app in an account: what HubSpot calls an install and we call a grant.
struct Install {
  std::string app;
  std::uint64_t hub_id = 0, user_id = 0;
  std::vector<std::string> scopes;
  std::string refresh_token;
  bool revoked = false;
  std::int64_t generation = 0, refreshes = 0, rotations = 0;
  std::int64_t refreshes_in_flight = 0, most_refreshes_in_flight = 0;
  void each(auto&& visit) {
    visit("app", app), visit("hub_id", hub_id), visit("user_id", user_id), visit("scopes", scopes);
    visit("refresh_token", refresh_token), visit("revoked", revoked), visit("generation", generation);
    visit("refreshes", refreshes), visit("rotations", rotations);
    visit("most_refreshes_in_flight", most_refreshes_in_flight);
  }
};

struct Token {
  std::string app;
  std::uint64_t hub_id = 0, user_id = 0;
  std::vector<std::string> scopes;
  std::string use = "access_token";  // or "client_credentials", "static"
  std::optional<TimePoint> expires;  // static tokens have none
  std::int64_t generation = 0;
  bool revoked = false;
  void each(auto&& visit) {
    visit("app", app), visit("hub_id", hub_id), visit("user_id", user_id), visit("scopes", scopes);
    visit("use", use), visit("expires", expires), visit("generation", generation);
    visit("revoked", revoked);
  }
};

struct Code {
  std::string app, redirect_uri, challenge, challenge_method;
  std::uint64_t hub_id = 0;
  std::vector<std::string> scopes;
  TimePoint expires{};
  void each(auto&& visit) {
    visit("app", app), visit("redirect_uri", redirect_uri), visit("challenge", challenge);
    visit("challenge_method", challenge_method), visit("hub_id", hub_id), visit("scopes", scopes);
    visit("expires", expires);
  }
};

struct Settings {
  bool burst_limit = true, daily_limit = true, search_limit = true;
  bool retry_after = false;                            // on 429; HubSpot documents none
  bool auto_consent = true;                            // whether sandbox_auto_consent=HUBID is obeyed
  std::int64_t code_life_s = 600;                      // hubspot.md section 13
  std::int64_t search_lag_ms = 0;                      // new and changed records are found only after this
  std::string public_base = "https://api.hubapi.com";  // of paging links
  void each(auto&& visit) {
    visit("burst_limit", burst_limit), visit("daily_limit", daily_limit);
    visit("search_limit", search_limit), visit("retry_after", retry_after);
    visit("auto_consent", auto_consent), visit("code_life_s", code_life_s);
    visit("search_lag_ms", search_lag_ms), visit("public_base", public_base);
  }
};

// One rule of trouble on demand (docs/sandbox.md). Empty conditions match everything.
struct FaultRule {
  std::string id, method, path_prefix, token;  // token: a label's beginning, "demo/9100001"
  std::int64_t skip = 0, times = -1;           // let so many pass first; then so many times, -1 for ever
  int status = 0;                              // answer this, without any effect
  std::string body, content_type = "application/json;charset=utf-8";
  std::string cut;         // "before", "after_effect", "middle", "after"
  std::string credential;  // "expired" or "revoked": the caller's token is made so first
  bool malformed = false;  // the answer's JSON is broken off
  std::int64_t delay_ms = 0, piece_bytes = 0, pause_ms = 0;
  std::int64_t hits = 0;
  std::map<std::string, std::string> headers;
  void each(auto&& visit) {
    visit("id", id), visit("method", method), visit("path_prefix", path_prefix), visit("token", token);
    visit("skip", skip), visit("times", times), visit("status", status), visit("body", body);
    visit("content_type", content_type), visit("cut", cut), visit("credential", credential);
    visit("malformed", malformed), visit("delay_ms", delay_ms), visit("piece_bytes", piece_bytes);
    visit("pause_ms", pause_ms), visit("hits", hits), visit("headers", headers);
  }
};

// One call as it was seen, for tests that ask what really arrived. Never a credential or a value.
struct SeenCall {
  std::int64_t number = 0;
  TimePoint at{};
  std::string method, target, token;  // target: path with tokens masked, and the names of the query
  std::vector<std::string> field_names;
  std::int64_t body_bytes = 0;
  int status = 0;
  void each(auto&& visit) {
    visit("number", number), visit("at", at), visit("method", method), visit("target", target);
    visit("token", token), visit("field_names", field_names), visit("body_bytes", body_bytes);
    visit("status", status);
  }
};

struct Counters {
  static constexpr std::size_t max_seen = 2000;   // calls remembered one by one
  static constexpr std::size_t max_rows = 20000;  // tokens times operations counted apart

  std::int64_t calls = 0;
  std::map<std::string, std::map<std::string, std::int64_t>> by_token;  // label, "GET /path/{}" -> count
  std::map<std::string, std::string> token_hash;                        // label -> start of SHA-256
  std::map<std::string, std::int64_t> by_status;
  std::map<std::string, std::int64_t> tokens_issued;  // "app/hub" -> distinct tokens
  std::deque<SeenCall> seen;
  std::size_t rows = 0;
};

// Rolling windows and days of one app in one account (sandbox/limits.hpp).
struct Usage {
  std::deque<TimePoint> ten_seconds, associations;
  // Somebody else with the same token: so many calls in ten seconds on average, at random moments.
  std::int64_t others = 0;
  TimePoint next_of_others{};
};
struct AccountUsage {
  std::deque<TimePoint> searches;
  std::int64_t day = 0, calls_today = 0;
};

class World {
 public:
  World(const Clock& clock, crypto::Random& random);
  // Back to the default accounts and apps (docs/sandbox.md); the clock is let go of, too.
  void reset();

  TimePoint now() const { return frozen_ ? *frozen_ : clock_.now() + offset_; }
  void move_clock(std::chrono::milliseconds by);
  void freeze_clock(std::optional<TimePoint> at) { frozen_ = at; }
  bool clock_frozen() const { return frozen_.has_value(); }

  std::string uuid() { return crypto::uuid4(random_); }
  std::string random_bytes(std::size_t size);
  double chance();  // from 0 up to 1

  Account* account(std::uint64_t hub_id);
  App* app_by_client(std::string_view client_id);
  Install* install_by_refresh_token(std::string_view refresh_token);
  Install& install(const App& app, const Account& account);
  // "app/hub/generation": how control answers and counters name a token.
  static std::string label(const Token& token);
  Token& keep_token(std::string text, Token token);
  void add_static_app(std::string_view name, std::string_view kind, std::uint64_t hub_id, std::string token,
                      std::vector<std::string> scopes);
  void refresh_ended(const std::string& grant);
  // For the webhooks and the journals of all apps. How many webhooks' events it made.
  std::size_t happened(Happening what);

  std::map<std::uint64_t, Account> accounts;
  std::map<std::string, App> apps;          // by name
  std::map<std::string, Install> installs;  // by "app/hub"
  std::map<std::string, Token> tokens;      // by their text
  std::map<std::string, Code> codes;
  Settings settings;
  std::vector<FaultRule> faults;
  std::int64_t next_fault = 1;

  // Not part of a dump.
  Webhooks webhooks;
  WebhookJournal journal;
  Counters counters;
  std::map<std::string, Usage> usage;  // by "app/hub"
  std::map<std::uint64_t, AccountUsage> account_usage;

  void each(auto&& visit) {
    visit("accounts", accounts), visit("apps", apps), visit("installs", installs);
    visit("tokens", tokens), visit("codes", codes), visit("settings", settings);
    visit("faults", faults), visit("next_fault", next_fault);
  }

 private:
  static constexpr std::size_t max_tokens = 50'000;  // expired ones are forgotten above this

  const Clock& clock_;
  crypto::Random& random_;
  std::chrono::milliseconds offset_{0};
  std::optional<TimePoint> frozen_;
};

std::string grant_key(std::string_view app, std::uint64_t hub_id);
// An administrator of the account removes the app: its refresh token and its access tokens die, at once here;
// how long HubSpot takes is not known (hubspot.md section 13). False when there is no such install.
bool uninstall(World& world, const std::string& grant);

}  // namespace hubward::sandbox
