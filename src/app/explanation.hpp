// SPDX-License-Identifier: Apache-2.0
// `hubward check`: a configuration in plain words. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/config.hpp"
#include "core/json.hpp"

namespace hubward::app {

std::string explain(const std::string& path, const Config& config, const std::vector<Complaint>& wrong);
Json explain_as_json(const std::string& path, const std::optional<Config>& config,
                     const std::vector<Complaint>& wrong);

}  // namespace hubward::app
