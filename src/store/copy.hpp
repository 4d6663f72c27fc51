// SPDX-License-Identifier: Apache-2.0
// Copies and checks of a whole file. For sources of store/ only. Blocking.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "store/connection.hpp"
#include "store/database.hpp"

namespace hubward::store {

// What is wrong with pages, indexes (Check::Full) and foreign keys, as sentences, at most a hundred. Damage
// is an answer, not an error.
Result<std::vector<std::string>> damages_of(Connection& connection, Check thoroughness);

// Copies `from` as of one moment, whoever uses it, into the new file `to`: 0600, flushed, without a
// write-ahead log beside it. Leaves nothing behind when it fails.
Result<void> copy_database(const std::string& from, const std::string& to,
                           const Connection::Settings& settings);

}  // namespace hubward::store
