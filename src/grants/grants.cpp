// SPDX-License-Identifier: Apache-2.0
#include "grants/grants.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "async/await.hpp"
#include "crypto/random.hpp"
#include "grants/grants_state.hpp"
#include "journal/journal.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

telemetry::Counter renewals(telemetry::Metrics& metrics, std::string outcome) {
  return metrics.counter("hubward_grant_renewals_total", "Renewals of HubSpot tokens, by how they ended.",
                         {{"outcome", std::move(outcome)}});
}

}  // namespace

Grants::State::State(Parts given, Settings chosen, Apps apps)
    : parts(given),
      settings(std::move(chosen)),
      changed(given.loop),
      directory_(std::make_shared<Directory>(Directory{std::move(apps), {}, {}})),
      renewed_(renewals(given.metrics, "renewed")),
      adopted_(renewals(given.metrics, "adopted")),
      troubled_(renewals(given.metrics, "trouble")),
      doubted_(renewals(given.metrics, "doubted")),
      died_(renewals(given.metrics, "dead")) {}

std::shared_ptr<const Grants::State::Directory> Grants::State::directory() const {
  std::scoped_lock lock(directory_mutex_);
  return directory_;
}

Result<Grants::State::Entry> Grants::State::find(const ConnectionName& connection) const {
  std::shared_ptr<const Directory> now = directory();
  auto found = now->entries.find(connection);
  if (found == now->entries.end())
    return invalid("CONNECTION_UNKNOWN", "there is no connection named " + connection.text);
  return found->second;
}

AppSnapshot Grants::State::app(const AppName& name) const {
  std::shared_ptr<const Directory> now = directory();
  auto found = now->apps.find(name);
  return found == now->apps.end() ? nullptr : found->second;
}

namespace {

Error app_unknown(const Holding& holding) {
  return {"APP_UNKNOWN", Fault::Us, Retry::Never,
          "connection " + holding.name.text + " belongs to app " + holding.view().app.text +
              ", which the configuration does not have"};
}

}  // namespace

Async<Result<Token>> Grants::State::token(Loop& here, ConnectionName connection, Deadline deadline) {
  for (;;) {
    Result<Entry> entry = find(connection);
    if (!entry) co_return std::unexpected(entry.error());
    if (!entry->app) co_return std::unexpected(app_unknown(*entry->holding));
    Holding::Answer answer = entry->holding->take(here, parts.clock.steady(), deadline);
    if (auto* ready = std::get_if<Holding::Ready>(&answer))
      co_return Token{entry->app, std::move(ready->bearer), ready->generation, entry->holding->kind};
    if (auto* error = std::get_if<Error>(&answer)) co_return std::unexpected(std::move(*error));

    parts.loop.post([self = shared_from_this(), holding = entry->holding] { self->reschedule(holding); });
    std::shared_ptr<Signal> newer = std::get<Holding::Waiting>(answer).changed;
    bool notified = co_await newer->wait(deadline);
    if (notified) continue;
    entry->holding->stop_waiting(newer);
    co_return failure(
        "GRANT_UNAVAILABLE", Fault::HubSpot, Retry::Later,
        "the token of connection " + connection.text + " has expired and was not renewed in time; try again");
  }
}

Async<Result<void>> Grants::State::load() {
  Result<std::vector<store::Row>> rows = co_await parts.database.query(select_grants());
  if (!rows) co_return while_doing("reading the connections", rows.error());
  auto loaded = std::make_shared<Directory>(Directory{directory()->apps, {}, {}});
  for (const store::Row& row : *rows) {
    StoredGrant grant = grant_from(row);
    ConnectionName name = grant.name;
    Result<Adopted> open = co_await opened(std::move(grant));
    if (!open) co_return while_doing("opening the token of connection " + name.text, open.error());
    auto holding =
        std::make_shared<Holding>(view_of(open->grant), std::move(open->access_token), facts_of(open->grant));
    loaded->entries.emplace(name, Entry{holding, app(open->grant.app)});
    schedule_.set(holding, next_renewal(holding->facts()));
  }
  Result<std::vector<ConnectionView>> departed = co_await stored_departed(select_departed());
  if (!departed) co_return std::unexpected(departed.error());
  for (ConnectionView& view : *departed) loaded->departed.emplace(view.name, std::move(view));
  std::scoped_lock lock(directory_mutex_);
  directory_ = std::move(loaded);
  co_return Result<void>();
}

