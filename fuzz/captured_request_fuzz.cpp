// SPDX-License-Identifier: Apache-2.0
// A request that somebody wrote down, and the search for what is wrong with it: the body is a piece of what
// was written, what is genuine has nothing wrong with it, and what is not has a part or a hint that says so.
//
// aims at: src/cli/captured_request.cpp
// aims at: src/hubspot/signature_variations.cpp
// aims at: src/hubspot/signature_diagnosis.cpp
// aims at: src/hubspot/signature_search.cpp
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/captured_request.hpp"
#include "core/invariant.hpp"
#include "hubspot/signature_diagnosis.hpp"

using namespace hubward;
using namespace hubward::hubspot;

namespace {

void check_variations(const std::vector<Variation>& variations, std::string_view given) {
  for (const Variation& one : variations) {
    invariant(one.text != given && !one.what.empty(), "a variation is one, and says of what");
    invariant(std::ranges::count(variations, one.text, &Variation::text) == 1, "no variation is tried twice");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;  // each takes a thousand digests
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto read = cli::read_captured(text);
  if (!read) {
    invariant(read.error().code == "CAPTURE_INVALID", "what is no request is called that");
    return 0;
  }
  if (read->field("Transfer-Encoding").empty())
    invariant(text.contains(read->body), "a body is a piece of what came");
  std::string url = "https://gw.example.com" + read->target;
  Captured captured{
      {read->method, url, read->body}, {}, {read->field("Host"), read->field("X-Forwarded-Host")}};
  for (const auto& [name, value] : read->fields) captured.fields.add(name, value);
  check_variations(other_methods(read->method), read->method);
  check_variations(other_urls(url, captured.hosts), url);
  check_variations(other_bodies(read->body), read->body);

  const Secret current(std::string_view("current-secret")), previous(std::string_view(" previous-secret\n")),
      other(std::string_view("other-secret"));
  const OtherSecret others[] = {{"another", &other}};
  const SignaturePolicy policy{.accepted = {.v1 = true, .v2 = true, .v3 = true}};
  Diagnosis diagnosis =
      diagnose(captured, {&current, &previous}, others, policy, from_millis(1'790'000'000'000));
  bool wrong = std::ranges::any_of(diagnosis.findings,
                                   [](const Finding& finding) { return finding.state == PartState::Wrong; });
  if (diagnosis.verdict) {
    invariant(!wrong && diagnosis.hint.empty(), "nothing is wrong with what is genuine");
  } else {
    invariant(wrong || !diagnosis.hint.empty(), "a refusal is explained");
  }
  return 0;
}
