// SPDX-License-Identifier: Apache-2.0
#include "app/serve.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.hpp"
#include "app/descriptors.hpp"
#include "app/graph.hpp"
#include "app/mapping.hpp"
#include "app/reload.hpp"
#include "app/service_manager.hpp"
#include "app/signals.hpp"
#include "async/await.hpp"
#include "core/locked_memory.hpp"
#include "http/door_figures.hpp"
#include "http/redirect.hpp"
#include "keys/core_dumps.hpp"

namespace hubward::app {
namespace {

// The admin door takes small JSON.
constexpr std::uint64_t admin_body_bytes = 64 * 1024;
constexpr std::size_t redirect_connections = 256;
constexpr std::chrono::hours clearing{1};
constexpr std::chrono::hours certificate_warnings{24};
// What a stop may take beyond the grace for calls: the last records, the store's files.
constexpr std::chrono::seconds stop_margin{15};
// Of these, for renewals under way.
constexpr std::chrono::seconds renewal_grace{5};
// And for deliveries: an attempt whose answer is not heard is made once more.
constexpr std::chrono::seconds delivery_grace{5};

// What systemd's MONOTONIC_USEC compares with.
std::chrono::microseconds monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(now.tv_nsec));
}

class Serving {
 public:
  Serving(Loop& loop, std::string config_file, Config config, OutsideSecrets& secrets,
          const hubspot::Catalogue& catalogue, telemetry::Log& log, ServiceManager manager)
      : loop_(loop),
        config_file_(std::move(config_file)),
        first_(std::move(config)),
        secrets_(secrets),
        catalogue_(catalogue),
        log_(log),
        manager_(std::move(manager)),
        stopped_(loop) {}

  // From start to stop; leaves the loop.
  Async<void> run() {
    Result<void> started = co_await start();
    if (started) {
      Result<void> served = co_await wait_for_stop();
      if (!served) started = served;
    }
    if (!started) {
      log_.failed(telemetry::Level::Error, "start.failed", started.error());
      exit_ = 1;
    }
    co_await shut_down();
    loop_.stop();
  }

  // On the loop.
  void tell(Told told) {
    if (told == Told::Reload) return reload();
    stopping_ = true;
    stopped_.notify();
  }

  int exit_code() const { return exit_; }

 private:
  Async<Result<void>> start() {
    auto graph = co_await Graph::open({loop_, secrets_, catalogue_, log_}, first_);
    if (!graph) co_return std::unexpected(graph.error());
    graph_ = std::move(*graph);
    Result<void> open = open_doors();
    if (!open) co_return std::unexpected(open.error());
    loop_.spawn(graph_->grants().run());
    // What cannot be started is no reason to keep everything else from serving; the log and `webhook
    // destinations` tell.
    Result<void> delivering = co_await graph_->deliveries().begin();
    if (!delivering) log_.failed(telemetry::Level::Error, "webhook.destinations", delivering.error());
    loop_.spawn(graph_->gap_repair().run());
    running_ = true;
    graph_->operations().watch_doors([this] { return door_certificates(); });
    loop_.spawn(clear_now_and_then());
    loop_.spawn(warn_of_certificates_daily());
    record("gateway.start");
    co_return Result<void>();
  }

