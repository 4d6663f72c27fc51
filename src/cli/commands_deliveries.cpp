// SPDX-License-Identifier: Apache-2.0
// webhook destinations, dead, redrive, discard, replay, enable, disable: where events go, and what did not
// arrive.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace hubward::cli {
namespace {

std::string destinations_text(const Json& answer) {
  std::string text = table(answer["destinations"],
                           {{"DESTINATION", "name"},
                            {"STATE", "state"},
                            {"WAITING", "waiting"},
                            {"DEAD", "dead"},
                            {"DELIVERED", "delivered"},
                            {"FAILED", "failed"},
                            {"LAST CAUSE", "cause"},
                            {"URL", "url"}},
                           "The configuration has no [destinations.NAME]: events are kept and go nowhere.");
  for (const Json& one : answer["destinations"].items())
    if (std::string step = one["next_step"].text_or(""); !step.empty())
      text += fmt::format("{}: {}\n", shown(one["name"]), step);
  return text;
}

std::string dead_text(const Json& answer) {
  std::string text = table(answer["dead"],
                           {{"DEAD LETTER", "id"},
                            {"DESTINATION", "destination"},
                            {"EVENT", "event"},
                            {"KIND", "kind"},
                            {"ACCOUNT", "account"},
                            {"OBJECT", "object"},
                            {"ATTEMPTS", "attempts"},
                            {"FIRST", "first_at"},
                            {"CAUSE", "cause"}},
                           "No dead letters.");
  if (answer.has("next")) text += fmt::format("Older ones: --before {}\n", shown(answer["next"]));
  return text;
}

std::function<std::string(const Json&)> counted(std::string_view member, std::string_view sentence) {
  return [member, sentence](const Json& answer) {
    return fmt::format("{} {}\n", shown(answer[member]), sentence);
  };
}

std::string path_of(const Session& session, std::string_view act) {
  return "/api/v1/webhooks/destinations/" + encoded(session.words.name) + "/" + std::string(act);
}

int list_dead(const Session& session) {
  std::string target = "/api/v1/webhooks/dead?count=" + std::to_string(session.words.count);
  return session.show(get(target + filter_query(session)), dead_text);
}

int change_dead(const Session& session, std::string_view act,
                const std::function<std::string(const Json&)>& sentence) {
  Json body = Json::object({});
  for (const auto& [name, value] : session.words.filter) body.set(name, value);
  if (session.words.filter.empty()) {
    session.complain("say which: --id for one dead letter, --destination for all of one");
    return WrongUse;
  }
  return session.show({.method = "POST",
                       .target = "/api/v1/webhooks/dead/" + std::string(act),
                       .body = std::move(body),
                       .secret = {}},
                      sentence);
}

int replay(const Session& session) {
  Json body = Json::object({});
  for (const auto& [name, value] : session.words.filter) body.set(name, value);
  if (session.words.filter.empty()) {
    session.complain("say which events: --event, --account, --app, --kind, --from or --to");
    return WrongUse;
  }
  return session.show(
      {.method = "POST", .target = path_of(session, "replay"), .body = std::move(body), .secret = {}},
      counted("replayed", "events will be delivered once more, under new ids."));
}

void add_dead_commands(CLI::App& webhooks, Session& session) {
  CLI::App* dead = command(webhooks, session, "dead", "List deliveries that were given up, newest first",
                           "hubward webhook dead --destination erp");
  dead->add_option("-n,--count", session.words.count, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  filter_option(*dead, session, "--destination", "destination", "Of this destination", "NAME");
  filter_option(*dead, session, "--before", "before", "Older than this one: where the last page ended",
                "NUMBER");
  dead->callback([&session] { session.chosen = [&session] { return list_dead(session); }; });

  CLI::App* redrive =
      command(webhooks, session, "redrive", "Try to deliver dead letters again, under the ids that they had",
              "hubward webhook redrive --destination erp");
  CLI::App* discard =
      command(webhooks, session, "discard", "Throw dead letters away", "hubward webhook discard --id 12");
  for (CLI::App* one : {redrive, discard}) {
    filter_option(*one, session, "--id", "id", "This dead letter", "NUMBER");
    filter_option(*one, session, "--destination", "destination", "All of this destination", "NAME");
  }
  redrive->callback([&session] {
    session.chosen = [&session] {
      return change_dead(session, "redrive", counted("redriven", "dead letters wait for delivery again."));
    };
  });
  discard->callback([&session] {
    session.chosen = [&session] {
      return change_dead(session, "discard", counted("discarded", "dead letters are gone."));
    };
  });
}

void add_replay_command(CLI::App& webhooks, Session& session) {
  CLI::App* command_ =
      command(webhooks, session, "replay", "Deliver events that are still kept once more to a destination",
              "hubward webhook replay erp --from 2026-03-01T12:00:00Z --to 2026-03-01T14:00:00Z");
  command_->add_option("destination", session.words.name, "Where to")->required();
  filter_option(*command_, session, "--event", "event", "This event", "NUMBER");
  filter_option(*command_, session, "--app", "app", "Those of this app", "NAME");
  filter_option(*command_, session, "--account", "account", "Those of this HubSpot account", "NUMBER");
  filter_option(*command_, session, "--kind", "kind", "Those of this kind", "KIND");
  filter_option(*command_, session, "--from", "from", "Received not before; a time, or 24h ago as 24h",
                "TIME");
  filter_option(*command_, session, "--to", "to", "Received before; written likewise", "TIME");
  command_->callback([&session] { session.chosen = [&session] { return replay(session); }; });
}

}  // namespace

void add_delivery_commands(CLI::App& webhooks, Session& session) {
  CLI::App* list = command(webhooks, session, "destinations", "Show where events go and how that is going",
                           "hubward webhook destinations");
  list->callback([&session] {
    session.chosen = [&session] {
      return session.show(get("/api/v1/webhooks/destinations"), destinations_text);
    };
  });
  add_dead_commands(webhooks, session);
  add_replay_command(webhooks, session);

  CLI::App* enable =
      command(webhooks, session, "enable", "Deliver to a destination again", "hubward webhook enable erp");
  enable->add_option("destination", session.words.name, "Which")->required();
  enable->callback([&session] {
    session.chosen = [&session] {
      return session.show({.method = "POST", .target = path_of(session, "enable"), .body = {}, .secret = {}},
                          [](const Json& answer) {
                            return fmt::format(
                                "Destination {} is enabled; what waited for it is being delivered.\n",
                                shown(answer["destination"]));
                          });
    };
  });

  CLI::App* disable =
      command(webhooks, session, "disable", "Stop delivering to a destination; events wait for it",
              "hubward webhook disable erp --cause \"moving to a new host\"");
  disable->add_option("destination", session.words.name, "Which")->required();
  disable->add_option("--cause", session.words.to, "Why, for those who look at it later")->type_name("TEXT");
  disable->callback([&session] {
    session.chosen = [&session] {
      return session.show({.method = "POST",
                           .target = path_of(session, "disable"),
                           .body = Json::object({{"cause", session.words.to}}),
                           .secret = {}},
                          [](const Json& answer) {
                            return fmt::format(
                                "Destination {} is disabled; its events wait until it is enabled.\n",
                                shown(answer["destination"]));
                          });
    };
  });
}

}  // namespace hubward::cli
