// SPDX-License-Identifier: Apache-2.0
// HubSpot's error bodies and tokens are read tolerantly: whatever comes, there is an answer, and its words
// are safe to log. The first two bytes make the status.
//
// aims at: src/hubspot/error_envelope.cpp but own_error
// aims at: src/hubspot/tokens.cpp but to_text
#include <cstdint>
#include <string_view>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "core/json.hpp"
#include "hubspot/error_envelope.hpp"
#include "hubspot/tokens.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

void check_word(std::string_view word) {
  invariant(word.size() <= 128, "words are short");
  for (char c : word) {
    invariant(is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':',
              "words are safe to log");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  HubSpotError error = read_error(400 + data[0] % 128, body);
  check_word(error.category);
  check_word(error.correlation_id);
  check_word(error.policy_name);
  for (const std::string& scope : error.required_scopes) check_word(scope);

  if (auto facts = read_access_token(body))
    invariant(shape_of(body) == TokenShape::OAuthAccess, "only access tokens tell");
  if (auto hublet = hublet_of(body))
    invariant(hublet_from(hublet->text).has_value(), "a hublet has its shape");
  std::string own = envelope({"HUBWARD_X", std::string(body.substr(0, 200)), "c", {{"a", {"b"}}}, ""});
  if (auto parsed = Json::parse(own))
    invariant((*parsed)["category"].text() == "HUBWARD_X", "an envelope says whose it is");
  return 0;
}