  Result<void> open_doors() {
    const Config& config = graph_->config();
    std::size_t descriptors = raise_descriptor_limit();
    DoorShares shares = door_shares(config.limits.connections, descriptors);
    if (shares.outside < config.limits.connections)
      log_.warning("start.few_descriptors",
                   {{"descriptors", descriptors},
                    {"egress_connections", shares.egress},
                    {"public_connections", shares.outside},
                    {"next_step", "raise the limit (ulimit -Hn, or LimitNOFILE= in the systemd unit)"}});
    http::Limits egress = limits_of(config, config.limits.egress, shares.egress);
    Result<void> opened =
        open_door(egress_, "egress", endpoint_of(config.egress), tls_of(config.egress), egress,
                  [this](http::Request request) { return graph_->egress().handle(std::move(request)); });
    if (!opened) return while_doing("[listen.egress]", opened.error());

    http::Limits outside = limits_of(config, config.limits.outside, shares.outside);
    outside.body_bytes = config.webhooks.body_bytes;
    opened = open_door(public_, "public", endpoint_of(config.public_door), tls_of(config.public_door),
                       outside, [this](http::Request request) { return answer_outside(std::move(request)); });
    if (!opened) return while_doing("[listen.public]", opened.error());
    opened = open_redirect(outside);
    if (!opened) return while_doing("[listen.public] redirect_port", opened.error());

    http::Limits operators = limits_of(config, config.limits.admin, config.limits.admin_connections);
    operators.body_bytes = admin_body_bytes;
    http::Endpoint socket;
    socket.socket_path = config.admin_socket();
    http::Limits commands = operators;
    commands.admission = {};  // they all have the same address
    opened = open_door(socket_, "socket", socket, std::nullopt, commands, [this](http::Request request) {
      return graph_->doors().from_socket(std::move(request));
    });
    if (!opened) return while_doing("the local socket", opened.error());
    if (config.admin.token.empty()) return {};
    opened =
        open_door(admin_, "admin", endpoint_of(config.admin.door), tls_of(config.admin.door), operators,
                  [this](http::Request request) { return graph_->doors().from_network(std::move(request)); });
    if (!opened) return while_doing("[listen.admin]", opened.error());
    return {};
  }

  // Webhooks and installs are all that the internet may ask for.
  Async<http::Response> answer_outside(http::Request request) {
    if (request.path().starts_with(webhooks::hooks_path)) return graph_->hooks().answer(std::move(request));
    return graph_->installs().answer(std::move(request));
  }

  // Plain HTTP, answered with where to go instead.
  Result<void> open_redirect(http::Limits limits) {
    const Door& door = graph_->config().public_door;
    if (door.redirect_port == 0) return {};
    http::Endpoint endpoint = endpoint_of(door);
    endpoint.port = door.redirect_port;
    limits.connections = std::min(limits.connections, redirect_connections);
    return open_door(redirect_, "redirect", std::move(endpoint), std::nullopt, limits,
                     [this](http::Request request) {
                       return answer_with_redirect(graph_->config().public_url, std::move(request));
                     });
  }

  static Async<http::Response> answer_with_redirect(std::string base, http::Request request) {
    co_return http::redirect_to(base, request);
  }

  Result<void> open_door(std::unique_ptr<http::Listener>& door, std::string name, http::Endpoint endpoint,
                         std::optional<http::TlsServer> tls, http::Limits limits,
                         http::Listener::Handler handler) {
    auto figures =
        std::make_shared<http::DoorFigures>(std::move(name), graph_->clock(), graph_->metrics(), log_);
    auto opened = http::Listener::open(loop_, std::move(endpoint), std::move(tls), limits, std::move(handler),
                                       std::move(figures));
    if (!opened) return std::unexpected(opened.error());
    door = std::move(*opened);
    return {};
  }

