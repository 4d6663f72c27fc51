// SPDX-License-Identifier: Apache-2.0
// The configuration in the words of the rooms that it configures. Pure, but for reading secrets.
#pragma once

#include <map>
#include <optional>

#include "admin/roster.hpp"
#include "app/config.hpp"
#include "app/outside_secrets.hpp"
#include "gateway/gateway.hpp"
#include "grants/app.hpp"
#include "http/client.hpp"
#include "http/listener.hpp"
#include "hubspot/verification.hpp"
#include "journal/journal.hpp"
#include "policy/role.hpp"
#include "telemetry/log.hpp"
#include "webhooks/deliveries.hpp"
#include "webhooks/gap_repair.hpp"
#include "webhooks/hooks.hpp"
#include "webhooks/inbox.hpp"

namespace hubward::app {

Result<grants::Apps> apps_of(const Config& config, OutsideSecrets& secrets);
Result<std::map<RoleName, policy::Role>> roles_of(const Config& config, const hubspot::Catalogue& catalogue);
admin::Roster roster_of(const Config& config, std::map<RoleName, policy::Role> roles);
pacing::Settings pacing_settings_of(const Config& config);
gateway::Settings gateway_settings_of(const Config& config, std::map<RoleName, policy::Role> roles);
hubspot::SignaturePolicy signature_policy_of(const Config& config, const AppSettings& app);
webhooks::HookSettings hook_settings_of(const Config& config, const grants::Apps& apps);
Result<webhooks::Deliveries::Wanted> destinations_of(const Config& config, OutsideSecrets& secrets);
webhooks::RepairSettings repair_settings_of(const Config& config, const grants::Apps& apps);
webhooks::HttpJournalFiles::Settings journal_files_of(const Config& config);
webhooks::Retention retention_of(const Config& config);
journal::JournalOptions journal_options_of(const Config& config);
http::ClientOptions client_options_of(const Config& config);
http::Endpoint endpoint_of(const Door& door);
http::TlsServer tls_of(const Door& door);
// Of a door that may have so many connections, given the file descriptors that there are. The public and
// the admin doors take shorter bodies.
http::Limits limits_of(const Config& config, const DoorBounds& bounds, std::size_t connections);
telemetry::Level level_of(const Config& config);
telemetry::Log::Form form_of(const Config& config);

}  // namespace hubward::app
