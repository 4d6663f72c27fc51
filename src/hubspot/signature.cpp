// SPDX-License-Identifier: Apache-2.0
#include "hubspot/signature.hpp"

#include <array>
#include <utility>

#include "core/encoding.hpp"

namespace hubward::hubspot {
namespace {

constexpr std::size_t escape_length = 3;
constexpr std::array<std::pair<std::string_view, char>, 12> decoded_escapes{{{"%3A", ':'},
                                                                             {"%2F", '/'},
                                                                             {"%3F", '?'},
                                                                             {"%40", '@'},
                                                                             {"%21", '!'},
                                                                             {"%24", '$'},
                                                                             {"%27", '\''},
                                                                             {"%28", '('},
                                                                             {"%29", ')'},
                                                                             {"%2A", '*'},
                                                                             {"%2C", ','},
                                                                             {"%3B", ';'}}};

}  // namespace

std::string_view to_text(SignatureVersion version) {
  switch (version) {
    case SignatureVersion::V1: return "v1";
    case SignatureVersion::V2: return "v2";
    case SignatureVersion::V3: return "v3";
  }
  return "";
}

std::string decoded_for_signing(std::string_view url) {
  std::string text;
  text.reserve(url.size());
  while (!url.empty()) {
    std::size_t escape = url.find('%');
    text.append(url.substr(0, escape));
    if (escape == std::string_view::npos) break;
    url.remove_prefix(escape);
    const auto* found = decoded_escapes.begin();
    while (found != decoded_escapes.end() && !url.starts_with(found->first)) ++found;
    bool decodes = found != decoded_escapes.end();
    text.push_back(decodes ? found->second : '%');
    url.remove_prefix(decodes ? escape_length : 1);
  }
  return text;
}

crypto::Digest signature_digest(SignatureVersion version, const Secret& secret, const SignedRequest& request,
                                std::string_view timestamp) {
  auto method = bytes_of(request.method), url = bytes_of(request.url), body = bytes_of(request.body);
  switch (version) {
    case SignatureVersion::V1: return crypto::sha256({secret.reveal(), body});
    case SignatureVersion::V2: return crypto::sha256({secret.reveal(), method, url, body});
    case SignatureVersion::V3: break;
  }
  return crypto::hmac_sha256(secret.reveal(), {method, url, body, bytes_of(timestamp)});
}

std::string signature_of(SignatureVersion version, const Secret& secret, const SignedRequest& request,
                         std::string_view timestamp) {
  if (version != SignatureVersion::V3) return to_hex(signature_digest(version, secret, request, timestamp));
  std::string url = decoded_for_signing(request.url);
  return to_base64(signature_digest(version, secret, {request.method, url, request.body}, timestamp));
}

}  // namespace hubward::hubspot
