// SPDX-License-Identifier: Apache-2.0
// How a request may have been changed between HubSpot and whoever checked its signature: each variation is
// what HubSpot may have signed, if that happened. For explaining a mismatch
// (hubspot/signature_diagnosis.hpp); nothing that decides whether a request is let in uses these. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hubward::hubspot {

// Longer bodies are not written anew, only compared as they are and with other line ends.
constexpr std::size_t longest_rewritten_body = 1024 * 1024;

struct Variation {
  std::string text;
  std::string what;  // the sentence that it proves, when the signature is that of this text
};

// Other hosts under which the request may have been sent, from its own fields; empty: unknown.
struct HostHints {
  std::string_view host;            // Host
  std::string_view forwarded_host;  // X-Forwarded-Host
};

// Of methods, URLs and bodies other than the given one; none twice, none equal to it.
std::vector<Variation> other_methods(std::string_view method);
std::vector<Variation> other_urls(std::string_view url, const HostHints& hints);
std::vector<Variation> other_bodies(std::string_view body);

// Signs that a body was taken apart and written again in a way that cannot be undone; empty: none.
std::string traces_of_rewriting(std::string_view body);

}  // namespace hubward::hubspot
