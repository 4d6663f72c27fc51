// SPDX-License-Identifier: Apache-2.0
#include "app/graph.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/mapping.hpp"
#include "app/reload.hpp"
#include "async/await.hpp"
#include "grants/http_token_endpoint.hpp"
#include "keys/local_key_provider.hpp"
#include "vault/check.hpp"

namespace hubward::app {
namespace {

// Threads for journal searches and other work that waits for a disk.
constexpr std::size_t pool_threads = 2;

Result<std::unique_ptr<keys::KeyProvider>> open_root_key(const std::string& what, std::string_view reference,
                                                         crypto::Random& random) {
  Result<keys::SecretSource> source = keys::SecretSource::parse(reference);
  if (!source) return while_doing(what, source.error());
  auto provider = keys::open_local_key_provider(*source, random);
  if (!provider) return while_doing(what, provider.error());
  return provider;
}

// The inbox is written much more than the others, at places that lie far apart.
constexpr std::size_t inbox_cache_kilobytes = 16 * 1024;
constexpr std::size_t inbox_page_bytes = 8 * 1024;
constexpr std::size_t inbox_checkpoint_pages = 4000;

Result<std::unique_ptr<store::Database>> open_file(const Config& config, std::string_view name,
                                                   std::vector<store::Schema> schemas, store::Check check,
                                                   store::OpenOptions options = {}) {
  options.path = fmt::format("{}/{}", config.store_dir, name);
  options.schemas = std::move(schemas);
  options.check = check;
  return store::Database::open(std::move(options));
}

}  // namespace

std::vector<store::Schema> vault_file_schemas() {
  return {vault::schema(), grants::schema(), gateway::clients_schema};
}

std::vector<store::Schema> journal_file_schemas() {
  return {journal::schema()};
}

std::vector<store::Schema> inbox_file_schemas() {
  return {webhooks::schema()};
}

std::vector<store::FileCheck> store_checks() {
  store::FileCheck journal_check{"journal.db", journal_file_schemas(), [](store::Database& database) {
                                   Result<journal::ChainReport> report = journal::verify_chain(database);
                                   if (!report)
                                     return Result<std::vector<std::string>>(std::unexpected(report.error()));
                                   return Result<std::vector<std::string>>(std::move(report->wrong));
                                 }};
  store::FileCheck vault_check{"vault.db", vault_file_schemas(),
                               [](store::Database& database) { return vault::check_vault(database); }};
  // Its rows refer to nothing outside it, and its payloads open only with the root key.
  store::FileCheck inbox_check{"inbox.db", inbox_file_schemas(),
                               [](store::Database&) { return Result<std::vector<std::string>>(); }};
  return {std::move(journal_check), std::move(inbox_check), std::move(vault_check)};
}

Graph::~Graph() = default;

Async<Result<std::unique_ptr<Graph>>> Graph::open(Surroundings around, Config config) {
  std::unique_ptr<Graph> graph(new Graph(around, std::move(config)));
  Result<void> opened = graph->open_store();
  if (!opened) co_return std::unexpected(opened.error());
  opened = co_await graph->open_vault();
  if (!opened) co_return std::unexpected(opened.error());
  opened = co_await graph->open_grants();
  if (!opened) co_return std::unexpected(opened.error());
  opened = graph->open_calls();
  if (!opened) co_return std::unexpected(opened.error());
  co_return graph;
}

Result<void> Graph::open_store() {
  Result<store::StoreLock> lock = store::StoreLock::take(config_.store_dir);
  if (!lock) return std::unexpected(lock.error());
  lock_.emplace(std::move(*lock));
  auto vault_file = open_file(config_, "vault.db", vault_file_schemas(), store::Check::Quick);
  if (!vault_file) return std::unexpected(vault_file.error());
  vault_file_ = std::move(*vault_file);
  auto journal_file = open_file(config_, "journal.db", journal_file_schemas(), store::Check::None);
  if (!journal_file) return std::unexpected(journal_file.error());
  journal_file_ = std::move(*journal_file);
  store::OpenOptions much_written;
  much_written.cache_kilobytes = inbox_cache_kilobytes;
  much_written.checkpoint_pages = inbox_checkpoint_pages;
  much_written.page_bytes = inbox_page_bytes;
  auto inbox_file = open_file(config_, "inbox.db", inbox_file_schemas(), store::Check::None, much_written);
  if (!inbox_file) return std::unexpected(inbox_file.error());
  inbox_file_ = std::move(*inbox_file);
  auto opened = journal::Journal::open(*journal_file_, clock_, journal_options_of(config_));
  if (!opened) return std::unexpected(opened.error());
  journal_ = std::move(*opened);
  pool_ = std::make_unique<BlockingPool>(pool_threads);
  return {};
}

Async<Result<void>> Graph::open_vault() {
  std::vector<std::unique_ptr<keys::KeyProvider>> root_keys;
  auto current = open_root_key("root_key", config_.root_key.text, random_);
  if (!current) co_return std::unexpected(current.error());
  root_keys.push_back(std::move(*current));
  if (!config_.other_root_key.empty()) {
    auto other = open_root_key("other_root_key", config_.other_root_key.text, random_);
    if (!other) co_return std::unexpected(other.error());
    root_keys.push_back(std::move(*other));
  }
  vault::Parts parts{*vault_file_, std::move(root_keys), random_, clock_};
  auto opened = co_await vault::Vault::open(std::move(parts));
  if (!opened) co_return std::unexpected(opened.error());
  vault_ = std::move(*opened);
  co_return Result<void>();
}

Async<Result<void>> Graph::open_grants() {
  upstreams_ = std::make_unique<gateway::Upstreams>(around_.loop, client_options_of(config_));
  hubspot_ = std::make_unique<grants::HttpTokenEndpoint>(
      [this](const grants::App& app) { return upstreams_->client_for(app); });
  grants::TokenEndpoint& hubspot = around_.hubspot != nullptr ? *around_.hubspot : *hubspot_;
  Result<grants::Apps> apps = apps_of(config_, around_.secrets);
  if (!apps) co_return std::unexpected(apps.error());
  grants::Settings settings;
  settings.public_url = config_.public_url;
  grants::Parts parts{around_.loop, clock_,      random_,  *vault_file_, *vault_,
                      *journal_,    around_.log, metrics_, hubspot,      leases_};
  Result<void> inbox = co_await open_inbox(*apps);
  if (!inbox) co_return inbox;
  auto opened = co_await grants::Grants::open(parts, std::move(settings), std::move(*apps));
  if (!opened) co_return std::unexpected(opened.error());
  grants_ = std::move(*opened);
  installs_ = std::make_unique<grants::Installs>(*grants_);
  auto clients = co_await gateway::Clients::load(*vault_file_, vault_->client_key_pepper(), random_, clock_);
  if (!clients) co_return std::unexpected(clients.error());
  clients_ = std::move(*clients);
  co_return Result<void>();
}

Async<Result<void>> Graph::open_inbox(const grants::Apps& apps) {
  inbox_ = std::make_unique<webhooks::Inbox>(
      webhooks::Inbox::Parts{*inbox_file_, vault_->inbox_key(), random_, clock_});
  auto wanted = destinations_of(config_, around_.secrets);
  if (!wanted) co_return std::unexpected(wanted.error());
  deliveries_ = std::make_unique<webhooks::Deliveries>(
      webhooks::Deliverer::Parts{around_.loop, clock_, *inbox_, random_, metrics_, around_.log, *journal_});
  inbox_->on_accepted([this] { deliveries_->wake(); });
  Result<void> set = co_await deliveries_->set(std::move(*wanted));
  if (!set) co_return set;
  auto free_bytes = [directory = config_.store_dir] {
    std::error_code unknown;
    std::uintmax_t free = std::filesystem::space(directory, unknown).available;
    return unknown ? 0 : static_cast<std::uint64_t>(free);
  };
  webhooks::Hooks::Parts parts{around_.loop, clock_, *inbox_, metrics_, around_.log, free_bytes};
  hooks_ = std::make_unique<webhooks::Hooks>(
      std::move(parts), std::make_shared<const webhooks::HookSettings>(hook_settings_of(config_, apps)));
  journal_files_ = std::make_unique<webhooks::HttpJournalFiles>(around_.loop, journal_files_of(config_));
  grants::TokenEndpoint& hubspot = around_.hubspot != nullptr ? *around_.hubspot : *hubspot_;
  webhooks::GapRepair::Parts repairing{around_.loop, clock_,   *inbox_,     hubspot,   *journal_files_,
                                       *pool_,       metrics_, around_.log, free_bytes};
  gap_repair_ = std::make_unique<webhooks::GapRepair>(
      std::move(repairing),
      std::make_shared<const webhooks::RepairSettings>(repair_settings_of(config_, apps)));
  co_return Result<void>();
}

Result<void> Graph::open_calls() {
  auto roles = roles_of(config_, around_.catalogue);
  if (!roles) return std::unexpected(roles.error());
  auto rules = read_network_rules(config_);
  if (!rules) return std::unexpected(rules.error());

  call_metrics_ = std::make_unique<gateway::CallMetrics>(metrics_);
  pacer_ = std::make_unique<pacing::Pacer>(around_.loop, clock_, metrics_, pacing_settings_of(config_));
  auto settings = std::make_shared<const gateway::Settings>(gateway_settings_of(config_, *roles));
  gateway::Gateway::Parts calls{
      around_.loop,      clock_,      random_, *grants_,       *journal_,  vault_->journal_key(),
      around_.catalogue, *upstreams_, *pacer_, *call_metrics_, around_.log};
  gateway_ = std::make_unique<gateway::Gateway>(calls, std::move(settings));
  gateway::Egress::Parts egress{
      *gateway_,      *clients_,
      *grants_,       *journal_,
      clock_,         random_,
      *call_metrics_, fmt::format("{}:{}", config_.egress.address, config_.egress.port)};
  egress_ = std::make_unique<gateway::Egress>(std::move(egress));

  admin::Parts parts{clock_,
                     *pool_,
                     around_.catalogue,
                     *vault_,
                     *grants_,
                     *installs_,
                     *inbox_,
                     *hooks_,
                     *deliveries_,
                     *gap_repair_,
                     *clients_,
                     *pacer_,
                     *journal_,
                     std::string(version),
                     [this](std::string source) { return rotate_root(std::move(source)); },
                     [this](const ConnectionName& gone) { upstreams_->forget(gone); }};
  auto roster = std::make_shared<const admin::Roster>(roster_of(config_, std::move(*roles)));
  operations_ = std::make_unique<admin::Operations>(std::move(parts), std::move(roster));
  api_ = std::make_unique<admin::Api>(*operations_, *journal_, clock_, random_, around_.log);
  admin::Doors::Parts doors{*api_, *operations_, *journal_, clock_, random_, metrics_, around_.log};
  doors_ = std::make_unique<admin::Doors>(doors);
  doors_->set(std::move(*rules));
  return {};
}

Result<std::unique_ptr<const admin::NetworkRules>> Graph::read_network_rules(const Config& config) {
  if (config.admin.token.empty()) return nullptr;
  Result<Secret> token = around_.secrets.read(config.admin.token, "[listen.admin] token");
  if (!token) return std::unexpected(token.error());
  return std::make_unique<const admin::NetworkRules>(
      admin::network_rules(*token, config.admin.allowed_hosts));
}

Result<void> Graph::apply(Config config) {
  Result<grants::Apps> apps = apps_of(config, around_.secrets);
  if (!apps) return std::unexpected(apps.error());
  auto destinations = destinations_of(config, around_.secrets);
  if (!destinations) return std::unexpected(destinations.error());
  auto roles = roles_of(config, around_.catalogue);
  if (!roles) return std::unexpected(roles.error());
  // By what is wanted: a token that was taken out closes the door now, though its listener goes with a
  // restart.
  auto rules = read_network_rules(config);
  if (!rules) return std::unexpected(rules.error());
  config = in_force(config_, std::move(config));

  // Also when nothing of them changed: their secrets may have.
  next_destinations_ = std::move(*destinations);
  if (!changing_destinations_) around_.loop.spawn(change_destinations());
  hooks_->set(std::make_shared<const webhooks::HookSettings>(hook_settings_of(config, *apps)));
  journal_files_->set(journal_files_of(config));
  gap_repair_->set(std::make_shared<const webhooks::RepairSettings>(repair_settings_of(config, *apps)));
  grants_->set_apps(std::move(*apps));
  pacer_->set(pacing_settings_of(config));
  gateway_->set(std::make_shared<const gateway::Settings>(gateway_settings_of(config, *roles)));
  operations_->set(std::make_shared<const admin::Roster>(roster_of(config, std::move(*roles))));
  doors_->set(std::move(*rules));
  around_.log.set_level(level_of(config));
  config_ = std::move(config);
  return {};
}

Async<Result<vault::RotationReport>> Graph::rotate_root(std::string source) {
  auto next = open_root_key("--to", source, random_);
  if (!next) co_return std::unexpected(next.error());
  Result<vault::RotationReport> report = co_await vault_->rotate_root(std::move(*next));
  co_return report;
}

Async<void> Graph::clear_journal() {
  TimePoint before = clock_.now() - config_.journal.retention;
  journal::Journal& records = *journal_;
  telemetry::Log& log = around_.log;
  auto clear = [&records, &log, before] {
    Result<std::uint64_t> removed = records.remove_before(before);
    if (!removed) log.failed(telemetry::Level::Warning, "journal.retention", removed.error());
    if (removed && *removed > 0) log.info("journal.retention", {{"removed", *removed}});
  };
  Result<void> ran = co_await pool_->run(std::move(clear));
  if (!ran) around_.log.failed(telemetry::Level::Warning, "journal.retention", ran.error());
}

// One reload after the other, or an older one might end last.
Async<void> Graph::change_destinations() {
  changing_destinations_ = true;
  while (next_destinations_) {
    webhooks::Deliveries::Wanted wanted = std::move(*std::exchange(next_destinations_, std::nullopt));
    Result<void> set = co_await deliveries_->set(std::move(wanted));
    if (!set) around_.log.failed(telemetry::Level::Error, "webhook.destinations", set.error());
  }
  changing_destinations_ = false;
}

Async<void> Graph::clear_inbox() {
  Result<void> cleared = co_await inbox_->clear(retention_of(config_));
  if (!cleared) around_.log.failed(telemetry::Level::Warning, "webhook.retention", cleared.error());
}

}  // namespace hubward::app
