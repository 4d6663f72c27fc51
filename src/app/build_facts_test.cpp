// SPDX-License-Identifier: Apache-2.0
#include "app/build_facts.hpp"

#include <doctest/doctest.h>

#include "app/graph.hpp"

TEST_CASE("the version says which program, which libraries and which compiler") {
  std::string facts = hubward::app::build_facts();
  CHECK(facts.starts_with("hubward " + std::string(hubward::app::version)));
  for (const char* part : {"OpenSSL 3.", "SQLite 3.", "clang ", "libstdc++ ", " build"})
    CHECK_MESSAGE(facts.find(part) != std::string::npos, facts);
  CHECK_FALSE(facts.ends_with('\n'));
}
