// SPDX-License-Identifier: Apache-2.0
#include "leases/leases.hpp"

#include <doctest/doctest.h>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "async/run_to_end.hpp"
#include "core/invariant.hpp"
#include "leases/local_leases.hpp"
#include "leases/store_leases.hpp"
#include "store/database.hpp"
#include "store/temporary_directory.hpp"

using namespace hubward;
using namespace hubward::leases;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds life = 9s;

std::unique_ptr<store::Database> open(const std::string& path, std::vector<store::Schema> schemas) {
  store::OpenOptions options;
  options.path = path;
  options.schemas = std::move(schemas);
  auto database = store::Database::open(std::move(options));
  invariant(database.has_value(), database ? "" : database.error().message);
  return std::move(*database);
}

// Processes of one store, and what they do, one after another.
struct House {
  template <class T>
  T wait(Async<T> task) {
    return run_to_end(loop, std::move(task));
  }
  std::optional<Taken> take(Leases& by, const std::string& name = "a") {
    Result<Taking> taking = wait(by.take(name));
    REQUIRE(taking);
    if (std::holds_alternative<Held>(*taking)) return std::nullopt;
    return std::get<Taken>(std::move(*taking));
  }
  void give_back(Leases& by, const Taken& taken, Work work) {
    REQUIRE(wait(by.give_back(taken.lease, work)));
  }
  std::size_t rows() {
    auto found = database->read({"SELECT name FROM leases"});
    REQUIRE(found);
    return found->size();
  }

  Loop loop;
  ManualClock clock;
  store::TemporaryDirectory folder;
  std::unique_ptr<store::Database> database = open(folder.file("a.db"), {schema()});
  // A second connection to the same file, as another process has it.
  std::unique_ptr<store::Database> same_file = open(folder.file("a.db"), {schema()});
  StoreLeases first{*database, clock, "first", life}, second{*same_file, clock, "second", life};
};

}  // namespace

TEST_CASE("of several one has the lease, until it gives it back") {
  House house;
  LocalLeases local;
  struct Row {
    Leases &one, &other;
  };
  for (Row row : {Row{local, local}, Row{house.first, house.second}, Row{house.first, house.first}}) {
    std::optional<Taken> taken = house.take(row.one);
    REQUIRE(taken);
    CHECK(taken->before == Before::Settled);
    CHECK_FALSE(house.take(row.other));
    CHECK(house.take(row.other, "another name"));
    CHECK(house.wait(row.one.renew(taken->lease)));
    house.give_back(row.one, *taken, Work::Unchanged);
    CHECK(house.wait(row.one.renew(taken->lease)).error().code == "LEASE_LOST");
    std::optional<Taken> next = house.take(row.other);
    REQUIRE(next);
    CHECK(next->lease.holder != taken->lease.holder);
    house.give_back(row.one, *taken, Work::Settled);  // of one that is over: changes nothing
    CHECK(house.wait(row.other.renew(next->lease)));
    house.give_back(row.other, *next, Work::Settled);
    REQUIRE(house.database->write({{"DELETE FROM leases"}}));
  }
}

TEST_CASE("a lease is taken over when it has not moved for a whole life, and not while it moves") {
  House house;
  std::optional<Taken> taken = house.take(house.first);
  CHECK_FALSE(house.take(house.second));
  house.clock.advance(life - 1ms);
  CHECK_FALSE(house.take(house.second));
  REQUIRE(house.wait(house.first.renew(taken->lease)));
  house.clock.advance(1ms);
  CHECK_FALSE(house.take(house.second));
  house.clock.advance(life);
  std::optional<Taken> over = house.take(house.second);
  REQUIRE(over);
  CHECK(over->before == Before::LeftOpen);
  CHECK(house.wait(house.first.renew(taken->lease)).error().code == "LEASE_LOST");
  house.give_back(house.first, *taken, Work::Settled);
  CHECK(house.wait(house.second.renew(over->lease)));
}

TEST_CASE("a wall clock that jumps, or differs between processes, moves no lease") {
  House house;
  REQUIRE(house.take(house.first));
  CHECK_FALSE(house.take(house.second));
  house.clock.jump(24h);
  CHECK_FALSE(house.take(house.second));
  house.clock.jump(-48h);
  CHECK_FALSE(house.take(house.second));
  house.clock.advance(life);
  CHECK(house.take(house.second));
}

TEST_CASE("what was left open is known until somebody settles it") {
  House house;
  REQUIRE(house.take(house.first));
  CHECK_FALSE(house.take(house.second));
  house.clock.advance(life);
  std::optional<Taken> over = house.take(house.second);
  REQUIRE(over);
  house.give_back(house.second, *over, Work::Unchanged);
  CHECK(house.rows() == 1);
  std::optional<Taken> next = house.take(house.first);
  REQUIRE(next);
  CHECK(next->before == Before::LeftOpen);
  house.give_back(house.first, *next, Work::Settled);
  CHECK(house.rows() == 0);
  CHECK(house.take(house.second)->before == Before::Settled);
}

TEST_CASE("a taking that follows another of the same process is not mistaken for it") {
  House house;
  std::optional<Taken> taken = house.take(house.first);
  CHECK_FALSE(house.take(house.second));
  house.clock.advance(life - 1ms);
  house.give_back(house.first, *taken, Work::Settled);
  REQUIRE(house.take(house.first));
  house.clock.advance(1ms);
  CHECK_FALSE(house.take(house.second));
}

TEST_CASE("a store made without leases gets them when it is opened by a version that has them") {
  static constexpr std::string_view other[] = {"CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT"};
  store::TemporaryDirectory folder;
  std::string path = folder.file("a.db");
  open(path, {{"other", other}});
  std::unique_ptr<store::Database> database = open(path, {{"other", other}, schema()});
  CHECK(database->read({"SELECT name FROM leases"}));
  database.reset();
  store::OpenOptions options;
  options.path = path;
  options.schemas = {{"other", other}};
  CHECK(store::Database::open(std::move(options)).error().code == "STORE_TOO_NEW");
}

TEST_CASE("trouble with the store is said as what it is, and is no loss of the lease") {
  House house;
  std::optional<Taken> taken = house.take(house.first);
  REQUIRE(house.database->write({{"DROP TABLE leases"}}));
  CHECK(house.wait(house.first.renew(taken->lease)).error().code == "STORE_STATEMENT");
  CHECK(house.wait(house.first.take("a")).error().code == "STORE_STATEMENT");
  CHECK(house.wait(house.first.give_back(taken->lease, Work::Settled)).error().code == "STORE_STATEMENT");
}
