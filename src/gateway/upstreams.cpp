// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstreams.hpp"

#include "hubspot/regions.hpp"

namespace hubward::gateway {

Result<http::Client*> Upstreams::client_for(const grants::App& app) {
  const std::string& authority = app.simulator ? app.authority_file : std::string();
  if (auto found = by_authority_.find(authority); found != by_authority_.end()) return found->second.get();

  http::ClientOptions options = options_;
  if (app.simulator && !authority.empty()) {
    options.system_authorities = false;
    options.authority_files = {authority};
  }
  auto client = http::Client::make(loop_, std::move(options));
  if (!client) return std::unexpected(client.error());
  return (by_authority_[authority] = std::move(*client)).get();
}

http::Origin Upstreams::origin_for(const grants::App& app, hubspot::HostFamily family) {
  if (app.simulator || family == hubspot::HostFamily::Api) return app.api_origin;
  return {.host = std::string(hubspot::default_host(family))};
}

void Upstreams::forget(const ConnectionName& connection) {
  for (auto& [authority, client] : by_authority_) client->forget_pool(connection.text);
}

std::size_t Upstreams::open_connections() const {
  std::size_t open = 0;
  for (const auto& [authority, client] : by_authority_) open += client->open_connections();
  return open;
}

}  // namespace hubward::gateway
