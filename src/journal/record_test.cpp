// SPDX-License-Identifier: Apache-2.0
#include "journal/record.hpp"

#include <doctest/doctest.h>

#include "core/encoding.hpp"

using namespace hubward;
using namespace hubward::journal;

TEST_CASE("numeric ids stay, everything else becomes a keyed hash") {
  crypto::HmacKey key(bytes_of("0123456789abcdef0123456789abcdef"));
  CHECK(id_or_hash(key, "51") == "51");
  CHECK(id_or_hash(key, "9007199254740993123") == "9007199254740993123");
  for (const char* value : {"", "ada@example.com", "-5", "5.5", " 5", "12345678901234567890", "0x1f"}) {
    CAPTURE(value);
    std::string kept = id_or_hash(key, value);
    CHECK(kept == hashed(key, value));
    CHECK(kept.starts_with(hash_mark));
    CHECK(kept.size() == hash_mark.size() + 16);
  }
}

TEST_CASE("a hash depends on the key and on the value, and is HMAC-SHA256") {
  // printf 'ada@example.com' | openssl dgst -sha256 -mac HMAC -macopt key:journal-key -binary | head -c 12 |
  // base64
  crypto::HmacKey key(bytes_of("journal-key"));
  CHECK(hashed(key, "ada@example.com") == "~h:-FUKfLacAFUSI336");
  CHECK(hashed(key, "ada@example.org") != hashed(key, "ada@example.com"));
  crypto::HmacKey other(bytes_of("another-key"));
  CHECK(hashed(other, "ada@example.com") != hashed(key, "ada@example.com"));
}

TEST_CASE("what does not fit is cut visibly and never refused") {
  Record record;
  record.client = std::string(max_text, 'c');
  record.connection = std::string(max_text + 1, 'c');
  record.reason = std::string(max_text - 5, 'r') + "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc";
  record.peer = "1\n2\x1b\xff";
  record.parameters.resize(max_fields + 5, {"name", std::string(1000, 'v')});
  record.duration = std::chrono::microseconds(-5);
  Record kept = record;
  fit(kept);
  CHECK(kept.client == record.client);
  CHECK(kept.connection == std::string(max_text - 3, 'c') + "…");
  CHECK(kept.reason == std::string(max_text - 5, 'r') + "\xc3\xbc…");
  CHECK(kept.peer == "1?2??");
  CHECK(kept.parameters.size() == max_fields);
  CHECK(kept.parameters[0].value.size() == max_text);
  CHECK(kept.parameters.back() == Field{"…", "…"});
  CHECK(kept.duration.count() == 0);
  Record again = kept;
  fit(again);
  CHECK(again == kept);
}
