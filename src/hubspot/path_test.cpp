// SPDX-License-Identifier: Apache-2.0
#include "hubspot/path.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hubward;
using namespace hubward::hubspot;

namespace {

std::string family(const CanonicalPath& path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) text.append("/").append(path.segment(i));
  return text;
}

}  // namespace

TEST_CASE("a path is read into its family, its version and what is sent") {
  struct Row {
    std::string_view path, sent, family, version;
    std::size_t place;
  };
  const std::vector<Row> rows = {
      {"/crm/v3/objects/contacts", "/crm/v3/objects/contacts", "/crm/objects/contacts", "v3", 1},
      {"/crm/objects/v3/contacts", "/crm/objects/v3/contacts", "/crm/objects/contacts", "v3", 2},
      {"/crm/objects/2026-03/contacts/1", "/crm/objects/2026-03/contacts/1", "/crm/objects/contacts/1",
       "2026-03", 2},
      {"/settings/v3/users/", "/settings/v3/users", "/settings/users", "v3", 1},
      {"/crm/v3/objects/contacts/a%40b.c", "/crm/v3/objects/contacts/a%40b.c", "/crm/objects/contacts/a@b.c",
       "v3", 1},
      {"/crm/v3/objects/contacts/a@b.c", "/crm/v3/objects/contacts/a%40b.c", "/crm/objects/contacts/a@b.c",
       "v3", 1},
      {"/crm/v3/objects/%63ontacts", "/crm/v3/objects/contacts", "/crm/objects/contacts", "v3", 1},
      {"/crm/%76%33/objects/contacts", "/crm/v3/objects/contacts", "/crm/objects/contacts", "v3", 1},
      {"/crm/v3/properties/contacts/v3", "/crm/v3/properties/contacts/v3", "/crm/properties/contacts/v3",
       "v3", 1},
      {"/crm/v3/objects/contacts/50%25", "/crm/v3/objects/contacts/50%25", "/crm/objects/contacts/50%", "v3",
       1},
      {"/a/2026-09-beta/%c3%a4", "/a/2026-09-beta/%C3%A4", "/a/\xc3\xa4", "2026-09-beta", 1},
      {"/v3/crm", "/v3/crm", "/v3/crm", "", 0},
      {"/crm/a/b/c/v3", "/crm/a/b/c/v3", "/crm/a/b/c/v3", "", 0},
      {"/crm/v3x/objects", "/crm/v3x/objects", "/crm/v3x/objects", "", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    auto path = canonicalise(row.path);
    REQUIRE(path);
    CHECK(path->sent() == row.sent);
    CHECK(family(*path) == row.family);
    CHECK(path->version() == row.version);
    CHECK(path->version_index() == row.place);
  }
}

TEST_CASE("a path that could mean two things is refused with its reason") {
  struct Row {
    std::string_view path, reason;
  };
  const std::vector<Row> rows = {
      {"", "does not begin with a slash"},
      {"crm/v3", "does not begin with a slash"},
      {"/", "is empty"},
      {"//", "is empty"},
      {"/crm//objects", "empty segment"},
      {"/crm/v3/objects/contacts//", "empty segment"},
      {"/crm/v3/../v3/objects", "dot segment"},
      {"/crm/./v3", "dot segment"},
      {"/crm/v3/objects/contacts/..", "dot segment"},
      {"/crm/v3/%2e%2e/objects", "dot segment"},
      {"/crm/v3/.%2E/objects", "dot segment"},
      {"/crm/v3/objects/contacts%2Fbatch", "encoded slash"},
      {"/crm/v3/objects/contacts%2fbatch", "encoded slash"},
      {"/crm/v3/objects/contacts%5Cbatch", "backslash"},
      {"/crm/v3/objects/contacts\\batch", "must be percent-encoded"},
      {"/crm/v3/objects/contacts;a=b", "semicolon"},
      {"/crm/v3/objects/contacts%3Ba", "semicolon"},
      {"/crm/v3/objects/contacts%00", "control byte"},
      {"/crm/v3/objects/contacts%0d%0aX", "control byte"},
      {"/crm/v3/objects/contacts%7f", "control byte"},
      {"/crm/v3/objects/%ff", "not UTF-8"},
      {"/crm/v3/objects/%c0%af", "not UTF-8"},
      {"/crm/v3/objects/%ed%a0%80", "not UTF-8"},
      {"/crm/v3/objects/\xc3\xa4", "must be percent-encoded"},
      {"/crm/v3/objects/a b", "must be percent-encoded"},
      {"/crm/v3/objects/a#b", "must be percent-encoded"},
      {"/crm/v3/objects/a?b", "must be percent-encoded"},
      {"/crm/v3/objects/%4", "broken percent-escape"},
      {"/crm/v3/objects/%", "broken percent-escape"},
      {"/crm/v3/objects/%zz", "broken percent-escape"},
      {"/crm/v3/objects/%2563ontacts", "encoded twice"},
      {"/crm/v3/objects/%25%32%46", "encoded twice"},
      {"/crm/v3/objects/v3", "two versions"},
      {"/crm/v3/v3/contacts", "two versions"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    auto path = canonicalise(row.path);
    REQUIRE_FALSE(path);
    CHECK(path.error().code == "PATH_REFUSED");
    CHECK(path.error().fault == Fault::Caller);
    CHECK(path.error().message.find(row.reason) != std::string::npos);
  }
}

TEST_CASE("lengths and counts of a path are bounded") {
  CHECK_FALSE(canonicalise("/" + std::string(CanonicalPath::max_bytes, 'a')));
  std::string deep;
  for (std::size_t i = 0; i < CanonicalPath::max_segments; ++i) deep += "/a";
  CHECK(canonicalise(deep));
  CHECK_FALSE(canonicalise(deep + "/a"));
  // Encoding may make the sent path three times as long, no more.
  auto spread = canonicalise("/" + std::string(4000, '@'));
  REQUIRE(spread);
  CHECK(spread->sent().size() == 12001);
}

TEST_CASE("a free tail may hold encoded slashes, and nothing worse") {
  struct Row {
    std::string_view path, sent, tail;
    std::size_t index;
  };
  const std::vector<Row> rows = {
      {"/cms/v3/source-code/draft/content/a/b.html", "/cms/v3/source-code/draft/content/a/b.html", "a/b.html",
       4},
      {"/cms/v3/source-code/draft/content/a%2Fb.html", "/cms/v3/source-code/draft/content/a%2Fb.html",
       "a/b.html", 4},
      {"/cms/source-code/2026-03/draft/content/a;b", "/cms/source-code/2026-03/draft/content/a%3Bb", "a;b",
       4},
      {"/files/v3/folders/v3", "/files/v3/folders/v3", "v3", 2},
      {"/files/v3/folders/a%2fb", "/files/v3/folders/a%2Fb", "a/b", 2},
      {"/files/v3/files/stat/a/b/c", "/files/v3/files/stat/a/b/c", "a/b/c", 3},
      {"/files/2026-03/files/stat/a", "/files/2026-03/files/stat/a", "a", 3},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    auto path = canonicalise(row.path);
    REQUIRE(path);
    CHECK(path->sent() == row.sent);
    CHECK(path->tail(row.index) == row.tail);
  }
  for (std::string_view bad :
       {"/files/v3/folders/a%2F..%2Fb", "/files/v3/folders/..%2Fb", "/files/v3/folders/a%2F",
        "/files/v3/folders/%2Fa", "/files/v3/folders/a%2F%2Fb", "/files/v3/folders/a%252Fb",
        "/files/v3/folders/a/../b", "/files/v3/folders/a%5Cb", "/files/v3/folders/%00",
        "/files/folders/a%2Fb", "/cms/v3/source-code/a%2Fb/content/c"}) {
    CAPTURE(bad);
    CHECK_FALSE(canonicalise(bad));
  }
}

TEST_CASE("versions have two shapes") {
  for (std::string_view yes : {"v1", "v3", "v10", "2025-09", "2026-09-beta"}) CHECK(is_version(yes));
  for (std::string_view no :
       {"", "v", "V3", "v3a", "v100", "2025-9", "202509", "2025-09-alpha", "2025_09", "-beta"}) {
    CHECK_FALSE(is_version(no));
  }
}
