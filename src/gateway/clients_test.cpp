// SPDX-License-Identifier: Apache-2.0
#include "gateway/clients.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "crypto/fake_random.hpp"
#include "gateway/client_key.hpp"

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
  static Async<void> keep(Async<T> work, std::optional<T>& into) {
    T result = co_await std::move(work);
    into.emplace(std::move(result));
  }
  template <class T>
  T run(Async<T> work) {
    std::optional<T> result;
    loop.run_task(keep(std::move(work), result));
    return std::move(*result);
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
    return std::move(*key);
  }
};

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
  world.loop.spawn(World::keep(world.clients->rotate({"billing"}, 1h), rotated));
  world.loop.spawn(World::keep(world.clients->revoke({"billing"}), revoked));
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
  world.loop.spawn(World::keep(world.clients->rotate({"billing"}, 1h), first));
  world.loop.spawn(World::keep(world.clients->rotate({"billing"}, 1h), second));
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
  CHECK(world.clients->list().size() == 1);
}
