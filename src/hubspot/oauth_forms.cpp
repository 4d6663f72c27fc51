// SPDX-License-Identifier: Apache-2.0
// What is asked: addresses and forms (hubspot.md sections 1.1 to 1.6, 2.1, 7.1).
#include <algorithm>
#include <utility>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "crypto/digest.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::hubspot {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";
constexpr std::pair<OauthVersion, std::string_view> version_names[] = {
    {OauthVersion::V1, "v1"},
    {OauthVersion::V3, "v3"},
    {OauthVersion::Dated2026_03, "2026-03"},
    {OauthVersion::Dated2026_09, "2026-09"}};

bool is_unreserved(char c) {  // RFC 3986 section 2.3
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Writes `text` percent-encoded through `put`, one byte at a time, so that a secret stays where the caller
// keeps it.
template <class Put>
void percent_encode(std::string_view text, const Put& put) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (char c : text) {
    if (is_unreserved(c)) {
      put(c);
    } else {
      unsigned byte = static_cast<unsigned char>(c);
      put('%');
      put(digits[byte >> 4]);
      put(digits[byte & 15]);
    }
  }
}

std::string percent_encoded(std::string_view text) {
  std::string result;
  percent_encode(text, [&](char c) { result += c; });
  return result;
}

// A form whose values may be secrets. Measured first, then written in one block of locked memory.
class SecretForm {
 public:
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }

  Secret finish() const {
    std::size_t size = 0;
    write([&](char) { ++size; });
    Secret form = Secret::of_size(size);
    auto out = form.writable().begin();
    write([&](char c) { *out++ = static_cast<std::byte>(c); });
    return form;
  }

 private:
  template <class Put>
  void write(const Put& put) const {
    bool first = true;
    for (auto [name, value] : fields_) {
      if (!std::exchange(first, false)) put('&');
      for (char c : name) put(c);
      put('=');
      percent_encode(value, put);
    }
  }
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result.append(result.empty() ? "" : " ").append(word);
  return result;
}

// The version for everything but the token call itself: v1 has its tokens in the path there.
OauthVersion beside_the_token_call(OauthVersion version) {
  return version == OauthVersion::V1 ? default_oauth_version : version;
}

OauthCall form_call(OauthVersion version, std::string_view ending, const SecretForm& form) {
  OauthCall call;
  call.target = "/oauth/";
  call.target.append(to_text(version)).append(ending);
  call.content_type = form_type;
  call.body = form.finish();
  return call;
}

OauthCall call_about_token(OauthVersion version, std::string_view ending, ClientIdentity client,
                           const Secret& token, TokenKind kind) {
  SecretForm form;
  form.add("client_id", client.id);
  form.add("client_secret", client.secret.reveal_text());
  form.add("token", token.reveal_text());
  form.add("token_type_hint", kind == TokenKind::Access ? "access_token" : "refresh_token");
  return form_call(beside_the_token_call(version), ending, form);
}

}  // namespace

std::string_view to_text(OauthVersion version) {
  return std::ranges::find(version_names, version, [](const auto& row) { return row.first; })->second;
}

std::optional<OauthVersion> oauth_version(std::string_view text) {
  for (auto [version, name] : version_names)
    if (name == text) return version;
  return std::nullopt;
}

std::string authorize_address(std::string_view base, const AuthorizeQuestion& question) {
  std::string address(base);
  address.append("/oauth/authorize?client_id=").append(percent_encoded(question.client_id));
  auto add = [&](std::string_view name, std::string_view value) {
    address.append("&").append(name).append("=").append(percent_encoded(value));
  };
  add("redirect_uri", question.redirect_uri);
  add("scope", joined(question.scopes));
  if (!question.optional_scopes.empty()) add("optional_scope", joined(question.optional_scopes));
  add("state", question.state);
  if (question.code_challenge) {
    add("code_challenge", *question.code_challenge);
    add("code_challenge_method", "S256");
  }
  return address;
}

std::string code_challenge_of(const Secret& verifier) {
  return to_base64url(crypto::sha256(verifier.reveal()));
}

OauthCall exchange_call(OauthVersion version, ClientIdentity client, const Secret& code,
                        std::string_view redirect_uri, const Secret* code_verifier) {
  SecretForm form;  // in the order of HubSpot's own client (section 11.3)
  form.add("grant_type", "authorization_code");
  form.add("code", code.reveal_text());
  form.add("redirect_uri", redirect_uri);
  form.add("client_id", client.id);
  form.add("client_secret", client.secret.reveal_text());
  if (code_verifier != nullptr) form.add("code_verifier", code_verifier->reveal_text());
  return form_call(version, "/token", form);
}

OauthCall refresh_call(OauthVersion version, ClientIdentity client, const Secret& refresh_token) {
  SecretForm form;
  form.add("grant_type", "refresh_token");
  form.add("client_id", client.id);
  form.add("client_secret", client.secret.reveal_text());
  form.add("refresh_token", refresh_token.reveal_text());
  return form_call(version, "/token", form);
}

OauthCall client_credentials_call(OauthVersion version, ClientIdentity client, std::string_view scopes) {
  SecretForm form;
  form.add("grant_type", "client_credentials");
  form.add("client_id", client.id);
  form.add("client_secret", client.secret.reveal_text());
  form.add("scope", scopes);
  return form_call(version, "/token", form);
}

OauthCall introspect_call(OauthVersion version, ClientIdentity client, const Secret& token, TokenKind kind) {
  return call_about_token(version, "/token/introspect", client, token, kind);
}

OauthCall revoke_call(OauthVersion version, ClientIdentity client, const Secret& token, TokenKind kind) {
  return call_about_token(version, "/token/revoke", client, token, kind);
}

OauthCall static_token_info_call(const Secret& token) {
  invariant(looks_like_token(token.reveal_text()), "a token needs no JSON escapes");
  static constexpr std::string_view before = R"({"tokenKey":")", after = R"("})";
  OauthCall call;
  call.target = "/oauth/v2/private-apps/get/access-token-info";
  call.content_type = "application/json";
  call.body = Secret::of_size(before.size() + token.size() + after.size());
  auto out = std::ranges::copy(bytes_of(before), call.body.writable().begin()).out;
  out = std::ranges::copy(token.reveal(), out).out;
  std::ranges::copy(bytes_of(after), out);
  call.bearer = token.clone();
  return call;
}

OauthCall account_details_call(const Secret& token) {
  OauthCall call;
  call.method = "GET";
  call.target = "/account-info/2026-03/details";
  call.bearer = token.clone();
  return call;
}

OauthCall uninstall_call(const Secret& token) {
  OauthCall call;
  call.method = "DELETE";
  call.target = "/appinstalls/2026-03/external-install";
  call.bearer = token.clone();
  return call;
}

}  // namespace hubward::hubspot
