// SPDX-License-Identifier: Apache-2.0
// `hubward check`: a configuration in plain words. Pure.
#pragma once

#include <string>
#include <vector>

#include "admin/door_certificates.hpp"
#include "app/config.hpp"
#include "core/json.hpp"

namespace hubward::app {

// What was found on the machine besides the text.
struct Findings {
  std::vector<Complaint> wrong;
  std::vector<admin::DoorCertificate> certificates;
  TimePoint now;
};

std::string explain(const std::string& path, const Config& config, const Findings& found);
Json explain_as_json(const std::string& path, const std::optional<Config>& config, const Findings& found);

}  // namespace hubward::app
