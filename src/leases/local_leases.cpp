// SPDX-License-Identifier: Apache-2.0
#include "leases/local_leases.hpp"

#include "async/await.hpp"

namespace hubward::leases {

bool LocalLeases::holds(const Lease& lease) const {
  auto found = holders_.find(lease.name);
  return found != holders_.end() && found->second == lease.holder;
}

Async<Result<Taking>> LocalLeases::take(std::string name) {
  std::scoped_lock lock(mutex_);
  auto [place, free] = holders_.try_emplace(name);
  if (!free) co_return Held();
  place->second = std::to_string(++takings_);
  co_return Taken{{std::move(name), place->second}, Before::Settled};
}

Async<Result<void>> LocalLeases::renew(Lease lease) {
  std::scoped_lock lock(mutex_);
  if (!holds(lease)) co_return failure("LEASE_LOST", Fault::Us, Retry::Never, "the lease is not held");
  co_return Result<void>();
}

Async<Result<void>> LocalLeases::give_back(Lease lease, Work work) {
  static_cast<void>(work);  // nothing is ever left open here
  std::scoped_lock lock(mutex_);
  if (holds(lease)) holders_.erase(lease.name);
  co_return Result<void>();
}

}  // namespace hubward::leases