Async<Result<std::vector<ConnectionView>>> Grants::State::stored_departed(store::Statement question) const {
  Result<std::vector<store::Row>> rows = co_await parts.database.query(std::move(question));
  if (!rows) co_return while_doing("reading the disconnected connections", rows.error());
  std::vector<ConnectionView> views;
  for (const store::Row& row : *rows) views.push_back(departed_from(row));
  co_return views;
}

ConnectionView Grants::State::shown(const Entry& entry) const {
  ConnectionView view = entry.holding->view();
  AppKnown known = entry.app ? AppKnown::Yes : AppKnown::No;
  view.state = entry.holding->state(known, parts.clock.steady());
  if (entry.app) view.missing_scopes = missing_scopes(entry.app->required_scopes, view.scopes);
  bool lacks_app = known == AppKnown::No && view.state == ConnectionState::Failing;
  if (lacks_app) view.last_trouble = app_is_missing(view.app, parts.clock.now());
  return view;
}

OauthCaller Grants::State::caller(AppSnapshot app) {
  std::function<void(ClientSecret)> on_secret;
  if (app->previous_client_secret)
    on_secret = [this, name = app->name](ClientSecret which) {
      if (!secret_uses.note(name, which, parts.clock.now())) return;
      bool previous = which == ClientSecret::Previous;
      record("app.client_secret", {}, {{"app", name.text}, {"taken", previous ? "previous" : "current"}});
    };
  return {parts.hubspot, std::move(app), settings.call_timeout, std::move(on_secret)};
}

SecretUse Grants::secret_use(const AppName& app) const {
  return state_->secret_uses.of(app);
}

void Grants::State::set_apps(Apps apps) {
  auto next = std::make_shared<Directory>(*directory());
  next->apps = std::move(apps);
  for (auto& [name, entry] : next->entries) {
    auto found = next->apps.find(entry.holding->view().app);
    entry.app = found == next->apps.end() ? nullptr : found->second;
  }
  {
    std::scoped_lock lock(directory_mutex_);
    directory_ = next;
  }
  for (const auto& [name, entry] : next->entries) observe(entry.holding);
}

void Grants::State::publish(const std::shared_ptr<Holding>& holding) {
  auto next = std::make_shared<Directory>(*directory());
  next->entries[holding->name] = {holding, app(holding->view().app)};
  next->departed.erase(holding->name);
  std::scoped_lock lock(directory_mutex_);
  directory_ = std::move(next);
}

void Grants::State::unpublish(const ConnectionName& connection) {
  auto next = std::make_shared<Directory>(*directory());
  if (auto found = next->entries.find(connection); found != next->entries.end()) {
    schedule_.set(found->second.holding, std::nullopt);
    found->second.holding->remove();
    next->entries.erase(found);
  }
  std::scoped_lock lock(directory_mutex_);
  directory_ = std::move(next);
}

Async<void> Grants::State::remember_departed(ConnectionName connection) {
  Result<std::vector<ConnectionView>> departed = co_await stored_departed(select_departed(connection));
  if (!departed) parts.log.failed(telemetry::Level::Warning, "grants.departed_unread", departed.error());
  bool is_back = find(connection).has_value();
  if (!departed || departed->empty() || is_back) co_return;
  auto next = std::make_shared<Directory>(*directory());
  next->departed.insert_or_assign(connection, std::move(departed->front()));
  std::scoped_lock lock(directory_mutex_);
  directory_ = std::move(next);
}

std::optional<TokenLife> Grants::State::life_of(const StoredGrant& grant, const GrantFacts& before) const {
  if (!grant.expires_at) return std::nullopt;
  return life_from({grant.obtained_at, *grant.expires_at}, parts.clock.now(), parts.clock.steady(),
                   before.since);
}

