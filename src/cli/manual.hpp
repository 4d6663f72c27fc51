// SPDX-License-Identifier: Apache-2.0
// hubward(1), written in mdoc(7) from the commands, and what other pages need to be written likewise. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/command_tree.hpp"

namespace hubward::cli {

// `date` as "November 25, 2026".
std::string manual_page(const CommandFacts& program, std::string_view date);

// The first lines of a page: date, title, section.
std::string mdoc_head(std::string_view date, std::string_view title, int section);
// Text as lines of a page, a sentence begins a new one, and nothing is taken for a macro; `code` becomes
// bold.
std::string mdoc_text(std::string_view text);
// A line of an example, as it is.
std::string mdoc_literal(std::string_view line);
// One argument of a macro.
std::string mdoc_word(std::string_view word);

}  // namespace hubward::cli
