// SPDX-License-Identifier: Apache-2.0
// webhook status, events, event: what came to the webhook door, and what the inbox holds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace hubward::cli {
namespace {

std::string journal_text(const Json& journal) {
  if (journal.is_null()) return "";
  std::string text = journal["read_at"].is_null()
                         ? "its webhook journal has not been read yet"
                         : fmt::format(
                               "its webhook journal was read at {}; {} events that no webhook "
                               "brought, since the start",
                               shown(journal["read_at"]), shown(journal["missing"]));
  if (!journal["late_at"].is_null())
    text += fmt::format(
        "\n! at {} it had not been read for longer than HubSpot keeps it: events of before may be missing",
        shown(journal["late_at"]));
  if (!journal["trouble_at"].is_null())
    text += fmt::format("\n! at {} that failed: {}", shown(journal["trouble_at"]), shown(journal["trouble"]));
  return text + "\n";
}

std::string app_text(const Json& app) {
  std::string text =
      fmt::format("\n{}  {}  accepts {}\n", shown(app["app"]), shown(app["address"]), shown(app["accepts"]));
  if (!app["has_secret"].boolean().value_or(false))
    text += "! it has no client_secret, so nothing that comes for it can be genuine\n";
  text += journal_text(app["journal"]);
  return text + table(app["requests"],
                      {{"OUTCOME", "outcome"}, {"TIMES", "times"}, {"LAST", "last_at"}, {"", "explanation"}},
                      "No request came since the gateway started.");
}

std::string status_text(const Json& status) {
  std::string text = facts(status, {{"events kept", "events"},
                                    {"deliveries waiting", "waiting"},
                                    {"dead letters", "dead"},
                                    {"duplicates removed", "duplicates"},
                                    {"found in a journal", "repaired"}});
  for (const Json& app : status["apps"].items()) text += app_text(app);
  if (status["apps"].items().empty()) text += "\nThe configuration has no app.\n";
  return text;
}

std::string events_text(const Json& answer) {
  std::string text = table(answer["events"],
                           {{"EVENT", "id"},
                            {"RECEIVED", "received_at"},
                            {"APP", "app"},
                            {"ACCOUNT", "account"},
                            {"KIND", "kind"},
                            {"OBJECT", "object"},
                            {"PROPERTY", "property"}},
                           "No event of this kind is kept.");
  if (answer.has("next")) text += fmt::format("Older ones: --before {}\n", shown(answer["next"]));
  return text;
}

std::string event_text(const Json& event) {
  return facts(event, {{"event", "id"},
                       {"app", "app"},
                       {"kind", "kind"},
                       {"account", "account"},
                       {"subscription", "subscription"},
                       {"object type", "object_type"},
                       {"object", "object"},
                       {"property", "property"},
                       {"occurred", "occurred_at"},
                       {"received", "received_at"},
                       {"HubSpot's attempt", "attempt"}}) +
         "\n" + shown(event["payload"]) + "\n";
}

int list_events(const Session& session) {
  std::string target = "/api/v1/webhooks/events?count=" + std::to_string(session.words.count);
  return session.show(get(target + filter_query(session)), events_text);
}

std::string repaired_text(const Json& repaired) {
  if (repaired["began"].boolean().value_or(false))
    return "The journal was never read before: its end is remembered, and what comes from now on is "
           "repaired. "
           "For what it holds already, which webhooks may have brought, add --from earliest.\n";
  std::string text = fmt::format(
      "{} files with {} events were read; {} that no webhook had brought are kept and delivered.\n",
      shown(repaired["files"]), shown(repaired["events"]), shown(repaired["missing"]));
  if (repaired["came_too_late"].boolean().value_or(false))
    text +=
        "! It had not been read for longer than HubSpot keeps it; what came before its beginning is lost.\n";
  return text;
}

// One question reads for some seconds only.
int repair(const Session& session) {
  auto ask = [&session](std::string_view from) {
    return session.ask({.method = "POST",
                        .target = "/api/v1/webhooks/repair",
                        .body = Json::object({{"app", session.words.app}, {"from", from}}),
                        .secret = {}});
  };
  Result<Json> answer = ask(session.words.from);
  std::int64_t files = 0, events = 0, missing = 0;
  while (true) {
    if (!answer) return session.complain(answer.error());
    const Json& repaired = *answer;
    files += repaired["files"].integer().value_or(0);
    events += repaired["events"].integer().value_or(0);
    missing += repaired["missing"].integer().value_or(0);
    if (!repaired["more"].boolean().value_or(false)) break;
    answer = ask("last");
  }
  answer->set("files", files).set("events", events).set("missing", missing);
  return session.print(*answer, repaired_text);
}

void add_filter(CLI::App& command, Session& session) {
  auto option = [&](const char* flag, const char* name, const char* what, const char* type) {
    filter_option(command, session, flag, name, what, type)->group(filter_group);
  };
  option("--app", "app", "That came for this app", "NAME");
  option("--account", "account", "Of this HubSpot account", "NUMBER");
  option("--kind", "kind", "Of this kind, like contact.propertyChange", "KIND");
  option("--from", "from", "Received not before: 2026-03-01, 2026-03-01T12:00:00Z, or 24h ago as 24h",
         "TIME");
  option("--to", "to", "Received before; written likewise", "TIME");
  option("--before", "before", "Older than this event: where the last page ended", "EVENT");
}

}  // namespace

void add_inbox_commands(CLI::App& webhooks, Session& session) {
  CLI::App* status =
      command(webhooks, session, "status", "Show what came for each app, what was refused and why",
              "hubward webhook status");
  status->callback([&session] {
    session.chosen = [&session] { return session.show(get("/api/v1/webhooks"), status_text); };
  });

  CLI::App* repairing = command(webhooks, session, "repair",
                                "Read an app's webhook journal now for events that no webhook brought",
                                "hubward webhook repair --app crm");
  repairing->add_option("--app", session.words.app, "Whose journal")->required()->type_name("NAME");
  repairing
      ->add_option("--from", session.words.from, "Where to begin: where it was read last, or its earliest")
      ->capture_default_str()
      ->check(CLI::IsMember({"last", "earliest"}));
  repairing->callback([&session] { session.chosen = [&session] { return repair(session); }; });

  CLI::App* events = command(webhooks, session, "events", "List the events that are kept, newest first",
                             "hubward webhook events --app crm --from 24h");
  events->add_option("-n,--count", session.words.count, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  add_filter(*events, session);
  events->callback([&session] { session.chosen = [&session] { return list_events(session); }; });

  CLI::App* event =
      command(webhooks, session, "event", "Show one event with what it says; sensitive values are masked",
              "hubward webhook event 7");
  event->add_option("number", session.words.name, "Its number, as `webhook events` shows it")->required();
  event->callback([&session] {
    session.chosen = [&session] {
      return session.show(get("/api/v1/webhooks/events/" + encoded(session.words.name)), event_text);
    };
  });
}

}  // namespace hubward::cli
