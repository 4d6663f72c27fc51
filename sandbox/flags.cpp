// SPDX-License-Identifier: Apache-2.0
#include "sandbox/flags.hpp"

#include <fmt/core.h>

#include "core/ascii.hpp"

namespace hubward::sandbox {
namespace {

std::unexpected<Error> misuse(std::string message) {
  return invalid("USAGE", std::move(message) + "; see hubspot-sandbox --help");
}

Result<http::Endpoint> endpoint(std::string_view flag, std::string_view text) {
  std::size_t colon = text.rfind(':');
  auto port = colon == std::string_view::npos ? std::nullopt : to_number(text.substr(colon + 1));
  if (!port || *port > 65'535)
    return misuse(fmt::format("{} takes ADDRESS:PORT, like 127.0.0.1:6443, not {}", flag, text));
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return http::Endpoint{std::string(address), static_cast<std::uint16_t>(*port), {}};
}

bool is_loopback(const http::Endpoint& at) {
  return at.address == "::1" || at.address == "localhost" || at.address.starts_with("127.");
}

Result<Flags> checked(Flags flags, bool plain, bool tls_given) {
  if (flags.help) return flags;
  if (plain == tls_given) return misuse("give either --tls-cert with --tls-key, or --plain");
  if (flags.tls && (flags.tls->certificate_file.empty() || flags.tls->key_file.empty()))
    return misuse("--tls-cert and --tls-key belong together");
  if (plain && !is_loopback(flags.listen))
    return misuse(fmt::format("--plain is for loopback addresses only, not {}", flags.listen.address));
  if (!is_loopback(flags.control))
    return misuse(fmt::format("--control is for loopback addresses only, not {}", flags.control.address));
  return flags;
}

}  // namespace

const char* const usage_text = R"(hubspot-sandbox: HubSpot offline, with faults on demand (docs/sandbox.md)

  --listen ADDRESS:PORT    where the simulated HubSpot answers (127.0.0.1:6443; port 0: any free one)
  --control ADDRESS:PORT   where tests control it, loopback only (127.0.0.1:6444)
  --tls-cert FILE          PEM certificate chain, and
  --tls-key FILE           its key
  --plain                  plain HTTP instead, loopback only
  --public-base URL        beginning of the links in answers (the address listened on)
  --webhook-ca FILE        authority, PEM, that webhooks' targets may have their certificate from
  --state FILE             begin with this state, as GET /state of the control port dumped it

Prints one line of JSON when it is ready: its addresses, accounts and apps. Ends by SIGTERM or Ctrl-C.

Example: hubspot-sandbox --plain --listen 127.0.0.1:0 --control 127.0.0.1:0
)";

Result<Flags> parse_flags(std::span<const char* const> words) {
  Flags flags;
  bool plain = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view flag = words[i];
    if (flag == "--help" || flag == "-h") {
      flags.help = true;
      continue;
    }
    if (flag == "--plain") {
      plain = true;
      continue;
    }
    if (i + 1 == words.size()) return misuse(fmt::format("{} is no flag, or its value is missing", flag));
    std::string_view value = words[++i];
    if (flag == "--listen" || flag == "--control") {
      Result<http::Endpoint> at = endpoint(flag, value);
      if (!at) return std::unexpected(at.error());
      (flag == "--listen" ? flags.listen : flags.control) = *at;
    } else if (flag == "--tls-cert" || flag == "--tls-key") {
      if (!flags.tls) flags.tls.emplace();
      (flag == "--tls-cert" ? flags.tls->certificate_file : flags.tls->key_file) = value;
    } else if (flag == "--public-base") {
      flags.public_base = value;
    } else if (flag == "--webhook-ca") {
      flags.webhook_ca = value;
    } else if (flag == "--state") {
      flags.state_file = value;
    } else {
      return misuse(fmt::format("there is no flag {}", flag));
    }
  }
  bool tls_given = flags.tls.has_value();
  return checked(std::move(flags), plain, tls_given);
}

}  // namespace hubward::sandbox
