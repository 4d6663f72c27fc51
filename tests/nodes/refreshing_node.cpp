// SPDX-License-Identifier: Apache-2.0
// refreshing_node CONFIG NAME LEASE_MS
//
// What several gateways on one store would do about one connection: the real grants over the real vault.db,
// with leases in the store and a journal of its own. Asks for the connection's token without end and prints a
// line of JSON whenever the answer changes. Ends by SIGTERM, or however the story
// (tests/stories/several_nodes.py) ends it.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "app/graph.hpp"
#include "app/mapping.hpp"
#include "app/outside_secrets.hpp"
#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/invariant.hpp"
#include "crypto/random.hpp"
#include "gateway/upstreams.hpp"
#include "grants/grants.hpp"
#include "grants/http_token_endpoint.hpp"
#include "journal/journal.hpp"
#include "keys/local_key_provider.hpp"
#include "leases/store_leases.hpp"
#include "store/database.hpp"
#include "vault/vault.hpp"

namespace {

using namespace hubward;

constexpr auto between_calls = std::chrono::milliseconds(20);
constexpr auto call_deadline = std::chrono::seconds(10);
const ConnectionName connection{"acme-demo"};

template <class T>
T must(Result<T> result) {
  invariant(result.has_value(), result ? "" : result.error().message);
  return std::move(*result);
}

class Node {
 public:
  Node(app::Config config, const std::string& name, std::chrono::milliseconds lease_life)
      : config_(std::move(config)),
        vault_file_(open("vault.db", schemas())),
        journal_file_(open("journal-" + name + ".db", app::journal_file_schemas())),
        journal_(must(journal::Journal::open(*journal_file_, clock_))),
        leases_(*vault_file_, clock_, name + "-" + crypto::uuid4(random_), lease_life) {}

  Async<void> run() {
    keys::SecretSource source = must(keys::SecretSource::parse(config_.root_key.text));
    vault::Parts vault_parts{.database = *vault_file_, .root_keys = {}, .random = random_, .clock = clock_};
    vault_parts.root_keys.push_back(must(keys::open_local_key_provider(source, random_)));
    Result<std::unique_ptr<vault::Vault>> vault = co_await vault::Vault::open(std::move(vault_parts));
    vault_ = must(std::move(vault));
    grants::Parts parts{loop,      clock_, random_,  *vault_file_, *vault_,
                        *journal_, log_,   metrics_, hubspot_,     leases_};
    grants::Settings settings{.public_url = config_.public_url};
    settings.call_timeout = std::chrono::seconds(5);
    Result<std::unique_ptr<grants::Grants>> opened =
        co_await grants::Grants::open(parts, std::move(settings), must(app::apps_of(config_, secrets_)));
    grants_ = must(std::move(opened));
    loop.spawn(grants_->run());
    for (;;) {
      Result<grants::Token> token = co_await grants_->token_for(loop, connection, after(call_deadline));
      tell(token);
      co_await sleep_until(after(between_calls));
    }
  }

  Loop loop;

 private:
  static std::vector<store::Schema> schemas() {
    std::vector<store::Schema> all = app::vault_file_schemas();
    all.push_back(leases::schema());
    return all;
  }
  std::unique_ptr<store::Database> open(const std::string& name, std::vector<store::Schema> schemas) const {
    store::OpenOptions options;
    options.path = config_.store_dir + "/" + name;
    options.schemas = std::move(schemas);
    return must(store::Database::open(std::move(options)));
  }
  void tell(const Result<grants::Token>& token) {
    std::string line = token ? fmt::format(R"({{"generation":{}}})", token->generation)
                             : fmt::format(R"({{"error":"{}"}})", token.error().code);
    if (line == last_) return;
    last_ = line;
    std::puts(line.c_str());
    std::fflush(stdout);
  }

  const app::Config config_;
  app::OutsideSecrets secrets_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  telemetry::Log log_{clock_, telemetry::descriptor_sink(2)};
  telemetry::Metrics metrics_;
  std::unique_ptr<store::Database> vault_file_, journal_file_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<vault::Vault> vault_;
  gateway::Upstreams upstreams_{loop, app::client_options_of(config_)};
  grants::HttpTokenEndpoint hubspot_{[this](const grants::App& app) { return upstreams_.client_for(app); }};
  leases::StoreLeases leases_;
  std::unique_ptr<grants::Grants> grants_;
  std::string last_;
};

}  // namespace

int main(int count, char** words) {
  int lease_ms = 0;
  std::string_view last = count == 4 ? words[3] : "";
  if (std::from_chars(last.data(), last.data() + last.size(), lease_ms).ec != std::errc()) {
    std::fputs("usage: refreshing_node CONFIG NAME LEASE_MS\n", stderr);
    return 2;
  }
  app::ConfigReading reading = app::load_config(words[1]);
  invariant(reading.config.has_value(), "the configuration cannot be read");
  Node node(std::move(*reading.config), words[2], std::chrono::milliseconds(lease_ms));
  node.loop.spawn(node.run());
  node.loop.run();
  return 0;
}
