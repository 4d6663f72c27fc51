// SPDX-License-Identifier: Apache-2.0
#include "app/config.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/config_keys.hpp"
#include "app/mapping.hpp"

namespace hubward::app {
namespace {

constexpr std::string_view least = R"(root_key = "file:/etc/hubward/root.key"
public_url = "https://hooks.example.com"
[listen.egress]
certificate = "/tls/egress.crt"
key = "/tls/egress.key"
[listen.public]
certificate = "/tls/public.crt"
key = "/tls/public.key"
)";

std::string with(std::string_view more) {
  return std::string(least) + std::string(more);
}

// All complaints in one text, as an operator sees them.
std::string complaints(std::string_view toml) {
  return to_text("hubward.toml", read_config(toml).complaints);
}

TEST_CASE("the least configuration is read, with the defaults for the rest") {
  ConfigReading reading = read_config(least);

  CHECK(to_text("f", reading.complaints) == "");
  REQUIRE(reading.config);
  CHECK(reading.config->root_key.text == "file:/etc/hubward/root.key");
  CHECK(reading.config->store_dir == "/var/lib/hubward");
  CHECK(reading.config->egress.port == 8443);
  CHECK(reading.config->public_door.certificate == "/tls/public.crt");
  CHECK(reading.config->admin.token.empty());
  CHECK(reading.config->admin_socket() == "/var/lib/hubward/admin.sock");
}

TEST_CASE("every kind of key reaches its place") {
  ConfigReading reading = read_config(with(R"(
[limits]
connections = 7
idle_ms = 5000
[limits.upstream]
answer_ms = 1234
[log]
level = "debug"
[journal]
retention_days = 30
durable_before_send = ["delete"]
[webhooks]
clock_tolerance_ms = 5000
oldest_event_hours = 48
[listen.admin]
token = "credential:operator"
certificate = "/tls/admin.crt"
key = "/tls/admin.key"
allowed_hosts = ["admin.example.com"]
only_tls13 = true
[apps.crm]
kind = "oauth"
client_id = "abc"
client_secret = "env:CRM_SECRET"
scopes = ["oauth", "crm.objects.contacts.read"]
optional_scopes = ["tickets"]
pkce = true
webhook_signatures = ["v3"]
token_endpoint = "v1"
[apps.office]
kind = "private"
simulator = true
simulator_api = "https://localhost:4443"
simulator_ca = "/ca.crt"
[roles.reader]
mode = "shadow"
[[roles.reader.rules]]
name = "read contacts"
objects = ["contacts"]
actions = ["view"]
[[roles.reader.rules]]
name = "no exports"
actions = ["export"]
effect = "deny"
)"));

  REQUIRE(to_text("f", reading.complaints) == "");
  const Config& config = *reading.config;
  CHECK(config.limits.connections == 7);
  CHECK(config.limits.idle == Millis(5000));
  CHECK(config.upstream.answer == Millis(1234));
  CHECK(config.log.level == Log::Level::Debug);
  CHECK(config.journal.retention == std::chrono::days(30));
  CHECK_FALSE(config.journal.durable_writes);
  CHECK(config.journal.durable_deletes);
  CHECK(config.admin.allowed_hosts == std::vector<std::string>{"admin.example.com"});
  CHECK(config.admin.door.only_tls13);
  CHECK(config.apps.at("crm").token_endpoint == AppSettings::TokenEndpoint::V1);
  CHECK(config.apps.at("crm").scopes.size() == 2);
  CHECK(signature_policy_of(config, config.apps.at("crm")).accepted == hubspot::AcceptedVersions{.v3 = true});
  CHECK(signature_policy_of(config, config.apps.at("office")).accepted == hubspot::for_private_apps);
  CHECK(signature_policy_of(config, AppSettings{}).accepted == hubspot::for_oauth_apps);
  CHECK(signature_policy_of(config, AppSettings{}).future == Millis(5000));
  CHECK(signature_policy_of(config, AppSettings{}).oldest_event == std::chrono::hours(48));
  CHECK(config.apps.at("office").kind == AppSettings::Kind::Private);
  const RoleSettings& role = config.roles.at("reader");
  CHECK(role.mode == RoleSettings::Mode::Shadow);
  REQUIRE(role.rules.size() == 2);
  CHECK(role.rules[1].effect == RuleSettings::Effect::Deny);
}

TEST_CASE("what is wrong is named with its line, its column and what to do") {
  struct Row {
    std::string_view more;
    std::string_view expected;
  };
  const Row rows[] = {
      {"[log]\nlevle = \"info\"",
       "hubward.toml:10:1: unknown key \"levle\" in [log]; did you mean \"level\"?\n"},
      {"[log]\nzzz = 1", "hubward.toml:10:1: unknown key \"zzz\" in [log]; known here: level, format\n"},
      {"[log]\nlevel = 3", "hubward.toml:10:9: [log] level must be text in quotes, not a number\n"},
      {"[log]\nlevel = \"inf\"",
       "hubward.toml:10:9: [log] level must be one of \"debug\", \"info\", \"warning\", \"error\"; did you "
       "mean "
       "\"info\"?\n"},
      {"[log]\nlevel = \"loud\"",
       "hubward.toml:10:9: [log] level must be one of \"debug\", \"info\", \"warning\", \"error\"\n"},
      {"[limits]\nconnections = 0",
       "hubward.toml:10:15: [limits] connections must be from 1 to 1000000, not 0\n"},
      {"[limits]\nconnections = 1.5",
       "hubward.toml:10:15: [limits] connections must be a whole number, not a fraction\n"},
      {"[limits]\nconnections = -1",
       "hubward.toml:10:15: [limits] connections must be from 1 to 1000000, not -1\n"},
      {"[listen.admin]\nport = 8443",
       "hubward.toml:10:1: [listen.admin] port 8443 is also the port of [listen.egress]; each door needs its "
       "own\n"},
      {"[listen.admin]\naddress = \"localhost\"",
       "hubward.toml:10:11: [listen.admin] address must be a numeric address, like \"127.0.0.1\" or "
       "\"::1\"\n"},
      {"[apps.CRM]\nkind = \"private\"",
       "hubward.toml:9:7: the name in [apps.CRM] must be 1 to 64 of a-z, 0-9, \"-\" and \"_\", beginning "
       "with a "
       "letter or digit\n"},
      {"[apps.a]\nkind = \"private\"\nclient_id = \"x\"",
       "hubward.toml:11:1: [apps.a] is of kind \"private\", which has no client_id; remove it, or set kind = "
       "\"oauth\"\n"},
      {"[apps.a]\nkind = \"private\"\nsimulator_api = \"https://localhost:1\"",
       "hubward.toml:11:1: [apps.a] simulator_api needs simulator = true: without it an app talks to HubSpot "
       "only\n"},
      {"[journal]\ndurable_before_send = [\"write\", \"write\"]",
       "hubward.toml:10:33: [journal] durable_before_send has the same item twice\n"},
      {"[[roles.r.rules]]\nname = \"x\"\nobject = []",
       "hubward.toml:11:1: unknown key \"object\" in [[roles.r.rules]]; did you mean \"objects\"?\n"},
      {"[roles.r]\nrules = 3",
       "hubward.toml:10:9: roles.r.rules must be a list of tables, [[roles.r.rules]]\n"},
      {"[[roles.r.rules]]\nname = \"x\"",
       "hubward.toml:9:1: [[roles.r.rules]] \"x\" says neither objects, actions nor operations; write "
       "objects = "
       "[\"*\"] if it is meant for all of them\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.more);
    CHECK(complaints(with(row.more)) == row.expected);
  }
}

TEST_CASE("client authorities need the asking, and the redirect a port of its own") {
  std::string authorities = std::string(least);
  authorities.insert(authorities.find("[listen.public]"), "client_authorities = \"/tls/ca.crt\"\n");
  CHECK(complaints(authorities)
            .find("hubward.toml:6:1: [listen.egress] client_authorities needs "
                  "client_certificates = true") == 0);
  authorities.insert(authorities.find("[listen.public]"), "client_certificates = true\n");
  CHECK(complaints(authorities) == "");
  CHECK(complaints(with("redirect_port = 8443\n")).find("is also the port of [listen.egress]") !=
        std::string::npos);
  ConfigReading reading = read_config(with("redirect_port = 80\nhsts_seconds = 0\n"));
  REQUIRE(reading.config);
  CHECK(reading.config->public_door.redirect_port == 80);
  CHECK(reading.config->public_door.hsts_seconds == 0);
  CHECK(reading.config->admin.door.hsts_seconds == one_year_seconds);
  CHECK(reading.config->egress.hsts_seconds == 0);
}

TEST_CASE("every complaint is reported, in the order of the file") {
  CHECK(
      complaints("public_url = \"http://x\"\n[log]\nlevel = 1\nformat = 2\n") ==
      "hubward.toml:1:1: root_key is missing: The key that all others are wrapped with: 32 bytes, as 64 hex "
      "digits or base64. Keep it, and a copy of it, away from the store: without it nothing in the store can "
      "be opened.\n"
      "hubward.toml:1:14: public_url must be https with a host, and no path or slash after it, like "
      "\"https://hooks.example.com\"\n"
      "hubward.toml:3:9: [log] level must be text in quotes, not a number\n"
      "hubward.toml:4:10: [log] format must be text in quotes, not a number\n");
}

TEST_CASE("a public url has a host, maybe a port, and nothing more") {
  for (std::string_view good : {"https://hooks.example.com", "https://localhost:9443", "https://10.0.0.1"}) {
    CAPTURE(good);
    CHECK_FALSE(rule_for_names("x"));
    std::string toml = "public_url = \"" + std::string(good) + "\"\n";
    CHECK(complaints(toml).find("public_url must") == std::string::npos);
  }
  for (std::string_view bad :
       {"http://hooks.example.com", "https://", "https://a/", "https://a/b", "https://a?b", "https://u@a",
        "https://a:0", "https://a:99999", "https://a b", "a", ""}) {
    CAPTURE(bad);
    std::string toml = "public_url = \"" + std::string(bad) + "\"\n";
    CHECK(complaints(toml).find("public_url must") != std::string::npos);
  }
}

TEST_CASE("a secret written into the file is refused and not repeated") {
  constexpr std::string_view canary = "c4n4ry-5ecret";
  const std::string secret(canary);
  const std::string tables[] = {
      "client_secret = \"" + secret + "\"",          // in quotes
      "client_secret = " + secret,                   // without: not even TOML
      "client_secret = '" + secret,                  // quote left open
      "client_secret = [\"" + secret + "\"]",        // in a list
      "client_secret = \"file:" + secret + "\"",     // a relative path
      "client_secret = \"env:" + secret + "=x\"",    // no name of a variable
      "client_secret = { value = '" + secret + "'}"  // in a table
  };
  for (const std::string& line : tables) {
    CAPTURE(line);
    std::string answer =
        complaints(with("[apps.a]\nkind = \"oauth\"\nclient_id = \"x\"\nscopes = [\"o\"]\n" + line));
    CHECK(answer.find("c4n4ry") == std::string::npos);
    CHECK(answer.starts_with("hubward.toml:13:"));
  }
}

TEST_CASE("what is not TOML is one complaint with its place") {
  std::string answer = complaints("store_dir = \"/a\"\n[listen\nport = 1\n");

  CHECK(answer.starts_with("hubward.toml:2:"));
  CHECK(answer.find("not valid TOML") != std::string::npos);
}

TEST_CASE("a table's name that begins with what no name begins with is a complaint, too") {
  for (std::string_view table : {"[+x]", "[a.+b]", "[[!]]", "[=]", "[a.=b]"}) {
    CAPTURE(table);
    CHECK(complaints(std::string(table) + "\ny = 1\n").find("not valid TOML") != std::string::npos);
  }
}

TEST_CASE("an address does not end at a zero byte") {
  std::string answer = complaints("[listen.egress]\naddress = \"127.0.0.1\\u0000x\"\n");
  CHECK(answer.find("numeric address") != std::string::npos);
}

TEST_CASE("a flood of complaints is cut off and counted") {
  std::string toml(least);
  toml.insert(0, [] {
    std::string unknown;
    for (int i = 0; i < 200; ++i) unknown += "x" + std::to_string(i) + " = 1\n";
    return unknown;
  }());

  std::vector<Complaint> found = read_config(toml).complaints;

  CHECK(found.size() == max_complaints + 1);
  CHECK(found.back().message == "and 150 more");
}

TEST_CASE("too long a file is refused unread") {
  CHECK(read_config(std::string(max_config_bytes + 1, '#')).complaints.size() == 1);
}

TEST_CASE("a missing file says how to name another") {
  ConfigReading reading = load_config("/nowhere/hubward.toml");

  CHECK(to_text("/nowhere/hubward.toml", reading.complaints) ==
        "/nowhere/hubward.toml: cannot be opened: No such file or directory; name another file with --config "
        "or "
        "HUBWARD_CONFIG\n");
}

TEST_CASE("files that the configuration names are looked at, and keys must be private") {
  char folder[] = "/tmp/hubward-config-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  std::string key = std::string(folder) + "/key";
  std::ofstream(key) << "key";
  Config config;
  config.root_key.text = "file:" + key;
  config.egress.key = "/nowhere/key";
  std::string chmod_open = "chmod 644 " + key;
  REQUIRE(std::system(chmod_open.c_str()) == 0);

  std::string answer = to_text("c", check_files(config));

  CHECK(answer == "c: root_key: " + key + " can be read or changed by others (mode 0644); run: chmod 600 " +
                      key +
                      "\nc: [listen.egress] key: /nowhere/key cannot be opened: No such file or directory\n");
  std::string remove = "rm -r " + std::string(folder);
  CHECK(std::system(remove.c_str()) == 0);
}

TEST_CASE("a suggestion is only made when it is near") {
  CHECK(closest("prot", {"port", "address"}) == "port");
  CHECK(closest("PORT", {"port", "address"}) == "port");
  CHECK_FALSE(closest("x", {"port", "address"}));
  CHECK_FALSE(closest(std::string(1000, 'p'), {"port"}));
}

// Where docs/configuration.md is not what the code says, run: hubward check --reference >
// docs/configuration.md
TEST_CASE("the configuration reference is what the code says") {
  std::ifstream file("docs/configuration.md");
  std::stringstream written;
  written << file.rdbuf();

  bool same = written.str() == configuration_reference();
  CHECK_MESSAGE(same, "docs/configuration.md is not what src/app/config_keys.cpp says");
}

TEST_CASE("the example in the reference is a good configuration") {
  std::string reference = configuration_reference();
  std::size_t begin = reference.find("```toml\n") + 8;
  std::string example = reference.substr(begin, reference.find("```", begin) - begin);

  CHECK(complaints(example) == "");
}

}  // namespace
}  // namespace hubward::app
