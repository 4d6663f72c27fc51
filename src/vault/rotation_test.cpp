// SPDX-License-Identifier: Apache-2.0
#include "vault/rotation.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "store/fake_disk.hpp"
#include "vault/vault_house.hpp"

using namespace hubward;
using namespace hubward::vault;

namespace {

// More than one transaction of wraps.
constexpr int connections = static_cast<int>(Rotation::keys_per_step) + 10;

std::string name(int i) {
  return "c" + std::to_string(i);
}

void fill(House& house) {
  REQUIRE(house.open({1}));
  std::vector<store::Statement> transaction;
  for (int i = 0; i < connections; ++i) {
    auto fresh = house.prepare(name(i), "token-" + std::to_string(i)).value();
    std::ranges::move(fresh.statements, std::back_inserter(transaction));
  }
  REQUIRE(house.commit(std::move(transaction)));
}

bool all_tokens_open(House& house) {
  for (int i = 0; i < connections; ++i)
    if (house.token_of(name(i)) != "token-" + std::to_string(i)) return false;
  return true;
}

std::string code_of(const auto& outcome) {
  return outcome ? "" : outcome.error().code;
}

}  // namespace

TEST_CASE("a rotation leaves everything readable under the new root key, and nothing under the old") {
  House house;
  fill(house);
  std::string pepper = to_hex(house.vault->client_key_pepper().reveal());
  DataKeyHandle held = house.connect("held", "x").value();
  auto old_wraps = house.rows("SELECT wrapped FROM vault_wraps");

  auto report = house.wait(house.vault->rotate_root(house.provider(2)));
  REQUIRE(report);
  CHECK(report->from == root_key(1).id());
  CHECK(report->to == root_key(2).id());
  CHECK(report->rewrapped == connections + 1 + 5);

  CHECK_FALSE(held->shredded());  // handles do not notice
  CHECK(all_tokens_open(house));
  CHECK(house.connect("later", "later"));
  std::string disk = house.everything_on_disk();
  for (const store::Row& row : old_wraps)
    CHECK(disk.find(text_of(store::bytes_at(row, 0))) == std::string::npos);

  auto with_old = house.open({1});
  REQUIRE_FALSE(with_old);
  CHECK(with_old.error().code == "ROOT_KEY_WRONG");
  CHECK(with_old.error().message.find("was replaced by " + root_key(2).id().text) != std::string::npos);
  REQUIRE(house.open({2}));
  CHECK(all_tokens_open(house));
  CHECK(house.token_of("later") == "later");
  CHECK(to_hex(house.vault->client_key_pepper().reveal()) == pepper);
  KeyStatus status = house.wait(house.vault->status()).value();
  REQUIRE(status.root_keys.size() == 2);
  CHECK(status.root_keys[0].id == root_key(2).id());
  CHECK(status.root_keys[1].state == RootKeyStatus::State::Retired);
}

TEST_CASE("a rotation cut short after any transaction leaves a store that one key opens, and is resumed") {
  bool finished = false;
  for (int stop_after = 0; !finished; ++stop_after) {
    CAPTURE(stop_after);
    REQUIRE(stop_after < 50);
    House house;
    fill(house);
    bool switched = false;
    {
      Rotation rotation(*house.vault, house.provider(2));
      for (int i = 0; i < stop_after && !finished; ++i) {
        Rotation::Step step = house.wait(rotation.step()).value();
        switched = switched || step == Rotation::Step::Switched;
        finished = step == Rotation::Step::Done;
      }
    }
    if (stop_after > 0 && !switched) {
      auto with_next = house.open({2});
      REQUIRE_FALSE(with_next);
      CHECK(with_next.error().message.find("begun and not finished") != std::string::npos);
      REQUIRE(house.open({1}));
      CHECK(house.wait(house.vault->status())->left_to_rotate);
    }
    std::uint64_t opens = switched ? 2 : 1;
    CHECK(code_of(house.open({3 - opens})) == "ROOT_KEY_WRONG");
    REQUIRE(house.open({opens}));
    CHECK(all_tokens_open(house));
    REQUIRE(house.connect("meanwhile", "meanwhile"));

    if (!switched) REQUIRE(house.wait(house.vault->rotate_root(house.provider(2))));
    CHECK(code_of(house.open({1})) == "ROOT_KEY_WRONG");
    REQUIRE(house.open({2}));
    CHECK(all_tokens_open(house));
    CHECK(house.token_of("meanwhile") == "meanwhile");
    auto left =
        house.rows("SELECT count(*) FROM vault_wraps WHERE root_key = '" + root_key(1).id().text + "'");
    CHECK(store::integer_at(left.at(0), 0) == 0);
    CHECK(house.wait(house.vault->status())->root_keys.at(1).state == RootKeyStatus::State::Retired);
  }
}

