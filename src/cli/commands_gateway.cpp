// SPDX-License-Identifier: Apache-2.0
// serve, check, status, limits; app and role, which explain the configuration.
#include <CLI/CLI.hpp>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace hubward::cli {
namespace {

int check(Session& session) {
  if (session.words.reference) {
    session.streams.out(session.house.configuration_reference());
    return Done;
  }
  House::Explanation explanation = session.house.check(session.config_file, session.form());
  session.streams.out(explanation.text);
  return explanation.fine ? Done : Failed;
}

std::string status_text(const Json& status) {
  std::string text = facts(status, {{"state", "state"},
                                    {"version", "version"},
                                    {"running since", "since"},
                                    {"process", "pid"},
                                    {"connections", "connections"},
                                    {"clients", "clients"},
                                    {"journal", "journal"},
                                    {"simulator apps", "simulator_apps"}});
  for (const Json& one : status["certificates"].items())
    text += "certificate of " + shown(one["door"]) + " ends " + shown(one["expires_at"]) + ", in " +
            shown(one["days_left"]) + " days\n";
  for (const Json& trouble : status["troubles"].items()) text += "! " + shown(trouble) + "\n";
  return text;
}

std::string limits_text(const Json& answer) {
  Json rows = Json::array();
  for (const Json& one : answer["limits"].items()) {
    const Json &window = one["window"], &searches = one["searches"];
    auto used = [](const Json& of) {
      std::string others =
          of["others"].integer().value_or(0) > 0 ? " + " + shown(of["others"]) + " of others" : "";
      return shown(of["used"]) + others + " of " + shown(of["limit"]);
    };
    rows.push(Json::object(
        {{"app", one["app"]},
         {"account", one["account"]},
         {"window", used(window)},
         {"searches", used(searches)},
         {"waiting", window["waiting"].integer().value_or(0) + searches["waiting"].integer().value_or(0)},
         {"refused", window["refused"].integer().value_or(0) + searches["refused"].integer().value_or(0)},
         {"day", one.has("day") ? shown(one["day"]["left"]) + " of " + shown(one["day"]["limit"]) + " left"
                                : std::string("-")}}));
  }
  return table(rows,
               {{"APP", "app"},
                {"ACCOUNT", "account"},
                {"IN TEN SECONDS", "window"},
                {"SEARCHES A SECOND", "searches"},
                {"WAITING", "waiting"},
                {"REFUSED BY HUBSPOT", "refused"},
                {"DAY", "day"}},
               "No app has called HubSpot lately.");
}

int status(Session& session) {
  Result<Json> answer = session.ask({.method = "GET", .target = "/api/v1/status", .body = {}, .secret = {}});
  if (!answer) return session.complain(answer.error());
  session.print(*answer, status_text);
  return (*answer)["state"].text_or("") == "ready" ? Done : Failed;
}

std::string role_text(const Json& role) {
  return facts(role, {{"role", "name"}, {"mode", "mode"}}) + "\n" +
         table(role["rules"],
               {{"RULE", "name"},
                {"EFFECT", "effect"},
                {"OBJECTS", "objects"},
                {"ACTIONS", "actions"},
                {"OPERATIONS", "operations"}},
               "No rules: this role allows nothing.");
}

int explain(Session& session) {
  Json question = Json::object({{"method", session.words.method}, {"target", session.words.target}});
  Result<Json> answer = session.ask({.method = "POST",
                                     .target = "/api/v1/roles/" + encoded(session.words.name) + "/explain",
                                     .body = std::move(question),
                                     .secret = {}});
  if (!answer) return session.complain(answer.error());
  session.print(*answer, [](const Json& json) {
    std::string text = json["explanation"].text_or("");
    return text.ends_with('\n') ? text : text + "\n";
  });
  return (*answer)["allowed"].boolean().value_or(false) ? Done : Failed;
}

}  // namespace

