// SPDX-License-Identifier: Apache-2.0
// The names of CRM object types (hubspot.md section 10.1). One type has many spellings in a path: `contacts`,
// `contact`, `CONTACT`, `0-1`; policy knows one. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/named.hpp"

namespace hubward::hubspot {

// The one name: the plural for standard types (`contacts`), else lower case as it came (`2-123`, `p_boats`).
using ObjectName = Named<struct ObjectNameTag>;

enum class ObjectKind {
  Standard,  // in our table
  Custom,    // `2-123`, `p_boats`, `p8801234_boats`
  Unknown,   // anything else: a type newer than our table, or a spelling of a known one that we do not know
};

ObjectName object_name(std::string_view spelled);
ObjectKind kind_of(const ObjectName& object);

// Whether two names could mean the same type. Certain for standard types; a custom type has an id and a name
// that only its account can match, and an unknown spelling could be anything. Rules that deny use this.
bool may_be_same(const ObjectName& a, const ObjectName& b);

}  // namespace hubward::hubspot
