// SPDX-License-Identifier: Apache-2.0
// What must hold between keys of the configuration.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/config_keys.hpp"
#include "core/ascii.hpp"

namespace hubward::app {
namespace {

constexpr std::size_t longest_compared = 64;
constexpr std::size_t longest_socket_path = 107;  // unix(7): 108 with the zero at its end

// Levenshtein's distance; both texts are short (longest_compared).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = diagonal + (to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

class Together {
 public:
  Together(const Config& config, const std::function<Place(std::string_view)>& place_of)
      : config_(config), place_of_(place_of) {}

  std::vector<Complaint> all() {
    if (config_.admin_socket().size() > longest_socket_path)
      complain("store_dir", fmt::format("store_dir is too long: with /admin.sock it may have {} bytes",
                                        longest_socket_path));
    doors();
    for (const auto& [name, app] : config_.apps) {
      if (app.kind == AppSettings::Kind::OAuth) oauth_app(name, app);
      if (app.kind == AppSettings::Kind::Private) private_app(name, app);
      simulator(name, app);
    }
    for (const auto& [name, role] : config_.roles) rules(name, role);
    for (const auto& [name, to] : config_.destinations) destination(name, to);
    return std::move(complaints_);
  }

 private:
  void complain(std::string_view key, std::string message) {
    Place place = place_of_(key);
    complaints_.push_back({place.line, place.column, std::move(message)});
  }

  void tls_files(std::string_view table, const Door& door) {
    for (auto [key, path] : {std::pair{"certificate", &door.certificate}, {"key", &door.key}}) {
      if (!path->empty()) continue;
      complain(fmt::format("{}.{}", table, key),
               fmt::format("[{}] needs {}: the file with the door's TLS {}", table, key,
                           path == &door.key ? "key" : "certificate"));
    }
  }

  void destination(const std::string& name, const DestinationSettings& to) {
    if (to.url.starts_with("http://") && to.allow_networks.empty())
      complain(fmt::format("destinations.{}.url", name),
               fmt::format("[destinations.{}] url is http: customers' data would cross the internet in the "
                           "clear; use https, or name the network of your own in allow_networks",
                           name));
    if (to.certificate.empty() != to.key.empty())
      complain(fmt::format("destinations.{}.{}", name, to.key.empty() ? "certificate" : "key"),
               fmt::format("[destinations.{}] needs certificate and key together, or neither", name));
    if (!to.certificate.empty() && to.url.starts_with("http://"))
      complain(fmt::format("destinations.{}.certificate", name),
               fmt::format("[destinations.{}] has a certificate, which http never shows; use https", name));
    for (const std::string& app : to.apps)
      if (!config_.apps.contains(app))
        complain(fmt::format("destinations.{}.apps", name),
                 fmt::format("[destinations.{}] apps names {}, and there is no [apps.{}]", name, app, app));
  }

  void doors() {
    tls_files("listen.egress", config_.egress);
    tls_files("listen.public", config_.public_door);
    if (!config_.admin.token.empty()) {
      tls_files("listen.admin", config_.admin.door);
      if (config_.admin.allowed_hosts.empty())
        complain("listen.admin.allowed_hosts",
                 "[listen.admin] allowed_hosts must hold at least one name, else no request is let in");
    }
    if (!config_.egress.client_authorities.empty() && !config_.egress.client_certificates)
      complain("listen.egress.client_authorities",
               "[listen.egress] client_authorities needs client_certificates = true: without it no client is "
               "asked for a certificate");
    struct Port {
      const char* table;
      const char* key;
      std::uint16_t number;
    };
    const Port ports[] = {{"listen.egress", "port", config_.egress.port},
                          {"listen.public", "port", config_.public_door.port},
                          {"listen.admin", "port", config_.admin.door.port},
                          {"listen.public", "redirect_port", config_.public_door.redirect_port}};
    for (std::size_t i = 0; i < std::size(ports); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (ports[i].number != ports[j].number) continue;
        complain(fmt::format("{}.{}", ports[i].table, ports[i].key),
                 fmt::format("[{}] {} {} is also the port of [{}]; each door needs its own", ports[i].table,
                             ports[i].key, ports[i].number, ports[j].table));
      }
    }
  }

