// SPDX-License-Identifier: Apache-2.0
// What a browser brings while an account is connected: the query of the callback, the cookie and the ticket
// are read as a plain reader reads them, and what is shown of them in a page cannot become markup. The first
// line is the query, the second the Cookie field, the rest the text of a page.
//
// aims at: src/grants/callback_query.cpp
// aims at: src/grants/install_secrets.cpp
// aims at: src/grants/pages.cpp but redirect_to
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "crypto/fake_random.hpp"
#include "grants/callback_query.hpp"
#include "grants/install_secrets.hpp"
#include "grants/pages.hpp"
#include "hubspot/percent.hpp"

using namespace hubward;
using namespace hubward::grants;

namespace {

std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

void check_query(std::string_view query, std::string_view name) {
  std::vector<std::string_view> values;
  for (std::string_view pair : split(query, '&')) {
    std::string_view key = pair.substr(0, pair.find('='));
    if (key == name && !pair.empty()) values.push_back(pair.substr(std::min(pair.size(), key.size() + 1)));
  }
  auto plain = plain_parameter(query, name);
  invariant(plain.has_value() == (values.size() == 1), "a parameter that stands once is found");
  auto secret = secret_parameter(query, name);
  if (!plain) {
    invariant(!secret, "what is not found is not decoded");
    return;
  }
  invariant(*plain == values.front(), "a parameter is found as it was sent");
  std::string decoded;
  bool could = hubspot::append_decoded(*plain, decoded);
  invariant(secret.has_value() == could && (!secret || secret->reveal_text() == decoded),
            "a secret is decoded by the book");
}

void check_cookies(std::string_view field) {
  constexpr std::string_view name = "__Host-hubward-0011223344556677";
  std::string_view value = cookie_value(field, name);
  if (!value.empty())
    invariant(field.contains(std::string(name) + "=" + std::string(value)),
              "a cookie is in the field it came in");
  if (field.contains(';') || field.contains(name)) return;
  std::string others = "a=b; " + std::string(name) + "=" + std::string(field) + "; c=d";
  invariant(cookie_value(others, name) == trimmed(field) || field != trimmed(field),
            "a cookie is found among others");
}

void check_ticket(std::string_view ticket) {
  static const Secret key = [] {
    crypto::SeededRandom random(1);
    return crypto::random_secret(random, 32);
  }();
  InstallSecrets secrets(key);
  Bytes hash = secrets.state_hash(ticket);
  if (looks_like_ticket(ticket)) {
    std::string encoded;
    hubspot::append_encoded(ticket, encoded);
    invariant(encoded == ticket, "a ticket needs no escapes");
  }
  invariant(cookie_name(hash).size() == std::string_view("__Host-hubward-0011223344556677").size(),
            "a cookie has a name");
  Bytes kept = secrets.browser_hash(ticket, ticket);
  invariant(secrets.same_browser(kept, ticket, ticket), "a browser is known again");
  invariant(!secrets.same_browser(kept, ticket, std::string(ticket) + "x"), "another is not");
  invariant(secrets.invite_hash(ticket) != hash, "each hash has its purpose");
  invariant(secrets.pkce_verifier(ticket).size() == 43, "a verifier has its length");
}

// Takes the escapes out again, by the book.
std::string unescaped(std::string_view html) {
  constexpr std::pair<std::string_view, char> entities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
  std::string text;
  while (!html.empty()) {
    const auto* entity =
        std::ranges::find_if(entities, [&](const auto& one) { return html.starts_with(one.first); });
    bool is_entity = entity != std::end(entities);
    text.push_back(is_entity ? entity->second : html.front());
    html.remove_prefix(is_entity ? entity->first.size() : 1);
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view query = take_line(rest), cookies = take_line(rest);
  check_query(query, "code");
  check_query(query, "state");
  check_cookies(cookies);
  check_ticket(rest);
  std::string escaped = html_escaped(rest);
  invariant(escaped.find_first_of("<>\"'") == std::string::npos, "nothing of a text is markup");
  invariant(unescaped(escaped) == rest, "a text is shown as it is");
  http::Response page = to_response({200, std::string(rest), {std::string(rest)}, std::string(rest)});
  invariant(page.body->length() > 3 * escaped.size(), "a page shows all of its text");
  return 0;
}
