// SPDX-License-Identifier: Apache-2.0
#include "http/grammar.hpp"

#include <doctest/doctest.h>

#include <string>

#include "http/name_set.hpp"

using namespace hubward::http;

TEST_CASE("the first byte that may not stand in a value is found wherever it stands") {
  for (std::size_t size = 0; size < 50; ++size) {
    const std::string plain(size, 'v');
    CHECK(value_length(plain) == size);
    CHECK(is_plain_value(plain));
    for (int byte = 0; byte < 256; ++byte) {
      char c = static_cast<char>(byte);
      bool is_value = byte == '\t' || (byte >= ' ' && byte != 0x7f);
      for (std::size_t at = 0; at < size; ++at) {
        std::string text = plain;
        text[at] = c;
        REQUIRE(value_length(text) == (is_value ? size : at));
        REQUIRE(is_field_value(text) == is_value);
        REQUIRE(is_plain_value(text) == (is_value && byte < 0x80));
        REQUIRE(holds_opaque(text) == (byte >= 0x80));
      }
    }
  }
}

TEST_CASE("a token ends with its first other byte") {
  CHECK(token_length("") == 0);
  CHECK(token_length(": x") == 0);
  CHECK(token_length("Content-Type: x") == 12);
  CHECK(token_length("x y") == 1);
  CHECK(token_length("!#$%&'*+-.^_`|~09azAZ") == 21);
}

TEST_CASE("a set of names finds its own in any case, and no others") {
  static constexpr NameSet set{"host", "te", "content-length"};
  for (std::string_view in : {"host", "Host", "HOST", "te", "TE", "Content-Length"}) {
    CAPTURE(in);
    CHECK(set.has(in));
  }
  for (std::string_view out :
       {"", "t", "tf", "hos", "hosts", "most", "content-lengths", "content_length", "x-host"}) {
    CAPTURE(out);
    CHECK_FALSE(set.has(out));
  }
}
