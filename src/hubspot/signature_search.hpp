// SPDX-License-Identifier: Apache-2.0
// Inside hubspot: looks for the variation of a request that has a given signature
// (hubspot/signature_diagnosis.hpp). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "hubspot/signature_diagnosis.hpp"

namespace hubward::hubspot {

// What has to be changed so that the signature is right; an empty sentence: that part is right as it is.
struct SignatureFound {
  SignatureVersion version = SignatureVersion::V3;
  std::string secret, method, url, body;
  std::string url_text;  // the URL in the text that was signed
};

struct SearchOutcome {
  std::optional<SignatureFound> found;
  bool gave_up = false;  // most_bytes_hashed was reached
};

SearchOutcome search_signature(const Captured& captured, std::span<const std::byte> digest,
                               std::span<const SignatureVersion> versions, const SigningSecrets& secrets,
                               std::span<const OtherSecret> others);

}  // namespace hubward::hubspot
