// SPDX-License-Identifier: Apache-2.0
#include "app/mapping.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "http/network.hpp"

namespace hubward::app {
namespace {

using TokenEndpoint = AppSettings::TokenEndpoint;

hubspot::OauthVersion version_of(TokenEndpoint endpoint) {
  switch (endpoint) {
    case TokenEndpoint::Dated2026_03: return hubspot::OauthVersion::Dated2026_03;
    case TokenEndpoint::Dated2026_09: return hubspot::OauthVersion::Dated2026_09;
    case TokenEndpoint::V3: return hubspot::OauthVersion::V3;
    case TokenEndpoint::V1: return hubspot::OauthVersion::V1;
  }
  return hubspot::default_oauth_version;
}

Result<grants::AppSnapshot> app_of(const std::string& name, const AppSettings& settings,
                                   OutsideSecrets& secrets) {
  auto app = std::make_shared<grants::App>();
  app->name = AppName{name};
  app->kind =
      settings.kind == AppSettings::Kind::OAuth ? grants::App::Kind::Oauth : grants::App::Kind::Private;
  app->client_id = settings.client_id;
  if (!settings.client_secret.empty()) {
    Result<Secret> secret =
        secrets.read(settings.client_secret, fmt::format("[apps.{}] client_secret", name));
    if (!secret) return std::unexpected(secret.error());
    app->client_secret = std::move(*secret);
  }
  if (!settings.previous_client_secret.empty()) {
    Result<Secret> secret =
        secrets.read(settings.previous_client_secret, fmt::format("[apps.{}] previous_client_secret", name));
    if (!secret) return std::unexpected(secret.error());
    app->previous_client_secret = std::move(*secret);
  }
  app->required_scopes = settings.scopes;
  app->optional_scopes = settings.optional_scopes;
  app->oauth_version = version_of(settings.token_endpoint);
  app->pkce = settings.pkce ? grants::App::Pkce::On : grants::App::Pkce::Off;
  app->open_installs = settings.open_installs;
  app->simulator = settings.simulator;
  if (!settings.simulator) return app;
  app->authority_file = settings.simulator_ca;
  Result<http::Origin> api = http::parse_origin(settings.simulator_api);
  if (!api) return while_doing(fmt::format("[apps.{}] simulator_api", name), api.error());
  app->api_origin = std::move(*api);
  if (settings.simulator_authorize.empty()) return app;
  Result<http::Origin> authorize = http::parse_origin(settings.simulator_authorize);
  if (!authorize) return while_doing(fmt::format("[apps.{}] simulator_authorize", name), authorize.error());
  app->authorize_origin = std::move(*authorize);
  return app;
}

policy::RoleText text_of(const std::string& name, const RoleSettings& role) {
  policy::RoleText text;
  text.name = name;
  text.mode = role.mode == RoleSettings::Mode::Shadow ? "shadow" : "enforce";
  for (const RuleSettings& rule : role.rules)
    text.rules.push_back({rule.name, rule.objects, rule.actions, rule.operations,
                          rule.effect == RuleSettings::Effect::Deny ? "deny" : "allow"});
  return text;
}

admin::AppFacts facts_of(const std::string& name, const AppSettings& app, const std::string& public_url) {
  bool oauth = app.kind == AppSettings::Kind::OAuth;
  admin::AppFacts facts;
  facts.name = AppName{name};
  facts.kind = oauth ? "oauth" : "private";
  facts.client_id = app.client_id;
  facts.api = app.simulator ? app.simulator_api : "https://api.hubapi.com";
  facts.scopes = app.scopes;
  facts.optional_scopes = app.optional_scopes;
  facts.pkce = app.pkce;
  facts.open_installs = app.open_installs;
  facts.simulator = app.simulator;
  facts.has_previous_secret = !app.previous_client_secret.empty();
  if (!oauth) return facts;
  facts.authorize = app.simulator ? app.simulator_authorize : "https://app.hubspot.com";
  facts.token_endpoint = hubspot::to_text(version_of(app.token_endpoint));
  facts.redirect = fmt::format("{}/oauth/{}/callback", public_url, name);
  return facts;
}

hubspot::AcceptedVersions accepted_by(const AppSettings& app) {
  if (app.webhook_signatures.empty())
    return app.kind == AppSettings::Kind::OAuth ? hubspot::for_oauth_apps : hubspot::for_private_apps;
  auto lists = [&](std::string_view version) {
    return std::ranges::count(app.webhook_signatures, version) > 0;
  };
  return {.v1 = lists("v1"), .v2 = lists("v2"), .v3 = lists("v3")};
}

// Two seconds of it may come at once.
http::Rate rate_of(std::uint32_t per_second) {
  return {per_second, std::max<std::uint32_t>(1, 2 * per_second)};
}

http::AdmissionLimits admission_of(const Config& config, const DoorBounds& bounds, std::size_t connections) {
  http::AdmissionLimits limits;
  limits.connections_per_address = bounds.connections_per_address;
  limits.handshakes = rate_of(bounds.handshakes_per_second);
  limits.handshakes_per_address = rate_of(bounds.handshakes_per_second_per_address);
  // Those who wait for a turn never fill more than half of the door.
  limits.longest_wait = config.limits.handshake / 2;
  if (bounds.handshakes_per_second > 0) {
    Millis half_full(connections * 1000 / 2 / bounds.handshakes_per_second);
    limits.longest_wait = std::min(limits.longest_wait, half_full);
  }
  std::vector<http::Network> shared;
  for (const std::string& text : config.limits.shared_addresses)
    if (auto network = http::Network::parse(text)) shared.push_back(*network);
  limits.is_shared = [shared = std::move(shared)](const std::string& address) {
    return std::ranges::any_of(shared, [&](const auto& network) { return network.contains(address); });
  };
  return limits;
}

}  // namespace

Result<grants::Apps> apps_of(const Config& config, OutsideSecrets& secrets) {
  grants::Apps apps;
  for (const auto& [name, settings] : config.apps) {
    Result<grants::AppSnapshot> app = app_of(name, settings, secrets);
    if (!app) return std::unexpected(app.error());
    apps.emplace(AppName{name}, std::move(*app));
  }
  return apps;
}

Result<std::map<RoleName, policy::Role>> roles_of(const Config& config, const hubspot::Catalogue& catalogue) {
  std::map<RoleName, policy::Role> roles;
  for (const auto& [name, settings] : config.roles) {
    Result<policy::Role> role = policy::make_role(text_of(name, settings), catalogue);
    if (!role) return std::unexpected(role.error());
    roles.emplace(RoleName{name}, std::move(*role));
  }
  return roles;
}

std::vector<Complaint> check_roles(const Config& config, const hubspot::Catalogue& catalogue) {
  std::vector<Complaint> complaints;
  for (const auto& [name, settings] : config.roles) {
    Result<policy::Role> role = policy::make_role(text_of(name, settings), catalogue);
    if (!role) complaints.push_back({0, 0, fmt::format("[roles.{}] {}", name, role.error().message)});
  }
  return complaints;
}

admin::Roster roster_of(const Config& config, std::map<RoleName, policy::Role> roles) {
  admin::Roster roster;
  for (const auto& [name, app] : config.apps) roster.apps.push_back(facts_of(name, app, config.public_url));
  roster.roles = std::move(roles);
  roster.asks_for_certificates = config.egress.client_certificates;
  return roster;
}

gateway::Settings gateway_settings_of(const Config& config, std::map<RoleName, policy::Role> roles) {
  gateway::Settings settings;
  settings.roles = std::move(roles);
  for (const auto& [name, role] : config.roles) {
    settings.standings[RoleName{name}] = {.priority = static_cast<pacing::Priority>(role.priority),
                                          .weight = role.weight};
  }
  settings.most_repeats = static_cast<int>(config.pacing.most_repeats);
  settings.answer_wait = config.upstream.answer;
  settings.durable_writes = config.journal.durable_writes;
  settings.durable_deletes = config.journal.durable_deletes;
  settings.repeatable_body_bytes = config.upstream.repeatable_body_bytes;
  settings.answer_body_bytes = config.upstream.answer_body_bytes;
  return settings;
}

pacing::Settings pacing_settings_of(const Config& config) {
  return {.wait = config.pacing.wait,
          .longest_wait = config.pacing.longest_wait,
          .longest_line = config.pacing.longest_line,
          .searches_per_second = config.pacing.searches_per_second,
          .day_reserve_percent = config.pacing.day_reserve_percent};
}

hubspot::SignaturePolicy signature_policy_of(const Config& config, const AppSettings& app) {
  return {.accepted = accepted_by(app),
          .future = config.webhooks.clock_tolerance,
          .oldest_event = config.webhooks.oldest_event};
}

webhooks::HookSettings hook_settings_of(const Config& config, const grants::Apps& apps) {
  webhooks::HookSettings settings;
  settings.public_url = config.public_url;
  settings.batch.bytes = config.webhooks.body_bytes;
  settings.buffered_bytes = config.webhooks.buffered_bytes;
  settings.keep_free_bytes = config.webhooks.keep_free_bytes;
  settings.sensitive_properties = config.webhooks.sensitive_properties;
  for (const auto& [name, app] : apps) {
    const AppSettings& written = config.apps.at(name.text);
    webhooks::HookApp hook{app, signature_policy_of(config, written)};
    if (written.webhook_journal) hook.journal_tolerance = config.webhooks.journal.tolerance;
    settings.apps.emplace(name, std::move(hook));
  }
  return settings;
}

webhooks::RepairSettings repair_settings_of(const Config& config, const grants::Apps& apps) {
  const WebhookJournalSettings& journal = config.webhooks.journal;
  webhooks::RepairSettings settings;
  for (const auto& [name, app] : apps)
    if (config.apps.at(name.text).webhook_journal) settings.apps.emplace(name, app);
  settings.path = journal.path;
  settings.scope = journal.scope;
  settings.kinds = journal.kinds == WebhookJournalSettings::Kinds::Named ? hubspot::JournalKinds::Named
                                                                         : hubspot::JournalKinds::Generic;
  settings.tolerance = journal.tolerance;
  settings.every = journal.every;
  settings.keep_free_bytes = config.webhooks.keep_free_bytes;
  return settings;
}

webhooks::HttpJournalFiles::Settings journal_files_of(const Config& config) {
  return {.hosts = config.webhooks.journal.hosts, .file_bytes = config.webhooks.journal.file_bytes};
}

webhooks::Retention retention_of(const Config& config) {
  return {.duplicates = config.webhooks.remember, .events = config.webhooks.keep};
}

journal::JournalOptions journal_options_of(const Config& config) {
  journal::JournalOptions options;
  options.commit_interval = config.journal.commit_interval;
  options.queue_limit = config.journal.queue_records;
  return options;
}

http::ClientOptions client_options_of(const Config& config) {
  http::ClientOptions options;
  options.idle_per_pool = config.upstream.idle_per_connection;
  options.connections_per_pool = config.upstream.connections_per_connection;
  options.connect = config.upstream.connect;
  options.idle = config.upstream.idle;
  options.body_idle = config.upstream.body_idle;
  options.slowest_body = config.upstream.body_bytes_per_second;
  options.head_bytes = config.upstream.head_bytes;
  return options;
}

http::Endpoint endpoint_of(const Door& door) {
  return {.address = door.address, .port = door.port, .socket_path = {}};
}

http::TlsServer tls_of(const Door& door) {
  return {.certificate_file = door.certificate,
          .key_file = door.key,
          .only_tls13 = door.only_tls13,
          .asks_for_certificate = door.client_certificates,
          .client_authority_file = door.client_authorities,
          .strict_transport_seconds = door.hsts_seconds};
}

http::Limits limits_of(const Config& config, const DoorBounds& bounds, std::size_t connections) {
  http::Limits limits;
  limits.connections = connections;
  limits.admission = admission_of(config, bounds, connections);
  limits.head_bytes = config.limits.head_bytes;
  limits.fields = config.limits.header_fields;
  limits.target_bytes = config.limits.target_bytes;
  limits.body_bytes = config.limits.request_body_bytes;
  limits.handshake = config.limits.handshake;
  limits.head = config.limits.head;
  limits.idle = config.limits.idle;
  limits.body_idle = config.limits.body_idle;
  limits.slowest_body = config.limits.body_bytes_per_second;
  return limits;
}

telemetry::Level level_of(const Config& config) {
  switch (config.log.level) {
    case Log::Level::Debug: return telemetry::Level::Debug;
    case Log::Level::Info: return telemetry::Level::Info;
    case Log::Level::Warning: return telemetry::Level::Warning;
    case Log::Level::Error: return telemetry::Level::Error;
  }
  return telemetry::Level::Info;
}

telemetry::Log::Form form_of(const Config& config) {
  switch (config.log.format) {
    case Log::Format::Json: return telemetry::Log::Form::Json;
    case Log::Format::Text: return telemetry::Log::Form::Readable;
    case Log::Format::Auto: break;
  }
  return telemetry::form_for(STDERR_FILENO);
}

}  // namespace hubward::app
