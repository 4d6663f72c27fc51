// SPDX-License-Identifier: Apache-2.0
// CRM search (hubspot.md section 10.4): a request read into a plan with its limits checked, and the plan run
// over the records of one type. Pure.
#pragma once

#include "sandbox/context.hpp"

namespace hubward::sandbox {

Outcome search_records(const Context& context);

}  // namespace hubward::sandbox
