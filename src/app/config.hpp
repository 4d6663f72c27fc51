// SPDX-License-Identifier: Apache-2.0
// What the operator wrote in hubward.toml, read strictly: an unknown key, a wrong type or an impossible value
// is a complaint with its line and column, and every complaint is reported, not only the first. Secrets stand
// in it only by reference. Which keys there are, and what they mean, is declared once in config_keys.cpp; the
// reference docs/configuration.md is written from there.
//
// Config is a value, immutable once read; a reload makes a new one (app/serve.hpp). Sizes are bytes, waits
// milliseconds. Clients and connections live in the store, not here.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/named.hpp"
#include "core/result.hpp"

namespace hubward::hubspot {
class Catalogue;
}

namespace hubward::app {

using Millis = std::chrono::milliseconds;

// Bigger files are refused unread: nobody writes a megabyte of configuration by hand.
constexpr std::size_t max_config_bytes = 1024 * 1024;
// Beyond this many complaints the rest are only counted.
constexpr std::size_t max_complaints = 50;
constexpr std::string_view default_config_path = "/etc/hubward/hubward.toml";

// "file:/path", "env:NAME" or "credential:name": where a secret is, never the secret.
struct SecretRef {
  std::string text;
  bool empty() const { return text.empty(); }
  bool operator==(const SecretRef&) const = default;
};

struct Door {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string certificate;  // PEM file, leaf first
  std::string key;          // PEM file
  bool only_tls13 = false;
  bool client_certificates = false;  // of egress
  std::string client_authorities;    // of egress: PEM file
  std::uint32_t hsts_seconds = 0;    // of public and admin; 0: not sent
  std::uint16_t redirect_port = 0;   // of public; 0: none
  bool operator==(const Door&) const = default;
};
inline Door door_at(std::uint16_t port, std::uint32_t hsts_seconds = 0) {
  Door door;
  door.port = port;
  door.hsts_seconds = hsts_seconds;
  return door;
}
constexpr std::uint32_t one_year_seconds = 365 * 86'400;

struct AdminDoor {
  Door door = door_at(7443, one_year_seconds);
  SecretRef token;  // empty: only the local socket is open
  std::vector<std::string> allowed_hosts = {"localhost"};
  bool operator==(const AdminDoor&) const = default;
};

// What differs between doors. 0: no bound.
struct DoorBounds {
  std::size_t connections_per_address = 0;
  std::uint32_t handshakes_per_second = 0;
  std::uint32_t handshakes_per_second_per_address = 0;
  bool operator==(const DoorBounds&) const = default;
};

// Bounds of the doors: one caller, however hostile, costs no more than this.
struct DoorLimits {
  std::size_t connections = 10'000;
  std::size_t head_bytes = 32 * 1024;
  std::size_t header_fields = 100;
  std::size_t target_bytes = 8 * 1024;
  std::uint64_t request_body_bytes = 16 * 1024 * 1024;
  Millis handshake{10'000};
  Millis head{10'000};
  Millis idle{75'000};
  Millis body_idle{30'000};
  std::uint64_t body_bytes_per_second = 1024;
  std::vector<std::string> shared_addresses = {"127.0.0.0/8", "::1"};
  DoorBounds egress{1000, 5000, 200};
  DoorBounds outside{100, 500, 50};
  DoorBounds admin{64, 50, 20};
  std::size_t admin_connections = 256;
  bool operator==(const DoorLimits&) const = default;
};

// Bounds of the calls to HubSpot.
struct UpstreamLimits {
  std::size_t connections_per_connection = 256;
  std::size_t idle_per_connection = 64;
  std::size_t head_bytes = 64 * 1024;
  std::uint64_t answer_body_bytes = 512 * 1024 * 1024;
  std::uint64_t repeatable_body_bytes = 256 * 1024;
  Millis connect{10'000};
  Millis answer{110'000};  // HubSpot gives up after 100 s
  Millis idle{50'000};
  Millis body_idle{60'000};
  std::uint64_t body_bytes_per_second = 1024;
  bool operator==(const UpstreamLimits&) const = default;
};

struct PacingSettings {
  Millis wait{10'000};
  Millis longest_wait{60'000};
  std::size_t longest_line = 1'000;
  std::uint32_t searches_per_second = 5;
  std::uint32_t day_reserve_percent = 10;
  std::uint32_t most_repeats = 3;
  bool operator==(const PacingSettings&) const = default;
};

struct Log {
  enum class Level { Debug, Info, Warning, Error } level = Level::Info;
  enum class Format { Auto, Json, Text } format = Format::Auto;  // auto: text on a terminal, else json
  bool operator==(const Log&) const = default;
};

struct JournalSettings {
  std::chrono::days retention{90};
  bool durable_writes = false;   // a write waits until its record is on the disk before it is sent
  bool durable_deletes = false;  // likewise a delete
  Millis commit_interval{100};   // what a power cut may lose, at most
  std::size_t queue_records = 16'384;
  bool operator==(const JournalSettings&) const = default;
};

// How HubSpot's webhook journal is read, for the apps that want it.
struct WebhookJournalSettings {
  enum class Kinds { Named, Generic };
  std::chrono::minutes every{15};
  std::string path = "/webhooks-journal/journal/2026-03";
  std::string scope = "developer.webhooks_journal.read";
  std::vector<std::string> hosts{"hubspot.com", "hubapi.com", "amazonaws.com"};
  Kinds kinds = Kinds::Named;
  Millis tolerance{0};
  std::uint64_t file_bytes = 16ULL * 1024 * 1024;
  bool operator==(const WebhookJournalSettings&) const = default;
};

// How requests that say they come from HubSpot are checked, and how long what they bring is kept.
struct WebhookSettings {
  Millis clock_tolerance{60'000};
  std::chrono::hours oldest_event{7 * 24};
  std::chrono::days keep{7};
  std::chrono::days remember{14};
  std::uint64_t body_bytes = 10ULL * 1024 * 1024;
  std::uint64_t buffered_bytes = 128ULL * 1024 * 1024;
  std::uint64_t keep_free_bytes = 512ULL * 1024 * 1024;
  std::vector<std::string> sensitive_properties;
  WebhookJournalSettings journal;
  bool operator==(const WebhookSettings&) const = default;
};

// A registration at HubSpot that the gateway acts for.
struct AppSettings {
  enum class Kind { OAuth, Private } kind = Kind::OAuth;
  enum class TokenEndpoint { Dated2026_03, Dated2026_09, V3, V1 };
  std::string client_id;
  SecretRef client_secret;
  SecretRef previous_client_secret;
  std::vector<std::string> scopes;
  std::vector<std::string> optional_scopes;
  bool pkce = false;
  std::vector<std::string> webhook_signatures;  // "v1", "v2", "v3"; empty: as the kind of app has it
  bool open_installs = false;
  bool webhook_journal = false;
  TokenEndpoint token_endpoint = TokenEndpoint::Dated2026_03;
  bool simulator = false;
  std::string simulator_api;
  std::string simulator_authorize;
  std::string simulator_ca;
  bool operator==(const AppSettings&) const = default;
};

// Where events of webhooks go.
struct DestinationSettings {
  std::string url;
  SecretRef secret;
  SecretRef previous_secret;
  SecretRef bearer;
  std::vector<std::string> apps;
  std::vector<std::string> accounts;
  std::vector<std::string> kinds;
  std::vector<std::string> objects;
  std::vector<std::string> properties;
  std::vector<std::string> allow_networks;
  std::string ca;
  std::string certificate, key;
  unsigned concurrency = 10;
  Millis timeout{10'000};
  bool operator==(const DestinationSettings&) const = default;
};

struct RuleSettings {
  enum class Effect { Allow, Deny };
  std::string name;
  std::vector<std::string> objects;
  std::vector<std::string> actions;
  std::vector<std::string> operations;
  Effect effect = Effect::Allow;
  bool operator==(const RuleSettings&) const = default;
};

struct RoleSettings {
  enum class Mode { Enforce, Shadow } mode = Mode::Enforce;
  enum class Priority { Interactive, Normal, Bulk } priority = Priority::Normal;
  std::uint32_t weight = 1;
  std::vector<RuleSettings> rules;
  bool operator==(const RoleSettings&) const = default;
};

struct Config {
  std::string store_dir = "/var/lib/hubward";
  SecretRef root_key;
  SecretRef other_root_key;
  std::string public_url;  // "https://hooks.example.com": no path, no slash at the end
  Millis stop_grace{30'000};
  Door egress = door_at(8443);
  Door public_door = door_at(9443, one_year_seconds);
  AdminDoor admin;
  DoorLimits limits;
  UpstreamLimits upstream;
  Log log;
  JournalSettings journal;
  PacingSettings pacing;
  WebhookSettings webhooks;
  std::map<std::string, AppSettings> apps;
  std::map<std::string, RoleSettings> roles;
  std::map<std::string, DestinationSettings> destinations;
  bool operator==(const Config&) const = default;

  std::string admin_socket() const { return store_dir + "/admin.sock"; }
};

// One thing that is wrong, and where. `line` and `column` count from 1; 0 when it concerns the whole file.
struct Complaint {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
  bool operator==(const Complaint&) const = default;
};

// Either a config and no complaint, or complaints in the order of the file and no config.
struct ConfigReading {
  std::optional<Config> config;
  std::vector<Complaint> complaints;
};

// Pure: looks at the text only, not at the files it names.
ConfigReading read_config(std::string_view toml);

// Reads the file, bounded. One complaint with line 0 when it cannot be read.
ConfigReading load_config(const std::string& path);

// "hubward.toml:12:3: unknown key \"prot\" in [listen.egress]; did you mean \"port\"?", one line each.
std::string to_text(const std::string& path, const std::vector<Complaint>& complaints);

// The roles against the catalogue of HubSpot's operations: every object, action and operation must exist.
std::vector<Complaint> check_roles(const Config& config, const hubspot::Catalogue& catalogue);

// What only the machine can tell: the files it names exist, can be read, and no other user can read the keys.
// Each message names the key of the configuration. A variable of the environment is overwritten once it was
// read, so a running gateway does not look for it again.
enum class Variables { Look, Ignore };
std::vector<Complaint> check_files(const Config& config, Variables variables = Variables::Look);

// docs/configuration.md, whole, from the same declarations that the reader uses.
std::string configuration_reference();

}  // namespace hubward::app
