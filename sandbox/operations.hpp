// SPDX-License-Identifier: Apache-2.0
// The table of everything the simulated API can do: method and path, what it needs, and the function that
// does it. Legacy paths are accepted in both orders, /crm/v3/objects and /crm/objects/v3 (hubspot.md
// section 10.1).
#pragma once

#include <string>
#include <vector>

#include "sandbox/access.hpp"
#include "sandbox/context.hpp"
#include "sandbox/limits.hpp"

namespace hubward::sandbox {

enum class Body { None, Object, Array };
enum class Versions { V3, V4, Dated, V3AndDated, V4AndDated };

struct Operation {
  const char* method;
  const char* family;   // "crm/objects"
  const char* pattern;  // "{}/batch/read": {} is one segment
  Versions versions;
  Outcome (*run)(const Context&);
  Right right;
  // Which of the holes are object types.
  std::vector<std::size_t> type_holes;
  Body body = Body::None;
  Pace pace = Pace::Normal;
};

// A path without its version: {"crm/objects", "2026-03", {"contacts", "1"}}.
struct Place {
  std::string family, version;
  std::vector<std::string> rest;
};
std::optional<Place> place_of(std::string_view path);

struct Match {
  const Operation* operation = nullptr;
  std::string version;
  std::vector<std::string> args;
};
struct Lookup {
  std::optional<Match> match;
  bool path_known = false;  // some other method would do
};
Lookup find_operation(std::string_view method, std::string_view path);

}  // namespace hubward::sandbox
