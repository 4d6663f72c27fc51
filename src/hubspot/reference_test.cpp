// SPDX-License-Identifier: Apache-2.0
// Compares the compact catalogue with the full table of HubSpot's published operations and with the calls of
// its Node client, where these lie beside the checkout (../shared/reference).
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/ascii.hpp"
#include "hubspot/catalogue.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

// The rows of a table, without its head; none when there is no such file.
std::vector<std::vector<std::string>> rows_of(const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file("../shared/reference/" + name);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    auto cells = split(line, '\t');
    rows.emplace_back(cells.begin(), cells.end());
  }
  if (rows.empty()) MESSAGE("skipped: no ../shared/reference/" << name);
  return rows;
}

// A path in which parameters have values: object types one that has all operations, the rest a number.
std::string filled(std::string_view path, std::string_view object) {
  std::string text;
  while (!path.empty()) {
    std::size_t open = path.find('{');
    text += path.substr(0, open);
    if (open == std::string_view::npos) break;
    std::size_t close = path.find('}', open);
    std::string_view name = path.substr(open + 1, close - open - 1);
    bool is_type = name.ends_with("bjectType") || name.ends_with("bjectTypeId");
    text += is_type ? object : std::string_view("17");
    path.remove_prefix(close + 1);
  }
  return text;
}

}  // namespace

TEST_CASE("every published operation is found, and does what the published table says") {
  Catalogue catalogue = Catalogue::built_in();
  for (const auto& row : rows_of("catalogue.tsv")) {
    const std::string &method = row.at(0), &effect = row.at(9);
    CAPTURE(method);
    CAPTURE(row.at(1));
    auto path = canonicalise(filled(row.at(1), row.at(2).empty() ? "deals" : row.at(2)));
    REQUIRE(path);
    auto match = catalogue.find(method, *path);
    REQUIRE(match);
    const Operation& operation = *match->operation;
    bool reads = operation.effects.within({Effect::View, Effect::Export});
    if (effect == "read") CHECK(reads);
    // Taking away a link changes records and deletes none; a few other DELETEs take away a state.
    bool lessens = operation.effects.has(Effect::Delete) ||
                   (operation.effects == Effects{Effect::Edit} &&
                    (operation.subject == Subject::Associations || operation.method == "DELETE"));
    if (effect == "delete") CHECK(lessens);
    if (effect == "write" && reads) {
      // POSTs that only read or export, each decided by a person (tools/catalogue_rules.py).
      CHECK((operation.explicit_only || method == "POST"));
    }
  }
}

TEST_CASE("every call of the Node client is a known operation") {
  Catalogue catalogue = Catalogue::built_in();
  for (const auto& row : rows_of("node-client-calls.tsv")) {
    CAPTURE(row.at(0));
    CAPTURE(row.at(1));
    auto path = canonicalise(filled(row.at(1), "deals"));
    REQUIRE(path);
    CHECK(catalogue.find(row.at(0), *path));
  }
}
