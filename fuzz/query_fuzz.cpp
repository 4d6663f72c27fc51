// SPDX-License-Identifier: Apache-2.0
// A query that is let in is sent as it came, and a credential in it is found however it is spelled.
//
// aims at: src/hubspot/query.cpp
#include <algorithm>
#include <cstdint>
#include <string>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "hubspot/query.hpp"

using namespace hubward;
using namespace hubward::hubspot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto query = Query::parse(input);
  if (!query) {
    invariant(query.error().code == "QUERY_REFUSED", "a query is refused for what it is");
    return 0;
  }
  invariant(query->sent() == input, "a query is sent as it came");
  invariant(query->parameters().size() <= Query::max_parameters, "parameters are bounded");
  for (const Query::Parameter& parameter : query->parameters())
    invariant(query->find(parameter.name).has_value(), "a parameter is found by its name");
  for (char c : query->sent()) {
    invariant(static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F,
              "only visible ASCII is sent");
  }
  bool plain = std::ranges::any_of(query->parameters(), [](const Query::Parameter& parameter) {
    return same_ignoring_case(parameter.name, "hapikey");
  });
  if (plain) invariant(query->forbidden_parameter().has_value(), "a developer key is found");
  for (const ObjectName& object : query->associated_objects()) {
    invariant(object_name(object.text) == object, "an object type has one name");
  }
  auto longer = Query::parse(std::string(input) + "&%48api%6bey=x");
  if (longer)
    invariant(longer->forbidden_parameter().has_value(), "a developer key is found behind anything");
  return 0;
}
