// SPDX-License-Identifier: Apache-2.0
// Who may do a thing now, so that several do not do it at once. A lease saves work and is no proof: its
// holder may be paused for longer than the lease lives and go on all the same. Whatever must not happen twice
// is fenced where it is written, by a compare-and-set.
//
// Implementations: in this process (local_leases.hpp), and in the store, for several processes over one file
// (store_leases.hpp). Errors: LEASE_LOST from renew(), else those of the store. On the loop of the caller.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "async/async.hpp"
#include "core/result.hpp"

namespace hubward::leases {

struct Lease {
  std::string name;
  std::string holder;  // no two takings have the same
};

// Whether earlier work under this name may still be going on: somebody lost the lease without giving it back.
enum class Before { Settled, LeftOpen };
// At the end: whether what was to be done is done, so that earlier work cannot matter any more.
enum class Work { Settled, Unchanged };

struct Taken {
  Lease lease;
  Before before = Before::Settled;
};
struct Held {};  // by somebody else
using Taking = std::variant<Taken, Held>;

class Leases {
 public:
  virtual ~Leases() = default;
  virtual Async<Result<Taking>> take(std::string name) = 0;
  // For another life() from now; LEASE_LOST when somebody else took it.
  virtual Async<Result<void>> renew(Lease lease) = 0;
  // Nothing, when it was lost.
  virtual Async<Result<void>> give_back(Lease lease, Work work) = 0;

  // How long an unrenewed lease is respected; nothing when it ends only with its holder.
  virtual std::optional<std::chrono::milliseconds> life() const = 0;
};

}  // namespace hubward::leases
