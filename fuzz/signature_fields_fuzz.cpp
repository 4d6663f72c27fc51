// SPDX-License-Identifier: Apache-2.0
// The fields that carry a signature: whatever they say, a request is genuine only with a digest that was made
// with one of the secrets, in the one spelling there is, in time, for an accepted version; and no refusal
// holds a secret or repeats what came.
//
// aims at: src/hubspot/verification.cpp
#include <cstdint>
#include <string>
#include <string_view>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "hubspot/percent.hpp"
#include "hubspot/verification.hpp"
#include "input.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

constexpr std::string_view secret_text = "current-secret", previous_text = "previous-secret";
const TimePoint now = from_millis(1'790'000'000'000);

void check_genuine(const Genuine& genuine, const SignedRequest& request, const SignatureFields& fields,
                   const SignaturePolicy& policy) {
  bool third = genuine.version == SignatureVersion::V3;
  invariant(policy.accepted.has(genuine.version), "only an accepted version is genuine");
  invariant(fields.v3.present() == third, "a v3 is never passed over");
  invariant(is_utf8(request.body), "only text is genuine");
  const Secret secret(genuine.secret == WhichSecret::Current ? secret_text : previous_text);
  std::string url(request.url);
  if (genuine.url == UrlForm::Decoded) url = decoded_for_signing(url);
  if (genuine.url == UrlForm::DecodedInAnyCase) url = decoded_for_signing(with_upper_escapes(url));
  auto digest =
      signature_digest(genuine.version, secret, {request.method, url, request.body}, fields.timestamp.value);
  invariant((third ? fields.v3.value == to_base64(digest) : fields.older.value == to_hex(digest)),
            "the signature is the one spelling of the digest");
  if (!third) return;
  auto sent = to_number(fields.timestamp.value);
  invariant(sent && fields.timestamp.value.size() == 13, "a timestamp has thirteen digits");
  auto age = to_millis(now) - static_cast<std::int64_t>(*sent);
  invariant(age <= 300'000 && age >= -60'000, "a timestamp is in time");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  unsigned flags = input.byte();
  SignaturePolicy policy{
      .accepted = {.v1 = (flags & 1) != 0, .v2 = (flags & 2) != 0, .v3 = (flags & 4) != 0}};
  const Secret current(secret_text), previous(previous_text);
  SigningSecrets secrets{(flags & 16) != 0 ? nullptr : &current, (flags & 8) != 0 ? &previous : nullptr};
  std::string_view method = input.line(), url = input.line(), body = input.line();
  SignedRequest request{method, url, body};
  SignatureFields fields;
  while (!input.empty()) {
    std::string_view name = input.line();
    fields.add(name, input.line());
  }
  Verdict verdict = verify(request, fields, secrets, policy, now);
  if (verdict) {
    check_genuine(*verdict, request, fields, policy);
    return 0;
  }
  const std::string& message = verdict.error().message;
  invariant(!message.empty() && !to_text(verdict.error().trouble).empty(), "a refusal says why");
  for (std::string_view never : {secret_text, previous_text, fields.v3.value, fields.older.value})
    if (never.size() > 12)
      invariant(!message.contains(never), "a refusal holds no secret and repeats nothing");
  return 0;
}
