// SPDX-License-Identifier: Apache-2.0
// The door for your own programs: any HubSpot path as it is, optionally behind /c/<connection>, with a client
// key as the bearer or a client certificate on the connection. Finds out who calls and which connection is
// named, and hands the call to the Gateway. A resource of one loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/gateway.hpp"
#include "journal/stranger_records.hpp"

namespace hubward::gateway {

// "/c/acme-prod/crm/v3/…" names a connection; any other target does not.
struct Route {
  std::optional<ConnectionName> connection;
  std::string target;  // what HubSpot is asked for
};
Result<Route> read_route(std::string_view target);

class Egress {
 public:
  // Everything outlives the Egress. `address` is where this door listens (host:port), for callers that
  // send no usable Host.
  struct Parts {
    Gateway& gateway;
    const Clients& clients;
    const grants::Grants& grants;
    journal::Journal& journal;
    const Clock& clock;
    crypto::Random& random;
    CallMetrics& metrics;
    std::string address;
  };
  explicit Egress(Parts parts) : parts_(std::move(parts)), correlation_ids_(parts_.random) {}

  Async<http::Response> handle(http::Request request);

 private:
  // `client`: who called, as far as that is known. What a known client did is always recorded.
  http::Response turn_away(const http::Request& request, const std::string& correlation_id,
                           const Error& error, const Client* client);
  Async<http::Response> describe_key(std::shared_ptr<const Client> client, Secret key, http::Request request,
                                     std::optional<ConnectionName> connection, std::string correlation_id);

  Parts parts_;
  crypto::Uuids correlation_ids_;
  journal::StrangerRecords strangers_;
};

}  // namespace hubward::gateway