  Async<Result<void>> wait_for_stop() {
    Json ready = Json::object({{"ready", true},
                               {"pid", static_cast<std::int64_t>(getpid())},
                               {"egress", egress_->port()},
                               {"public", public_->port()}});
    if (admin_) ready.set("admin", admin_->port());
    std::string line = ready.dump() + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0)
      log_.warning("start.unannounced", {});  // nobody reads standard output; the log says the rest
    log_.info("gateway.ready", {{"egress", egress_->port()}, {"public", public_->port()}});
    report(app::ready("Serving"));
    if (manager_.watchdog()) loop_.spawn(keep_watchdog_quiet(*manager_.watchdog()));
    while (!stopping_) {
      bool told = co_await stopped_.wait();
      if (!told) continue;
    }
    co_return Result<void>();
  }

  Async<void> shut_down() {
    if (!graph_) co_return;
    log_.info("gateway.stopping", {});
    report(stopping(graph_->config().stop_grace + stop_margin));
    running_ = false;
    Deadline deadline = after(graph_->config().stop_grace);
    // New calls are refused first; the operators' socket stays to the last.
    for (std::unique_ptr<http::Listener>* door : {&redirect_, &egress_, &public_, &admin_, &socket_}) {
      if (!*door) continue;
      co_await (*door)->drain(deadline);
      door->reset();
    }
    // What of a journal is not read by then is read after the next start.
    graph_->gap_repair().stop();
    co_await graph_->gap_repair().drain(deadline);
    // What is not delivered by then waits for the next start.
    bool delivered = co_await graph_->deliveries().drain(std::max(deadline, after(delivery_grace)));
    if (!delivered) log_.warning("gateway.stop_during_delivery", {});
    graph_->grants().stop();
    // A call that took all of the grace takes nothing from a renewal whose answer may be lost with us.
    bool renewed = co_await graph_->grants().drain(std::max(deadline, after(renewal_grace)));
    if (!renewed) log_.warning("gateway.stop_during_renewal", {});
    record("gateway.stop");
    Result<void> flushed = graph_->journal().flush();
    if (!flushed) log_.failed(telemetry::Level::Error, "journal.flush", flushed.error());
    log_.info("gateway.stopped", {});
  }

  void reload() {
    if (!running_) return log_.warning("reload.ignored", {{"why", "the gateway is starting or stopping"}});
    report(reloading(monotonic_now()));
    report(ready(read_again()));
  }

  // How it serves from here on, in a line.
  std::string read_again() {
    ConfigReading reading = load_config(config_file_);
    if (!reading.config) return refuse_reload(to_text(config_file_, reading.complaints));
    std::vector<Complaint> wrong = check_files(*reading.config, Variables::Ignore);
    if (!wrong.empty()) return refuse_reload(to_text(config_file_, wrong));
    std::string restart = needs_restart(graph_->config(), *reading.config);
    Result<void> applied = graph_->apply(std::move(*reading.config));
    if (!applied) return refuse_reload(applied.error().message);
    std::string kept = reload_certificates();
    record("gateway.reload", kept);
    if (!restart.empty()) log_.warning("reload.needs_restart", {{"keys", restart}});
    if (kept.empty()) {
      log_.info("reload.done", {});
      return "Serving";
    }
    log_.error(
        "reload.incomplete",
        {{"doors", kept}, {"effect", "the configuration is new, but these doors keep the files they had"}});
    return "Serving, but with the certificates and client authorities of before at " + kept +
           ": the new files were refused, see the log";
  }

  // Each door for itself: one whose files are broken keeps what it has. Which did, with commas between them.
  std::string reload_certificates() {
    std::string kept;
    for (auto [name, door] : tls_doors()) {
      Result<void> reloaded = door->reload_certificate();
      if (reloaded) continue;
      kept += (kept.empty() ? "" : ", ") + name;
      log_.error("reload.certificate", {{"door", name},
                                        {"why", reloaded.error().message},
                                        {"effect", "the door keeps the certificate and authorities it has"}});
    }
    warn_of_certificates();
    return kept;
  }

  // The doors that are open and speak TLS.
  std::vector<std::pair<std::string, http::Listener*>> tls_doors() const {
    std::vector<std::pair<std::string, http::Listener*>> doors;
    std::pair<std::string, http::Listener*> all[] = {
        {"egress", egress_.get()}, {"public", public_.get()}, {"admin", admin_.get()}};
    for (auto& [name, door] : all)
      if (door != nullptr) doors.emplace_back(name, door);
    return doors;
  }

  std::vector<admin::DoorCertificate> door_certificates() const {
    std::vector<admin::DoorCertificate> certificates;
    for (const auto& [name, door] : tls_doors()) certificates.push_back({name, *door->certificate()});
    return certificates;
  }

  void warn_of_certificates() {
    for (const admin::DoorCertificate& one : door_certificates())
      if (std::optional<std::string> sentence = admin::warning_of(one, SystemClock().now()))
        log_.warning("certificate.ends", {{"door", one.door}, {"why", *sentence}});
  }

  std::string refuse_reload(std::string why) {
    while (why.ends_with('\n')) why.pop_back();
    log_.error("reload.refused", {{"why", why}, {"effect", "the old configuration stays"}});
    return "Serving under the old configuration: the new one was refused, see the log";
  }

  // `kept`: the doors that a reload could not give their new files.
  void record(std::string_view act, const std::string& kept = {}) {
    journal::Record record;
    record.kind = journal::Kind::System;
    record.time = SystemClock().now();
    record.operation = act;
    record.details.push_back({"version", std::string(version)});
    if (!kept.empty()) record.details.push_back({"files_refused_at", kept});
    Result<void> appended = graph_->journal().append(std::move(record));
    if (!appended) log_.failed(telemetry::Level::Error, "journal.append", appended.error());
  }

  void report(const std::string& word) {
    Result<void> told = manager_.tell(word);
    if (!told) log_.failed(telemetry::Level::Warning, "service_manager.unreached", told.error());
  }

  // Comes from the loop, so that a loop that no longer turns is found and the program started anew. Goes on
  // while calls finish after a stop; ends with the loop.
  Async<void> keep_watchdog_quiet(std::chrono::microseconds period) {
    while (true) {
      report(alive());
      co_await sleep_until(after(period / 3));
    }
  }

  Async<void> clear_now_and_then() {
    while (running_) {
      co_await graph_->clear_journal();
      co_await graph_->clear_inbox();
      co_await sleep_until(after(clearing));
    }
  }

  Async<void> warn_of_certificates_daily() {
    while (running_) {
      warn_of_certificates();
      co_await sleep_until(after(certificate_warnings));
    }
  }

  Loop& loop_;
  const std::string config_file_;
  const Config first_;
  OutsideSecrets& secrets_;
  const hubspot::Catalogue& catalogue_;
  telemetry::Log& log_;
  const ServiceManager manager_;
  Signal stopped_;
  bool stopping_ = false;
  bool running_ = false;
  int exit_ = 0;
  // The doors go before what stands behind them.
  std::unique_ptr<Graph> graph_;
  std::unique_ptr<http::Listener> egress_, public_, redirect_, admin_, socket_;
};

