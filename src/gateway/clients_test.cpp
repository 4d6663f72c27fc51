// SPDX-License-Identifier: Apache-2.0
#include "gateway/clients.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "async/run_to_end.hpp"
#include "crypto/fake_random.hpp"
#include "gateway/client_key.hpp"
#include "gateway/identity.hpp"

using namespace hubward;
using namespace hubward::gateway;
using namespace std::chrono_literals;

namespace {

// A store in a folder of its own, and the clients in it; reopen() reads them again as a restart would.
struct World {
  std::string folder;
  std::unique_ptr<store::Database> database;
  crypto::SeededRandom random{7};
  ManualClock clock;
  Secret pepper{"pepper"};
  Loop loop;
  std::unique_ptr<Clients> clients;

  World() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hubward-clients-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    auto opened = store::Database::open({.path = folder + "/vault.db", .schemas = {clients_schema}});
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    database = std::move(*opened);
    reopen();
  }
  ~World() {
    clients.reset();
    database.reset();
    std::filesystem::remove_all(folder);
  }
  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop, std::move(work));
  }
  void reopen() {
    auto loaded = run(Clients::load(*database, pepper, random, clock));
    REQUIRE(loaded);
    clients = std::move(*loaded);
  }
  // Who calls with this key from there, as the door asks it.
  Result<std::shared_ptr<const Client>> identify(const Secret& key, std::string_view address) {
    auto client = clients->holder_of(key);
    if (!client) return client;
    Result<void> allowed = check_network(**client, address);
    if (!allowed) return std::unexpected(allowed.error());
    return client;
  }
  Secret create(std::string name, std::vector<std::string> networks = {}) {
    auto key = run(clients->create({{name}, {"reader"}, {{"acme"}}, std::move(networks)}));
    REQUIRE(key);
    REQUIRE(*key);
    return std::move(**key);
  }
  // A client that shows a certificate with this key; and its own key, when it must show both.
  std::optional<Secret> create_with(std::string name, crypto::Digest certificate, Credential credential) {
    NewClient wanted{{std::move(name)}, {"reader"}, {{"acme"}}, {}, credential, certificate};
    auto key = run(clients->create(std::move(wanted)));
    REQUIRE(key);
    return std::move(*key);
  }
};

crypto::Digest digest(int number) {
  crypto::Digest made{};
  made.fill(static_cast<std::byte>(number));
  return made;
}

}  // namespace

TEST_CASE("a client is known by its key, also after a restart, and by nothing else") {
  World world;
  Secret key = world.create("billing");
  for (int restart = 0; restart < 2; ++restart) {
    auto client = world.identify(key, "127.0.0.1");
    REQUIRE(client);
    CHECK((*client)->name.text == "billing");
    CHECK((*client)->role.text == "reader");
    CHECK((*client)->may_use({"acme"}));
    CHECK_FALSE((*client)->may_use({"other"}));
    world.reopen();
  }
  std::string wrong(key.reveal_text());
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  CHECK(world.identify(Secret(wrong), "127.0.0.1").error().code == "UNAUTHENTICATED");
  CHECK(world.identify(Secret("hwk_"), "127.0.0.1").error().code == "UNAUTHENTICATED");
  crypto::SeededRandom other(99);
  CHECK(world.identify(make_client_key(other).text, "127.0.0.1").error().code == "UNAUTHENTICATED");
}

TEST_CASE("a rotation gives the old key an end and leaves the new one alone") {
  World world;
  Secret old_key = world.create("billing");
  auto new_key = world.run(world.clients->rotate({"billing"}, 1h));
  REQUIRE(new_key);
  CHECK(world.identify(old_key, "127.0.0.1"));
  CHECK(world.identify(*new_key, "127.0.0.1"));
  world.clock.advance(1h);
  for (int restart = 0; restart < 2; ++restart) {
    CHECK(world.identify(old_key, "127.0.0.1").error().code == "UNAUTHENTICATED");
    CHECK(world.identify(*new_key, "127.0.0.1"));
    world.reopen();
  }
  // A second rotation never lengthens the life of a key that is already ending.
  auto third = world.run(world.clients->rotate({"billing"}, 0s));
  REQUIRE(third);
  CHECK_FALSE(world.identify(*new_key, "127.0.0.1"));
  CHECK(world.identify(*third, "127.0.0.1"));
}

