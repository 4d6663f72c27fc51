// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redact.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/ascii.hpp"

namespace hubward::telemetry {

namespace {

// What of a match stays to be read, and where the text goes on behind it. Between the two is the secret.
struct Match {
  std::size_t keep;
  std::size_t end;
};
using Found = std::optional<Match>;

bool is_hex(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
}
bool is_token_char(char c) {  // base64url and what HubSpot's tokens are made of
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
}
bool is_bearer_char(char c) {  // RFC 6750 section 2.1, and base64
  return is_token_char(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}
bool ends_value(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '&' || c == '"' || c == '\'' || c == '<' || c == '>' ||
         c == '\\' || c == ';' || c == ')' || c == '}';
}

template <class Belongs>
std::size_t run_end(std::string_view text, std::size_t from, Belongs belongs) {
  while (from < text.size() && belongs(text[from])) ++from;
  return from;
}

bool begins(std::string_view text, std::size_t at, std::string_view word) {
  return same_ignoring_case(text.substr(at, word.size()), word);
}

// pat-na1-…: private app tokens and service keys.
Found match_private_app(std::string_view text, std::size_t at) {
  if (!begins(text, at, "pat-")) return {};
  std::size_t letters = run_end(text, at + 4, is_alpha);
  std::size_t digits = run_end(text, letters, is_digit);
  bool hublet = letters - at - 4 >= 2 && letters - at - 4 <= 3 && digits > letters && digits - letters <= 2;
  if (!hublet || digits >= text.size() || text[digits] != '-') return {};
  return Match{at, run_end(text, digits, is_token_char)};
}

// na1-hhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh: refresh tokens, authorization codes, developer keys.
Found match_hublet_uuid(std::string_view text, std::size_t at) {
  constexpr std::string_view shape = "aad-hhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
  if (text.size() - at < shape.size()) return {};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    char c = text[at + i];
    bool fits = shape[i] == 'a'   ? is_alpha(c)
                : shape[i] == 'd' ? is_digit(c)
                : shape[i] == 'h' ? is_hex(c)
                                  : c == '-';
    if (!fits) return {};
  }
  return Match{at, run_end(text, at + shape.size(), is_token_char)};
}

// CLI personal access keys: base64 of a protobuf that begins with the hublet.
Found match_cli_key(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 3> beginnings = {"CiRuYT", "CiRldT", "CiRhcD"};
  auto fits = [&](std::string_view beginning) { return text.substr(at).starts_with(beginning); };
  if (!std::ranges::any_of(beginnings, fits)) return {};
  std::size_t end = run_end(text, at, is_bearer_char);
  if (end - at < 40) return {};
  return Match{at, end};
}

// OAuth access tokens: base64url of a protobuf whose first field is a time.
Found match_access_token(std::string_view text, std::size_t at) {
  if (text[at] != 'C' || at + 1 >= text.size() || text[at + 1] < 'I' || text[at + 1] > 'P') return {};
  std::size_t end = run_end(text, at, is_token_char);
  if (end - at < 82) return {};
  return Match{at, end};
}

// hwk_<id>_<secret>: a client's own key. The id may be read, it names the key in lists.
Found match_client_key(std::string_view text, std::size_t at) {
  constexpr std::size_t id_size = 16;
  if (!begins(text, at, "hwk_")) return {};
  std::size_t id_end = run_end(text, at + 4, is_hex);
  std::size_t end = run_end(text, at + 4, is_token_char);
  bool has_id = id_end == at + 4 + id_size && id_end < end && text[id_end] == '_';
  if (has_id) return Match{id_end + 1, end};
  if (end - at < 20) return {};
  return Match{at, end};
}

Found match_authorization(std::string_view text, std::size_t at) {
  for (std::string_view scheme : {"bearer ", "bearer%20", "bearer+", "basic "}) {
    if (!begins(text, at, scheme)) continue;
    std::size_t begin = at + scheme.size();
    std::size_t end = run_end(text, begin, is_bearer_char);
    if (end - begin >= 12) return Match{begin, end};
  }
  return {};
}

// The legacy calls that carry a token in their path.
Found match_token_path(std::string_view text, std::size_t at) {
  for (std::string_view before : {"/access-tokens/", "/refresh-tokens/"}) {
    if (!begins(text, at, before)) continue;
    std::size_t begin = at + before.size();
    std::size_t end =
        run_end(text, begin, [](char c) { return !ends_value(c) && c != '/' && c != '?' && c != '#'; });
    if (end > begin) return Match{begin, end};
  }
  return {};
}

// Names whose value is a secret wherever it stands: in a form, a query, a JSON body or a header.
struct SecretName {
  std::string_view name;
  bool everyday;  // an English word: only a form or a JSON body makes it the name of a secret
};
constexpr auto secret_names = std::to_array<SecretName>({
    {"client_secret", false},
    {"refresh_token", false},
    {"access_token", false},
    {"client_assertion", false},
    {"code_verifier", false},
    {"id_token", false},
    {"tokenKey", false},
    {"hapikey", false},
    {"encodedOAuthRefreshToken", false},
    {"oauthAccessToken", false},
    {"newSignature", false},
    {"signature", true},
    {"token", true},
    {"code", true},
});

std::size_t skip_quotes(std::string_view text, std::size_t at) {
  std::size_t limit = std::min(text.size(), at + 8);
  while (at < limit && (text[at] == '\\' || text[at] == '"' || text[at] == '\'')) ++at;
  return at;
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  std::size_t limit = std::min(text.size(), at + 8);
  while (at < limit && static_cast<unsigned char>(text[at]) <= ' ') ++at;
  return at;
}

// Where the value behind a secret's name begins, or nothing when the name is used as a word.
std::optional<std::size_t> value_behind(std::string_view text, std::size_t name_end, bool everyday) {
  if (begins(text, name_end, "%3d")) return name_end + 3;
  std::size_t quoted = skip_quotes(text, name_end);
  std::size_t mark = skip_spaces(text, quoted);
  if (mark >= text.size() || (text[mark] != '=' && text[mark] != ':')) return {};
  if (text[mark] == ':' && quoted == name_end && everyday) return {};
  return skip_quotes(text, skip_spaces(text, mark + 1));
}

Found match_named_value(std::string_view text, std::size_t at) {
  // Within a longer word ("error_code=") the name is another one.
  if (at > 0 && is_token_char(text[at - 1]) && !begins(text, at > 2 ? at - 3 : at, "%26")) return {};
  for (const SecretName& secret : secret_names) {
    if (!begins(text, at, secret.name)) continue;
    std::optional<std::size_t> begin = value_behind(text, at + secret.name.size(), secret.everyday);
    if (!begin) continue;
    std::size_t end = run_end(text, *begin, [](char c) { return !ends_value(c); });
    if (end > *begin) return Match{*begin, end};
  }
  return {};
}

// A value that ends in a secret's name may be that name, in a text that is no proper JSON or form: its own
// value is then masked as well.
std::size_t end_with_nested(std::string_view text, Match found) {
  std::size_t end = found.end;
  for (bool further = true; further;) {
    further = false;
    std::string_view masked = text.substr(found.keep, end - found.keep);
    for (const SecretName& secret : secret_names) {
      if (masked.size() < secret.name.size() ||
          !begins(masked, masked.size() - secret.name.size(), secret.name))
        continue;
      std::optional<std::size_t> begin = value_behind(text, end, secret.everyday);
      if (!begin || *begin <= end) continue;
      end = run_end(text, *begin, [](char c) { return !ends_value(c); });
      further = true;
      break;
    }
  }
  return end;
}

Found match(std::string_view text, std::size_t at) {
  switch (to_lower(text[at])) {
    case '/': return match_token_path(text, at);
    case 'b': return match_authorization(text, at);
    default: break;
  }
  constexpr std::array matchers = {match_private_app,  match_hublet_uuid, match_cli_key,
                                   match_access_token, match_client_key,  match_named_value};
  for (auto* matcher : matchers)
    if (Found found = matcher(text, at)) return found;
  return {};
}

}  // namespace

std::string redacted(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    Found found = match(text, at);
    if (!found) {
      safe += text[at++];
      continue;
    }
    safe.append(text.substr(at, found->keep - at)).append(redaction);
    at = end_with_nested(text, *found);
  }
  return safe;
}

}  // namespace hubward::telemetry
