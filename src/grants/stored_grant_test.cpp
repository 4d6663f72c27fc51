// SPDX-License-Identifier: Apache-2.0
#include "grants/stored_grant.hpp"

#include <doctest/doctest.h>

namespace hubward::grants {
namespace {

// The columns up to the state; the others read as zero or empty.
store::Row row_of(std::int64_t kind, std::int64_t state) {
  return {std::string("acme"), std::string("app"), kind, std::int64_t{8801234}, std::string("na1"), state};
}

TEST_CASE("a state that we never wrote is read as dead, and a kind as the one that is never renewed") {
  CHECK(grant_from(row_of(0, 0)).state == ConnectionState::Connected);
  CHECK(grant_from(row_of(0, 1)).state == ConnectionState::Failing);
  CHECK(grant_from(row_of(0, 2)).state == ConnectionState::Dead);
  CHECK(grant_from(row_of(0, 0)).kind == GrantKind::Oauth);
  CHECK(grant_from(row_of(1, 0)).kind == GrantKind::Static);
  for (std::int64_t unknown : {std::int64_t{-1}, std::int64_t{3}, INT64_MAX}) {
    CAPTURE(unknown);
    CHECK(grant_from(row_of(0, unknown)).state == ConnectionState::Dead);
    CHECK(grant_from(row_of(unknown, 0)).kind == GrantKind::Static);
  }
}

}  // namespace
}  // namespace hubward::grants