TEST_CASE("a revoked client is refused on its next request and stays refused") {
  World world;
  Secret key = world.create("billing");
  REQUIRE(world.run(world.clients->revoke({"billing"})));
  CHECK_FALSE(world.identify(key, "127.0.0.1"));
  world.reopen();
  CHECK_FALSE(world.identify(key, "127.0.0.1"));
  CHECK(world.clients->find({"billing"})->revoked);
  CHECK(world.run(world.clients->rotate({"billing"}, 0s)).error().code == "CLIENT_REVOKED");
  CHECK(world.run(world.clients->revoke({"nobody"})).error().code == "CLIENT_NOT_FOUND");
}

TEST_CASE("a client that is revoked while its key is rotated stays revoked") {
  World world;
  Secret key = world.create("billing");
  std::optional<Result<Secret>> rotated;
  std::optional<Result<void>> revoked;
  world.loop.spawn(keep_answer(world.clients->rotate({"billing"}, 1h), rotated));
  world.loop.spawn(keep_answer(world.clients->revoke({"billing"}), revoked));
  world.loop.run_until_idle();
  REQUIRE(revoked->has_value());
  REQUIRE_FALSE(rotated->has_value());
  CHECK(rotated->error().code == "CLIENT_REVOKED");
  for (int restart = 0; restart < 2; ++restart) {
    CHECK(world.clients->find({"billing"})->revoked);
    CHECK(world.clients->find({"billing"})->keys.empty());
    CHECK_FALSE(world.identify(key, "127.0.0.1"));
    world.reopen();
  }
}

TEST_CASE("of two rotations at once both give a key that works") {
  World world;
  Secret key = world.create("billing");
  std::optional<Result<Secret>> first, second;
  world.loop.spawn(keep_answer(world.clients->rotate({"billing"}, 1h), first));
  world.loop.spawn(keep_answer(world.clients->rotate({"billing"}, 1h), second));
  world.loop.run_until_idle();
  for (int restart = 0; restart < 2; ++restart) {
    CHECK(world.identify(first->value(), "127.0.0.1"));
    CHECK(world.identify(second->value(), "127.0.0.1"));
    world.reopen();
  }
}

TEST_CASE("a client whose networks cannot be read is not let in from everywhere") {
  for (std::string networks : {R"(["10.0.0.0/8","nonsense"])", "", "{}", "[7]"}) {
    CAPTURE(networks);
    World world;
    world.create("billing", {"10.0.0.0/8"});
    std::vector<store::Statement> damage;
    damage.push_back({"UPDATE clients SET networks = ?", {networks}, 1});
    REQUIRE(world.run(world.database->commit(std::move(damage))));
    auto loaded = world.run(Clients::load(*world.database, world.pepper, world.random, world.clock));
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == "STORE_CORRUPT");
  }
}

TEST_CASE("a client bound to networks is refused from elsewhere") {
  World world;
  Secret key = world.create("billing", {"10.0.0.0/8", "2001:db8::/32"});
  CHECK(world.identify(key, "10.1.2.3"));
  CHECK(world.identify(key, "2001:db8::1"));
  CHECK(world.identify(key, "192.0.2.1").error().code == "NETWORK_NOT_ALLOWED");
}

TEST_CASE("what cannot be a client is refused with what to do") {
  World world;
  world.create("billing");
  auto refused = [&](NewClient wanted) {
    return world.run(world.clients->create(std::move(wanted))).error();
  };
  CHECK(refused({{"billing"}, {"reader"}, {{"acme"}}, {}}).code == "CLIENT_EXISTS");
  CHECK(refused({{""}, {"reader"}, {{"acme"}}, {}}).code == "CLIENT_INVALID");
  CHECK(refused({{"a b"}, {"reader"}, {{"acme"}}, {}}).code == "CLIENT_INVALID");
  CHECK(refused({{"new"}, {"reader"}, {}, {}}).code == "CLIENT_INVALID");
  CHECK(refused({{"new"}, {"reader"}, {{"acme"}}, {"10.0.0.1/8"}}).message.find("10.0.0.1/8") !=
        std::string::npos);
  CHECK(refused({{"new"}, {"reader"}, {}, {}}).message.contains("at least one connection"));
  std::vector<ConnectionName> many(max_connections_per_client + 1, ConnectionName{"acme"});
  CHECK(refused({{"new"}, {"reader"}, many, {}}).message.contains("at most 1000 connections"));
  CHECK(world.clients->list().size() == 1);
}

