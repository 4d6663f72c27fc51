// SPDX-License-Identifier: Apache-2.0
// How HubSpot signs the requests that it sends (hubspot.md section 3): the text that is signed, byte for
// byte, and the digest over it. Whoever checks a signature (hubspot/verification.hpp) and whoever makes one
// (the sandbox) uses these. Pure; any thread.
//
//   v1  SHA-256(secret body)                         hex, lower case
//   v2  SHA-256(secret METHOD url body)              hex, lower case
//   v3  HMAC-SHA256(secret, METHOD url body stamp)   base64 with padding; a dozen escapes in `url` are
//   decoded
//
// Nothing stands between the pieces.
#pragma once

#include <string>
#include <string_view>

#include "core/secret.hpp"
#include "crypto/digest.hpp"

namespace hubward::hubspot {

enum class SignatureVersion : unsigned char { V1, V2, V3 };
std::string_view to_text(SignatureVersion version);  // "v1"

// Names of the header fields.
namespace signature_field {
constexpr std::string_view v3 = "X-HubSpot-Signature-v3";
constexpr std::string_view timestamp = "X-HubSpot-Request-Timestamp";
constexpr std::string_view older = "X-HubSpot-Signature";            // v1 and v2
constexpr std::string_view version = "X-HubSpot-Signature-Version";  // which of the two
}  // namespace signature_field

// What is signed of a request. Views; they live no longer than what they point at.
struct SignedRequest {
  std::string_view method;
  // As HubSpot called it: scheme, host, the port where one is written, path and query in their order.
  std::string_view url;
  std::string_view body;  // every byte as it came
};

// `url` as it stands in the text that v3 signs: %3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B are decoded,
// once, in upper case only; every other escape stays (section 3.2).
std::string decoded_for_signing(std::string_view url);

// Over the request exactly as given: for v3 the caller has decoded the URL. `timestamp` is for v3 only, the
// field's text as it stands there.
crypto::Digest signature_digest(SignatureVersion version, const Secret& secret, const SignedRequest& request,
                                std::string_view timestamp);

// The field's value for a request that is about to be sent.
std::string signature_of(SignatureVersion version, const Secret& secret, const SignedRequest& request,
                         std::string_view timestamp);

}  // namespace hubward::hubspot
