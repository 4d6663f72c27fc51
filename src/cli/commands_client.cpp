// SPDX-License-Identifier: Apache-2.0
// client: programs that call through the gateway. keys: the root key and what it wraps.
#include <CLI/CLI.hpp>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"
#include "http/certificate.hpp"

namespace hubward::cli {
namespace {

std::string client_text(const Json& client) {
  return facts(client, {{"client", "name"},
                        {"role", "role"},
                        {"connections", "connections"},
                        {"networks", "networks"},
                        {"shows", "credential"},
                        {"created", "created_at"},
                        {"revoked", "revoked_at"}}) +
         "\n" +
         table(client["keys"], {{"KEY", "id"}, {"CREATED", "created_at"}, {"ENDS", "expires_at"}},
               "No keys.") +
         "\n" +
         table(client["certificates"],
               {{"CERTIFICATE'S KEY (SHA-256)", "key_sha256"},
                {"CREATED", "created_at"},
                {"ENDS", "expires_at"}},
               "No certificates.");
}

std::string new_key_text(const Json& answer) {
  if (!answer.has("key"))
    return "Client " + shown(answer["client"]) +
           " is known by its certificate. It sends no Authorization, or \"Bearer certificate\" where its SDK "
           "always sends one.\n";
  return "The key of client " + shown(answer["client"]) +
         ". It is shown this once; a program uses it where HubSpot's SDK wants an access token.\n\n  " +
         shown(answer["key"]) + "\n";
}

// The first certificate of a PEM file; what else is in it, such as a private key, stays here.
Result<std::string> certificate_in(const std::string& path) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----";
  std::ifstream file(path, std::ios::binary);
  std::string text(http::max_certificate_pem, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  std::size_t from = text.find(begin);
  std::size_t to = text.find(end, from == std::string::npos ? 0 : from);
  std::string found = from < to && to != std::string::npos ? text.substr(from, to + end.size() - from) : "";
  wipe(std::span(text));
  if (found.empty())
    return invalid("CERTIFICATE_INVALID", "--certificate: " + path + " holds no certificate in PEM form");
  return found + "\n";
}

// Adds the certificate that the words name, if any.
Result<void> add_certificate(const Session& session, Json& order) {
  if (!session.words.certificate_sha256.empty())
    order.set("certificate_key_sha256", session.words.certificate_sha256);
  if (session.words.certificate.empty()) return {};
  Result<std::string> pem = certificate_in(session.words.certificate);
  if (!pem) return std::unexpected(pem.error());
  order.set("certificate", *pem);
  return {};
}

int create(Session& session) {
  Json::Items connections(session.words.connections.begin(), session.words.connections.end());
  Json::Items networks(session.words.networks.begin(), session.words.networks.end());
  Json wanted = Json::object({{"name", session.words.name},
                              {"role", session.words.role},
                              {"connections", Json::array(std::move(connections))},
                              {"networks", Json::array(std::move(networks))}});
  if (Result<void> added = add_certificate(session, wanted); !added) return session.complain(added.error());
  if (session.words.require_both) wanted.set("credential", "both");
  return session.show(
      {.method = "POST", .target = "/api/v1/clients", .body = std::move(wanted), .secret = {}}, new_key_text);
}

std::string target_of(const Session& session, std::string_view verb) {
  std::string target = "/api/v1/clients/" + encoded(session.words.name);
  return verb.empty() ? target : target + "/" + std::string(verb);
}

// "90m", "24h", "7d", "0"
std::optional<std::uint64_t> seconds_of(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('s')) unit = 1;
  if (text.ends_with('m')) unit = 60;
  if (text.ends_with('h')) unit = 3600;
  if (text.ends_with('d')) unit = 86400;
  if (text != "0") {
    if (text.empty() || std::string_view("smhd").find(text.back()) == std::string_view::npos)
      return std::nullopt;
    text.remove_suffix(1);
  }
  std::uint64_t number = 0;
  auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc() || end != text.data() + text.size() || number > 10'000'000) return std::nullopt;
  return number * unit;
}

int rotate(Session& session) {
  std::optional<std::uint64_t> overlap = seconds_of(session.words.overlap);
  if (!overlap) {
    session.streams.err("hubward: --overlap must be a time like 0, 90m, 24h or 7d\n");
    return WrongUse;
  }
  Json order = Json::object({{"overlap_seconds", *overlap}});
  if (Result<void> added = add_certificate(session, order); !added) return session.complain(added.error());
  bool key = !order.has("certificate") && !order.has("certificate_key_sha256");
  return session.show(
      {.method = "POST", .target = target_of(session, "rotate"), .body = std::move(order), .secret = {}},
      key ? new_key_text : client_text);
}

