// SPDX-License-Identifier: Apache-2.0
// A gateway's grants with everything real but HubSpot and time: store, vault and journal in a temporary
// folder. For tests only.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "async/run_to_end.hpp"
#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "crypto/fake_random.hpp"
#include "grants/fake_token_endpoint.hpp"
#include "grants/grants.hpp"
#include "grants/installs.hpp"
#include "journal/journal.hpp"
#include "keys/local_key_provider.hpp"
#include "leases/local_leases.hpp"
#include "leases/store_leases.hpp"
#include "store/database.hpp"
#include "store/temporary_directory.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {

constexpr HubId acme{111}, other{222};
inline const AppName crm{"crm"}, tool{"tool"};
inline const ConnectionName prod{"acme-prod"};
inline const Actor operator_{"uid 0"};

inline std::shared_ptr<App> oauth_app() {
  auto app = std::make_shared<App>();
  app->name = crm;
  app->client_id = "0c11e271";
  app->client_secret = Secret("5ec7e7");
  app->required_scopes = {"oauth", "crm.objects.contacts.read"};
  return app;
}
inline std::shared_ptr<App> private_app() {
  auto app = std::make_shared<App>();
  app->name = tool;
  app->kind = App::Kind::Private;
  return app;
}

// Deadlines are the real clock's; a test that ends well never waits for this one.
inline Deadline soon() {
  return after(std::chrono::seconds(20));
}

template <class T>
T must(Result<T> result) {
  invariant(result.has_value(), result ? "" : result.error().message);
  return std::move(*result);
}

class House {
 public:
  House() : apps{{crm, oauth_app()}, {tool, private_app()}} { open(); }
  // The store of another house, as it was at one moment: what a crash at that moment would have left.
  explicit House(const store::TemporaryDirectory& left_behind) : House(left_behind, 0) {}
  ~House() { close(); }

  template <class T>
  T wait(Async<T> task) {
    return run_to_end(loop, std::move(task));
  }
  // Runs the loop until something holds; what it waits for is always some way along on another thread.
  template <class Condition>
  void run_until(Condition condition) {
    loop.run_task(poll(std::move(condition)));
  }

  void open() {
    database = open_file(folder.file("vault.db"), {vault::schema(), schema(), leases::schema()});
    journal_database = open_file(folder.file("journal.db"), {journal::schema()});
    journal = must(journal::Journal::open(*journal_database, clock));
    vault::Parts vault_parts{.database = *database, .root_keys = {}, .random = random, .clock = clock};
    crypto::SeededRandom seeded(1);
    std::string root_key = to_hex(crypto::random_secret(seeded, 32).reveal());
    vault_parts.root_keys.push_back(std::make_unique<keys::LocalKeyProvider>(
        must(keys::RootKey::from(Secret(root_key), "a test")), random));
    vault = must(wait(vault::Vault::open(std::move(vault_parts))));
    grants = more_grants();
  }
  // As another process over the same store would have them.
  std::unique_ptr<Grants> more_grants() { return more_grants(leases); }
  std::unique_ptr<Grants> more_grants(leases::Leases& with) {
    Parts parts{loop, clock, random, *database, *vault, *journal, log, metrics, hubspot, with};
    Settings settings;
    settings.public_url = "https://hubward.example.com";
    return must(wait(Grants::open(parts, std::move(settings), apps)));
  }
  void close() {
    grants.reset();
    loop.run_until_idle();
    vault.reset();
    journal.reset();
    journal_database.reset();
    database.reset();
  }

  Result<Token> token(const ConnectionName& connection = prod) {
    return wait(grants->token_for(loop, connection, soon()));
  }
  std::string bearer(const ConnectionName& connection = prod) {
    Result<Token> got = token(connection);
    return got ? std::string(got->bearer.reveal_text()) : got.error().code;
  }
  ConnectionView view(const ConnectionName& connection = prod) { return grants->show(connection).value(); }
  std::int64_t count(const std::string& table) {
    auto rows = wait(database->query({"SELECT count(*) FROM " + table}));
    return store::integer_at(rows.value().front(), 0);
  }

  std::size_t data_keys() { return must(wait(vault->status())).connections; }

