// SPDX-License-Identifier: Apache-2.0
// Scripts with which shells complete hubward's commands and options. They hold every word themselves and
// start no program when a key is pressed. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cli/command_tree.hpp"

namespace hubward::cli {

constexpr std::array<std::string_view, 3> completed_shells{"bash", "zsh", "fish"};

// `shell`: one of completed_shells.
std::string completion(std::string_view shell, const CommandFacts& program);

}  // namespace hubward::cli
