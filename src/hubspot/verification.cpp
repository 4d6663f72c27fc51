// SPDX-License-Identifier: Apache-2.0
#include "hubspot/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "crypto/compare.hpp"
#include "hubspot/percent.hpp"

namespace hubward::hubspot {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::size_t hex_length = 2 * crypto::digest_size;
constexpr std::size_t timestamp_length = 13;
constexpr std::string_view content_encoding_name = "Content-Encoding";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::unexpected<SignatureRefusal> refused(SignatureTrouble trouble, std::string message) {
  return std::unexpected(SignatureRefusal{trouble, std::move(message)});
}

using Checked = std::expected<void, SignatureRefusal>;

Checked check_fields(const SignatureFields& fields) {
  for (const auto& [field, name] : {std::pair{&fields.v3, signature_field::v3},
                                    {&fields.timestamp, signature_field::timestamp},
                                    {&fields.older, signature_field::older},
                                    {&fields.version, signature_field::version},
                                    {&fields.content_encoding, content_encoding_name}}) {
    if (field->times > 1)
      return refused(
          SignatureTrouble::RepeatedField,
          fmt::format("{} was sent {} times: which of them counts cannot be told", name, field->times));
  }
  if (fields.content_encoding.present() && !same_ignoring_case(fields.content_encoding.value, "identity"))
    return refused(SignatureTrouble::EncodedBody,
                   "the body is compressed (Content-Encoding), and HubSpot sends its bodies as they are");
  return {};
}

Checked check_time(const SignatureFields& fields, const SignaturePolicy& policy, TimePoint now) {
  if (!fields.timestamp.present())
    return refused(SignatureTrouble::NoTimestamp,
                   fmt::format("{} is missing beside {}", signature_field::timestamp, signature_field::v3));
  std::optional<TimePoint> sent = time_of(fields.timestamp.value);
  if (!sent)
    return refused(
        SignatureTrouble::TimestampMalformed,
        fmt::format("{} is not thirteen digits (milliseconds since 1970)", signature_field::timestamp));
  if (now - *sent > policy.oldest)
    return refused(SignatureTrouble::TooOld,
                   fmt::format("it was signed {} s ago by our clock, and {} s are allowed",
                               duration_cast<seconds>(now - *sent).count(),
                               duration_cast<seconds>(policy.oldest).count()));
  if (*sent - now > policy.future)
    return refused(
        SignatureTrouble::TooNew,
        fmt::format("it was signed {} s ahead of our clock, and {} s are allowed; is the clock set?",
                    duration_cast<seconds>(*sent - now).count(),
                    duration_cast<seconds>(policy.future).count()));
  return {};
}

// One spelling of a digest only, so that two texts never stand for one signature.
std::optional<Bytes> digest_in(SignatureVersion version, std::string_view text) {
  if (version == SignatureVersion::V3) {
    std::optional<Bytes> digest = from_base64(text);
    if (!digest || digest->size() != crypto::digest_size) return std::nullopt;
    return digest;
  }
  bool upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'F'; });
  if (text.size() != hex_length || upper) return std::nullopt;
  return from_hex(text);
}

std::expected<Bytes, SignatureRefusal> sent_digest(SignatureVersion version, const SignatureFields& fields) {
  bool third = version == SignatureVersion::V3;
  if (auto digest = digest_in(version, third ? fields.v3.value : fields.older.value))
    return std::move(*digest);
  return refused(SignatureTrouble::SignatureMalformed,
                 third ? fmt::format("{} is not base64 with padding of 32 bytes", signature_field::v3)
                       : fmt::format("{} is not 64 hex digits in lower case", signature_field::older));
}

// The texts that a v3 may have been made over, the likeliest first.
struct UrlForms {
  explicit UrlForms(std::string_view url) {
    if (!url.contains('%')) {
      forms.emplace_back(UrlForm::AsSent, url);
      return;
    }
    add(UrlForm::Decoded, decoded_for_signing(url));
    add(UrlForm::AsSent, std::string(url));
    add(UrlForm::DecodedInAnyCase, decoded_for_signing(with_upper_escapes(url)));
  }
  void add(UrlForm form, std::string text) {
    bool known = std::ranges::any_of(forms, [&](const auto& other) { return other.second == text; });
    if (!known) forms.emplace_back(form, std::move(text));
  }
  std::vector<std::pair<UrlForm, std::string>> forms;
};

std::optional<Genuine> matched(SignatureVersion version, const SignedRequest& request,
                               const SignatureFields& fields, const SigningSecrets& secrets,
                               std::span<const std::byte> digest) {
  std::vector<std::pair<UrlForm, std::string>> forms = {{UrlForm::AsSent, std::string(request.url)}};
  if (version == SignatureVersion::V3) forms = UrlForms(request.url).forms;
  for (auto [secret, which] :
       {std::pair{secrets.current, WhichSecret::Current}, {secrets.previous, WhichSecret::Previous}}) {
    if (secret == nullptr) continue;
    for (const auto& [form, url] : forms) {
      crypto::Digest own =
          signature_digest(version, *secret, {request.method, url, request.body}, fields.timestamp.value);
      if (crypto::equal_in_constant_time(own, digest)) return Genuine{version, which, form};
    }
  }
  return std::nullopt;
}

