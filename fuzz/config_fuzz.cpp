// SPDX-License-Identifier: Apache-2.0
// Reading a configuration never crashes, and ends with a configuration or with complaints, never with both or
// neither.
//
// aims at: src/app/config_toml.cpp
// aims at: src/app/config_rules.cpp
// aims at: src/app/config_together.cpp
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/config.hpp"
#include "core/invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  hubward::app::ConfigReading reading = hubward::app::read_config(text);
  hubward::invariant(reading.config.has_value() == reading.complaints.empty(),
                     "a reading has a configuration exactly when there is nothing to complain about");
  for (char c : hubward::app::to_text("f", reading.complaints))
    hubward::invariant(c == '\n' || c < 0 || (c >= ' ' && c != 0x7f), "a complaint has no control bytes");
  return 0;
}
