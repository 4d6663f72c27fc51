// SPDX-License-Identifier: Apache-2.0
// Which SQLite this process runs with; it may be newer than the one that the program was built with.
#pragma once

#include <string_view>

namespace hubward::store {

std::string_view library_version();  // "3.40.1"

}  // namespace hubward::store
