// SPDX-License-Identifier: Apache-2.0
#include "sandbox/world.hpp"

#include <fmt/core.h>

#include "core/encoding.hpp"
#include "crypto/digest.hpp"

namespace hubward::sandbox {
namespace {

// Who can be told apart from what is real: ids of 91000xx, secrets and tokens full of zeros.
const std::vector<std::string> crm_scopes = {"oauth",
                                             "crm.objects.contacts.read",
                                             "crm.objects.contacts.write",
                                             "crm.objects.companies.read",
                                             "crm.objects.companies.write",
                                             "crm.objects.deals.read",
                                             "crm.objects.deals.write",
                                             "tickets",
                                             "crm.objects.custom.read",
                                             "crm.objects.custom.write",
                                             "crm.objects.owners.read",
                                             "crm.schemas.contacts.read",
                                             "crm.schemas.contacts.write",
                                             "crm.schemas.companies.read",
                                             "crm.schemas.companies.write",
                                             "crm.schemas.deals.read",
                                             "crm.schemas.deals.write",
                                             "crm.schemas.custom.read",
                                             "crm.schemas.custom.write",
                                             "crm.objects.products.read",
                                             "crm.objects.products.write"};

Account account_of(std::uint64_t hub_id, std::string_view name, std::string_view hublet,
                   std::string_view tier, TimePoint now) {
  Account account;
  account.hub_id = hub_id;
  account.user_id = hub_id * 10 + 1;
  account.name = name;
  account.domain = fmt::format("account-{}.example", hub_id);
  account.user = "admin@" + account.domain;
  account.hublet = hublet;
  account.tier = tier;
  account.crm = standard_crm(now);
  for (std::uint64_t n : {1U, 2U}) {
    account.crm.owners.push_back({hub_id * 10 + 100 + n, hub_id * 10 + n,
                                  fmt::format("owner{}@{}", n, account.domain), n == 1 ? "Ada" : "Bo",
                                  n == 1 ? "Admin" : "Builder", false});
  }
  return account;
}

App oauth_app(std::string_view name, std::uint64_t app_id, int digit) {
  App app;
  app.name = name;
  app.app_id = app_id;
  app.client_id = fmt::format("{0}{0}{0}{0}{0}{0}{0}{0}-0000-4000-8000-000000000001", digit);
  app.client_secret = fmt::format("{0}{0}{0}{0}{0}{0}{0}{0}-0000-4000-8000-000000000002", digit);
  app.redirect_uris = {"https://localhost:9443/oauth/demo/callback", "http://localhost:3000/oauth-callback"};
  app.required_scopes = {"oauth"};
  app.optional_scopes = crm_scopes;
  return app;
}

}  // namespace

std::string grant_key(std::string_view app, std::uint64_t hub_id) {
  return fmt::format("{}/{}", app, hub_id);
}

bool uninstall(World& world, const std::string& grant) {
  auto found = world.installs.find(grant);
  if (found == world.installs.end()) return false;
  found->second.revoked = true;
  found->second.refresh_token.clear();
  for (auto& [text, token] : world.tokens)
    if (token.app == found->second.app && token.hub_id == found->second.hub_id) token.revoked = true;
  return true;
}

World::World(const Clock& clock, crypto::Random& random) : clock_(clock), random_(random) {
  reset();
}

void World::reset() {
  accounts.clear(), apps.clear(), installs.clear(), tokens.clear(), codes.clear(), faults.clear();
  usage.clear(), account_usage.clear();
  std::string base = settings.public_base;
  settings = {};
  settings.public_base = base;
  counters = {};
  webhooks = {};
  journal = {};
  next_fault = 1;
  offset_ = {};
  frozen_.reset();

  accounts[9100001] = account_of(9100001, "Acme (sandbox)", "na1", "professional", now());
  accounts[9100002] = account_of(9100002, "Beta (sandbox)", "eu1", "enterprise", now());
  accounts[9100003] = account_of(9100003, "Gamma (sandbox)", "na1", "free", now());
  accounts[9100002].time_zone = "Europe/Berlin";
  accounts[9100002].utc_offset = "+01:00";
  accounts[9100002].utc_offset_minutes = 60;
  apps["demo"] = oauth_app("demo", 5001, 1);
  apps["pkce"] = oauth_app("pkce", 5002, 2);
  apps["pkce"].requires_pkce = true;
  apps["pkce"].rotates_refresh_tokens = true;
  add_static_app("private", "private", 9100001, "pat-na1-00000000-0000-4000-8000-000000000001", crm_scopes);
  add_static_app("readonly", "private", 9100001, "pat-na1-00000000-0000-4000-8000-000000000002",
                 {"oauth", "crm.objects.contacts.read"});
  add_static_app("service", "service_key", 9100002, "pat-eu1-00000000-0000-4000-8000-000000000003",
                 crm_scopes);
  add_static_app("free", "private", 9100003, "pat-na1-00000000-0000-4000-8000-000000000004", crm_scopes);
}

void World::add_static_app(std::string_view name, std::string_view kind, std::uint64_t hub_id,
                           std::string token, std::vector<std::string> scopes) {
  App& app = apps[std::string(name)];
  app.name = name;
  app.kind = kind;
  app.app_id = 6000 + apps.size();
  app.required_scopes = scopes;
  Token made;
  made.app = app.name;
  made.hub_id = hub_id;
  made.user_id = account(hub_id) != nullptr ? account(hub_id)->user_id : 0;
  made.scopes = std::move(scopes);
  made.use = "static";
  keep_token(std::move(token), std::move(made));
}

void World::move_clock(std::chrono::milliseconds by) {
  if (frozen_) {
    *frozen_ += by;
  } else {
    offset_ += by;
  }
}

double World::chance() {
  std::uint64_t bits = 0;
  for (char c : random_bytes(sizeof bits)) bits = bits << 8 | static_cast<unsigned char>(c);
  constexpr int mantissa = 53;
  return static_cast<double>(bits >> (64 - mantissa)) / static_cast<double>(std::uint64_t{1} << mantissa);
}

std::string World::random_bytes(std::size_t size) {
  Bytes bytes(size);
  random_.fill(bytes);
  return std::string(text_of(bytes));
}

Account* World::account(std::uint64_t hub_id) {
  auto found = accounts.find(hub_id);
  return found == accounts.end() || found->second.deleted ? nullptr : &found->second;
}

App* World::app_by_client(std::string_view client_id) {
  for (auto& [name, app] : apps)
    if (!client_id.empty() && app.client_id == client_id) return &app;
  return nullptr;
}

Install* World::install_by_refresh_token(std::string_view refresh_token) {
  for (auto& [key, each_install] : installs)
    if (!refresh_token.empty() && each_install.refresh_token == refresh_token) return &each_install;
  return nullptr;
}

Install& World::install(const App& app, const Account& account) {
  Install& found = installs[grant_key(app.name, account.hub_id)];
  found.app = app.name;
  found.hub_id = account.hub_id;
  found.user_id = account.user_id;
  return found;
}

std::string World::label(const Token& token) {
  return fmt::format("{}/{}/{}", token.app, token.hub_id, token.generation);
}

Token& World::keep_token(std::string text, Token token) {
  if (tokens.size() >= max_tokens)
    std::erase_if(tokens,
                  [&](const auto& kept) { return kept.second.expires && *kept.second.expires < now(); });
  counters.token_hash[label(token)] = to_hex(crypto::sha256(bytes_of(text))).substr(0, 16);
  ++counters.tokens_issued[grant_key(token.app, token.hub_id)];
  return tokens[std::move(text)] = std::move(token);
}

std::size_t World::happened(Happening what) {
  what.when = now();
  journal.happened(*this, what);
  return webhooks.happened(*this, what);
}

void World::refresh_ended(const std::string& grant) {
  if (auto found = installs.find(grant); found != installs.end()) --found->second.refreshes_in_flight;
}

}  // namespace hubward::sandbox
