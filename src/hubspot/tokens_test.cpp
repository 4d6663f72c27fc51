// SPDX-License-Identifier: Apache-2.0
#include "hubspot/tokens.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/encoding.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

constexpr std::string_view uuid = "01234567-89ab-cdef-0123-456789abcdef";

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7F) | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_number(std::string& out, unsigned field, std::uint64_t value) {
  put_varint(out, field << 3);
  put_varint(out, value);
}

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
  put_varint(out, (field << 3) | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

// The fields of hubspot.md section 1.7, with made-up values.
std::string message() {
  std::string out;
  put_number(out, 1, 1'790'000'000'000);
  put_bytes(out, 2, std::string(20, '\x05'));
  put_number(out, 3, 8801234);
  put_number(out, 4, 42);
  put_number(out, 5, 551122);
  put_bytes(out, 6, std::string(20, '\x11'));
  put_bytes(out, 8, std::string(20, '\x22'));
  put_bytes(out, 9, "eu1");
  put_number(out, 12, 1);
  return out;
}

}  // namespace

TEST_CASE("a credential's kind is told from its shape") {
  struct Row {
    std::string token;
    TokenShape shape;
    std::string_view hublet;
  };
  const std::string hex = "-0123-4567-89AB-cdef-0123456789ab";
  const std::vector<Row> rows = {
      {"pat-na1-" + std::string(uuid), TokenShape::PrivateApp, "na1"},
      {"pat-eu1-" + std::string(uuid), TokenShape::PrivateApp, "eu1"},
      {"pat-ap12-" + std::string(uuid), TokenShape::PrivateApp, "ap12"},
      {"na1" + hex, TokenShape::HubletUuid, "na1"},
      {"eu1" + hex, TokenShape::HubletUuid, "eu1"},
      {std::string(uuid), TokenShape::PlainUuid, ""},
      {to_base64url(bytes_of(message())), TokenShape::OAuthAccess, ""},
      {"CiRuYTEt" + std::string(96, 'a'), TokenShape::PersonalAccess, ""},
      {"", TokenShape::Unknown, ""},
      {"pat-na1-" + std::string(uuid) + "0", TokenShape::Unknown, ""},
      {"pat-na1" + std::string(uuid), TokenShape::Unknown, ""},
      {"PAT-na1-" + std::string(uuid), TokenShape::Unknown, ""},
      {"pat-na-" + std::string(uuid), TokenShape::Unknown, ""},
      {"0123456g-89ab-cdef-0123-456789abcdef", TokenShape::Unknown, ""},
      {"hwk_abcdefgh", TokenShape::Unknown, ""},
      {"CI" + std::string(5000, 'a'), TokenShape::Unknown, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.token);
    CHECK(shape_of(row.token) == row.shape);
    auto hublet = hublet_of(row.token);
    CHECK((hublet ? hublet->text : "") == row.hublet);
    CHECK_FALSE(to_text(shape_of(row.token)).empty());
  }
}

TEST_CASE("an access token shows whose it is and when it ends, and a broken one shows nothing") {
  std::string token = to_base64url(bytes_of(message()));
  auto facts = read_access_token(token);
  REQUIRE(facts);
  CHECK(to_millis(facts->expires_at) == 1'790'000'000'000);
  CHECK(facts->hub_id == 8801234);
  CHECK(facts->user_id == 42);
  CHECK(facts->app_id == 551122);
  REQUIRE(facts->hublet);
  CHECK(facts->hublet->text == "eu1");
  for (std::size_t length = 0; length < message().size(); ++length) {
    // Cut anywhere it is either unreadable or has lost fields; it never shows another account.
    auto cut = read_access_token(to_base64url(bytes_of(message().substr(0, length))));
    if (cut) CHECK((cut->hub_id == 8801234 || cut->hub_id == 0));
  }
  CHECK_FALSE(read_access_token("pat-na1-" + std::string(uuid)));
  CHECK_FALSE(read_access_token("CI" + std::string(100, '_')));
}
