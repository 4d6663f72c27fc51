// SPDX-License-Identifier: Apache-2.0
// What a Catalogue holds. Inside the room only: catalogue_parse.cpp fills it, catalogue.cpp reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hubspot/catalogue.hpp"

namespace hubward::hubspot {

struct Catalogue::Tables {
  using Date = std::optional<std::chrono::sys_days>;

  struct Version {
    std::string_view name;
    Stage stage = Stage::Legacy;
    Date sunset;
  };
  struct Use {  // an operation in a version
    const Version* version = nullptr;
    unsigned places = 0;  // bit n: the version may stand as segment n
    Date sunset;
  };
  struct Parameter {
    std::string_view name;
    std::size_t segment = 0;
    bool is_object_type = false;
  };
  struct ObjectScopes {
    ScopeNeed view, change;
  };
  // The scopes of an expression that belong to one object type.
  using Narrowed = std::map<std::string_view, ScopeNeed, std::less<>>;
  struct Expression {
    ScopeNeed need;
    Narrowed by_object;
  };
  // What only find() needs of an operation; same index as in `operations`.
  struct Detail {
    std::optional<ObjectName> bound;  // only records of this type
    std::vector<Parameter> parameters;
    std::vector<Use> uses;
    Expression* expression = nullptr;
  };
  struct Node {
    std::vector<std::pair<std::string_view, std::size_t>> literals;  // sorted
    std::size_t parameter = 0;                                       // 0: none; the root is nobody's child
    bool tail = false;                                               // takes all further segments
    std::vector<std::size_t> operations;                             // that end here
  };

  std::string text;  // everything above and below points into it
  std::vector<Version> versions;
  std::map<std::string_view, ObjectScopes, std::less<>> objects;
  std::map<std::string_view, Expression, std::less<>> expressions;  // by name or by their own text
  std::vector<Operation> operations;
  std::vector<Detail> details;
  std::vector<Node> nodes = std::vector<Node>(1);
};

}  // namespace hubward::hubspot