void add_gateway_commands(CLI::App& root, Session& session) {
  CLI::App* serve = command(root, session, "serve", "Run the gateway until it is told to stop",
                            "hubward serve --config /etc/hubward/hubward.toml");
  serve->callback(
      [&session] { session.chosen = [&session] { return session.house.serve(session.config_file); }; });

  CLI::App* checking =
      command(root, session, "check", "Explain the configuration and say what is wrong with it",
              "hubward check --config ./hubward.toml");
  checking->add_flag("--reference", session.words.reference,
                     "Print the reference of all keys instead (docs/configuration.md)");
  checking->callback([&session] { session.chosen = [&session] { return check(session); }; });

  CLI::App* limits =
      command(root, session, "limits", "Show what HubSpot lets each app do now, and what of it is used",
              "hubward limits");
  limits->callback([&session] {
    session.chosen = [&session] { return session.show(get("/api/v1/limits"), limits_text); };
  });

  CLI::App* asking = command(root, session, "status", "Say how the running gateway is", "hubward status");
  asking->callback([&session] { session.chosen = [&session] { return status(session); }; });
}

void add_configuration_commands(CLI::App& root, Session& session) {
  CLI::App* app = group(root, "app", "Registrations at HubSpot, as the configuration names them");
  command(*app, session, "list", "List the apps", "hubward app list")->callback([&session] {
    session.chosen = [&session] {
      return session.show(
          {.method = "GET", .target = "/api/v1/apps", .body = {}, .secret = {}}, [](const Json& json) {
            return table(json["apps"],
                         {{"APP", "name"}, {"KIND", "kind"}, {"API", "api"}, {"SCOPES", "scopes"}},
                         "No apps. Add [apps.NAME] to the configuration.");
          });
    };
  });
  CLI::App* show = command(*app, session, "show", "Show one app", "hubward app show crm");
  show->add_option("name", session.words.name, "The app")->required();
  show->callback([&session] {
    session.chosen = [&session] {
      std::string target = "/api/v1/apps/" + encoded(session.words.name);
      return session.show({.method = "GET", .target = target, .body = {}, .secret = {}},
                          [](const Json& json) {
                            return facts(json, {{"app", "name"},
                                                {"kind", "kind"},
                                                {"client id", "client_id"},
                                                {"API", "api"},
                                                {"consent page", "authorize"},
                                                {"token endpoint", "token_endpoint"},
                                                {"redirect address", "redirect"},
                                                {"scopes", "scopes"},
                                                {"optional scopes", "optional_scopes"},
                                                {"PKCE", "pkce"},
                                                {"installs without invite", "open_installs"},
                                                {"client secret", "client_secret"},
                                                {"simulator", "simulator"}});
                          });
    };
  });

  CLI::App* role = group(root, "role", "What clients may do, as the configuration says");
  command(*role, session, "list", "List the roles", "hubward role list")->callback([&session] {
    session.chosen = [&session] {
      return session.show(
          {.method = "GET", .target = "/api/v1/roles", .body = {}, .secret = {}}, [](const Json& json) {
            return table(json["roles"], {{"ROLE", "name"}, {"MODE", "mode"}, {"RULES", "rule_names"}},
                         "No roles. Add [roles.NAME] to the configuration.");
          });
    };
  });
  CLI::App* shown_role =
      command(*role, session, "show", "Show one role and its rules", "hubward role show reader");
  shown_role->add_option("name", session.words.name, "The role")->required();
  shown_role->callback([&session] {
    session.chosen = [&session] {
      std::string target = "/api/v1/roles/" + encoded(session.words.name);
      return session.show({.method = "GET", .target = target, .body = {}, .secret = {}}, role_text);
    };
  });
  CLI::App* explaining =
      command(*role, session, "explain", "Say whether a call would be allowed, and why; exits 1 when not",
              "hubward role explain reader POST /crm/v3/objects/contacts/search");
  explaining->add_option("name", session.words.name, "The role")->required();
  explaining->add_option("method", session.words.method, "The call's method")->required();
  explaining->add_option("target", session.words.target, "Its path, and query if it has one")->required();
  explaining->callback([&session] { session.chosen = [&session] { return explain(session); }; });
}

}  // namespace hubward::cli
