// SPDX-License-Identifier: Apache-2.0
// What goes into a database and what comes out of it. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/encoding.hpp"

namespace hubward::store {

// Null, INTEGER, TEXT (UTF-8) or BLOB. There is no floating point in a store.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

// The text of a statement: a literal where it stands, or one that was put together.
class Sql {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a literal in a statement reads as itself
  template <std::size_t size>
  consteval Sql(const char (&literal)[size]) : literal_(literal, size - 1) {}
  Sql(std::string text) : built_(std::move(text)) {}
  // NOLINTEND(google-explicit-constructor)
  Sql& operator+=(std::string_view more) {
    if (!built_) built_.emplace(literal_);
    *built_ += more;
    return *this;
  }
  std::string_view text() const { return built_ ? std::string_view(*built_) : literal_; }

 private:
  std::string_view literal_;
  std::optional<std::string> built_;
};

// One SQL statement, its values bound by position ("?" or "?1"), never pasted into the text.
struct Statement {
  Sql sql;
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
