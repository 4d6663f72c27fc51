// SPDX-License-Identifier: Apache-2.0
// What Hubward thinks of signed requests, for tests in other languages: a line of JSON in, a line out, until
// the end of standard input.
//
//   {"now":MS,"secret":S,"previous":S,"accepted":["v1",…],"method":M,"url":U,"body":BASE64,"fields":[[N,V],…]}
//     -> "genuine v3 current", or the word of the refusal: "too_old"
//   {"sign":"v3","timestamp":T,"secret":S,"method":M,"url":U,"body":BASE64}
//     -> the signature, as the sandbox would send it
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "hubspot/verification.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

bool lists(const Json& versions, SignatureVersion version) {
  return std::ranges::any_of(versions.items(),
                             [&](const Json& one) { return one.text() == to_text(version); });
}

SignatureVersion version_of(std::string_view word) {
  if (word == "v1") return SignatureVersion::V1;
  return word == "v2" ? SignatureVersion::V2 : SignatureVersion::V3;
}

std::string answer(const Json& asked) {
  std::string method = asked["method"].text_or(""), url = asked["url"].text_or("");
  Bytes body = from_base64(asked["body"].text_or("")).value();
  Secret secret(asked["secret"].text_or("")), previous(asked["previous"].text_or(""));
  SignedRequest request{method, url, text_of(body)};
  if (asked.has("sign"))
    return signature_of(version_of(asked["sign"].text_or("")), secret, request,
                        asked["timestamp"].text_or(""));

  SignatureFields fields;
  for (const Json& field : asked["fields"].items())
    fields.add(field.items().at(0).text().value(), field.items().at(1).text().value());
  const Json& accepted = asked["accepted"];
  SignaturePolicy policy{.accepted = {.v1 = lists(accepted, SignatureVersion::V1),
                                      .v2 = lists(accepted, SignatureVersion::V2),
                                      .v3 = lists(accepted, SignatureVersion::V3)}};
  Verdict verdict =
      verify(request, fields, {.current = &secret, .previous = asked.has("previous") ? &previous : nullptr},
             policy, from_millis(asked["now"].integer().value()));
  if (!verdict) return std::string(to_text(verdict.error().trouble));
  return "genuine " + std::string(to_text(verdict->version)) +
         (verdict->secret == WhichSecret::Current ? " current" : " previous");
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Result<Json> asked = Json::parse(line);
    if (!asked) {
      std::fprintf(stderr, "judge: %s\n", asked.error().message.c_str());
      return 1;
    }
    std::puts(answer(*asked).c_str());
  }
  return 0;
}
