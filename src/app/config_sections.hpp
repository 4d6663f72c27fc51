// SPDX-License-Identifier: Apache-2.0
// The reference of all keys as plain values, for whatever is written from it: docs/configuration.md and the
// manual page. Texts are Markdown of the simplest kind: paragraphs and `code`. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hubward::app {

struct ConfigSection {
  struct Row {
    std::string key;
    std::string kind;       // what it may be
    std::string otherwise;  // the default, "required", or empty
    std::string meaning;
  };
  std::string heading;  // "[listen.egress]"; empty for the file's own keys
  std::string meaning;
  std::vector<Row> rows;
};

// In the order in which the reference tells them; a table's own keys before the tables in it.
std::vector<ConfigSection> configuration_sections();
// What is to be known before the keys: headings, paragraphs and fenced examples.
std::string_view configuration_introduction();

}  // namespace hubward::app
