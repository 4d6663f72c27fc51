// SPDX-License-Identifier: Apache-2.0
#include "leases/store_leases.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "async/await.hpp"
#include "store/database.hpp"

namespace hubward::leases {
namespace {

using store::Statement;

constexpr std::string_view migrations[] = {R"sql(
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  beat INTEGER NOT NULL,
  left_open INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"};

Statement select_lease(const std::string& name) {
  return {"SELECT holder, beat, left_open FROM leases WHERE name = ?", {name}};
}
LeaseRow lease_from(const store::Row& row) {
  return {{store::text_at(row, 0), store::integer_at(row, 1)},
          store::integer_at(row, 2) == 0 ? Before::Settled : Before::LeftOpen};
}

Statement take_lease(const Lease& lease, const Claim& claim) {
  if (!claim.from)
    return {"INSERT INTO leases (name, holder, beat, left_open) VALUES (?, ?, 1, 0)",
            {lease.name, lease.holder},
            1};
  return {"UPDATE leases SET holder = ?, beat = 1, left_open = ? WHERE name = ? AND holder = ? AND beat = ?",
          {lease.holder, std::int64_t{claim.before == Before::LeftOpen}, lease.name, claim.from->holder,
           claim.from->beat},
          1};
}
Statement move_lease(const Lease& lease) {
  return {"UPDATE leases SET beat = beat + 1 WHERE name = ? AND holder = ?", {lease.name, lease.holder}, 1};
}
std::vector<Statement> return_lease(const Lease& lease, Work work) {
  Statement forget{"DELETE FROM leases WHERE name = ? AND holder = ? AND (left_open = 0 OR ?)",
                   {lease.name, lease.holder, std::int64_t{work == Work::Settled}}};
  Statement free{"UPDATE leases SET holder = '' WHERE name = ? AND holder = ?", {lease.name, lease.holder}};
  return {std::move(forget), std::move(free)};
}

}  // namespace

store::Schema schema() {
  return {"leases", migrations};
}

StoreLeases::StoreLeases(store::Database& database, const Clock& clock, std::string process,
                         std::chrono::milliseconds life)
    : database_(database), clock_(clock), process_(std::move(process)), life_(life), watch_(life) {}

Async<Result<Taking>> StoreLeases::take(std::string name) {
  SteadyPoint asked = clock_.steady();
  Result<std::vector<store::Row>> rows = co_await database_.query(select_lease(name));
  if (!rows) co_return while_doing("reading lease " + name, rows.error());
  std::optional<LeaseRow> row;
  if (!rows->empty()) row = lease_from(rows->front());

  std::optional<Claim> claim = watch_.claim(name, row, asked, clock_.steady());
  if (!claim) co_return Held();
  Taken taken{{name, process_ + "-" + std::to_string(++takings_)}, claim->before};
  Result<void> committed = co_await database_.commit({take_lease(taken.lease, *claim)});
  if (!committed && committed.error().code == "STORE_CONFLICT") co_return Held();
  if (!committed) co_return while_doing("taking lease " + name, committed.error());
  watch_.forget(name);
  co_return std::move(taken);
}

Async<Result<void>> StoreLeases::renew(Lease lease) {
  Result<void> moved = co_await database_.commit({move_lease(lease)});
  if (moved) co_return Result<void>();
  if (moved.error().code == "STORE_CONFLICT")
    co_return failure("LEASE_LOST", Fault::Us, Retry::Never, "lease " + lease.name + " was taken over");
  co_return while_doing("renewing lease " + lease.name, moved.error());
}

Async<Result<void>> StoreLeases::give_back(Lease lease, Work work) {
  Result<void> returned = co_await database_.commit(return_lease(lease, work));
  if (!returned) co_return while_doing("giving lease " + lease.name + " back", returned.error());
  co_return Result<void>();
}

}  // namespace hubward::leases
