// SPDX-License-Identifier: Apache-2.0
// JSON answers as text for people: tables for lists, lines for single things. What comes from outside is
// shown without control bytes, so that no value can move a terminal's cursor. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"

namespace hubward::cli {

struct Column {
  std::string_view heading;
  std::string_view member;
};

// One line for each item, columns aligned; `when_empty` when there is none.
std::string table(const Json& items, const std::vector<Column>& columns, std::string_view when_empty);
// "heading  value", one line each; members that are missing, null or empty are left out.
std::string facts(const Json& object, const std::vector<Column>& columns);
// A value on one line: lists with commas, true and false as yes and no.
std::string shown(const Json& value);
// A path segment or a query value, percent-encoded (RFC 3986 section 2.3).
std::string encoded(std::string_view text);

}  // namespace hubward::cli
