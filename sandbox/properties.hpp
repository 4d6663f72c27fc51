// SPDX-License-Identifier: Apache-2.0
// Property definitions and their groups, and the pipelines that some of them choose from (hubspot.md sections
// 9.1, 10.6). Pure over the World.
#pragma once

#include "sandbox/context.hpp"

namespace hubward::sandbox {

Json property_json(const Account& account, const Property& property);
// Checks a definition as the create call takes it; the type must not have one of that name.
std::expected<Property, Problem> checked_property(const Context& context, const ObjectType& type,
                                                  const Json& input);

// args: type, then the name
Outcome list_properties(const Context& context);
Outcome read_property(const Context& context);
Outcome create_property(const Context& context);
Outcome update_property(const Context& context);
Outcome archive_property(const Context& context);
Outcome batch_read_properties(const Context& context);
Outcome batch_create_properties(const Context& context);
Outcome batch_archive_properties(const Context& context);

Outcome list_groups(const Context& context);
Outcome read_group(const Context& context);
Outcome create_group(const Context& context);
Outcome update_group(const Context& context);
Outcome archive_group(const Context& context);

Outcome list_pipelines(const Context& context);
Outcome read_pipeline(const Context& context);
Outcome list_stages(const Context& context);
Outcome read_stage(const Context& context);

}  // namespace hubward::sandbox
