// SPDX-License-Identifier: Apache-2.0
// Whether a request that says it comes from HubSpot does (hubspot.md section 3), under the strict policy that
// docs/webhooks.md explains. Pure: bytes, secrets, a policy and the time in, a verdict out. Any thread.
//
// A refusal's words are for operators: they hold no secret and nothing of the body, and whoever sent the
// request gets the same short answer whatever they say. What is cheap is checked first, digests are compared
// in constant time, and a body is only read once its signature is right.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "hubspot/signature.hpp"

namespace hubward::hubspot {

// The fields that bear on a signature, picked out of a request's head. Views.
class SignatureFields {
 public:
  struct Field {
    std::string_view value;
    unsigned times = 0;  // how often it was sent
    bool present() const { return times > 0; }
  };
  // Every field of the head, in any order; what does not matter is passed over.
  void add(std::string_view name, std::string_view value);

  Field v3, timestamp, older, version, content_encoding;
};

struct AcceptedVersions {
  bool v1 = false, v2 = false, v3 = false;
  bool has(SignatureVersion version) const {
    return version == SignatureVersion::V1 ? v1 : version == SignatureVersion::V2 ? v2 : v3;
  }
  bool operator==(const AcceptedVersions&) const = default;
};
std::string to_text(AcceptedVersions versions);  // "v1, v3"; "none"

// What each kind of app is sent (section 3.3). Webhooks of an OAuth app have carried v3 beside v1 since 2021,
// those of a private app may carry v1 alone; workflow actions of either may carry v2 alone.
constexpr AcceptedVersions for_oauth_apps{.v1 = false, .v2 = true, .v3 = true};
constexpr AcceptedVersions for_private_apps{.v1 = true, .v2 = true, .v3 = true};

struct SignaturePolicy {
  AcceptedVersions accepted;
  std::chrono::milliseconds oldest{std::chrono::minutes(5)};  // of a v3; HubSpot's own figure
  std::chrono::milliseconds future{std::chrono::minutes(1)};  // how far our clock may be behind HubSpot's
  // v1 and v2 have no timestamp; the events within must not be older than this. HubSpot tries for a day.
  std::chrono::milliseconds oldest_event{std::chrono::days(7)};
};

// Around a change of the secret at HubSpot there are two. Not owned; null: there is none.
struct SigningSecrets {
  const Secret* current = nullptr;
  const Secret* previous = nullptr;
};

enum class WhichSecret : unsigned char { Current, Previous };
// How the URL stood in the text that was signed with v3; the reference leaves some cases open (3.2, 13).
enum class UrlForm : unsigned char { Decoded, AsSent, DecodedInAnyCase };

struct Genuine {
  SignatureVersion version = SignatureVersion::V3;
  WhichSecret secret = WhichSecret::Current;
  UrlForm url = UrlForm::AsSent;
  bool operator==(const Genuine&) const = default;
};

enum class SignatureTrouble : unsigned char {
  NoSecret,
  RepeatedField,
  EncodedBody,
  NoSignature,
  VersionUnknown,
  VersionNotAccepted,
  NoTimestamp,
  TimestampMalformed,
  TooOld,
  TooNew,
  SignatureMalformed,
  Mismatch,
  BodyNotUtf8,
  BodyNotJson,
  EventTooOld,
};
// For metrics and programs: "no_signature".
std::string_view to_text(SignatureTrouble trouble);

struct SignatureRefusal {
  SignatureTrouble trouble = SignatureTrouble::NoSignature;
  std::string message;  // one sentence for an operator
};

using Verdict = std::expected<Genuine, SignatureRefusal>;

// `request` as received, its URL as HubSpot sees it: the configured public address and the raw target, never
// what Host or a forwarding field says.
Verdict verify(const SignedRequest& request, const SignatureFields& fields, const SigningSecrets& secrets,
               const SignaturePolicy& policy, TimePoint now);

// What verify() asks of the head alone, so that a body need not be waited for that could not become genuine.
std::expected<SignatureVersion, SignatureRefusal> verify_head(const SignatureFields& fields,
                                                              const SigningSecrets& secrets,
                                                              const SignaturePolicy& policy, TimePoint now);

// The version that the fields choose: v3 wherever its field is there at all, so that a wrong v3 is never
// rescued by an older signature beside it.
std::expected<SignatureVersion, SignatureRefusal> chosen_version(const SignatureFields& fields);

// The time in a v3's timestamp field: thirteen digits.
std::optional<TimePoint> time_of(std::string_view timestamp);

// The URL once all its escapes are in upper case.
std::string with_upper_escapes(std::string_view url);

}  // namespace hubward::hubspot
