// SPDX-License-Identifier: Apache-2.0
// Brings a file's tables up to date, one recorded step at a time. For sources of store/ only.
#pragma once

#include <span>

#include "core/result.hpp"
#include "store/connection.hpp"
#include "store/database.hpp"

namespace hubward::store {

// Each step is a transaction of its own, together with its row in `schema_migrations`, so that a crash leaves
// a file between two steps and never inside one. Fails with STORE_TOO_NEW, STORE_TOO_OLD (Upgrade::Refuse) or
// STORE_STATEMENT (a step was edited after it had been applied).
Result<void> migrate(Connection& connection, std::span<const Schema> schemas, Upgrade upgrade);

}  // namespace hubward::store
