// SPDX-License-Identifier: Apache-2.0
#include "hubspot/objects.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace hubward::hubspot;

TEST_CASE("an object type has one name") {
  struct Row {
    std::string_view spelled, name;
    ObjectKind kind;
  };
  const std::vector<Row> rows = {
      {"contacts", "contacts", ObjectKind::Standard},
      {"contact", "contacts", ObjectKind::Standard},
      {"CONTACT", "contacts", ObjectKind::Standard},
      {"0-1", "contacts", ObjectKind::Standard},
      {"0-970", "projects", ObjectKind::Standard},
      {"payments", "commerce_payments", ObjectKind::Standard},
      {"commerce_subscriptions", "subscriptions", ObjectKind::Standard},
      {"2-123", "2-123", ObjectKind::Custom},
      {"P_Boats", "p_boats", ObjectKind::Custom},
      {"p8801234_boats", "p8801234_boats", ObjectKind::Custom},
      {"boats", "boats", ObjectKind::Unknown},
      {"0-9999", "0-9999", ObjectKind::Unknown},
      {"2-", "2-", ObjectKind::Unknown},
      {"2-1a", "2-1a", ObjectKind::Unknown},
      {"p_", "p_", ObjectKind::Unknown},
      {"products", "products", ObjectKind::Standard},
      {"custom", "custom", ObjectKind::Unknown},
      {"", "", ObjectKind::Unknown},
  };
  for (const Row& row : rows) {
    CAPTURE(row.spelled);
    ObjectName object = object_name(row.spelled);
    CHECK(object.text == row.name);
    CHECK(kind_of(object) == row.kind);
    CHECK(object_name(object.text) == object);
  }
}

TEST_CASE("names that may mean the same object type are told from those that cannot") {
  struct Row {
    std::string_view a, b;
    bool may_be;
  };
  const std::vector<Row> rows = {
      {"contacts", "contacts", true},   {"contacts", "0-1", true},      {"contacts", "companies", false},
      {"contacts", "2-1", false},       {"contacts", "contactz", true}, {"contacts", "0-9999", false},
      {"fees", "0-9999", true},         {"2-1", "2-1", true},           {"2-1", "2-2", false},
      {"2-1", "p_boats", true},         {"p_boats", "p_cars", false},   {"p_boats", "p77_boats", true},
      {"p77_boats", "p77_cars", false}, {"p_boats", "boats", true},     {"2-1", "0-9999", false},
      {"boats", "cars", true},          {"0-9998", "0-9999", false},    {"boats", "0-9999", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.a);
    CAPTURE(row.b);
    CHECK(may_be_same(object_name(row.a), object_name(row.b)) == row.may_be);
    CHECK(may_be_same(object_name(row.b), object_name(row.a)) == row.may_be);
  }
}