TEST_CASE("a client is known by its certificate's key, also after a restart, until it is revoked") {
  World world;
  CHECK_FALSE(world.create_with("billing", digest(1), Credential::Certificate));
  for (int restart = 0; restart < 2; ++restart) {
    auto client = world.clients->holder_of_certificate(digest(1));
    REQUIRE(client);
    CHECK(client->name.text == "billing");
    CHECK(client->credential == Credential::Certificate);
    CHECK(client->keys.empty());
    CHECK_FALSE(world.clients->holder_of_certificate(digest(2)));
    world.reopen();
  }
  REQUIRE(world.run(world.clients->revoke({"billing"})));
  for (int restart = 0; restart < 2; ++restart) {
    CHECK_FALSE(world.clients->holder_of_certificate(digest(1)));
    world.reopen();
  }
}

TEST_CASE("a further certificate gives the one before it an end, and never a longer life") {
  World world;
  world.create_with("billing", digest(1), Credential::Certificate);
  REQUIRE(world.run(world.clients->rotate_certificate({"billing"}, digest(2), 1h)));
  CHECK(world.clients->holder_of_certificate(digest(1)));
  REQUIRE(world.run(world.clients->rotate_certificate({"billing"}, digest(3), 10h)));
  world.clock.advance(1h);
  for (int restart = 0; restart < 2; ++restart) {
    CHECK_FALSE(world.clients->holder_of_certificate(digest(1)));
    CHECK(world.clients->holder_of_certificate(digest(2)));
    CHECK(world.clients->holder_of_certificate(digest(3)));
    world.reopen();
  }
  // What has ended may be named again, for another client too.
  CHECK_FALSE(world.create_with("other", digest(1), Credential::Certificate));
  CHECK(world.clients->holder_of_certificate(digest(1))->name.text == "other");
}

TEST_CASE("a client never gets an easier way in than it was created with") {
  World world;
  world.create("by-key");
  world.create_with("by-certificate", digest(1), Credential::Certificate);
  CHECK(world.create_with("by-both", digest(2), Credential::Both));
  CHECK(world.run(world.clients->rotate({"by-certificate"}, 1h)).error().code == "CLIENT_INVALID");
  CHECK(world.run(world.clients->rotate_certificate({"by-key"}, digest(3), 1h)).error().code ==
        "CLIENT_INVALID");
  CHECK(world.run(world.clients->rotate({"by-both"}, 1h)));
  CHECK(world.run(world.clients->rotate_certificate({"by-both"}, digest(4), 1h)));
  // One certificate, one client.
  auto taken = world.run(world.clients->rotate_certificate({"by-certificate"}, digest(2), 1h));
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message.contains("by-both"));
  for (Credential credential : {Credential::Certificate, Credential::Both})
    CHECK(world.run(world.clients->create({{"new"}, {"reader"}, {{"acme"}}, {}, credential})).error().code ==
          "CLIENT_INVALID");
  CHECK(world.run(world.clients->create({{"new"}, {"reader"}, {{"acme"}}, {}, Credential::Key, digest(9)}))
            .error()
            .code == "CLIENT_INVALID");
}

TEST_CASE(
    "a certificate that ended at one client is the other's that was created with it, whatever becomes of the "
    "first") {
  World world;
  world.create_with("first", digest(1), Credential::Both);
  REQUIRE(world.run(world.clients->rotate_certificate({"first"}, digest(2), 0s)));
  world.create_with("second", digest(1), Credential::Certificate);
  auto holder = [&] {
    auto found = world.clients->holder_of_certificate(digest(1));
    return found ? found->name.text : "nobody";
  };
  CHECK(holder() == "second");
  REQUIRE(world.run(world.clients->rotate({"first"}, 1h)));
  CHECK(holder() == "second");
  REQUIRE(world.run(world.clients->rotate_certificate({"first"}, digest(3), 1h)));
  CHECK(holder() == "second");
  REQUIRE(world.run(world.clients->revoke({"first"})));
  CHECK(holder() == "second");
  world.reopen();
  CHECK(holder() == "second");
}

TEST_CASE("what a revoked client has left in the store opens nothing after a restart") {
  World world;
  Secret key = std::move(*world.create_with("gone", digest(1), Credential::Both));
  store::Statement revoked{"UPDATE clients SET revoked = 1", {}, {}};  // and its credentials are still there
  std::vector<store::Statement> statements;
  statements.push_back(std::move(revoked));
  REQUIRE(world.run(world.database->commit(std::move(statements))));
  world.reopen();
  CHECK_FALSE(world.identify(key, "192.0.2.1"));
  CHECK(world.clients->holder_of_certificate(digest(1)) == nullptr);
  CHECK(world.clients->find({"gone"})->keys.empty());
}

