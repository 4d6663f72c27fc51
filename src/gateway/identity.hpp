// SPDX-License-Identifier: Apache-2.0
// Who calls, by what was shown: a key in the Authorization field, a certificate on the connection, or both.
// Asked anew for every request, so that a revocation, an end of a certificate's time or a reload of the
// authorities counts on kept connections too.
//
//   Authorization          certificate   who calls
//   a client key           any           its client; one that shows both must also show its own certificate
//   none, or the word      a good one    the client known by its key, unless that one must show both
//     "Bearer certificate"
//   anything else          any           nobody: a mistyped key or a HubSpot token never falls back
//
// Pure but for the clients it looks at.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "gateway/clients.hpp"
#include "http/message.hpp"

namespace hubward::gateway {

// For programs whose SDK always sends an Authorization field, when their certificate is their credential.
constexpr std::string_view certificate_bearer = "certificate";

struct Shown {
  bool authorization = false;    // there is such a field, usable or not
  std::optional<Secret> bearer;  // of exactly one usable one
  std::shared_ptr<const http::PeerCertificate> certificate;

  bool counts_on_certificate() const {
    return !authorization || (bearer && bearer->reveal_text() == certificate_bearer);
  }
};

struct Identity {
  std::shared_ptr<const Client> client;  // also of one that is refused, where a key or certificate proves it
  // UNAUTHENTICATED, CERTIFICATE_REFUSED (the one that was shown does not count here), CERTIFICATE_REQUIRED
  // (the key is good, and its client must show its certificate besides).
  std::optional<Error> refusal;
};
Identity identify(const Clients& clients, const Shown& shown, const Clock& clock);

}  // namespace hubward::gateway
