// SPDX-License-Identifier: Apache-2.0
// connection: accounts at HubSpot that calls may go to.
#include <CLI/CLI.hpp>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"
#include "core/ascii.hpp"
#include "keys/secret_source.hpp"

namespace hubward::cli {
namespace {

const std::vector<Column> connection_facts = {{"connection", "name"},
                                              {"app", "app"},
                                              {"kind", "kind"},
                                              {"account", "account"},
                                              {"region", "region"},
                                              {"state", "state"},
                                              {"cause", "cause"},
                                              {"next step", "next_step"},
                                              {"since", "trouble_at"},
                                              {"scopes", "scopes"},
                                              {"not granted", "missing_scopes"},
                                              {"generation", "generation"},
                                              {"connected", "connected_at"},
                                              {"renewed", "renewed_at"},
                                              {"expires", "expires_at"},
                                              {"disconnected", "disconnected_at"}};

// Of a private-app token or service key.
const std::vector<Column> token_facts = {{"age", "sentence"},          {"owner", "owner"},
                                         {"app id", "app_id"},         {"last used", "used_at"},
                                         {"waiting", "next_sentence"}, {"old token", "previous_sentence"}};

std::string connection_text(const Json& connection) {
  std::string text = shown(connection["sentence"]) + "\n\n" + facts(connection, connection_facts);
  if (!connection["token"].is_null()) text += facts(connection["token"], token_facts);
  for (const Json& note : connection["notes"].items()) text += "\nnote: " + shown(note) + "\n";
  return text;
}

std::string target_of(const Session& session, std::string_view verb) {
  std::string target = "/api/v1/connections/" + encoded(session.words.name);
  return verb.empty() ? target : target + "/" + std::string(verb);
}

int invite(Session& session) {
  Json order = Json::object({{"connection", session.words.name},
                             {"app", session.words.app},
                             {"expires_seconds", session.words.expires_hours * 3600}});
  if (!session.words.account.empty()) {
    auto account = to_number(session.words.account);
    if (!account) {
      session.streams.err("hubward: --account must be a hub id: digits only\n");
      return WrongUse;
    }
    order.set("account", *account);
  }
  return session.show(
      {.method = "POST", .target = "/api/v1/invites", .body = std::move(order), .secret = {}},
      [](const Json& json) {
        return "Open this address in a browser that is signed in to the HubSpot account. It works "
               "once, until " +
               shown(json["expires_at"]) + ":\n\n  " + shown(json["url"]) + "\n";
      });
}

// Never from an argument: other users of the machine can read those.
Result<Secret> read_token(const Session& session) {
  if (session.words.token_file.empty()) return session.streams.read_secret("HubSpot token: ");
  return keys::read_secret({.kind = keys::SecretSource::Kind::File, .name = session.words.token_file});
}

int put_token(Session& session) {
  Result<Secret> token = read_token(session);
  if (!token) return session.complain(token.error());
  std::string target = target_of(session, "token");
  char mark = '?';
  for (auto [name, value] : {std::pair("app=", &session.words.app), {"created=", &session.words.created}}) {
    if (value->empty()) continue;
    target += mark + std::string(name) + encoded(*value);
    mark = '&';
  }
  return session.show({.method = "PUT", .target = target, .body = {}, .secret = std::move(*token)},
                      connection_text);
}

std::string disconnected_text(const Json& answer) {
  std::string text;
  for (auto [member, mark] :
       {std::pair{"done", "  done      "}, {"not_done", "  NOT DONE  "}, {"remains", "  remains   "}})
    for (const Json& sentence : answer[member].items()) text += mark + shown(sentence) + "\n";
  return text;
}

int disconnect(Session& session) {
  Json order = Json::object({{"uninstall", session.words.uninstall}});
  Result<Json> answer = session.ask(
      {.method = "POST", .target = target_of(session, "disconnect"), .body = std::move(order), .secret = {}});
  if (!answer) return session.complain(answer.error());
  session.print(*answer, disconnected_text);
  return (*answer)["not_done"].items().empty() ? Done : Failed;
}

int finish(Session& session) {
  Result<Json> answer =
      session.ask({.method = "POST", .target = target_of(session, "finish"), .body = {}, .secret = {}});
  if (!answer) return session.complain(answer.error());
  session.print(*answer, disconnected_text);
  return (*answer)["not_done"].items().empty() ? Done : Failed;
}

void add_token_options(CLI::App& command, Session& session) {
  command
      .add_option("--token-file", session.words.token_file,
                  "File with the token, readable by you only; without it standard input is read")
      ->type_name("FILE");
  command
      .add_option(
          "--created", session.words.created,
          "The day on which the token was made at HubSpot, which does not tell; without it today counts")
      ->type_name("DATE");
}

}  // namespace

void add_connection_commands(CLI::App& root, Session& session) {
  CLI::App* all = group(root, "connection", "Accounts at HubSpot that calls may go to");
  auto named = [&](CLI::App* made) {
    made->add_option("name", session.words.name, "The connection")->required();
    return made;
  };

  CLI::App* inviting =
      named(command(*all, session, "invite", "Make a link with which one account may be connected",
                    "hubward connection invite acme-prod --app crm --account 8801234"));
  inviting->add_option("--app", session.words.app, "The app to install, of kind oauth")->required();
  inviting->add_option("--account", session.words.account, "The only account that may answer")
      ->type_name("HUBID");
  inviting->add_option("--hours", session.words.expires_hours, "How long the link works")
      ->capture_default_str()
      ->check(CLI::Range(1, 168));
  inviting->callback([&session] { session.chosen = [&session] { return invite(session); }; });

  CLI::App* adding =
      named(command(*all, session, "add", "Connect an account with a private-app token or service key",
                    "hubward connection add office --app office < token.txt"));
  adding->add_option("--app", session.words.app, "The app it belongs to, of kind private")->required();
  add_token_options(*adding, session);
  adding->callback([&session] { session.chosen = [&session] { return put_token(session); }; });

  command(*all, session, "list", "List the connections", "hubward connection list")->callback([&session] {
    session.chosen = [&session] {
      return session.show({.method = "GET", .target = "/api/v1/connections", .body = {}, .secret = {}},
                          [](const Json& json) {
                            return table(json["connections"],
                                         {{"CONNECTION", "name"},
                                          {"APP", "app"},
                                          {"ACCOUNT", "account"},
                                          {"REGION", "region"},
                                          {"STATE", "state"},
                                          {"EXPIRES", "expires_at"},
                                          {"CAUSE", "cause"},
                                          {"NEXT STEP", "next_step"},
                                          {"TOKEN DUE", "token_due"}},
                                         "No connections. See: hubward connection invite --help");
                          });
    };
  });

  CLI::App* showing =
      named(command(*all, session, "show", "Show one connection", "hubward connection show acme-prod"));
  showing->callback([&session] {
    session.chosen = [&session] {
      return session.show({.method = "GET", .target = target_of(session, ""), .body = {}, .secret = {}},
                          connection_text);
    };
  });

  CLI::App* rotating =
      named(command(*all, session, "rotate", "Replace the token of a private app or service key",
                    "hubward connection rotate office --token-file /run/secrets/new-token"));
  add_token_options(*rotating, session);
  rotating->callback([&session] { session.chosen = [&session] { return put_token(session); }; });

  CLI::App* finishing = named(command(
      *all, session, "finish", "End a rotation: destroy the old token, and say whether it was still used",
      "hubward connection finish office"));
  finishing->callback([&session] { session.chosen = [&session] { return finish(session); }; });

  CLI::App* refreshing =
      named(command(*all, session, "refresh", "Renew the token now, whether it is due or not",
                    "hubward connection refresh acme-prod"));
  refreshing->callback([&session] {
    session.chosen = [&session] {
      return session.show(
          {.method = "POST", .target = target_of(session, "refresh"), .body = {}, .secret = {}},
          connection_text);
    };
  });

  CLI::App* leaving = named(command(*all, session, "disconnect",
                                    "Revoke at HubSpot, destroy the key, forget; says what stays alive",
                                    "hubward connection disconnect acme-prod --uninstall"));
  leaving->add_flag("--uninstall", session.words.uninstall, "Uninstall the app from the account, too");
  leaving->callback([&session] { session.chosen = [&session] { return disconnect(session); }; });
  add_shred_command(*all, session);
}

}  // namespace hubward::cli
