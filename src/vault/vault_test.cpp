// SPDX-License-Identifier: Apache-2.0
#include "vault/vault.hpp"

#include <doctest/doctest.h>

#include <set>

#include "vault/check.hpp"
#include "vault/vault_house.hpp"

using namespace hubward;
using namespace hubward::vault;

namespace {

constexpr std::string_view token = "pat-na1-canary-7f3a9b-access-token";

std::string message_of(const Result<void>& outcome) {
  return outcome ? "" : outcome.error().code + " " + outcome.error().message;
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the first opening makes the system's secrets, later ones find the same") {
  House house;
  REQUIRE(house.open({1}));
  const Secret* secrets[] = {&house.vault->client_key_pepper(), &house.vault->state_key(),
                             &house.vault->journal_key(), &house.vault->inbox_key()};
  std::set<std::string> before;
  for (const Secret* secret : secrets) {
    CHECK(secret->size() == 32);
    before.insert(to_hex(secret->reveal()));
  }
  CHECK(before.size() == 4);
  std::string pepper = to_hex(house.vault->client_key_pepper().reveal());

  REQUIRE(house.open({1}));
  CHECK(to_hex(house.vault->client_key_pepper().reveal()) == pepper);
  for (const Secret* secret :
       {&house.vault->state_key(), &house.vault->journal_key(), &house.vault->inbox_key()})
    CHECK(before.contains(to_hex(secret->reveal())));
}

TEST_CASE("a store of before there were webhooks gets an inbox key, which stays") {
  House house;
  REQUIRE(house.open({1}));
  std::string pepper = to_hex(house.vault->client_key_pepper().reveal());
  REQUIRE(house.database->write(
      {{"DELETE FROM vault_wraps WHERE key = (SELECT id FROM vault_keys WHERE purpose = 'inbox key')"},
       {"DELETE FROM vault_keys WHERE purpose = 'inbox key'"}}));
  REQUIRE(house.open({1}));
  std::string made = to_hex(house.vault->inbox_key().reveal());
  CHECK(made.size() == 64);
  CHECK(to_hex(house.vault->client_key_pepper().reveal()) == pepper);
  REQUIRE(house.open({1}));
  CHECK(to_hex(house.vault->inbox_key().reveal()) == made);
}

TEST_CASE("without a root key nothing opens, and with the wrong one both are named") {
  House house;
  CHECK(has(message_of(house.open({})), "ROOT_KEY_MISSING no root key was given"));
  REQUIRE(house.open({1}));
  CHECK(has(message_of(house.open({})), "ROOT_KEY_MISSING"));

  std::string wrong = message_of(house.open({2}));
  CHECK(has(wrong, "ROOT_KEY_WRONG"));
  CHECK(has(wrong, root_key(1).id().text));
  CHECK(has(wrong, root_key(2).id().text));
  CHECK_FALSE(has(wrong, root_key_text(2)));
  CHECK(house.open({2, 1}));  // the store says which
  CHECK(house.open({1}));
}

TEST_CASE("a damaged store is refused with what is wrong with it") {
  const std::string flip = "UPDATE vault_wraps SET wrapped = zeroblob(61) ";
  const auto of = [](std::string_view purpose) {
    return "WHERE key = (SELECT id FROM vault_keys WHERE purpose = '" + std::string(purpose) + "')";
  };
  const std::pair<std::string, std::string_view> cases[] = {
      {flip + of("canary"), "canary does not open"},
      {flip + of("client key pepper"), "client key pepper does not open"},
      {flip + of("state key"), "state key does not open"},
      {"DELETE FROM vault_wraps " + of("canary"), "canary is missing"},
      {"DELETE FROM vault_keys WHERE purpose = 'journal key'", "journal key is missing"},
      {"UPDATE vault_keys SET purpose = 'x' WHERE purpose = 'state key'", "x does not open"},
      {"DELETE FROM vault_root_keys", "names no root key"},
      {"UPDATE vault_root_keys SET state = 'retired'", "names no current root key"},
      {"INSERT INTO vault_keys VALUES ('lost', 'connection', 'acme', 0)",
       "1 keys of the vault are not wrapped"},
  };
  for (const auto& [damage, sentence] : cases) {
    CAPTURE(damage);
    House house;
    REQUIRE(house.open({1}));
    REQUIRE(house.commit({{damage}}));
    std::string refused = message_of(house.open({1}));
    CHECK(has(refused, "VAULT_DAMAGED"));
    CHECK_MESSAGE(has(refused, sentence), refused);
    CHECK(has(refused, "restore the store from a backup"));
  }
}

TEST_CASE("a connection's key and its sealed token survive a restart") {
  House house;
  REQUIRE(house.open({1}));
  REQUIRE(house.connect("acme", token));
  CHECK(house.token_of("acme") == token);
  REQUIRE(house.open({1}));
  CHECK(house.token_of("acme") == token);
  CHECK(house.told == std::vector<std::string>{"acme opened", "acme opened"});
  CHECK(house.vault->openings().opened == 1);
}

TEST_CASE("a key that was never committed does not exist") {
  House house;
  REQUIRE(house.open({1}));
  auto fresh = house.wait(house.vault->make_data_key({"acme"}));
  REQUIRE(fresh);
  DataKeyId id = fresh->key->id();
  fresh = std::unexpected(Error{});  // its only handle is gone
  auto found = house.wait(house.vault->data_key(id));
  REQUIRE_FALSE(found);
  CHECK(found.error().code == "DATA_KEY_UNKNOWN");
}

TEST_CASE("asking twice answers the same key, from the cache") {
  House house;
  REQUIRE(house.open({1}));
  DataKeyHandle made = house.connect("acme", token).value();
  CHECK(house.wait(house.vault->data_key(made->id())).value() == made);
  REQUIRE(house.open({1}));
  DataKeyHandle read = house.wait(house.vault->data_key(made->id())).value();
  CHECK(read != made);
  CHECK(house.wait(house.vault->data_key(made->id())).value() == read);
}

TEST_CASE("a sealed value opens only at its place, in its generation, with its key") {
  House house;
  REQUIRE(house.open({1}));
  DataKeyHandle acme = house.connect("acme", "x").value(), other = house.connect("other", "x").value();
  const Place here{.table = "grants", .row = "acme", .column = "access_token", .generation = 7};
  Bytes sealed = acme->seal(here, bytes_of(token)).value();
  CHECK(acme->open(here, sealed)->reveal_text() == token);

  const std::pair<std::string_view, Place> elsewhere[] = {
      {"another table", {"tokens", "acme", "access_token", 7}},
      {"another row", {"grants", "acme2", "access_token", 7}},
      {"another column", {"grants", "acme", "refresh_token", 7}},
      {"an older value put back", {"grants", "acme", "access_token", 8}},
      {"a newer value put back", {"grants", "acme", "access_token", 6}},
      {"the border between names moved", {"grantsa", "cme", "access_token", 7}},
      {"nowhere", {"", "", "", 0}},
  };
  for (const auto& [what, place] : elsewhere) {
    CAPTURE(what);
    Result<Secret> opened = acme->open(place, sealed);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == "SEALED_VALUE_REFUSED");
    CHECK(has(opened.error().message, std::string(place.table) + "/" + std::string(place.row)));
  }
  CHECK_FALSE(other->open(here, sealed));
  CHECK(house.vault->openings().opened == 1);
  CHECK(house.vault->openings().refused == 8);
  CHECK(house.told.back() == "acme refused");
}

