// SPDX-License-Identifier: Apache-2.0
// The two readers of JSON agree. What the general one takes is written as JSON that it reads as the same
// value; the one for secrets takes exactly what lies within its bounds, and every member of that reads as in
// the general one.
//
// aims at: src/core/json.cpp
// aims at: src/hubspot/secret_json.cpp
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "core/json.hpp"
#include "hubspot/secret_json.hpp"

using namespace hubward;
using hubspot::SecretJson;

namespace {

constexpr std::size_t text_limit = 64, list_limit = 4;

// Bounds of SecretJson that its header does not name: they are of the text, not of the value.
bool is_short(std::string_view number) {
  constexpr std::size_t longest = 40, longest_exponent = 3;
  std::size_t exponent = number.find_first_of("eE");
  std::size_t digits =
      exponent == std::string_view::npos ? number.size() : number.find_first_of("0123456789", exponent);
  return number.size() <= longest && number.size() - digits <= longest_exponent;
}

bool within_bounds(const Json& value, std::size_t depth) {
  if (depth == SecretJson::max_depth) return false;
  if (auto number = value.number_text()) return is_short(*number);
  auto fits = [&](const Json& inner) { return within_bounds(inner, depth + 1); };
  return value.members().size() <= SecretJson::max_members && std::ranges::all_of(value.items(), fits) &&
         std::ranges::all_of(value.members(), fits, &Json::Member::second);
}

void check_texts(const SecretJson& secret, const std::string& name, const Json& value) {
  auto texts = secret.texts(name, list_limit);
  bool are_texts = value.is_array() && value.items().size() <= list_limit &&
                   std::ranges::all_of(value.items(), [](const Json& item) { return item.is_text(); });
  invariant(texts.has_value() == are_texts, "a list of texts is one in both");
  if (!texts) return;
  for (std::size_t i = 0; i < texts->size(); ++i)
    invariant((*texts)[i] == value.items()[i].text_or(""), "a text in a list is the same");
}

void check_member(const SecretJson& secret, const std::string& name, const Json& value) {
  invariant(secret.has(name), "a member is there for both");
  invariant(secret.boolean(name) == value.boolean(), "a truth value is the same");
  invariant(secret.integer(name) == value.integer(), "a whole number is the same");
  bool is_short_text = value.is_text() && value.text()->size() <= text_limit;
  auto text = secret.text(name, text_limit);
  invariant(text.has_value() == is_short_text && (!text || *text == *value.text()), "a text is the same");
  auto hidden = secret.secret(name, text_limit);
  invariant(hidden.has_value() == (is_short_text && !value.text()->empty()),
            "a secret is a text that is not empty");
  if (hidden) invariant(hidden->reveal_text() == *value.text(), "a secret is the same text");
  check_texts(secret, name, value);
}

// Built member by member and item by item, it is the same value.
Json built_again(const Json& value) {
  if (value.is_array()) {
    Json array = Json::array();
    for (const Json& item : value.items()) array.push(built_again(item));
    return array;
  }
  if (!value.is_object()) return value;
  Json object = Json::object();
  for (const auto& [name, inner] : value.members()) {
    invariant(value.has(name) && value[name] == inner, "a member is found by its name");
    object.set(name, 0).set(name, built_again(inner));
    invariant(object.remove(name) && !object.has(name), "a member is taken out");
    object.set(name, built_again(inner));
  }
  return object;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<Json> json = Json::parse(text);
  std::optional<SecretJson> secret = SecretJson::read(text);
  if (!json) {
    invariant(json.error().code == "INVALID_JSON", "what is no JSON is called that");
    invariant(!secret, "the strict reader is the stricter one");
    return 0;
  }
  std::string written = json->dump();
  Result<Json> again = Json::parse(written);
  invariant(again && *again == *json, "what is written is read as the same value");
  invariant(again->dump() == written, "writing is the same twice");
  invariant(built_again(*json) == *json, "what is built is what was read");
  invariant(Json::parse(json_quoted(json->text_or(""))).value() == Json(json->text_or("")),
            "a text is quoted as itself");
  // A backslash may stand in a name, which only the general reader takes.
  if (json->is_object() && within_bounds(*json, 0) && !text.contains('\\'))
    invariant(secret.has_value(), "an object within its bounds is read by the strict reader");
  if (!secret) return 0;
  for (const auto& [name, value] : json->members()) check_member(*secret, name, value);
  invariant(!secret->has("\x01") && !secret->text("\x01", text_limit), "what is not there is not found");
  return 0;
}