  void oauth_app(const std::string& name, const AppSettings& app) {
    auto needs = [&](std::string_view key, bool missing, std::string_view what) {
      if (!missing) return;
      complain(fmt::format("apps.{}.{}", name, key),
               fmt::format("[apps.{}] is of kind \"oauth\" and needs {}: {}", name, key, what));
    };
    needs("client_id", app.client_id.empty(), "it stands on the app's page at HubSpot");
    needs("client_secret", app.client_secret.empty(),
          "where the app's secret is (file:, env: or credential:)");
    needs("scopes", app.scopes.empty(), "at least one scope; without it HubSpot refuses the install page");
    for (const std::string& scope : app.optional_scopes) {
      if (std::ranges::count(app.scopes, scope) > 0)
        complain(
            fmt::format("apps.{}.optional_scopes", name),
            fmt::format("[apps.{}] optional_scopes repeats a scope that stands in scopes; a scope is either "
                        "required or optional",
                        name));
    }
  }

  void private_app(const std::string& name, const AppSettings& app) {
    auto has_no = [&](std::string_view key, bool present) {
      if (!present) return;
      complain(
          fmt::format("apps.{}.{}", name, key),
          fmt::format("[apps.{}] is of kind \"private\", which has no {}; remove it, or set kind = \"oauth\"",
                      name, key));
    };
    has_no("client_id", !app.client_id.empty());
    has_no("scopes", !app.scopes.empty());
    has_no("optional_scopes", !app.optional_scopes.empty());
    has_no("pkce", app.pkce);
    has_no("open_installs", app.open_installs);
    has_no("webhook_journal", app.webhook_journal);
  }

  void simulator(const std::string& name, const AppSettings& app) {
    std::pair<const char*, const std::string*> keys[] = {{"simulator_api", &app.simulator_api},
                                                         {"simulator_authorize", &app.simulator_authorize},
                                                         {"simulator_ca", &app.simulator_ca}};
    for (auto [key, value] : keys) {
      std::string path = fmt::format("apps.{}.{}", name, key);
      bool needed = key != std::string_view("simulator_authorize") || app.kind == AppSettings::Kind::OAuth;
      if (!app.simulator && !value->empty())
        complain(path,
                 fmt::format("[apps.{}] {} needs simulator = true: without it an app talks to HubSpot only",
                             name, key));
      if (app.simulator && needed && value->empty())
        complain(path, fmt::format("[apps.{}] has simulator = true and needs {}", name, key));
    }
  }

  void rules(const std::string& role_name, const RoleSettings& role) {
    for (std::size_t i = 0; i < role.rules.size(); ++i) {
      const RuleSettings& rule = role.rules[i];
      std::string table = fmt::format("roles.{}.rules.{}", role_name, i);
      if (rule.objects.empty() && rule.actions.empty() && rule.operations.empty())
        complain(table, fmt::format("[[roles.{}.rules]] \"{}\" says neither objects, actions nor operations; "
                                    "write objects = [\"*\"] if it is meant for all of them",
                                    role_name, rule.name));
      for (std::size_t j = 0; j < i; ++j) {
        if (!rule.name.empty() && role.rules[j].name == rule.name)
          complain(table + ".name",
                   fmt::format("[[roles.{}.rules]] has two rules named \"{}\"; decisions name "
                               "their rule, so each needs its own name",
                               role_name, rule.name));
      }
    }
  }

  const Config& config_;
  const std::function<Place(std::string_view)>& place_of_;
  std::vector<Complaint> complaints_;
};

}  // namespace

std::optional<std::string_view> closest(std::string_view text, const std::vector<std::string_view>& words) {
  if (text.size() > longest_compared) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = 1 + std::max<std::size_t>(2, text.size() / 3);  // two for swapped letters
  for (std::string_view word : words) {
    std::size_t distance = edit_distance(text, word);
    if (distance < best_distance && distance < word.size()) {
      best_distance = distance;
      best = word;
    }
  }
  return best;
}

std::vector<Complaint> check_together(const Config& config,
                                      const std::function<Place(std::string_view)>& place_of) {
  return Together(config, place_of).all();
}

}  // namespace hubward::app
