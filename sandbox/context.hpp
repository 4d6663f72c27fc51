// SPDX-License-Identifier: Apache-2.0
// What one call may look at and change once it is known who calls: handed to every operation. Lives for one
// call.
#pragma once

#include <string>
#include <vector>

#include "sandbox/problem.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

struct Context {
  World& world;
  Account& account;
  const Token& token;
  std::string token_text;
  std::string version;            // "v3", "v4", "2026-03"
  std::vector<std::string> args;  // what the holes of the operation's path stood for
  Form query;
  Json body;
  std::string path;  // as called, for paging links

  TimePoint now() const { return world.now(); }
  Crm& crm() const { return account.crm; }
  bool dated() const { return version.size() == 7; }
  std::expected<ObjectType*, Problem> type(std::string_view name) const {
    if (ObjectType* found = account.crm.type(name)) return found;
    return std::unexpected(unknown_type(name));
  }
};

}  // namespace hubward::sandbox