TEST_CASE("certificates in overlap are bounded") {
  World world;
  world.create_with("billing", digest(1), Credential::Certificate);
  for (std::size_t i = 1; i < max_certificates_per_client; ++i)
    REQUIRE(world.run(world.clients->rotate_certificate({"billing"}, digest(static_cast<int>(i) + 1), 1h)));
  CHECK(world.run(world.clients->rotate_certificate({"billing"}, digest(99), 1h)).error().code ==
        "CLIENT_INVALID");
  world.clock.advance(1h);
  CHECK(world.run(world.clients->rotate_certificate({"billing"}, digest(99), 1h)));
}

TEST_CASE("a store from before certificates opens, and its clients show a key as before") {
  std::string pattern = (std::filesystem::temp_directory_path() / "hubward-clients-XXXXXX").string();
  std::string folder = ::mkdtemp(pattern.data());
  Loop loop;
  ManualClock clock;
  crypto::SeededRandom random(7);
  Secret pepper("pepper");
  ClientKey key = make_client_key(random);
  store::Schema before{"clients", clients_schema.migrations.first(1)};
  auto open = [&](const store::Schema& schema) {
    auto opened = store::Database::open({.path = folder + "/vault.db", .schemas = {schema}});
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    return std::move(*opened);
  };
  {
    auto database = open(before);
    crypto::Digest hash = hash_client_key(crypto::HmacKey(pepper.reveal()), key.text);
    std::vector<store::Statement> rows;
    rows.push_back(
        {"INSERT INTO clients (name, role, connections, networks, created) VALUES "
         "('old', 'reader', '[\"acme\"]', '[]', 1)",
         {},
         1});
    rows.push_back({"INSERT INTO client_keys (id, client, hash, created) VALUES (?, 'old', ?, 1)",
                    {key.id, Bytes(hash.begin(), hash.end())},
                    1});
    std::optional<Result<void>> stored;
    loop.run_task(keep_answer(database->commit(std::move(rows)), stored));
    REQUIRE(stored->has_value());
  }
  {
    auto database = open(clients_schema);
    std::optional<Result<std::unique_ptr<Clients>>> loaded;
    loop.run_task(keep_answer(Clients::load(*database, pepper, random, clock), loaded));
    REQUIRE(loaded->has_value());
    auto client = (**loaded)->holder_of(key.text);
    REQUIRE(client);
    CHECK((*client)->credential == Credential::Key);
    CHECK((*client)->certificates.empty());
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("a client whose credential cannot be read is not given the easier one") {
  World world;
  world.create_with("billing", digest(1), Credential::Both);
  std::vector<store::Statement> damage;
  damage.push_back({"UPDATE clients SET credential = 'any'", {}, 1});
  REQUIRE(world.run(world.database->commit(std::move(damage))));
  auto loaded = world.run(Clients::load(*world.database, world.pepper, world.random, world.clock));
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == "STORE_CORRUPT");
}

// ---- who calls, by what was shown (gateway/identity.hpp)

TEST_CASE("who calls is decided by the key, the certificate, or both, and nothing falls back") {
  World world;
  std::string key(world.create("by-key").reveal_text());
  world.create_with("by-certificate", digest(1), Credential::Certificate);
  std::string both_key(world.create_with("by-both", digest(2), Credential::Both)->reveal_text());
  TimePoint now = world.clock.now();
  http::PeerCertificate one, two, foreign, ended, coming, unvouched, weak;
  for (http::PeerCertificate* each : {&one, &two, &foreign, &ended, &coming, &unvouched, &weak})
    each->facts = {.key_hash = digest(1),
                   .not_before = now - 1h,
                   .not_after = now + 1h,
                   .subject = {},
                   .key_strength = http::least_key_strength};
  two.facts.key_hash = digest(2);
  foreign.facts.key_hash = digest(3);
  ended.facts.not_after = now - 1ms;
  coming.facts.not_before = now + 1ms;
  unvouched.trouble = "unable to get local issuer certificate";
  weak.facts.key_strength = http::least_key_strength - 1;

  struct Row {
    const char* authorization;  // null: no such field
    const http::PeerCertificate* certificate;
    std::string_view expected;  // the client, or the error
  };
  const Row rows[] = {
      {nullptr, nullptr, "UNAUTHENTICATED"},
      {"certificate", nullptr, "UNAUTHENTICATED"},
      {"", &one, "UNAUTHENTICATED"},  // an Authorization field that is no bearer
      {"pat-na1-a-hubspot-token", &one, "UNAUTHENTICATED"},
      {"Certificate", &one, "UNAUTHENTICATED"},
      {nullptr, &one, "by-certificate"},
      {"certificate", &one, "by-certificate"},
      {nullptr, &foreign, "UNAUTHENTICATED"},
      {nullptr, &ended, "CERTIFICATE_REFUSED"},
      {nullptr, &coming, "CERTIFICATE_REFUSED"},
      {nullptr, &unvouched, "CERTIFICATE_REFUSED"},
      {nullptr, &weak, "CERTIFICATE_REFUSED"},
      {key.c_str(), nullptr, "by-key"},
      {key.c_str(), &one, "by-key"},  // the key is who it says it is, whatever else is there
      {key.c_str(), &unvouched, "by-key"},
      {nullptr, &two, "UNAUTHENTICATED"},
      {"certificate", &two, "UNAUTHENTICATED"},
      {both_key.c_str(), &two, "by-both"},
      {both_key.c_str(), nullptr, "CERTIFICATE_REQUIRED"},
      {both_key.c_str(), &one, "CERTIFICATE_REQUIRED"},
      {both_key.c_str(), &foreign, "CERTIFICATE_REQUIRED"},
      {both_key.c_str(), &ended, "CERTIFICATE_REFUSED"},
      {both_key.c_str(), &weak, "CERTIFICATE_REFUSED"},
  };
  for (const Row& row : rows) {
    CAPTURE(&row - rows);
    Shown shown;
    shown.authorization = row.authorization != nullptr;
    if (row.authorization != nullptr && *row.authorization != 0) shown.bearer = Secret(row.authorization);
    if (row.certificate != nullptr)
      shown.certificate = std::make_shared<const http::PeerCertificate>(*row.certificate);
    Identity who = identify(*world.clients, shown, world.clock);
    CHECK((who.refusal ? who.refusal->code : who.client->name.text) == row.expected);
  }
}

TEST_CASE(
    "an end of the certificate's own time, of its overlap, or of its client counts on the next request") {
  World world;
  world.create_with("billing", digest(1), Credential::Certificate);
  auto certificate = std::make_shared<http::PeerCertificate>();
  TimePoint now = world.clock.now();
  certificate->facts = {.key_hash = digest(1),
                        .not_before = now,
                        .not_after = now + 2h,
                        .subject = {},
                        .key_strength = http::least_key_strength};
  auto code = [&] {
    Shown shown;
    shown.certificate = certificate;
    Identity who = identify(*world.clients, shown, world.clock);
    return who.refusal ? who.refusal->code : who.client->name.text;
  };
  CHECK(code() == "billing");
  world.clock.advance(2h + 1ms);
  CHECK(code() == "CERTIFICATE_REFUSED");
  certificate->facts.not_after = now + 100h;
  CHECK(code() == "billing");
  REQUIRE(world.run(world.clients->rotate_certificate({"billing"}, digest(2), 1h)));
  CHECK(code() == "billing");
  world.clock.advance(1h);
  CHECK(code() == "UNAUTHENTICATED");
  certificate->facts.key_hash = digest(2);
  CHECK(code() == "billing");
  REQUIRE(world.run(world.clients->revoke({"billing"})));
  CHECK(code() == "UNAUTHENTICATED");
}

TEST_CASE("a refused client is named where it has proved who it is, so that its journal shows a stolen key") {
  World world;
  Secret key = std::move(*world.create_with("by-both", digest(2), Credential::Both));
  auto certificate = std::make_shared<http::PeerCertificate>();
  certificate->facts = {.key_hash = digest(2), .subject = {}};  // its dates are long past
  auto named = [&](Shown shown) {
    Identity who = identify(*world.clients, shown, world.clock);
    REQUIRE(who.refusal);
    return who.client ? who.client->name.text : "nobody";
  };
  CHECK(named({.authorization = true, .bearer = key.clone(), .certificate = nullptr}) == "by-both");
  CHECK(named({.authorization = false, .bearer = {}, .certificate = certificate}) == "by-both");
  CHECK(named({.authorization = true, .bearer = Secret("hwk_wrong"), .certificate = certificate}) ==
        "nobody");
}
