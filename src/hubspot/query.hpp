// SPDX-License-Identifier: Apache-2.0
// The query of a request target, read strictly: every byte allowed by RFC 3986, every escape whole, UTF-8
// after decoding, no control bytes. Order and duplicate names are kept, since HubSpot takes arrays as
// repeated names (hubspot.md section 11.3). '+' reads as a space, as HubSpot does. Pure; values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "hubspot/objects.hpp"

namespace hubward::hubspot {

class Query {
 public:
  static constexpr std::size_t max_bytes = 16 * 1024;
  static constexpr std::size_t max_parameters = 512;

  struct Parameter {
    std::string name, value;  // decoded
  };

  // `query` without its '?'. Errors have the code QUERY_REFUSED and name the reason, never the text.
  static Result<Query> parse(std::string_view query);

  // What goes to HubSpot: the text as it came, which parse() has found harmless. Without '?'.
  const std::string& sent() const { return sent_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::optional<std::string_view> find(std::string_view name) const;  // the first of that name

  // The name of a parameter that carries a credential or turns the method into another one: `hapikey`,
  // `access_token`, `_method` and their like, in any case and however often encoded. Such a query is never
  // forwarded.
  std::optional<std::string_view> forbidden_parameter() const;

  // The object types that a read asks to be listed beside its records (`associations=companies,deals`,
  // section 10.3): whoever asks needs to be allowed to view them too.
  std::vector<ObjectName> associated_objects() const;

 private:
  std::string sent_;
  std::vector<Parameter> parameters_;
};

}  // namespace hubward::hubspot
