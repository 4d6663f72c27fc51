// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "app/config.hpp"
#include "app/mapping.hpp"

namespace hubward::app {
namespace {

TEST_CASE("the example that is installed is a good configuration") {
  constexpr const char* example = "deploy/hubward.toml";
  ConfigReading reading = load_config(example);
  REQUIRE_MESSAGE(reading.config, to_text(example, reading.complaints));
  std::vector<Complaint> roles = check_roles(*reading.config, hubspot::Catalogue::built_in());
  CHECK_MESSAGE(roles.empty(), to_text(example, roles));
}

}  // namespace
}  // namespace hubward::app