GrantFacts Grants::State::facts_of(const StoredGrant& grant, const GrantFacts& before) {
  std::optional<TokenLife> life = life_of(grant, before);
  GrantFacts facts = facts_of_new(life, parts.clock.steady(), calm_jitter(life), before);
  facts.dead = grant.state == ConnectionState::Dead;
  if (grant.kind != GrantKind::Static) return facts;
  facts.rejected = facts.dead;
  auto day = std::chrono::duration<double, std::milli>(static_check_interval) * (0.5 + chance() / 2);
  facts.check_at = parts.clock.steady() + std::chrono::duration_cast<std::chrono::milliseconds>(day);
  if (grant.token && grant.token->next) facts.check_at = parts.clock.steady() + waiting_check_interval;
  return facts;
}

double Grants::State::calm_jitter(const std::optional<TokenLife>& life) {
  if (!life) return 0;
  constexpr int draws = 4, wide_draws = 8;
  double calmest = chance();
  std::size_t least = schedule_.crowd(renewal_time(*life, calmest));
  auto draw = [&](double widest) {
    double drawn = chance() * widest;
    std::size_t crowd = schedule_.crowd(renewal_time(*life, drawn));
    if (crowd < least) calmest = drawn, least = crowd;
  };
  for (int i = 1; i < draws; ++i) draw(1);
  // Earlier than need be only where there are more than their share.
  auto usual =
      std::max<SteadyPoint::duration>(renewal_time(*life, 0.5) - life->obtained, RenewalSchedule::crowd_slot);
  double share = static_cast<double>(schedule_.size()) * RenewalSchedule::crowd_slot / usual;
  if (static_cast<double>(least) <= share + 1) return calmest;
  for (int i = 0; i < wide_draws; ++i) draw(widest_jitter);
  return calmest;
}

double Grants::State::chance() {
  std::array<std::byte, 4> bytes{};
  parts.random.fill(bytes);
  double number = 0;
  for (std::byte byte : bytes) number = number / 256 + std::to_integer<int>(byte);
  return number / 256;
}

void Grants::State::record(std::string operation, const ConnectionName& connection,
                           std::vector<journal::Field> details) {
  journal::Record record;
  record.kind = journal::Kind::Grant;
  record.time = parts.clock.now();
  record.connection = connection.text;
  record.operation = std::move(operation);
  record.details = std::move(details);
  std::string event = record.operation;
  Result<void> recorded = parts.journal.append(std::move(record));
  if (recorded)
    parts.log.info(event, {{"connection", connection}});
  else
    parts.log.failed(telemetry::Level::Error, "journal.grant_unrecorded", recorded.error(),
                     {{"operation", event}, {"connection", connection}});
}

void Grants::State::record_change(std::string operation, const std::shared_ptr<Holding>& holding,
                                  std::vector<journal::Field> details) {
  AppKnown known = app(holding->view().app) ? AppKnown::Yes : AppKnown::No;
  ConnectionState now = holding->state(known, parts.clock.steady());
  ConnectionState before = std::exchange(holding->recorded, now);
  if (now != before) {
    details.push_back({"from", std::string(to_text(before))});
    details.push_back({"to", std::string(to_text(now))});
  }
  record(std::move(operation), holding->name, std::move(details));
}

void Grants::State::compare_scopes(const StoredGrant& now, const std::vector<std::string>& before) {
  AppSnapshot its_app = app(now.app);
  std::vector<std::string> missing;
  if (its_app) missing = missing_scopes(its_app->required_scopes, now.scopes);
  std::vector<std::string> lost = missing_scopes(before, now.scopes);
  std::vector<std::string> gained = before.empty() ? before : missing_scopes(now.scopes, before);
  bool is_news = !lost.empty() || !gained.empty() || (before.empty() && !missing.empty());
  if (!is_news) return;
  std::vector<journal::Field> details;
  auto add = [&](std::string_view name, const std::vector<std::string>& scopes) {
    if (!scopes.empty()) details.push_back({std::string(name), joined(scopes)});
  };
  add("lost", lost);
  add("gained", gained);
  add("missing", missing);
  record("grant.scopes", now.name, std::move(details));
}

