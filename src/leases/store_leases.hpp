// SPDX-License-Identifier: Apache-2.0
// Leases as rows of a database, for several processes over one store (docs/formats/leases.md). A row moves
// with each renewal; whoever finds it held watches it, and takes it over when it has not moved for a whole
// life (lease_watch.hpp). One loop; the database and the clock outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "leases/lease_watch.hpp"
#include "leases/leases.hpp"

namespace hubward::store {
class Database;
struct Schema;
}  // namespace hubward::store

namespace hubward::leases {

// The table of this room, for store::Database::open.
store::Schema schema();

// Longer than any pause of a healthy process; a crash in the middle of a renewal is found after so long.
constexpr std::chrono::milliseconds default_life = std::chrono::seconds(10);

class StoreLeases final : public Leases {
 public:
  // `process` must differ between any two that ever use the store: random.
  StoreLeases(store::Database& database, const Clock& clock, std::string process,
              std::chrono::milliseconds life = default_life);

  Async<Result<Taking>> take(std::string name) override;
  Async<Result<void>> renew(Lease lease) override;
  Async<Result<void>> give_back(Lease lease, Work work) override;
  std::optional<std::chrono::milliseconds> life() const override { return life_; }

 private:
  store::Database& database_;
  const Clock& clock_;
  const std::string process_;
  const std::chrono::milliseconds life_;
  LeaseWatch watch_;
  std::uint64_t takings_ = 0;
};

}  // namespace hubward::leases