// SHA-256 with the secret in front can be extended by whoever has seen one signature; what is appended begins
// with bytes that are neither UTF-8 nor JSON (section 3.5). Nor can the end of a URL pass for the begin of a
// body, or a body for what v1 and v2 sign before it, when every body is an object or an array.
Checked check_body(SignatureVersion version, std::string_view body, const SignaturePolicy& policy,
                   TimePoint now) {
  if (!is_utf8(body))
    return refused(SignatureTrouble::BodyNotUtf8, "the signature is right and the body is not UTF-8");
  if (version == SignatureVersion::V3 || body.empty()) return {};
  if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
  const Result<Json> parsed = Json::parse(body);
  if (!parsed || (!parsed->is_array() && !parsed->is_object()))
    return refused(
        SignatureTrouble::BodyNotJson,
        fmt::format("the signature is right and the body is no JSON array or object, which {} needs "
                    "to be safe",
                    to_text(version)));
  for (const Json& event : parsed->items()) {
    std::optional<std::int64_t> occurred = event["occurredAt"].integer();
    if (occurred && to_millis(now) - policy.oldest_event.count() > *occurred)
      return refused(
          SignatureTrouble::EventTooOld,
          fmt::format("the signature is right and an event in it is older than {} h: {} has no "
                      "timestamp, so this may be an old request sent again",
                      duration_cast<std::chrono::hours>(policy.oldest_event).count(), to_text(version)));
  }
  return {};
}

Checked check_acceptance(SignatureVersion version, const SignaturePolicy& policy) {
  if (policy.accepted.has(version)) return {};
  return refused(SignatureTrouble::VersionNotAccepted,
                 fmt::format("it is signed with {} only, and this app's webhook_signatures accepts {}",
                             to_text(version), to_text(policy.accepted)));
}

}  // namespace

void SignatureFields::add(std::string_view name, std::string_view value) {
  for (auto [known, field] : {std::pair{signature_field::v3, &v3},
                              {signature_field::timestamp, &timestamp},
                              {signature_field::older, &older},
                              {signature_field::version, &version},
                              {content_encoding_name, &content_encoding}}) {
    if (!same_ignoring_case(name, known)) continue;
    if (!field->present()) field->value = value;
    ++field->times;
  }
}

std::string to_text(AcceptedVersions versions) {
  std::string text;
  for (SignatureVersion one : {SignatureVersion::V1, SignatureVersion::V2, SignatureVersion::V3})
    if (versions.has(one)) text += fmt::format("{}{}", text.empty() ? "" : ", ", to_text(one));
  return text.empty() ? "none" : text;
}

std::string_view to_text(SignatureTrouble trouble) {
  constexpr std::array<std::string_view, 15> words{
      "no_secret",     "repeated_field",      "encoded_body",
      "no_signature",  "version_unknown",     "version_not_accepted",
      "no_timestamp",  "timestamp_malformed", "too_old",
      "too_new",       "signature_malformed", "mismatch",
      "body_not_utf8", "body_not_json",       "event_too_old"};
  return words.at(static_cast<std::size_t>(trouble));
}

std::expected<SignatureVersion, SignatureRefusal> chosen_version(const SignatureFields& fields) {
  bool third = fields.v3.present();
  if (third ? fields.v3.value.empty() : fields.older.value.empty())
    return refused(SignatureTrouble::NoSignature,
                   third ? fmt::format("{} is empty", signature_field::v3)
                         : "it carries no signature: HubSpot signs webhooks, so this is somebody else, or a "
                           "workflow whose action has no app to sign for it");
  if (third) return SignatureVersion::V3;
  if (fields.version.value == "v1") return SignatureVersion::V1;
  if (fields.version.value == "v2") return SignatureVersion::V2;
  return refused(SignatureTrouble::VersionUnknown,
                 fmt::format("{} says neither v1 nor v2", signature_field::version));
}

std::optional<TimePoint> time_of(std::string_view timestamp) {
  std::optional<std::uint64_t> millis = to_number(timestamp);
  if (timestamp.size() != timestamp_length || !millis) return std::nullopt;
  return from_millis(static_cast<std::int64_t>(*millis));
}

std::string with_upper_escapes(std::string_view url) {
  auto is_hex = [](char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); };
  std::string text(url);
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] != '%' || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) continue;
    text[i + 1] = to_upper(text[i + 1]);
    text[i + 2] = to_upper(text[i + 2]);
  }
  return text;
}

std::expected<SignatureVersion, SignatureRefusal> verify_head(const SignatureFields& fields,
                                                              const SigningSecrets& secrets,
                                                              const SignaturePolicy& policy, TimePoint now) {
  if (secrets.current == nullptr && secrets.previous == nullptr)
    return refused(SignatureTrouble::NoSecret, "this app has no client_secret to check signatures with");
  if (Checked good = check_fields(fields); !good) return std::unexpected(good.error());
  auto version = chosen_version(fields);
  if (!version) return std::unexpected(version.error());
  if (Checked good = check_acceptance(*version, policy); !good) return std::unexpected(good.error());
  if (*version == SignatureVersion::V3)
    if (Checked good = check_time(fields, policy, now); !good) return std::unexpected(good.error());
  if (auto digest = sent_digest(*version, fields); !digest) return std::unexpected(digest.error());
  return *version;
}

Verdict verify(const SignedRequest& request, const SignatureFields& fields, const SigningSecrets& secrets,
               const SignaturePolicy& policy, TimePoint now) {
  auto version = verify_head(fields, secrets, policy, now);
  if (!version) return std::unexpected(version.error());
  auto digest = sent_digest(*version, fields);
  if (!digest) return std::unexpected(digest.error());
  std::optional<Genuine> genuine = matched(*version, request, fields, secrets, *digest);
  if (!genuine)
    return refused(SignatureTrouble::Mismatch,
                   "the signature is not that of this request under the app's secrets: another secret, or "
                   "method, URL or body are not what was signed");
  if (Checked good = check_body(*version, request.body, policy, now); !good)
    return std::unexpected(good.error());
  return *genuine;
}

}  // namespace hubward::hubspot
