// SPDX-License-Identifier: Apache-2.0
#include "store/remains.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <utility>

#include "store/database.hpp"
#include "store/temporary_directory.hpp"

namespace hubward::store {
namespace {

constexpr std::string_view tables[] = {
    "CREATE TABLE wraps (key TEXT NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;"};

// The same on every run, and unlike anything else in a file.
Bytes random_bytes(std::uint64_t seed, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(seed >> 56U);
  }
  return bytes;
}

struct Lab {
  Lab() {
    OpenOptions options{.path = folder.file("vault.db"), .schemas = {{.room = "test", .migrations = tables}}};
    database = std::move(Database::open(std::move(options)).value());
  }
  void keep(const std::string& key, const Bytes& wrapped) {
    REQUIRE(database->write({{"INSERT INTO wraps VALUES (?, ?)", {key, wrapped}}}));
  }
  // By file: how many of the values left something there.
  std::map<std::string, std::size_t> found(const std::vector<Bytes>& values) const {
    std::map<std::string, std::size_t> result;
    for (const SearchedFile& one : search_files(folder.path(), values).value()) result[one.file] = one.found;
    return result;
  }

  TemporaryDirectory folder;
  std::unique_ptr<Database> database;
};

TEST_CASE("bytes are found in the file, in its log and in copies, and nowhere else") {
  Lab lab;
  Bytes logged = random_bytes(1, 61);
  Bytes folded = random_bytes(2, 61);
  Bytes copied = random_bytes(3, 5000);
  lab.keep("folded", folded);
  REQUIRE(lab.database->checkpoint());
  lab.keep("logged", logged);
  std::ofstream(lab.folder.file("vault.db.restoring"))
      << "before" << text_of(copied).substr(1000, 40) << "after";

  CHECK(lab.found({logged})["vault.db"] == 0);
  CHECK(lab.found({logged})["vault.db-wal"] == 1);
  CHECK(lab.found({folded})["vault.db"] == 1);
  auto all = lab.found({logged, folded, copied});
  CHECK(all["vault.db.restoring"] == 1);
  CHECK(all["vault.db"] == 1);
  CHECK_FALSE(all.contains("vault.db-shm"));
  CHECK(lab.found({random_bytes(4, 16)}) ==
        std::map<std::string, std::size_t>{{"vault.db", 0}, {"vault.db-wal", 0}, {"vault.db.restoring", 0}});
}

TEST_CASE("a value that lies on several pages is found, and a piece on the border of two reads") {
  Lab lab;
  Bytes large = random_bytes(5, 9000);
  lab.keep("large", large);
  REQUIRE(lab.database->checkpoint());
  CHECK(lab.found({large})["vault.db"] == 1);

  Bytes small = random_bytes(6, 16);
  for (std::size_t before : {1024UL * 1024 - 15, 1024UL * 1024 - 8, 1024UL * 1024 - 1, 1024UL * 1024}) {
    CAPTURE(before);
    std::ofstream(lab.folder.file("other")) << std::string(before, 'x') << text_of(small);
    CHECK(lab.found({small})["other"] == 1);
  }
}

TEST_CASE("looking at an open database leaves it locked and whole") {
  Lab lab;
  lab.keep("a", random_bytes(7, 61));
  for (int i = 0; i < 3; ++i) {
    lab.found({random_bytes(7, 61)});
    lab.keep("b" + std::to_string(i), random_bytes(8, 61));
  }
  CHECK(lab.database->check()->empty());
}

// SQLite overwrites what is deleted, but rows of different sizes are moved when a page is reordered, and not
// every place where one lay is overwritten: with SQLite 3.40 about one in a thousand stays.
TEST_CASE("what was replaced and deleted is gone from the file once it is written anew") {
  Lab lab;
  std::uint64_t drawn = 1;
  auto draw = [&](std::size_t below) {
    drawn = drawn * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(drawn >> 33U) % below;
  };
  std::vector<std::pair<std::string, Bytes>> live;
  std::vector<Bytes> dead;
  std::vector<Statement> transaction;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    std::size_t act = draw(100);
    Bytes fresh = random_bytes(i + 1, 100 + draw(500));
    if (act < 60 || live.empty()) {
      live.emplace_back(to_hex(random_bytes(100'000 + i, 16)), fresh);
      transaction.push_back({"INSERT INTO wraps VALUES (?, ?)", {live.back().first, fresh}});
    } else {
      std::swap(live[draw(live.size())], live.back());
      dead.push_back(live.back().second);
      if (act < 85) {
        live.back().second = fresh;
        transaction.push_back({"UPDATE wraps SET wrapped = ?2 WHERE key = ?1", {live.back().first, fresh}});
      } else {
        transaction.push_back({"DELETE FROM wraps WHERE key = ?", {live.back().first}});
        live.pop_back();
      }
    }
    if (i % 100 == 99) REQUIRE(lab.database->write(std::exchange(transaction, {})));
  }
  REQUIRE(lab.database->checkpoint());
  WARN_MESSAGE(lab.found(dead)["vault.db"] > 0, "this SQLite left nothing behind by itself");

  REQUIRE(lab.database->rewrite());
  CHECK(lab.found(dead)["vault.db"] == 0);
  CHECK(lab.found(dead)["vault.db-wal"] == 0);
  CHECK(lab.found({live.front().second})["vault.db"] == 1);
  CHECK(lab.database->check()->empty());
}

TEST_CASE("a file that cannot be read is an error, not an absence") {
  CHECK_FALSE(search_files("/nowhere/at/all", {}));
}

}  // namespace
}  // namespace hubward::store
