// SPDX-License-Identifier: Apache-2.0
// Leases within this process. They end with their holder, which ends with the process: nothing to renew,
// nothing left open. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "leases/leases.hpp"

namespace hubward::leases {

class LocalLeases final : public Leases {
 public:
  Async<Result<Taking>> take(std::string name) override;
  Async<Result<void>> renew(Lease lease) override;
  Async<Result<void>> give_back(Lease lease, Work work) override;
  std::optional<std::chrono::milliseconds> life() const override { return std::nullopt; }

 private:
  bool holds(const Lease& lease) const;

  std::mutex mutex_;
  // Under the lock.
  std::map<std::string, std::string> holders_;  // by name; bounded by what is being done at once
  std::uint64_t takings_ = 0;
};

}  // namespace hubward::leases
