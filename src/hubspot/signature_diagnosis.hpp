// SPDX-License-Identifier: Apache-2.0
// Why a request's signature is not right, part by part, found by trying what may have happened to it on its
// way (hubspot/signature_variations.hpp): one change, then two at once. For operators with the secret in
// hand, never for the door: it takes a thousand digests where verification takes one, and tells what a
// stranger should not hear. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hubspot/signature_variations.hpp"
#include "hubspot/verification.hpp"

namespace hubward::hubspot {

struct Captured {
  SignedRequest request;  // as it was received, or is thought to have been
  SignatureFields fields;
  HostHints hosts;
};

// A secret that the request may have been signed with by mistake. Not owned.
struct OtherSecret {
  std::string name;  // "client_secret of [apps.billing]"
  const Secret* secret = nullptr;
};

enum class Part : unsigned char { Fields, Version, Clock, Secret, Method, Url, Body };
enum class PartState : unsigned char { Right, Wrong, Unknown, NotSigned };
std::string_view to_text(Part part);        // "url"
std::string_view to_text(PartState state);  // "not_signed"

struct Finding {
  Part part = Part::Fields;
  PartState state = PartState::Unknown;
  std::string what;  // one sentence or none; no secret, nothing of the body
};

struct Diagnosis {
  Verdict verdict;
  std::vector<Finding> findings;  // one for each part, in their order
  std::string hint;               // where to look next, when nothing that was tried fits
};

// Bodies are hashed over and over; what is beyond this many bytes is not tried.
constexpr std::size_t most_bytes_hashed = std::size_t{256} * 1024 * 1024;

Diagnosis diagnose(const Captured& captured, const SigningSecrets& secrets,
                   std::span<const OtherSecret> others, const SignaturePolicy& policy, TimePoint now);

}  // namespace hubward::hubspot
