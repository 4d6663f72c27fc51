// SPDX-License-Identifier: Apache-2.0
// The HTTP clients that calls go out through: one for HubSpot, trusting what the machine trusts, and one for
// each simulator's own authority. A simulator's authority is never trusted for anything else. One loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "grants/app.hpp"
#include "http/client.hpp"
#include "hubspot/regions.hpp"

namespace hubward::gateway {

class Upstreams {
 public:
  Upstreams(Loop& loop, http::ClientOptions options) : loop_(loop), options_(std::move(options)) {}

  // Made at first use. Fails when an authority file cannot be read; the error names it.
  Result<http::Client*> client_for(const grants::App& app);
  // Where an operation of a family is asked for: HubSpot's host, or the app's simulator.
  static http::Origin origin_for(const grants::App& app, hubspot::HostFamily family);
  void forget(const ConnectionName& connection);  // closes what is kept open for it
  std::size_t open_connections() const;

 private:
  Loop& loop_;
  http::ClientOptions options_;
  std::map<std::string, std::unique_ptr<http::Client>> by_authority_;  // "" is HubSpot
};

}  // namespace hubward::gateway