TEST_CASE("a wrapped key that was moved to another row, connection or id does not open") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"swapped",
       "UPDATE vault_wraps SET wrapped = (SELECT w.wrapped FROM vault_wraps w JOIN vault_keys k ON "
       "k.id = w.key WHERE k.connection = 'other') WHERE key = (SELECT id FROM vault_keys WHERE "
       "connection = 'acme')"},
      {"given to another connection", "UPDATE vault_keys SET connection = 'evil' WHERE connection = 'acme'"},
      {"put in a system secret's place",
       "UPDATE vault_wraps SET wrapped = (SELECT w.wrapped FROM vault_wraps w "
       "JOIN vault_keys k ON k.id = w.key WHERE k.purpose = 'state key') WHERE "
       "key = (SELECT id FROM vault_keys WHERE connection = 'acme')"},
  };
  for (auto [what, change] : cases) {
    CAPTURE(what);
    House house;
    REQUIRE(house.open({1}));
    DataKeyId id = house.connect("acme", token).value()->id();
    REQUIRE(house.connect("other", "x"));
    REQUIRE(house.commit({{std::string(change)}}));
    REQUIRE(house.open({1}));
    auto key = house.wait(house.vault->data_key(id));
    REQUIRE_FALSE(key);
    CHECK(key.error().code == "WRAPPED_KEY_REFUSED");
    CHECK(house.token_of("acme").empty());
    CHECK(house.token_of("other") == "x");
  }
}

TEST_CASE("what was shredded opens nowhere, and its wrapped key is in no file") {
  House house;
  REQUIRE(house.open({1}));
  DataKeyHandle held = house.connect("acme", token).value();
  REQUIRE(house.connect("other", "other-token"));
  Bytes sealed = held->seal(House::place("acme"), bytes_of(token)).value();
  auto wrapped = house.rows("SELECT wrapped FROM vault_wraps WHERE key = '" + held->id().text + "'");
  std::string wrapped_bytes(text_of(store::bytes_at(wrapped.at(0), 0)));
  REQUIRE(has(house.everything_on_disk(), wrapped_bytes));

  REQUIRE(house.commit(house.vault->shred_statements({"acme"})));
  REQUIRE(house.wait(house.vault->finish_shredding({"acme"})));

  CHECK_FALSE(has(house.everything_on_disk(), wrapped_bytes));
  Result<Secret> opened = held->open(House::place("acme"), sealed);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == "DATA_KEY_SHREDDED");
  CHECK_FALSE(held->seal(House::place("acme"), bytes_of(token)));
  CHECK(house.wait(house.vault->data_key(held->id())).error().code == "DATA_KEY_UNKNOWN");
  CHECK(house.token_of("acme").empty());
  CHECK(house.token_of("other") == "other-token");
  REQUIRE(house.open({1}));
  CHECK(house.token_of("acme").empty());
  CHECK(house.token_of("other") == "other-token");
}

