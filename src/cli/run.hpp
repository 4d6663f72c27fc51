// SPDX-License-Identifier: Apache-2.0
// The command line: words in, exit code out. Commands and their options are declared in commands_*.cpp; what
// they print is in docs/cli.md. Nothing secret is ever taken from an argument.
#pragma once

#include <string>
#include <vector>

#include "cli/house.hpp"

namespace hubward::cli {

// `arguments` without the program's name.
int run(std::vector<std::string> arguments, House& house, const Streams& streams);

}  // namespace hubward::cli
