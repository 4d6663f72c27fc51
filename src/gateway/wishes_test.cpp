// SPDX-License-Identifier: Apache-2.0
#include "gateway/wishes.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace hubward::gateway {

using namespace std::chrono_literals;
using pacing::Priority;

TEST_CASE("a caller may ask for less than its role has, and for no more time than there is") {
  struct Row {
    std::vector<std::pair<const char*, const char*>> fields;
    std::optional<Priority> priority;  // nothing: refused
    std::chrono::milliseconds wait{0};
  };
  for (const Row& row :
       {Row{{}, Priority::Normal, 10s}, Row{{{"X-Hubward-Priority", "bulk"}}, Priority::Bulk, 10s},
        Row{{{"x-hubward-priority", "normal"}}, Priority::Normal, 10s},
        Row{{{"X-Hubward-Priority", "interactive"}}, {}}, Row{{{"X-Hubward-Priority", "Bulk"}}, {}},
        Row{{{"X-Hubward-Priority", ""}}, {}},
        Row{{{"X-Hubward-Priority", "bulk"}, {"X-Hubward-Priority", "bulk"}}, {}},
        Row{{{"X-Hubward-Wait-Ms", "0"}}, Priority::Normal, 0s},
        Row{{{"X-Hubward-Wait-Ms", "60000"}}, Priority::Normal, 60s},
        Row{{{"X-Hubward-Wait-Ms", "60001"}}, {}}, Row{{{"X-Hubward-Wait-Ms", "99999999999999999999"}}, {}},
        Row{{{"X-Hubward-Wait-Ms", "-1"}}, {}}, Row{{{"X-Hubward-Wait-Ms", "1.5"}}, {}},
        Row{{{"X-Hubward-Wait-Ms", ""}}, {}},
        Row{{{"X-Hubward-Wait-Ms", "1"}, {"X-Hubward-Wait-Ms", "1"}}, {}}}) {
    http::Fields fields;
    std::string said;
    for (const auto& [name, value] : row.fields) {
      fields.add(name, value);
      said += std::string(name) + ": " + value + "; ";
    }
    CAPTURE(said);
    Result<Wishes> wishes = read_wishes(fields, RoleName{"sync"}, Priority::Normal, {});
    REQUIRE(wishes.has_value() == row.priority.has_value());
    if (!wishes) {
      CHECK(wishes.error().code == "WISH_REFUSED");
      continue;
    }
    CHECK(wishes->priority == *row.priority);
    CHECK(wishes->wait == row.wait);
  }
}

}  // namespace hubward::gateway
