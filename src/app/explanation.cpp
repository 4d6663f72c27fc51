// SPDX-License-Identifier: Apache-2.0
#include "app/explanation.hpp"

#include <fmt/format.h>

namespace hubward::app {
namespace {

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

std::string door_text(std::string_view name, const Door& door, std::string_view what) {
  return fmt::format("  {:<7} {}:{}, TLS {}{}\n          {}\n", name, door.address, door.port,
                     door.only_tls13 ? "1.3 only" : "1.2 and 1.3",
                     is_loopback(door.address) ? "" : ", REACHABLE FROM THE NETWORK", what);
}

std::string clients_text(const Door& egress) {
  if (!egress.client_certificates) return "";
  return fmt::format("          or with a client certificate{}\n",
                     egress.client_authorities.empty()
                         ? ""
                         : fmt::format(" that an authority in {} vouches for", egress.client_authorities));
}

std::string doors_text(const Config& config) {
  std::string text = "Doors\n";
  text += door_text("egress", config.egress, "for your own programs, with a client key");
  text += clients_text(config.egress);
  text += door_text(
      "public", config.public_door,
      fmt::format("for the internet, seen as {}; installs apps and nothing else", config.public_url));
  if (config.public_door.redirect_port != 0)
    text += fmt::format("          plain HTTP on port {} is redirected there\n",
                        config.public_door.redirect_port);
  text += config.admin.token.empty() ? std::string("  admin   closed: [listen.admin] token is not set\n")
                                     : door_text("admin", config.admin.door,
                                                 fmt::format("for operators, with the operator token, as {}",
                                                             fmt::join(config.admin.allowed_hosts, ", ")));
  text += fmt::format("  socket  {}\n          for the commands, run as root or as the gateway's user\n",
                      config.admin_socket());
  return text;
}

std::string app_text(const std::string& name, const AppSettings& app, const std::string& public_url) {
  std::string text = fmt::format("  {}: ", name);
  if (app.kind == AppSettings::Kind::OAuth) {
    text += fmt::format("OAuth, asks for {}", fmt::join(app.scopes, ", "));
    if (!app.optional_scopes.empty())
      text += fmt::format("; if granted also {}", fmt::join(app.optional_scopes, ", "));
    text += fmt::format("\n    register this redirect address at HubSpot: {}/oauth/{}/callback\n", public_url,
                        name);
    if (app.token_endpoint == AppSettings::TokenEndpoint::V1)
      text += "    token_endpoint is v1, which HubSpot stops on 2027-02-16\n";
  } else {
    text += "private, one account with a static token (hubward connection add)\n";
  }
  if (app.simulator) text += fmt::format("    SIMULATOR: talks to {}, not to HubSpot\n", app.simulator_api);
  return text;
}

std::string rule_text(const RuleSettings& rule) {
  std::string text = fmt::format(
      "    {} \"{}\":", rule.effect == RuleSettings::Effect::Deny ? "denies" : "allows", rule.name);
  if (!rule.actions.empty()) text += fmt::format(" {}", fmt::join(rule.actions, ", "));
  if (!rule.objects.empty()) text += fmt::format(" of {}", fmt::join(rule.objects, ", "));
  if (!rule.operations.empty()) text += fmt::format(" operations {}", fmt::join(rule.operations, ", "));
  return text + "\n";
}

std::string role_text(const std::string& name, const RoleSettings& role) {
  std::string text =
      fmt::format("  {}{}\n", name,
                  role.mode == RoleSettings::Mode::Shadow ? ": SHADOW, refuses nothing, only records" : "");
  if (role.rules.empty()) text += "    allows nothing\n";
  for (const RuleSettings& rule : role.rules) text += rule_text(rule);
  return text;
}

std::string journal_text(const JournalSettings& journal) {
  std::string text = fmt::format("Journal\n  records are kept for {} days\n", journal.retention.count());
  std::string_view which = journal.durable_writes && journal.durable_deletes ? "writes and deletes"
                           : journal.durable_writes                          ? "writes"
                                                                             : "deletes";
  if (journal.durable_writes || journal.durable_deletes)
    text += fmt::format("  {} wait until their record is on the disk\n", which);
  text +=
      fmt::format("  a power cut may lose the records of the last {} ms{}\n", journal.commit_interval.count(),
                  journal.durable_writes || journal.durable_deletes ? " (of other calls)" : "");
  return text;
}

std::string certificates_text(const Findings& found) {
  std::string text;
  for (const admin::DoorCertificate& one : found.certificates) {
    text += fmt::format("  {:<7} {}, good until {}, {} days\n", one.door, one.facts.subject,
                        to_iso8601(one.facts.not_after), admin::days_left(one.facts, found.now));
    if (auto warning = admin::warning_of(one, found.now)) text += fmt::format("          {}\n", *warning);
  }
  return text.empty() ? "" : "Certificates\n" + text + "\n";
}

}  // namespace

std::string explain(const std::string& path, const Config& config, const Findings& found) {
  std::string text = fmt::format("{}\n\n{}\n{}", path, doors_text(config), certificates_text(found));
  text += fmt::format("Store\n  {}\n  root key from {}\n", config.store_dir, config.root_key.text);
  if (!config.other_root_key.empty())
    text += fmt::format("  and, around a rotation, from {}\n", config.other_root_key.text);
  text += "\nApps\n";
  if (config.apps.empty()) text += "  none: nothing can be connected until there is an [apps.NAME]\n";
  for (const auto& [name, app] : config.apps) text += app_text(name, app, config.public_url);
  text += "\nRoles\n";
  if (config.roles.empty()) text += "  none: no client can be created until there is a [roles.NAME]\n";
  for (const auto& [name, role] : config.roles) text += role_text(name, role);
  text += "\n" + journal_text(config.journal) + "\n";
  const std::vector<Complaint>& wrong = found.wrong;
  if (wrong.empty()) return text + "Nothing is wrong.\n";
  return text +
         fmt::format("{} wrong:\n",
                     wrong.size() == 1 ? "One thing is" : fmt::format("{} things are", wrong.size())) +
         to_text(path, wrong);
}

Json explain_as_json(const std::string& path, const std::optional<Config>& config, const Findings& found) {
  Json complaints = Json::array();
  for (const Complaint& one : found.wrong)
    complaints.push(Json::object({{"line", one.line}, {"column", one.column}, {"message", one.message}}));
  Json answer =
      Json::object({{"file", path}, {"fine", found.wrong.empty()}, {"wrong", std::move(complaints)}});
  if (!config) return answer;
  Json apps = Json::array();
  Json simulators = Json::array();
  for (const auto& [name, app] : config->apps) {
    apps.push(name);
    if (app.simulator) simulators.push(name);
  }
  Json roles = Json::array();
  for (const auto& [name, role] : config->roles) roles.push(name);
  auto door = [](const Door& one) { return fmt::format("{}:{}", one.address, one.port); };
  answer.set("egress", door(config->egress));
  answer.set("public", door(config->public_door));
  answer.set("public_url", config->public_url);
  answer.set("admin", config->admin.token.empty() ? Json() : Json(door(config->admin.door)));
  answer.set("socket", config->admin_socket());
  Json certificates = Json::array();
  for (const admin::DoorCertificate& one : found.certificates)
    certificates.push(Json::object({{"door", one.door},
                                    {"subject", one.facts.subject},
                                    {"expires_at", to_iso8601(one.facts.not_after)},
                                    {"days_left", admin::days_left(one.facts, found.now)}}));
  answer.set("certificates", std::move(certificates));
  answer.set("client_certificates", config->egress.client_certificates);
  answer.set("redirect_port", config->public_door.redirect_port);
  answer.set("store_dir", config->store_dir);
  answer.set("apps", std::move(apps));
  answer.set("simulator_apps", std::move(simulators));
  answer.set("roles", std::move(roles));
  return answer;
}

}  // namespace hubward::app
