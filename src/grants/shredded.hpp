// SPDX-License-Identifier: Apache-2.0
// What a shredding destroyed, and what shows it. A value.
#pragma once

#include <string>
#include <vector>

#include "grants/grants.hpp"
#include "vault/shred_proof.hpp"

namespace hubward::grants {

struct Shredded {
  ConnectionView connection;                      // as it was
  TimePoint at;                                   // when the key was gone
  std::vector<std::string> data_keys, root_keys;  // ids
  vault::ShredProof proof;
  Disconnected at_hubspot;
  // It is on the journal's disk; else why not.
  Result<void> recorded;
};

}  // namespace hubward::grants
