// SPDX-License-Identifier: Apache-2.0
// Who calls, and may they (hubspot.md sections 6.2, 6.3, 8): the bearer token, and the scopes that an
// operation asks for the object types in its path. Pure over the World.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sandbox/problem.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

// What an operation needs; the object type comes from its path.
enum class Right {
  AnyToken,
  ReadRecords,
  WriteRecords,
  ReadBoth,  // an association: both object types
  WriteBoth,
  ReadSchema,  // property definitions and pipelines
  WriteSchema,
  ReadOwners,
  ReadCustomSchemas,
  WriteCustomSchemas,
};

struct Caller {
  std::string text;  // the token itself
  Token* token = nullptr;
  Account* account = nullptr;
};

std::expected<Caller, Problem> identify(World& world, const Call& call);

// Every list is satisfied by any one of its scopes, and every list must be.
using Demand = std::vector<std::vector<std::string>>;
Demand demanded(Right right, const std::vector<const ObjectType*>& types);
std::expected<void, Problem> check_scopes(const Token& token, const Demand& demand);

}  // namespace hubward::sandbox