std::string keys_text(const Json& status) {
  std::string text = table(status["root_keys"], {{"ROOT KEY", "id"}, {"STATE", "state"}, {"SINCE", "since"}},
                           "No root key.");
  text += "\n" + facts(status, {{"data keys", "data_keys"},
                                {"connections", "connections"},
                                {"left to rotate", "left_to_rotate"}});
  return text;
}

void add_certificate_options(CLI::App& command, Session& session, const std::string& meaning) {
  CLI::Option* file =
      command.add_option("--certificate", session.words.certificate, meaning)->type_name("PEM");
  command
      .add_option("--certificate-key-sha256", session.words.certificate_sha256,
                  "The same by the SHA-256 of the key (SubjectPublicKeyInfo), 64 hexadecimal digits")
      ->type_name("HASH")
      ->excludes(file);
}

}  // namespace

void add_client_commands(CLI::App& root, Session& session) {
  CLI::App* all = group(root, "client", "Programs that call through the gateway");
  auto named = [&](CLI::App* made) {
    made->add_option("name", session.words.name, "The client")->required();
    return made;
  };

  CLI::App* creating = named(command(*all, session, "create", "Create a client; prints its key once",
                                     "hubward client create billing --role reader --connection acme-prod"));
  creating->add_option("--role", session.words.role, "What it may do")->required();
  creating->add_option("--connection", session.words.connections, "A connection it may use; may be repeated")
      ->required();
  creating->add_option("--network", session.words.networks,
                       "Where it may call from, like 10.0.0.0/8; may be repeated; without it anywhere");
  add_certificate_options(*creating, session, "Known by this certificate's key instead of a key of ours");
  creating->add_flag("--require-both", session.words.require_both,
                     "It must show the certificate and a key on every call");
  creating->callback([&session] { session.chosen = [&session] { return create(session); }; });

  command(*all, session, "list", "List the clients", "hubward client list")->callback([&session] {
    session.chosen = [&session] {
      return session.show({.method = "GET", .target = "/api/v1/clients", .body = {}, .secret = {}},
                          [](const Json& json) {
                            return table(json["clients"],
                                         {{"CLIENT", "name"},
                                          {"ROLE", "role"},
                                          {"SHOWS", "credential"},
                                          {"CONNECTIONS", "connections"},
                                          {"NETWORKS", "networks"},
                                          {"REVOKED", "revoked_at"}},
                                         "No clients. See: hubward client create --help");
                          });
    };
  });

  CLI::App* showing = named(command(*all, session, "show", "Show one client and the ids of its keys",
                                    "hubward client show billing"));
  showing->callback([&session] {
    session.chosen = [&session] {
      return session.show({.method = "GET", .target = target_of(session, ""), .body = {}, .secret = {}},
                          client_text);
    };
  });

  CLI::App* rotating =
      named(command(*all, session, "rotate", "Give a client a further key (printed once) or certificate",
                    "hubward client rotate billing --overlap 24h"));
  add_certificate_options(*rotating, session, "A further certificate instead of a further key");
  rotating
      ->add_option("--overlap", session.words.overlap, "How long those before it stay good: 0, 90m, 24h, 7d")
      ->capture_default_str()
      ->type_name("TIME");
  rotating->callback([&session] { session.chosen = [&session] { return rotate(session); }; });

  CLI::App* revoking = named(command(*all, session, "revoke", "Refuse a client from its next request on",
                                     "hubward client revoke billing"));
  revoking->callback([&session] {
    session.chosen = [&session] {
      return session.show(
          {.method = "POST", .target = target_of(session, "revoke"), .body = {}, .secret = {}}, client_text);
    };
  });
}

void add_key_commands(CLI::App& root, Session& session) {
  CLI::App* all = group(root, "keys", "The root key, and the keys it wraps");
  command(*all, session, "status", "Show which root key is in use and what it wraps", "hubward keys status")
      ->callback([&session] {
        session.chosen = [&session] {
          return session.show({.method = "GET", .target = "/api/v1/keys", .body = {}, .secret = {}},
                              keys_text);
        };
      });
  CLI::App* rotating = command(*all, session, "rotate",
                               "Wrap every key with another root key; goes on where it was interrupted",
                               "hubward keys rotate --to file:/etc/hubward/root-2.key");
  rotating->add_option("--to", session.words.to, "Where the new root key is: file:, env: or credential:")
      ->required()
      ->type_name("SOURCE");
  rotating->callback([&session] {
    session.chosen = [&session] {
      Json order = Json::object({{"to", session.words.to}});
      return session.show(
          {.method = "POST", .target = "/api/v1/keys/rotate", .body = std::move(order), .secret = {}},
          [](const Json& json) {
            return "Root key " + shown(json["to"]) + " now wraps everything (" + shown(json["rewrapped"]) +
                   " keys by this run), in place of " + shown(json["from"]) +
                   ".\nNow set root_key in the configuration to the new one: the gateway will not "
                   "start with the old one. Then destroy the old one.\n";
          });
    };
  });
}

}  // namespace hubward::cli