TEST_CASE("a connection may be shredded and made again in one transaction") {
  House house;
  REQUIRE(house.open({1}));
  DataKeyHandle old = house.connect("acme", token).value();
  auto fresh = house.wait(house.vault->make_data_key({"acme"}));
  REQUIRE(fresh);
  auto transaction = house.vault->shred_statements({"acme"});
  transaction.push_back({"DELETE FROM tokens WHERE connection = 'acme'"});
  for (auto& statement : fresh->statements) transaction.push_back(std::move(statement));
  REQUIRE(house.commit(std::move(transaction)));
  REQUIRE(house.wait(house.vault->finish_shredding({"acme"})));
  CHECK(old->shredded());
  CHECK_FALSE(fresh->key->shredded());
  CHECK(house.wait(house.vault->data_key(fresh->key->id())));
}

TEST_CASE("a task that outlives its vault asks nothing more of the disk") {
  House house;
  REQUIRE(house.open({1}));
  auto late = house.vault->finish_shredding({"acme"});
  house.vault.reset();
  Result<void> finished = house.wait(std::move(late));
  REQUIRE_FALSE(finished);
  CHECK(finished.error().code == "VAULT_CLOSED");
}

TEST_CASE("no secret is in the store's files in the clear") {
  House house;
  REQUIRE(house.open({1}));
  for (int i = 0; i < 20; ++i)
    REQUIRE(house.connect("c" + std::to_string(i), std::string(token) + std::to_string(i)));
  REQUIRE(house.wait(house.vault->rotate_root(house.provider(2))));
  std::vector<std::string> secrets = {std::string(token), to_base64(bytes_of(token)),
                                      to_hex(bytes_of(token))};
  for (std::uint64_t seed : {1U, 2U}) {
    secrets.push_back(root_key_text(seed));
    secrets.emplace_back(text_of(from_hex(root_key_text(seed)).value()));
    secrets.emplace_back(root_key(seed).wrapping_key().reveal_text());
  }
  for (const Secret* secret :
       {&house.vault->client_key_pepper(), &house.vault->state_key(), &house.vault->journal_key()}) {
    secrets.emplace_back(secret->reveal_text());
    secrets.push_back(to_hex(secret->reveal()));
  }
  std::string disk = house.everything_on_disk();
  house.close();
  disk += house.everything_on_disk();
  CHECK(has(disk, "vault_root_keys"));  // the right files were read
  for (const std::string& secret : secrets) CHECK_FALSE(has(disk, secret));
}

TEST_CASE("the status counts keys and connections, and needs no root key") {
  House house;
  REQUIRE(house.open({1}));
  REQUIRE(house.connect("a", token));
  REQUIRE(house.connect("b", token));
  KeyStatus status = house.wait(key_status(*house.database)).value();
  REQUIRE(status.root_keys.size() == 1);
  CHECK(status.root_keys[0].id == root_key(1).id());
  CHECK(status.root_keys[0].state == RootKeyStatus::State::Current);
  CHECK(status.root_keys[0].since == house.clock.now());
  CHECK(status.data_keys == 2);
  CHECK(status.connections == 2);
  CHECK_FALSE(status.left_to_rotate);
}

TEST_CASE("a check without the root key finds what is missing, and nothing in a healthy store") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"DELETE FROM vault_root_keys", "no current root key"},
      {"DELETE FROM vault_keys WHERE purpose = 'state key'", "own secret is missing: state key"},
      {"DELETE FROM vault_wraps WHERE key = (SELECT id FROM vault_keys WHERE connection = 'acme')",
       "not wrapped by the current root key: connection acme"},
      {"DELETE FROM vault_keys WHERE connection = 'acme'", "belongs to no key"},
      {"UPDATE vault_wraps SET root_key = 'other'", "root key that is not in use"},
      {"UPDATE vault_wraps SET wrapped = x'01'", "length that no wrapped key has"},
  };
  for (auto [damage, sentence] : cases) {
    CAPTURE(damage);
    House house;
    REQUIRE(house.open({1}));
    REQUIRE(house.connect("acme", token));
    if (!damage.empty()) REQUIRE(house.commit({{std::string(damage)}}));
    auto wrong = check_vault(*house.database);
    REQUIRE(wrong);
    std::string all;
    for (const std::string& found : *wrong) all += found + "\n";
    CHECK(all.empty() == sentence.empty());
    CHECK_MESSAGE(has(all, sentence), all);
  }
}
