// SPDX-License-Identifier: Apache-2.0
#include "app/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "admin/secret_body.hpp"
#include "app/build_facts.hpp"
#include "app/config.hpp"
#include "app/explanation.hpp"
#include "app/graph.hpp"
#include "app/mapping.hpp"
#include "app/serve.hpp"
#include "async/await.hpp"
#include "cli/socket_gate.hpp"
#include "core/locked_memory.hpp"
#include "http/client.hpp"
#include "keys/core_dumps.hpp"

namespace hubward::app {
namespace {

// What a command reads of an answer that was made in this process.
constexpr std::size_t max_answer_bytes = 32 * 1024 * 1024;

Result<Config> read(const std::string& config_file) {
  ConfigReading reading = load_config(config_file);
  if (reading.config) return std::move(*reading.config);
  return failure("CONFIG_INVALID", Fault::Caller, Retry::Never,
                 "the configuration is wrong:\n" + to_text(config_file, reading.complaints));
}

http::Request request_of(cli::Call call) {
  http::Request request;
  request.method = std::move(call.method);
  request.target = std::move(call.target);
  request.peer.address = "command";
  request.peer.uid = getuid();
  if (call.secret) {
    request.body = std::make_unique<admin::SecretBody>(std::move(*call.secret));
  } else if (!call.body.is_null()) {
    request.body = http::text_body(call.body.dump());
  }
  return request;
}

// No gateway runs: this process takes the store's lock and answers, through the same Api. Questions about the
// configuration are answered without store and root key.
class OwnGate final : public cli::Gate {
 public:
  explicit OwnGate(Config config)
      : config_(std::move(config)),
        catalogue_(hubspot::Catalogue::built_in()),
        log_(clock_, telemetry::descriptor_sink(STDERR_FILENO), form_of(config_), telemetry::Level::Warning) {
  }

  Result<cli::Answer> ask(cli::Call call) override {
    if (std::optional<Result<Json>> known = answer_from_configuration(call))
      return answer_of(std::move(*known));
    if (call.target == "/api/v1/status")
      return failure("NO_GATEWAY", Fault::Us, Retry::Later,
                     fmt::format("no gateway listens at {}", config_.admin_socket()));
    Result<cli::Answer> answer;
    loop_.run_task(answer_from_store(std::move(call), answer));
    return answer;
  }

 private:
  static Result<cli::Answer> answer_of(Result<Json> known) {
    if (!known) return std::unexpected(known.error());
    return cli::Answer{200, known->dump()};
  }

  std::optional<Result<Json>> answer_from_configuration(const cli::Call& call) const {
    constexpr std::string_view apps = "/api/v1/apps", roles = "/api/v1/roles", explain = "/explain";
    std::string_view target = call.target;
    if (!target.starts_with(apps) && !target.starts_with(roles)) return std::nullopt;
    auto made = roles_of(config_, catalogue_);
    if (!made) return std::unexpected(made.error());
    admin::Roster roster = roster_of(config_, std::move(*made));
    if (target == apps) return admin::list_apps(roster);
    if (target == roles) return admin::list_roles(roster);
    if (target.starts_with(apps))
      return admin::show_app(roster, AppName{std::string(target.substr(apps.size() + 1))});
    target.remove_prefix(roles.size() + 1);
    if (!target.ends_with(explain)) return admin::show_role(roster, RoleName{std::string(target)});
    target.remove_suffix(explain.size());
    return admin::explain_role(roster, catalogue_, RoleName{std::string(target)},
                               call.body["method"].text_or(""), call.body["target"].text_or(""));
  }

  Async<void> answer_from_store(cli::Call call, Result<cli::Answer>& answer) {
    if (!graph_) {
      auto opened = co_await open();
      if (!opened) {
        answer = std::unexpected(opened.error());
        co_return;
      }
    }
    grants::Actor actor{fmt::format("uid {} without a gateway", getuid())};
    http::Response response = co_await graph_->api().answer(std::move(actor), request_of(std::move(call)));
    Result<std::string> body = co_await http::read_all(std::move(response.body), max_answer_bytes);
    if (!body) {
      answer = std::unexpected(body.error());
    } else {
      answer = cli::Answer{response.status, std::move(*body)};
    }
  }