TEST_CASE("a disk that fails at any write of a rotation costs nothing but the rotation's time") {
  bool finished = false;
  for (std::int64_t good = 0; !finished; good += 3) {
    CAPTURE(good);
    REQUIRE(good < 3000);
    store::FakeDisk disk;
    House house(disk.name());
    fill(house);
    disk.fail_after(good, store::FakeDisk::Trouble::IoError);
    auto report = house.wait(house.vault->rotate_root(house.provider(2)));
    finished = report.has_value();
    disk.heal();
    CHECK(all_tokens_open(house));
    house.close();
    bool with_new = house.open({2}).has_value();
    if (!with_new) REQUIRE(house.open({1}));
    CHECK(all_tokens_open(house));
    if (!with_new) REQUIRE(house.wait(house.vault->rotate_root(house.provider(2))));
    REQUIRE(house.open({2}));
    CHECK(all_tokens_open(house));
    CHECK(code_of(house.open({1})) == "ROOT_KEY_WRONG");
  }
}

TEST_CASE("a rotation goes on where the same process left it") {
  House house;
  fill(house);
  {
    Rotation rotation(*house.vault, house.provider(2));
    while (house.wait(rotation.step()).value() != Rotation::Step::Switched) {
    }
  }
  CHECK(all_tokens_open(house));
  CHECK(house.connect("between", "between"));
  auto report = house.wait(house.vault->rotate_root(house.provider(2)));
  REQUIRE(report);
  CHECK(report->rewrapped == 0);
  CHECK(house.token_of("between") == "between");
  REQUIRE(house.open({2}));
  CHECK(all_tokens_open(house));
}

TEST_CASE("connections come and go during a rotation") {
  House house;
  fill(house);
  Rotation rotation(*house.vault, house.provider(2));
  auto early =
      house.wait(house.vault->make_data_key({"early"}));  // wrapped before, committed after the switch
  REQUIRE(early);
  constexpr int busy_steps = 4;
  for (int i = 0; i < busy_steps; ++i) {
    REQUIRE(house.wait(rotation.step()).value() ==
            (i == 0 ? Rotation::Step::Begun : Rotation::Step::Wrapped));
    REQUIRE(house.connect("during" + std::to_string(i), "during"));
    REQUIRE(house.commit(house.vault->shred_statements({name(i)})));
    REQUIRE(house.wait(house.vault->finish_shredding({name(i)})));
  }
  while (house.wait(rotation.step()).value() != Rotation::Step::Done) {
  }
  CHECK(code_of(house.commit(std::move(early->statements))) == "STORE_CONFLICT");
  CHECK(house.connect("early", "early"));
  REQUIRE(house.open({2}));
  CHECK(house.token_of("early") == "early");
  for (int i = 0; i < busy_steps; ++i) {
    CHECK(house.token_of("during" + std::to_string(i)) == "during");
    CHECK(house.token_of(name(i)).empty());
  }
  CHECK(house.token_of(name(connections - 1)) == "token-" + std::to_string(connections - 1));
}

TEST_CASE("a rotation that was begun may be abandoned for another key") {
  House house;
  fill(house);
  {
    Rotation rotation(*house.vault, house.provider(2));
    for (int i = 0; i < 2; ++i) REQUIRE(house.wait(rotation.step()));
  }
  REQUIRE(house.wait(house.vault->rotate_root(house.provider(3))));
  CHECK(code_of(house.open({2})) == "ROOT_KEY_WRONG");
  REQUIRE(house.open({3}));
  CHECK(all_tokens_open(house));
}

TEST_CASE("a root key is not rotated to itself nor to one that was replaced") {
  House house;
  REQUIRE(house.open({1}));
  CHECK(code_of(house.wait(house.vault->rotate_root(house.provider(1)))) == "ROOT_KEY_REUSED");
  REQUIRE(house.wait(house.vault->rotate_root(house.provider(2))));
  CHECK(code_of(house.wait(house.vault->rotate_root(house.provider(1)))) == "ROOT_KEY_REUSED");
  CHECK(house.wait(house.vault->rotate_root(house.provider(3))));
}

TEST_CASE("a key that does not open stops the rotation and is named") {
  House house;
  REQUIRE(house.open({1}));
  REQUIRE(house.connect("fine", "fine"));
  REQUIRE(house.connect("broken", "broken"));
  REQUIRE(
      house.commit({{"UPDATE vault_wraps SET wrapped = zeroblob(61) WHERE key = "
                     "(SELECT id FROM vault_keys WHERE connection = 'broken')"}}));
  auto report = house.wait(house.vault->rotate_root(house.provider(2)));
  REQUIRE_FALSE(report);
  CHECK(report.error().message.find("rotation stops at the key of connection broken") != std::string::npos);
  REQUIRE(house.open({1}));
  CHECK(house.token_of("fine") == "fine");
}
