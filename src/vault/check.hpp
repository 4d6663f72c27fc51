// SPDX-License-Identifier: Apache-2.0
// What can be said of a vault without its root key, for `hubward store check` (store/maintenance.hpp): that
// every key is there and wrapped as the tables promise. Whether the wraps open is for Vault::open() to say.
// Blocking.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace hubward::store {
class Database;
}

namespace hubward::vault {

// Sentences for everything wrong; none is good. A store that was never served has no vault, which is not
// wrong, and neither is a rotation that waits to be resumed.
Result<std::vector<std::string>> check_vault(store::Database& database);

}  // namespace hubward::vault
