// SPDX-License-Identifier: Apache-2.0
// hubward.toml(5), written in mdoc(7) from the lists of keys, as docs/configuration.md is. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hubward::app {

// `date` as "November 25, 2026".
std::string configuration_manual(std::string_view date);

}  // namespace hubward::app