void Grants::State::observe(const std::shared_ptr<Holding>& holding) {
  Result<Entry> entry = find(holding->name);
  if (!entry || entry->holding != holding) return;
  ConnectionView now = shown(*entry);
  if (now.state == holding->recorded) return;
  std::vector<journal::Field> details;
  bool has_cause = now.state != ConnectionState::Connected && now.state != ConnectionState::Refreshing;
  if (has_cause) {
    Explanation why = explanation_of(now);
    details = {{"cause", std::move(why.cause)}, {"next_step", std::move(why.next_step)}};
  }
  record_change("grant.state", holding, std::move(details));
}

// --- The door ---

Grants::Grants(std::shared_ptr<State> state) : state_(std::move(state)) {}
Grants::~Grants() {
  stop();
}

Async<Result<std::unique_ptr<Grants>>> Grants::open(Parts parts, Settings settings, Apps apps) {
  auto state = std::make_shared<State>(parts, std::move(settings), std::move(apps));
  Result<void> loaded = co_await state->load();
  if (!loaded) co_return std::unexpected(loaded.error());
  co_return std::unique_ptr<Grants>(new Grants(std::move(state)));
}

Async<Result<Token>> Grants::token_for(Loop& here, ConnectionName connection, Deadline deadline) {
  return state_->token(here, std::move(connection), deadline);
}

Async<Result<Token>> Grants::expired(Loop& here, ConnectionName connection, std::uint64_t generation,
                                     Deadline deadline) {
  if (Result<State::Entry> entry = state_->find(connection)) entry->holding->reject(generation);
  return state_->token(here, std::move(connection), deadline);
}

void Grants::refused(const ConnectionName& connection, std::uint64_t generation) {
  Result<State::Entry> entry = state_->find(connection);
  if (!entry || !entry->holding->suspect(generation, state_->parts.clock.steady())) return;
  state_->parts.loop.post([state = state_, holding = entry->holding] { state->ask_about(holding); });
}

void Grants::owner_missing(ConnectionName connection, std::uint64_t generation) {
  state_->parts.loop.post([state = state_, connection = std::move(connection), generation] {
    state->parts.loop.spawn(State::owner_missing(state, connection, generation));
  });
}

std::vector<ConnectionView> Grants::list() const {
  std::vector<ConnectionView> views;
  std::shared_ptr<const State::Directory> now = state_->directory();
  for (const auto& [name, entry] : now->entries) views.push_back(state_->shown(entry));
  return views;
}

std::optional<ConnectionView> Grants::show(const ConnectionName& connection) const {
  Result<State::Entry> entry = state_->find(connection);
  if (!entry) return std::nullopt;
  return state_->shown(*entry);
}

std::vector<ConnectionView> Grants::departed() const {
  std::vector<ConnectionView> views;
  TimePoint oldest = state_->parts.clock.now() - departed_memory;
  for (const auto& [name, view] : state_->directory()->departed)
    if (view.last_trouble->at >= oldest) views.push_back(view);
  return views;
}

Result<Grants::Side> Grants::side_of(const ConnectionName& connection) const {
  Result<State::Entry> entry = state_->find(connection);
  if (!entry) return std::unexpected(entry.error());
  if (!entry->app) return std::unexpected(app_unknown(*entry->holding));
  return Side{entry->app, entry->holding->account, entry->holding->kind};
}

std::optional<SteadyPoint> Grants::next_try(const ConnectionName& connection) const {
  Result<State::Entry> entry = state_->find(connection);
  if (!entry) return std::nullopt;
  return next_renewal(entry->holding->facts());
}

Async<Result<Disconnected>> Grants::disconnect(ConnectionName connection, Uninstall uninstall, Actor actor) {
  return state_->disconnect(std::move(connection), uninstall, std::move(actor));
}

Async<Result<ConnectionView>> Grants::renew(ConnectionName connection, Deadline deadline) {
  return state_->renew_now(std::move(connection), deadline);
}

void Grants::set_apps(Apps apps) {
  state_->set_apps(std::move(apps));
}

Async<void> Grants::run() {
  return State::run(state_);
}

Async<bool> Grants::drain(Deadline deadline) {
  return state_->drain(deadline);
}

void Grants::stop() {
  state_->stopping = true;
  wake();
}

void Grants::wake() {
  state_->start_due();
  state_->changed.notify();
}

}  // namespace hubward::grants
