// SPDX-License-Identifier: Apache-2.0
#include "vault/shred_proof.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "vault/vault_house.hpp"

namespace hubward::vault {
namespace {

constexpr std::string_view token = "pat-na1-11111111-2222-3333-4444-555555555555";

struct Shredding {
  Shredding() {
    REQUIRE(house.open({1}));
    REQUIRE(house.connect("acme", token));
    REQUIRE(house.connect("other", "other-token"));
  }
  ShredEvidence evidence() {
    ShredEvidence gathered = house.wait(gather_evidence(*house.vault, {"acme"})).value();
    Bytes sealed =
        store::bytes_at(house.rows("SELECT sealed FROM tokens WHERE connection = 'acme'").at(0), 0);
    gathered.values.push_back({"tokens", "acme", "sealed", 1, std::move(sealed)});
    return gathered;
  }
  void destroy(const ShredEvidence& gathered) {
    auto transaction = shred_statements(gathered);
    transaction.push_back({"DELETE FROM tokens WHERE connection = 'acme'"});
    REQUIRE(house.commit(std::move(transaction)));
    REQUIRE(house.wait(house.vault->finish_shredding({"acme"})));
  }
  ShredProof prove(ShredEvidence gathered) {
    return house.wait(prove_shredded(*house.vault, std::move(gathered)));
  }

  House house;
};

TEST_CASE("a key that was shredded is proved to be gone, and others are not touched") {
  Shredding lab;
  ShredEvidence gathered = lab.evidence();
  REQUIRE(gathered.keys.size() == 1);
  CHECK(gathered.root_keys == std::vector{root_key(1).id().text});
  REQUIRE(gathered.handles.size() == 1);
  CHECK(gathered.handles[0]->open(gathered.values[0].place(), gathered.values[0].sealed));
  lab.destroy(gathered);
  ShredProof proof = lab.prove(gathered);
  for (const ShredCheck& check : proof.checks) CHECK_MESSAGE(check.holds, check.what << ": " << check.detail);
  CHECK(proof.holds());
  CHECK(proof.checks.size() == 3);
  CHECK(proof.files.size() == 2);  // vault.db and its log
  CHECK(lab.house.token_of("other") == "other-token");
}

TEST_CASE("the proof of what was not shredded does not hold, in any of its parts") {
  Shredding lab;
  ShredProof proof = lab.prove(lab.evidence());
  for (const ShredCheck& check : proof.checks)
    CHECK_FALSE_MESSAGE(check.holds, check.what << ": " << check.detail);
  CHECK_FALSE(proof.holds());
}

TEST_CASE("a copy that lies in the store's directory is found") {
  Shredding lab;
  ShredEvidence gathered = lab.evidence();
  std::ofstream(lab.house.folder.file("vault.db.restoring")) << text_of(gathered.wrapped.at(0));
  lab.destroy(gathered);
  ShredProof proof = lab.prove(gathered);
  CHECK_FALSE(proof.holds());
  CHECK(proof.checks.back().detail.contains("STILL THERE, in vault.db.restoring"));
}

TEST_CASE("both wraps of a rotation that goes on are evidence, and one that came meanwhile is a conflict") {
  Shredding lab;
  ShredEvidence before = lab.evidence();
  std::string key = before.keys.at(0).text;
  REQUIRE(lab.house.commit(
      {{"INSERT INTO vault_wraps SELECT key, 'next-root', wrapped FROM vault_wraps WHERE key = ?", {key}}}));
  CHECK(lab.house.commit(shred_statements(before)).error().code == "STORE_CONFLICT");
  ShredEvidence again = lab.evidence();
  CHECK(again.wrapped.size() == 2);
  CHECK(again.keys.size() == 1);
  CHECK(again.root_keys.size() == 2);
  lab.destroy(again);
  CHECK(lab.prove(again).holds());
}

TEST_CASE("a connection without a key proves nothing") {
  Shredding lab;
  CHECK_FALSE(lab.prove(lab.house.wait(gather_evidence(*lab.house.vault, {"nobody"})).value()).holds());
}

}  // namespace
}  // namespace hubward::vault
