// SPDX-License-Identifier: Apache-2.0
#include "hubspot/tokens.hpp"

#include <algorithm>
#include <array>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/secret.hpp"

namespace hubward::hubspot {

namespace {

bool is_hex(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}

// Hex digits in groups, joined by '-'.
template <std::size_t Count>
bool is_grouped_hex(std::string_view text, const std::array<std::size_t, Count>& groups) {
  for (std::size_t i = 0; i < Count; ++i) {
    if (text.size() < groups[i] || !std::ranges::all_of(text.substr(0, groups[i]), is_hex)) return false;
    text.remove_prefix(groups[i]);
    if (i + 1 == Count) return text.empty();
    if (!text.starts_with('-')) return false;
    text.remove_prefix(1);
  }
  return false;
}

constexpr std::array<std::size_t, 5> uuid_groups = {8, 4, 4, 4, 12};
constexpr std::array<std::size_t, 5> hublet_uuid_groups = {4, 4, 4, 4, 12};

// What stands before the first '-', when it is a hublet, and the rest after it.
struct Regional {
  Hublet hublet;
  std::string_view rest;
};
std::optional<Regional> regional(std::string_view text) {
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto hublet = hublet_from(text.substr(0, dash));
  if (!hublet) return std::nullopt;
  return Regional{*std::move(hublet), text.substr(dash + 1)};
}

std::optional<Hublet> private_app_hublet(std::string_view token) {
  constexpr std::string_view prefix = "pat-";
  if (!token.starts_with(prefix)) return std::nullopt;
  auto rest = regional(token.substr(prefix.size()));
  if (!rest || !is_grouped_hex(rest->rest, uuid_groups)) return std::nullopt;
  return rest->hublet;
}

std::optional<Hublet> hublet_uuid_hublet(std::string_view token) {
  auto rest = regional(token);
  if (!rest || !is_grouped_hex(rest->rest, hublet_uuid_groups)) return std::nullopt;
  return rest->hublet;
}

bool looks_like_access_token(std::string_view token) {
  auto is_base64url = [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; };
  return token.size() >= 80 && token[0] == 'C' && token[1] >= 'I' && token[1] <= 'P' &&
         std::ranges::all_of(token, is_base64url);
}

bool looks_like_personal_key(std::string_view token) {
  constexpr std::array<std::string_view, 3> starts = {"CiRuYT", "CiRldT", "CiRhcD"};
  return token.size() >= 96 &&
         std::ranges::any_of(starts, [&](std::string_view start) { return token.starts_with(start); });
}

// The wire format of protocol buffers, as far as these tokens use it (section 1.7).
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }

  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      auto byte = std::to_integer<std::uint64_t>(bytes_.front());
      bytes_ = bytes_.subspan(1);
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  std::optional<std::span<const std::byte>> take(std::uint64_t length) {
    if (length > bytes_.size()) return std::nullopt;
    auto taken = bytes_.first(static_cast<std::size_t>(length));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::byte> bytes_;
};

void keep(AccessTokenFacts& facts, std::uint64_t field, std::uint64_t value) {
  // A time that fits, whatever a hostile token claims: HubSpot's are milliseconds of this age.
  constexpr std::uint64_t latest_time = 32'503'680'000'000;  // the year 3000
  if (field == 1 && value <= latest_time) facts.expires_at = from_millis(static_cast<std::int64_t>(value));
  if (field == 3) facts.hub_id = value;
  if (field == 4) facts.user_id = value;
  if (field == 5) facts.app_id = value;
}

// False when the message is not of this form.
bool read_field(WireReader& reader, AccessTokenFacts& facts) {
  constexpr std::uint64_t varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5;
  auto key = reader.varint();
  if (!key) return false;
  std::uint64_t field = *key >> 3;
  switch (*key & 7) {
    case varint: {
      auto value = reader.varint();
      if (value) keep(facts, field, *value);
      return value.has_value();
    }
    case fixed64: return reader.take(8).has_value();
    case fixed32: return reader.take(4).has_value();
    case bytes: {
      auto length = reader.varint();
      auto content = length ? reader.take(*length) : std::nullopt;
      if (content && field == 9) facts.hublet = hublet_from(text_of(*content));
      return content.has_value();
    }
    default: return false;
  }
}

}  // namespace

TokenShape shape_of(std::string_view token) {
  if (token.size() > longest_token) return TokenShape::Unknown;
  if (private_app_hublet(token)) return TokenShape::PrivateApp;
  if (hublet_uuid_hublet(token)) return TokenShape::HubletUuid;
  if (is_grouped_hex(token, uuid_groups)) return TokenShape::PlainUuid;
  if (looks_like_personal_key(token)) return TokenShape::PersonalAccess;
  if (looks_like_access_token(token)) return TokenShape::OAuthAccess;
  return TokenShape::Unknown;
}

std::string_view to_text(TokenShape shape) {
  switch (shape) {
    case TokenShape::PrivateApp: return "a private-app token or service key";
    case TokenShape::OAuthAccess: return "an OAuth access token";
    case TokenShape::HubletUuid: return "a refresh token, authorisation code or developer key";
    case TokenShape::PlainUuid: return "a client id, client secret or old refresh token";
    case TokenShape::PersonalAccess: return "a personal access key of HubSpot's command line";
    case TokenShape::Unknown: break;
  }
  return "no credential of a shape that HubSpot uses";
}

std::optional<Hublet> hublet_of(std::string_view token) {
  auto hublet = private_app_hublet(token);
  return hublet ? hublet : hublet_uuid_hublet(token);
}

std::optional<AccessTokenFacts> read_access_token(std::string_view token) {
  if (token.size() > longest_token || !looks_like_access_token(token)) return std::nullopt;
  auto decoded = from_base64url(token);
  if (!decoded) return std::nullopt;
  AccessTokenFacts facts;
  WireReader reader(*decoded);
  bool whole = true;
  while (whole && !reader.at_end()) whole = read_field(reader, facts);
  wipe(std::span(*decoded));
  if (!whole || to_millis(facts.expires_at) == 0) return std::nullopt;
  return facts;
}

}  // namespace hubward::hubspot
