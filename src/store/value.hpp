// SPDX-License-Identifier: Apache-2.0
// What goes into a database and what comes out of it. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/encoding.hpp"

namespace hubward::store {

// Null, INTEGER, TEXT (UTF-8) or BLOB. There is no floating point in a store.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

// One SQL statement, its values bound by position ("?" or "?1"), never pasted into the text.
struct Statement {
  std::string sql;
  std::vector<Value> values = {};
  // How many rows a writing statement must change, no more and no fewer: a compare-and-set is an UPDATE that
  // must change one row. Otherwise its whole transaction is undone and fails with STORE_CONFLICT.
  std::optional<std::int64_t> must_change = {};
};

// Column readers. A column of another kind, or one that is not there, reads as zero, empty or nothing: the
// tables are STRICT, so that only a bug in the statement can bring this about.
std::int64_t integer_at(const Row& row, std::size_t column);
const std::string& text_at(const Row& row, std::size_t column);
const Bytes& bytes_at(const Row& row, std::size_t column);
bool null_at(const Row& row, std::size_t column);

}  // namespace hubward::store
