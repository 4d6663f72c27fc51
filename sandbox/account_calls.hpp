// SPDX-License-Identifier: Apache-2.0
// Calls about the account: details, usage, owners, schemas of custom objects, uninstall (hubspot.md sections
// 1.6, 7.1, 7.3, 10.1). Pure over the World.
#pragma once

#include "sandbox/context.hpp"

namespace hubward::sandbox {

Outcome account_details(const Context& context);
Outcome daily_usage(const Context& context);
Outcome list_owners(const Context& context);
Outcome read_owner(const Context& context);
Outcome uninstall(const Context& context);

Outcome list_schemas(const Context& context);
Outcome read_schema(const Context& context);
Outcome create_schema(const Context& context);
Outcome delete_schema(const Context& context);

}  // namespace hubward::sandbox
