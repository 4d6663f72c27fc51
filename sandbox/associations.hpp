// SPDX-License-Identifier: Apache-2.0
// Associations v4 and its dated forms (hubspot.md section 10.5). v4 shows ids as numbers, the dated forms as
// text. Pure over the World.
#pragma once

#include "sandbox/context.hpp"

namespace hubward::sandbox {

// args: from type, from id, to type, to id
Outcome put_association(const Context& context);
Outcome put_default_association(const Context& context);
Outcome list_associations(const Context& context);
Outcome delete_association(const Context& context);
// args: from type, to type
Outcome batch_read_associations(const Context& context);
Outcome batch_create_associations(const Context& context);
Outcome batch_default_associations(const Context& context);
Outcome batch_archive_associations(const Context& context);
Outcome batch_archive_labels(const Context& context);
Outcome list_labels(const Context& context);
Outcome create_label(const Context& context);
Outcome update_label(const Context& context);
Outcome delete_label(const Context& context);

}  // namespace hubward::sandbox
