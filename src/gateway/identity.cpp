// SPDX-License-Identifier: Apache-2.0
#include "gateway/identity.hpp"

#include <fmt/core.h>

namespace hubward::gateway {
namespace {

Identity refused(std::shared_ptr<const Client> client, const char* code, std::string sentence) {
  return {std::move(client), Error{code, Fault::Caller, Retry::Never, std::move(sentence)}};
}

// Why a certificate does not count, whoever it belongs to; nothing when it does.
std::optional<std::string> trouble_with(const http::PeerCertificate& certificate, const Clock& clock) {
  if (!certificate.trouble.empty())
    return fmt::format("no authority that this door trusts vouches for the certificate shown: {}",
                       certificate.trouble);
  if (!certificate.facts.valid_at(clock.now()))
    return fmt::format("the certificate shown is good from {} to {}, which is not now",
                       to_iso8601(certificate.facts.not_before), to_iso8601(certificate.facts.not_after));
  if (certificate.facts.key_strength < http::least_key_strength)
    return fmt::format("the key of the certificate shown is too weak: {} bits of strength, and {} are needed",
                       certificate.facts.key_strength, http::least_key_strength);
  return std::nullopt;
}

Identity by_certificate(const Clients& clients, const Shown& shown, const Clock& clock) {
  if (!shown.certificate)
    return refused(nullptr, "UNAUTHENTICATED",
                   "the call carries no client key: send exactly one `Authorization: Bearer hwk_…` "
                   "(`hubward client create` prints a key; a HubSpot token is never sent here), or show the "
                   "client's certificate, where it has one and this door asks for it");
  auto client = clients.holder_of_certificate(shown.certificate->facts.key_hash);
  if (auto trouble = trouble_with(*shown.certificate, clock))
    return refused(std::move(client), "CERTIFICATE_REFUSED", std::move(*trouble));
  if (!client)
    return refused(nullptr, "UNAUTHENTICATED",
                   "no client is known by the key of the certificate shown; `hubward client create "
                   "--certificate` makes one");
  if (client->credential == Credential::Both) {
    std::string sentence =
        fmt::format("client {} shows its certificate, but must send its key as well", client->name.text);
    return refused(std::move(client), "UNAUTHENTICATED", std::move(sentence));
  }
  return {std::move(client), std::nullopt};
}

// Of a client that must show both, and whose key is good.
Identity with_certificate(const Clients& clients, std::shared_ptr<const Client> client, const Shown& shown,
                          const Clock& clock) {
  std::string name = client->name.text;
  if (!shown.certificate)
    return refused(std::move(client), "CERTIFICATE_REQUIRED",
                   fmt::format("client {} must show its certificate besides its key", name));
  if (auto trouble = trouble_with(*shown.certificate, clock))
    return refused(std::move(client), "CERTIFICATE_REFUSED", std::move(*trouble));
  auto holder = clients.holder_of_certificate(shown.certificate->facts.key_hash);
  if (!holder || holder->name != client->name)
    return refused(std::move(client), "CERTIFICATE_REQUIRED",
                   fmt::format("the certificate shown is not that of client {}", name));
  return {std::move(client), std::nullopt};
}

}  // namespace

Identity identify(const Clients& clients, const Shown& shown, const Clock& clock) {
  if (shown.counts_on_certificate()) return by_certificate(clients, shown, clock);
  if (!shown.bearer)
    return refused(
        nullptr, "UNAUTHENTICATED",
        "the Authorization field is not `Bearer` and one client key; beside a certificate leave it "
        "out or send `Bearer certificate`");
  auto client = clients.holder_of(*shown.bearer);
  if (!client) return {nullptr, client.error()};
  if ((*client)->credential == Credential::Both)
    return with_certificate(clients, std::move(*client), shown, clock);
  return {std::move(*client), std::nullopt};
}

}  // namespace hubward::gateway
