// SPDX-License-Identifier: Apache-2.0
// [destinations.NAME] in the words of the room webhooks.
#include <fmt/format.h>

#include <utility>

#include "app/mapping.hpp"
#include "core/ascii.hpp"
#include "http/network.hpp"
#include "hubspot/objects.hpp"
#include "webhooks/address_guard.hpp"
#include "webhooks/standard_webhooks.hpp"

namespace hubward::app {
namespace {

// The URL is known to be good (rule_for_webhook_urls).
Result<void> set_url(webhooks::Destination& destination, const std::string& url) {
  std::size_t path = url.find_first_of("/?", url.find("://") + 3);
  Result<http::Origin> origin = http::parse_origin(url.substr(0, path));
  if (!origin) return std::unexpected(origin.error());
  destination.origin = std::move(*origin);
  destination.target = path == std::string::npos ? "/" : url.substr(path);
  if (destination.target.starts_with('?')) destination.target.insert(0, "/");
  return {};
}

webhooks::Filter filter_of(const DestinationSettings& settings) {
  webhooks::Filter filter;
  for (const std::string& app : settings.apps) filter.apps.push_back(AppName{app});
  for (const std::string& account : settings.accounts)
    if (auto number = to_number(account)) filter.accounts.push_back(HubId{*number});
  filter.kinds = settings.kinds;
  for (const std::string& object : settings.objects)
    filter.object_types.push_back(hubspot::object_name(object).text);
  filter.properties = settings.properties;
  return filter;
}

Result<void> add_key(webhooks::Destination& destination, const SecretRef& reference, const std::string& what,
                     OutsideSecrets& secrets) {
  if (reference.empty()) return {};
  Result<Secret> secret = secrets.read(reference, what);
  if (!secret) return std::unexpected(secret.error());
  Result<crypto::HmacKey> key = webhooks::signing_key(*secret);
  if (!key) return while_doing(what, key.error());
  destination.keys.push_back(std::move(*key));
  return {};
}

http::ClientOptions client_options_of(const DestinationSettings& settings) {
  http::ClientOptions options;
  options.connections_per_pool = settings.concurrency;
  options.idle_per_pool = settings.concurrency;
  options.connect = settings.timeout;
  options.body_idle = settings.timeout;
  if (!settings.ca.empty()) {
    options.system_authorities = false;
    options.authority_files.push_back(settings.ca);
  }
  options.certificate_file = settings.certificate;
  options.key_file = settings.key;
  std::vector<http::Network> allowed;
  for (const std::string& text : settings.allow_networks)
    if (auto network = http::Network::parse(text)) allowed.push_back(*network);
  options.may_connect = [allowed = std::move(allowed)](const std::string& address) {
    return webhooks::may_be_called(address, allowed);
  };
  return options;
}

Result<std::shared_ptr<const webhooks::Destination>> destination_of(const std::string& name,
                                                                    const DestinationSettings& settings,
                                                                    OutsideSecrets& secrets) {
  auto destination = std::make_shared<webhooks::Destination>();
  const std::string where = fmt::format("[destinations.{}] ", name);
  destination->name = {name};
  Result<void> done = set_url(*destination, settings.url);
  if (done) done = add_key(*destination, settings.secret, where + "secret", secrets);
  if (done) done = add_key(*destination, settings.previous_secret, where + "previous_secret", secrets);
  if (!done) return std::unexpected(done.error());
  if (!settings.bearer.empty()) {
    Result<Secret> bearer = secrets.read(settings.bearer, where + "bearer");
    if (!bearer) return std::unexpected(bearer.error());
    destination->bearer = std::move(*bearer);
  }
  destination->filter = filter_of(settings);
  destination->concurrency = settings.concurrency;
  destination->timeout = settings.timeout;
  destination->client = client_options_of(settings);
  return destination;
}

}  // namespace

Result<webhooks::Deliveries::Wanted> destinations_of(const Config& config, OutsideSecrets& secrets) {
  webhooks::Deliveries::Wanted wanted;
  for (const auto& [name, settings] : config.destinations) {
    auto destination = destination_of(name, settings, secrets);
    if (!destination) return std::unexpected(destination.error());
    wanted.push_back(std::move(*destination));
  }
  return wanted;
}

}  // namespace hubward::app
