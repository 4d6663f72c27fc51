// SPDX-License-Identifier: Apache-2.0
// Which program this is: what `hubward --version` prints and a report of a bug should say. Pure.
#pragma once

#include <string>

namespace hubward::app {

// First line "hubward VERSION", or "hubward VERSION (COMMIT)"; then what it was built with and runs on. No
// line end.
std::string build_facts();

}  // namespace hubward::app
