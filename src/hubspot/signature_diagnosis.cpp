// SPDX-License-Identifier: Apache-2.0
#include "hubspot/signature_diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "hubspot/signature_search.hpp"

namespace hubward::hubspot {
namespace {

using enum SignatureVersion;

struct LooseDigest {
  Bytes bytes;
  bool strict = true;
};

// A digest in whatever alphabet it was written.
std::optional<LooseDigest> loosely_read(SignatureVersion version, std::string_view text) {
  std::string other(trimmed(text));
  bool hex = other.size() == 2 * crypto::digest_size;
  if (hex) {
    auto bytes = from_hex(other);
    if (!bytes) return std::nullopt;
    return LooseDigest{std::move(*bytes), version != V3 && lower(text) == text};
  }
  std::ranges::replace(other, '-', '+');
  std::ranges::replace(other, '_', '/');
  while (other.size() % 4 != 0) other += '=';
  auto bytes = from_base64(other);
  if (!bytes || bytes->size() != crypto::digest_size) return std::nullopt;
  return LooseDigest{std::move(*bytes), version == V3 && other == text};
}

class Diagnostician {
 public:
  Diagnostician(const Captured& captured, const SigningSecrets& secrets, std::span<const OtherSecret> others,
                const SignaturePolicy& policy, TimePoint now)
      : captured_(captured), secrets_(secrets), others_(others), policy_(policy), now_(now) {
    diagnosis_.verdict = verify(captured.request, captured.fields, secrets, policy, now);
    for (Part part :
         {Part::Fields, Part::Version, Part::Clock, Part::Secret, Part::Method, Part::Url, Part::Body})
      diagnosis_.findings.push_back({part, PartState::Unknown, ""});
  }

  Diagnosis all() {
    auto version = chosen_version(captured_.fields);
    look_at_fields();
    if (refused_for({SignatureTrouble::NoSecret})) find(Part::Secret, PartState::Wrong, message());
    if (!version) return std::move(diagnosis_);
    look_at_version(*version);
    look_at_clock(*version);
    look_at_signature(*version);
    return std::move(diagnosis_);
  }

 private:
  void find(Part part, PartState state, std::string what = "") {
    diagnosis_.findings[static_cast<std::size_t>(part)] = {part, state, std::move(what)};
  }
  bool refused_for(std::initializer_list<SignatureTrouble> troubles) const {
    return !diagnosis_.verdict &&
           std::ranges::find(troubles, diagnosis_.verdict.error().trouble) != troubles.end();
  }
  const std::string& message() const { return diagnosis_.verdict.error().message; }

  void look_at_fields() {
    using enum SignatureTrouble;
    if (refused_for({RepeatedField, EncodedBody, NoSignature, VersionUnknown, NoTimestamp, TimestampMalformed,
                     SignatureMalformed}))
      return find(Part::Fields, PartState::Wrong, message());
    find(Part::Fields, PartState::Right);
  }

  void look_at_version(SignatureVersion version) {
    bool accepted = policy_.accepted.has(version);
    find(Part::Version, accepted ? PartState::Right : PartState::Wrong,
         accepted ? std::string(to_text(version))
                  : fmt::format("it is signed with {} only, and this app's webhook_signatures accepts {}",
                                to_text(version), to_text(policy_.accepted)));
  }

  void look_at_clock(SignatureVersion version) {
    if (version != V3) {
      if (refused_for({SignatureTrouble::EventTooOld})) return find(Part::Clock, PartState::Wrong, message());
      return find(Part::Clock, PartState::NotSigned, fmt::format("{} has no timestamp", to_text(version)));
    }
    std::optional<TimePoint> sent = time_of(captured_.fields.timestamp.value);
    if (!sent) return find(Part::Clock, PartState::Unknown);
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_ - *sent).count();
    bool good = now_ - *sent <= policy_.oldest && *sent - now_ <= policy_.future;
    find(Part::Clock, good ? PartState::Right : PartState::Wrong,
         fmt::format("signed at {}, {} s {} the moment it is checked for, {}", to_iso8601(*sent),
                     std::abs(seconds), seconds < 0 ? "after" : "before", to_iso8601(now_)));
  }