  std::string invite(const ConnectionName& connection = prod, std::optional<HubId> account = {}) {
    Installs installs(*grants);
    return must(wait(installs.invite({connection, crm, account, {}}, operator_))).address;
  }

  store::TemporaryDirectory folder;
  std::string file_system;  // of the next open(): a disk that fails on demand
  ManualClock clock;
  crypto::SystemRandom random;
  telemetry::Log log{clock, telemetry::silent_sink()};
  telemetry::Metrics metrics;
  Loop loop;
  FakeHubSpot hubspot{loop};
  leases::LocalLeases leases;
  Apps apps;
  std::unique_ptr<store::Database> database, journal_database;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<vault::Vault> vault;
  std::unique_ptr<Grants> grants;

 private:
  House(const store::TemporaryDirectory& left_behind, int) : apps{{crm, oauth_app()}, {tool, private_app()}} {
    std::filesystem::copy(left_behind.path(), folder.path(), std::filesystem::copy_options::recursive);
    open();
  }
  template <class Condition>
  static Async<void> poll(Condition condition) {
    while (!condition()) co_await yield();
  }
  std::unique_ptr<store::Database> open_file(std::string path, std::vector<store::Schema> schemas) const {
    store::OpenOptions options;
    options.file_system = file_system;
    options.path = std::move(path);
    options.schemas = std::move(schemas);
    return must(store::Database::open(std::move(options)));
  }
};

// A browser: keeps cookies, follows what it is told. Its pages are read whole.
class Browser {
 public:
  explicit Browser(House& house) : house_(house) {}

  struct Shown {
    int status = 0;
    std::string location, text;
    http::Fields fields;
  };
  // `address` may be whole or a path of our own.
  Shown get(std::string address) { return house_.wait(visit(std::move(address))); }
  // A button of a page; `site` is what browsers say of where that page is from.
  Shown post(std::string address, std::string site = "same-origin") {
    return house_.wait(visit(std::move(address), "POST", std::move(site)));
  }
  Async<Shown> visit(std::string address, std::string method = "GET", std::string site = {}) {
    http::Request request;
    request.method = std::move(method);
    request.target = path_of(address);
    if (!site.empty()) request.fields.add("Sec-Fetch-Site", site);
    request.fields.add("Host", "evil.example.com");  // must never matter
    std::string cookies;
    for (const auto& [name, value] : jar) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) request.fields.add("Cookie", cookies);
    Installs installs(*house_.grants);
    http::Response response = co_await installs.answer(std::move(request));
    Shown shown;
    shown.status = response.status;
    shown.location = std::string(response.fields.find("Location").value_or(""));
    if (auto cookie = response.fields.find("Set-Cookie")) store_cookie(*cookie);
    shown.fields = response.fields;
    Result<std::string> text = co_await http::read_all(std::move(response.body), 100'000);
    shown.text = std::move(text.value());
    co_return shown;
  }

  // What HubSpot's consent page would send the browser to, once the user has chosen an account.
  std::string consent(const Shown& redirect, HubId account) {
    std::string uri(secret(redirect.location, "redirect_uri"));
    std::string code = house_.hubspot.consent(account, uri, secret(redirect.location, "code_challenge"));
    return uri + "?code=" + code + "&state=" + secret(redirect.location, "state");
  }
  Shown connect(const std::string& invite, HubId account) { return get(consent(get(invite), account)); }

  std::map<std::string, std::string> jar;

  static std::string secret(std::string_view address, std::string_view name) {
    auto value = secret_parameter(address.substr(address.find('?') + 1), name);
    return value ? std::string(value->reveal_text()) : std::string();
  }

 private:
  static std::string path_of(std::string_view address) {
    constexpr std::string_view ours = "https://hubward.example.com";
    if (address.starts_with(ours)) address.remove_prefix(ours.size());
    return std::string(address);
  }
  void store_cookie(std::string_view cookie) {
    std::string_view pair = cookie.substr(0, cookie.find(';'));
    std::string name(pair.substr(0, pair.find('=')));
    if (cookie.contains("Max-Age=0"))
      jar.erase(name);
    else
      jar[name] = pair.substr(pair.find('=') + 1);
  }

  House& house_;
};

}  // namespace hubward::grants
