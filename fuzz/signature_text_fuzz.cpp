// SPDX-License-Identifier: Apache-2.0
// The text that HubSpot signs: a dozen escapes of the URL are decoded as a plain reader decodes them, and
// what is signed for a request is that request's signature and no other's.
//
// aims at: src/hubspot/signature.cpp
#include <cstdint>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "hubspot/percent.hpp"
#include "hubspot/verification.hpp"
#include "input.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

constexpr std::string_view escapes = "%3A:%2F/%3F?%40@%21!%24$%27'%28(%29)%2A*%2C,%3B;";

// Position by position: what stands here is an escape of the table, or it is itself.
std::string plainly_decoded(std::string_view url) {
  std::string text;
  for (std::size_t i = 0; i < url.size(); ++i) {
    bool decodes = false;
    for (std::size_t row = 0; row < escapes.size() && !decodes; row += 4)
      if (url.substr(i, 3) == escapes.substr(row, 3)) {
        text += escapes[row + 3];
        decodes = true;
      }
    if (decodes) {
      i += 2;
    } else {
      text += url[i];
    }
  }
  return text;
}

SignatureFields fields_of(SignatureVersion version, std::string_view signature, std::string_view stamp) {
  SignatureFields fields;
  bool third = version == SignatureVersion::V3;
  fields.add(third ? signature_field::v3 : signature_field::older, signature);
  fields.add(third ? signature_field::timestamp : signature_field::version, third ? stamp : to_text(version));
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::string_view method = input.line(), url = input.line(), body = input.rest();
  invariant(decoded_for_signing(url) == plainly_decoded(url), "escapes are decoded by the book");

  constexpr std::string_view stamp = "1790000000000";
  const TimePoint now = from_millis(1'790'000'000'000);
  const Secret secret(std::string_view("secret"));
  const SignaturePolicy policy{.accepted = {.v1 = true, .v2 = true, .v3 = true}};
  for (SignatureVersion version : {SignatureVersion::V1, SignatureVersion::V2, SignatureVersion::V3}) {
    std::string signature = signature_of(version, secret, {method, url, body}, stamp);
    SignatureFields fields = fields_of(version, signature, stamp);
    Verdict verdict = verify({method, url, body}, fields, {&secret, nullptr}, policy, now);
    bool third = version == SignatureVersion::V3;
    if (third) invariant(verdict.has_value() == is_utf8(body), "what is signed is genuine");
    if (!verdict)
      invariant(verdict.error().trouble != SignatureTrouble::Mismatch, "a signature is its request's");
    std::string other = std::string(body) + "x";
    verdict = verify({method, url, other}, fields, {&secret, nullptr}, policy, now);
    invariant(!verdict && verdict.error().trouble == SignatureTrouble::Mismatch, "and no other's");
  }
  return 0;
}