  void look_at_signature(SignatureVersion version) {
    const SignatureFields& fields = captured_.fields;
    auto digest = loosely_read(version, version == V3 ? fields.v3.value : fields.older.value);
    if (!digest || (version == V3 && !fields.timestamp.present())) return;
    if (refused_for({SignatureTrouble::NoSecret})) return;
    std::array<SignatureVersion, 2> older{version, version == V1 ? V2 : V1};
    std::span<const SignatureVersion> versions(older.data(), version == V3 ? 1 : 2);
    SearchOutcome outcome = search_signature(captured_, digest->bytes, versions, secrets_, others_);
    if (outcome.found) return tell(version, *outcome.found, *digest);
    diagnosis_.hint = traces_of_rewriting(captured_.request.body);
    if (version == V3 && tell_by_older_signature()) return;
    if (diagnosis_.hint.empty())
      diagnosis_.hint =
          outcome.gave_up
              ? "the body is too long for everything to be tried"
              : "nothing that was tried fits: it may have been signed with a secret that is not known "
                "here, or for an address or a body that has changed in more than two ways";
  }

  void tell(SignatureVersion version, const SignatureFound& found, const LooseDigest& digest) {
    auto part = [&](Part which, const std::string& what) {
      find(which, what.empty() ? PartState::Right : PartState::Wrong, what);
    };
    if (found.version != version)
      find(Part::Version, PartState::Wrong,
           fmt::format("{} says {}, and the signature is a {}", signature_field::version, to_text(version),
                       to_text(found.version)));
    if (!digest.strict)
      find(Part::Fields, PartState::Wrong,
           "the signature is right and was written in another alphabet on its way");
    part(Part::Secret, found.secret);
    part(Part::Method, found.method);
    part(Part::Url, found.url.empty() ? "" : fmt::format("{}: {}", found.url, found.url_text));
    part(Part::Body, found.body);
    if (found.version == V1)
      for (Part unsigned_part : {Part::Method, Part::Url})
        find(unsigned_part, PartState::NotSigned, "v1 does not sign it");
    using enum SignatureTrouble;
    if (refused_for({BodyNotUtf8, BodyNotJson})) find(Part::Body, PartState::Wrong, message());
  }

  // HubSpot sends v1 beside v3 to some apps: when that is right, so are the parts that it signs.
  bool tell_by_older_signature() {
    const SignatureFields& fields = captured_.fields;
    SignatureVersion version = fields.version.value == "v2" ? V2 : V1;
    SignatureFields alone;
    alone.older = fields.older;
    alone.version = fields.version;
    SignaturePolicy any{.accepted = {.v1 = true, .v2 = true, .v3 = true}};
    Verdict older = verify(captured_.request, alone, secrets_, any, now_);
    if (!older && older.error().trouble != SignatureTrouble::EventTooOld) return false;
    find(Part::Secret, PartState::Right);
    find(Part::Body, PartState::Right);
    if (version == V2) {
      find(Part::Method, PartState::Right);
      find(Part::Url, PartState::Right);
    }
    diagnosis_.hint = fmt::format(
        "the {} beside it is right, so secret and body are; {} changed on the way", to_text(version),
        version == V2 ? "the timestamp or the v3 itself" : "method, URL, timestamp or the v3 itself");
    return true;
  }

  const Captured& captured_;
  const SigningSecrets& secrets_;
  std::span<const OtherSecret> others_;
  const SignaturePolicy& policy_;
  TimePoint now_;
  Diagnosis diagnosis_{.verdict = {}, .findings = {}, .hint = {}};
};

}  // namespace

std::string_view to_text(Part part) {
  constexpr std::array<std::string_view, 7> words{"fields", "version", "clock", "secret",
                                                  "method", "url",     "body"};
  return words.at(static_cast<std::size_t>(part));
}

std::string_view to_text(PartState state) {
  constexpr std::array<std::string_view, 4> words{"right", "wrong", "unknown", "not_signed"};
  return words.at(static_cast<std::size_t>(state));
}

Diagnosis diagnose(const Captured& captured, const SigningSecrets& secrets,
                   std::span<const OtherSecret> others, const SignaturePolicy& policy, TimePoint now) {
  return Diagnostician(captured, secrets, others, policy, now).all();
}

}  // namespace hubward::hubspot