int fail(std::string_view text) {
  std::fprintf(stderr, "hubward: %.*s%s", static_cast<int>(text.size()), text.data(),
               text.ends_with('\n') ? "" : "\n");
  return 1;
}

}  // namespace

int serve(const std::string& config_file) {
  // Before anything secret is read.
  Result<void> protection = keys::forbid_core_dumps();
  if (!protection) return fail(protection.error().message);
  protection = lock_memory();
  if (!protection) return fail(protection.error().message);
  Signals signals;

  ConfigReading reading = load_config(config_file);
  if (!reading.config) return fail(to_text(config_file, reading.complaints));
  std::vector<Complaint> wrong = check_files(*reading.config);
  if (!wrong.empty()) return fail(to_text(config_file, wrong));

  SystemClock clock;
  telemetry::Log log(clock, telemetry::descriptor_sink(STDERR_FILENO), form_of(*reading.config),
                     level_of(*reading.config));
  Result<ServiceManager> manager = ServiceManager::from_environment();
  if (!manager) return fail(manager.error().message);
  OutsideSecrets secrets;
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  Loop loop;
  Serving serving(loop, config_file, std::move(*reading.config), secrets, catalogue, log,
                  std::move(*manager));
  loop.spawn(serving.run());
  signals.start(loop, [&serving](Told told) { serving.tell(told); });
  loop.run();
  signals.stop();
  return serving.exit_code();
}

}  // namespace hubward::app
