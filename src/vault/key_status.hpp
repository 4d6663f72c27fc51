// SPDX-License-Identifier: Apache-2.0
// What may be shown about keys: ids, counts and dates, never a key. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "async/async.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "keys/root_key.hpp"

namespace hubward::store {
class Database;
}

namespace hubward::vault {

struct RootKeyStatus {
  enum class State {
    Current,   // wraps everything
    Next,      // a rotation to it was begun and not finished: the current one is still needed
    Retiring,  // replaced; its wraps are being removed
    Retired,   // replaced; wraps nothing
  };
  keys::RootKeyId id;
  State state = State::Current;
  TimePoint since;  // when it came into this state
};

std::string_view to_text(RootKeyStatus::State state);  // "current", "next", "retiring", "retired"
std::optional<RootKeyStatus::State> root_key_state(std::string_view text);

struct KeyStatus {
  std::vector<RootKeyStatus> root_keys;  // the current one first, then the newest
  std::size_t data_keys = 0;
  std::size_t connections = 0;
  // Keys that an unfinished rotation has still to wrap, when there is one.
  std::optional<std::size_t> left_to_rotate;
};

struct RotationReport {
  keys::RootKeyId from, to;
  std::size_t rewrapped = 0;  // by this run; less than all of them when it resumed
};

// Reads the store only: needs no root key. VAULT_DAMAGED when the store has no vault.
Async<Result<KeyStatus>> key_status(store::Database& database);

}  // namespace hubward::vault