  Async<Result<void>> open() {
    Result<void> protection = keys::forbid_core_dumps();
    if (protection) protection = lock_memory();
    if (!protection) co_return protection;
    auto opened = co_await Graph::open({loop_, secrets_, catalogue_, log_}, config_);
    if (!opened) co_return std::unexpected(opened.error());
    graph_ = std::move(*opened);
    co_return Result<void>();
  }

  const Config config_;
  SystemClock clock_;
  OutsideSecrets secrets_;
  hubspot::Catalogue catalogue_;
  telemetry::Log log_;
  Loop loop_;
  std::unique_ptr<Graph> graph_;
};

Result<void> record_restore(const Config& config, const std::string& backup) {
  SystemClock clock;
  Result<store::StoreLock> lock = store::StoreLock::take(config.store_dir);
  if (!lock) return std::unexpected(lock.error());
  store::OpenOptions options;
  options.path = config.store_dir + "/journal.db";
  options.schemas = journal_file_schemas();
  auto file = store::Database::open(std::move(options));
  if (!file) return std::unexpected(file.error());
  auto opened = journal::Journal::open(**file, clock, journal_options_of(config));
  if (!opened) return std::unexpected(opened.error());
  journal::Record record;
  record.kind = journal::Kind::System;
  record.time = clock.now();
  record.client = fmt::format("uid {}", getuid());
  record.operation = "store.restore";
  record.details.push_back({"backup", backup});
  if (Result<void> appended = (*opened)->append(std::move(record)); !appended) return appended;
  return (*opened)->flush();
}

// Each door's certificate as the door itself would load it. One that has ended is wrong; one that will end is
// only told.
void look_at_certificates(const Config& config, Findings& found) {
  std::vector<std::pair<std::string, const Door*>> doors = {{"egress", &config.egress},
                                                            {"public", &config.public_door}};
  if (!config.admin.token.empty()) doors.emplace_back("admin", &config.admin.door);
  for (const auto& [name, door] : doors) {
    Result<http::CertificateFacts> facts = http::try_certificate(tls_of(*door));
    if (!facts) {
      found.wrong.push_back({0, 0, fmt::format("[listen.{}] {}", name, facts.error().message)});
      continue;
    }
    found.certificates.push_back({name, *facts});
    auto warning = admin::warning_of(found.certificates.back(), found.now);
    if (warning && !facts->valid_at(found.now)) found.wrong.push_back({0, 0, *warning});
  }
  for (const auto& [name, to] : config.destinations) {
    if (to.certificate.empty()) continue;
    auto facts = http::try_client_certificate(to.certificate, to.key);
    if (!facts) {
      found.wrong.push_back({0, 0, fmt::format("[destinations.{}] {}", name, facts.error().message)});
    } else if (!facts->valid_at(found.now)) {
      found.wrong.push_back(
          {0, 0,
           fmt::format("[destinations.{}] the certificate in {} is not valid now", name, to.certificate)});
    }
  }
}

}  // namespace

Result<cli::WebhookKeys> Program::webhook_keys(const std::string& config_file, const std::string& app) {
  Result<Config> config = read(config_file);
  if (!config) return std::unexpected(config.error());
  auto found = config->apps.find(app);
  if (found == config->apps.end())
    return invalid("NO_APP", fmt::format("the configuration has no [apps.{}]", app));
  cli::WebhookKeys keys;
  keys.public_url = config->public_url;
  keys.policy = signature_policy_of(*config, found->second);
  OutsideSecrets secrets;
  for (const auto& [name, settings] : config->apps) {
    for (auto [key, reference] : {std::pair{"client_secret", &settings.client_secret},
                                  {"previous_client_secret", &settings.previous_client_secret}}) {
      if (reference->empty()) continue;
      Result<Secret> secret = secrets.read(*reference, fmt::format("[apps.{}] {}", name, key));
      if (name == app) {
        if (!secret) return std::unexpected(secret.error());
        (reference == &settings.client_secret ? keys.current : keys.previous) = std::move(*secret);
      } else if (secret) {
        keys.others.push_back({fmt::format("{} of [apps.{}]", key, name), std::move(*secret)});
      } else {
        keys.unread.push_back(secret.error().message);
      }
    }
  }
  return keys;
}

namespace {

constexpr std::chrono::seconds post_patience{10};

Async<Result<int>> send_one(http::Client& client, cli::Post post) {
  std::size_t path = post.url.find('/', post.url.find("://") + 3);
  Result<http::Origin> origin = http::parse_origin(post.url.substr(0, path));
  if (!origin) co_return std::unexpected(origin.error());
  http::Outgoing out;
  out.origin = std::move(*origin);
  out.pool = "post";
  out.method = "POST";
  out.target = path == std::string::npos ? "/" : post.url.substr(path);
  for (const auto& [name, value] : post.fields) out.fields.add(name, value);
  out.body = http::text_body(std::move(post.body));
  out.answer_end = after(post_patience);
  Result<http::Response> answer = co_await client.send(out, out.answer_end);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  int status = answer->status;
  Result<std::string> rest = co_await http::read_all(std::move(answer->body), max_answer_bytes);
  if (!rest) co_return std::unexpected(std::move(rest.error()));
  co_return status;
}

Async<void> send_all(http::Client& client, std::vector<cli::Post> posts, std::vector<Result<int>>& statuses) {
  for (cli::Post& post : posts) {
    Result<int> status = co_await send_one(client, std::move(post));
    statuses.push_back(std::move(status));
  }
}

}  // namespace

Result<std::vector<Result<int>>> Program::post(std::vector<cli::Post> posts,
                                               const std::string& authority_file) {
  Loop loop;
  http::ClientOptions options;
  if (!authority_file.empty()) options.authority_files.push_back(authority_file);
  auto client = http::Client::make(loop, std::move(options));
  if (!client) return std::unexpected(client.error());
  std::vector<Result<int>> statuses;
  loop.run_task(send_all(**client, std::move(posts), statuses));
  return statuses;
}

int Program::serve(const std::string& config_file) {
  return app::serve(config_file);
}

cli::House::Explanation Program::check(const std::string& config_file, cli::Form form) {
  ConfigReading reading = load_config(config_file);
  Findings found{.wrong = reading.complaints, .certificates = {}, .now = SystemClock().now()};
  std::vector<Complaint>& wrong = found.wrong;
  if (reading.config) {
    hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
    std::vector<Complaint> roles = check_roles(*reading.config, catalogue);
    std::vector<Complaint> files = check_files(*reading.config);
    wrong.insert(wrong.end(), roles.begin(), roles.end());
    wrong.insert(wrong.end(), files.begin(), files.end());
    if (files.empty()) look_at_certificates(*reading.config, found);
  }
  if (form == cli::Form::Json)
    return {explain_as_json(config_file, reading.config, found).dump() + "\n", wrong.empty()};
  if (!reading.config) return {to_text(config_file, wrong), false};
  return {explain(config_file, *reading.config, found), wrong.empty()};
}

std::string Program::configuration_reference() {
  return app::configuration_reference();
}

std::string Program::version() {
  return build_facts();
}

Result<std::unique_ptr<cli::Gate>> Program::gate(const std::string& config_file) {
  Result<Config> config = read(config_file);
  if (!config) return std::unexpected(config.error());
  Result<std::unique_ptr<cli::Gate>> running = cli::open_socket_gate(config->admin_socket());
  if (running || running.error().code != "NO_GATEWAY") return running;
  return std::make_unique<OwnGate>(std::move(*config));
}

Result<cli::StorePlace> Program::store(const std::string& config_file) {
  Result<Config> config = read(config_file);
  if (!config) return std::unexpected(config.error());
  cli::StorePlace place;
  place.directory = config->store_dir;
  place.checks = store_checks();
  place.record_restore = [config = *config](const std::string& backup) {
    return record_restore(config, backup);
  };
  return place;
}

}  // namespace hubward::app
