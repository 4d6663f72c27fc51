// SPDX-License-Identifier: Apache-2.0
// The object graph: every room below the doors, built in order on one loop and taken down in the reverse one.
// `hubward serve` puts listeners around it (app/serve.hpp); a command in a process of its own asks its `api`
// directly (app/program.hpp). Holding it means holding the store's lock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/api.hpp"
#include "admin/doors.hpp"
#include "admin/operations.hpp"
#include "app/config.hpp"
#include "app/outside_secrets.hpp"
#include "async/blocking_pool.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "crypto/random.hpp"
#include "gateway/call_metrics.hpp"
#include "gateway/clients.hpp"
#include "gateway/egress.hpp"
#include "gateway/gateway.hpp"
#include "gateway/upstreams.hpp"
#include "grants/grants.hpp"
#include "grants/installs.hpp"
#include "grants/token_endpoint.hpp"
#include "hubspot/catalogue.hpp"
#include "journal/journal.hpp"
#include "leases/local_leases.hpp"
#include "store/database.hpp"
#include "store/maintenance.hpp"
#include "store/store_lock.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "vault/vault.hpp"
#include "webhooks/deliveries.hpp"
#include "webhooks/gap_repair.hpp"
#include "webhooks/hooks.hpp"
#include "webhooks/inbox.hpp"

namespace hubward::app {

constexpr std::string_view version = "0.1.0";

// What a graph stands in; outlives it.
struct Surroundings {
  Loop& loop;
  OutsideSecrets& secrets;
  const hubspot::Catalogue& catalogue;
  telemetry::Log& log;
  grants::TokenEndpoint* hubspot = nullptr;  // in place of HubSpot over HTTPS, for tests
};

class Graph {
 public:
  // Takes the store's lock, opens what is in it and proves that the root key opens it. Every error says which
  // of these failed and what to do.
  static Async<Result<std::unique_ptr<Graph>>> open(Surroundings around, Config config);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph();

  // What is in force.
  const Config& config() const { return config_; }
  // Swaps in what a new configuration may change while the gateway runs (app/reload.hpp); all of it or, on an
  // error, nothing.
  Result<void> apply(Config config);
  // Records of the journal older than the retention go. Suspends for the disk.
  Async<void> clear_journal();
  // Events, and what is remembered of them, go after their time. Suspends for the disk.
  Async<void> clear_inbox();

  const Clock& clock() const { return clock_; }
  telemetry::Metrics& metrics() { return metrics_; }
  journal::Journal& journal() { return *journal_; }
  grants::Grants& grants() { return *grants_; }
  grants::Installs& installs() { return *installs_; }
  webhooks::Hooks& hooks() { return *hooks_; }
  webhooks::Deliveries& deliveries() { return *deliveries_; }
  webhooks::GapRepair& gap_repair() { return *gap_repair_; }
  gateway::Egress& egress() { return *egress_; }
  admin::Operations& operations() { return *operations_; }
  admin::Api& api() { return *api_; }
  admin::Doors& doors() { return *doors_; }

 private:
  Graph(Surroundings around, Config config) : around_(around), config_(std::move(config)) {}
  Result<void> open_store();
  Async<Result<void>> open_vault();
  Async<Result<void>> open_grants();
  Async<Result<void>> open_inbox(const grants::Apps& apps);
  Async<void> change_destinations();
  Result<void> open_calls();
  Result<std::unique_ptr<const admin::NetworkRules>> read_network_rules(const Config& config);
  Async<Result<vault::RotationReport>> rotate_root(std::string source);

  const Surroundings around_;

  // Built in this order.
  Config config_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  telemetry::Metrics metrics_;
  std::optional<store::StoreLock> lock_;
  std::unique_ptr<store::Database> vault_file_;
  std::unique_ptr<store::Database> journal_file_;
  std::unique_ptr<store::Database> inbox_file_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<gateway::Upstreams> upstreams_;
  std::unique_ptr<grants::TokenEndpoint> hubspot_;  // unless one was given
  leases::LocalLeases leases_;
  std::unique_ptr<grants::Grants> grants_;
  std::unique_ptr<grants::Installs> installs_;
  std::unique_ptr<webhooks::Inbox> inbox_;
  std::unique_ptr<webhooks::Deliveries> deliveries_;
  std::optional<webhooks::Deliveries::Wanted> next_destinations_;  // of the last reload, until they are taken
  bool changing_destinations_ = false;
  std::unique_ptr<webhooks::Hooks> hooks_;
  std::unique_ptr<webhooks::HttpJournalFiles> journal_files_;
  std::unique_ptr<webhooks::GapRepair> gap_repair_;
  std::unique_ptr<gateway::Clients> clients_;
  std::unique_ptr<gateway::CallMetrics> call_metrics_;
  std::unique_ptr<pacing::Pacer> pacer_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<gateway::Egress> egress_;
  std::unique_ptr<BlockingPool> pool_;  // finishes its work before what it works on goes
  std::unique_ptr<admin::Operations> operations_;
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<admin::Doors> doors_;
};

// How `store check` looks at each file, with the eyes of the rooms that keep tables in it.
std::vector<store::FileCheck> store_checks();
std::vector<store::Schema> vault_file_schemas();
std::vector<store::Schema> journal_file_schemas();
std::vector<store::Schema> inbox_file_schemas();

}  // namespace hubward::app
