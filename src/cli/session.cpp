// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cli/run.hpp"
#include "cli/text.hpp"

namespace hubward::cli {

int Session::complain(std::string_view sentence) const {
  streams.err(std::string("hubward: ") + std::string(sentence) + (sentence.ends_with('\n') ? "" : "\n"));
  return Failed;
}

int Session::complain(const Error& error) const {
  return complain(error.message);
}

Result<Json> Session::ask(Gate& gate, Call call) const {
  Result<Answer> answer = gate.ask(std::move(call));
  if (!answer) return std::unexpected(answer.error());
  Result<Json> parsed = Json::parse(answer->body);
  if (!parsed) return while_doing("the gateway's answer cannot be read", parsed.error());
  if (answer->status >= 200 && answer->status < 300) return parsed;
  return failure((*parsed)["category"].text_or("ANSWER"), Fault::Caller, Retry::Never,
                 shown((*parsed)["message"]).empty()
                     ? "the gateway answered " + std::to_string(answer->status)
                     : shown((*parsed)["message"]));
}

Result<Json> Session::ask(Call call) const {
  Result<std::unique_ptr<Gate>> gate = house.gate(config_file);
  if (!gate) return std::unexpected(gate.error());
  return ask(**gate, std::move(call));
}

int Session::print(const Json& answer, const std::function<std::string(const Json&)>& for_people) const {
  streams.out(json ? answer.dump() + "\n" : for_people(answer));
  return Done;
}

int Session::show(Call call, const std::function<std::string(const Json&)>& for_people) const {
  Result<Json> answer = ask(std::move(call));
  if (!answer) return complain(answer.error());
  return print(*answer, for_people);
}

CLI::App* command(CLI::App& parent, Session& session, std::string name, std::string what,
                  std::string example) {
  CLI::App* made = parent.add_subcommand(std::move(name), std::move(what));
  made->add_option("-c,--config", session.config_file,
                   "Configuration file; without it HUBWARD_CONFIG, or /etc/hubward/hubward.toml")
      ->type_name("FILE")
      ->group("Common options");
  made->add_flag("--json", session.json, "Answer as JSON on one line, for programs")->group("Common options");
  made->footer("Example:\n  " + example + "\n");
  return made;
}

CLI::Option* filter_option(CLI::App& command, Session& session, const char* flag, const char* name,
                           const char* what, const char* type) {
  auto keep = [&session, name](const std::string& value) { session.words.filter.emplace_back(name, value); };
  return command.add_option_function<std::string>(flag, std::move(keep), what)->type_name(type);
}

std::string filter_query(const Session& session) {
  std::string query;
  for (const auto& [name, value] : session.words.filter) query += "&" + name + "=" + encoded(value);
  return query;
}

Call get(std::string target) {
  return {.method = "GET", .target = std::move(target), .body = {}, .secret = {}};
}

CLI::App* group(CLI::App& parent, std::string name, std::string what) {
  CLI::App* made = parent.add_subcommand(std::move(name), std::move(what));
  made->require_subcommand(1);
  return made;
}

namespace {

// CLI11 says of a misspelled command only that one is missing; people want to hear which word it was.
int complain_of_words(const CLI::App& root, const std::vector<std::string>& words, std::string sentence,
                      const Streams& streams) {
  std::string path = "hubward";
  const CLI::App* asked = &root;
  std::size_t depth = 0;
  for (; !asked->get_subcommands().empty(); ++depth) {
    asked = asked->get_subcommands().front();
    path += " " + asked->get_name();
  }
  auto known = asked->get_subcommands([](const CLI::App*) { return true; });
  if (!known.empty() && depth < words.size() && !words[depth].starts_with('-')) {
    sentence = "there is no command \"" + shown(words[depth]) + "\" here, only";
    for (const CLI::App* one : known) sentence += (one == known.front() ? " " : ", ") + one->get_name();
  }
  streams.err("hubward: " + sentence + "\nSee: " + path + " --help\n");
  return WrongUse;
}

}  // namespace

std::unique_ptr<CLI::App> declare(Session& session) {
  auto root = std::make_unique<CLI::App>(
      "Hubward stands between your own programs and HubSpot: it keeps the tokens sealed, decides who may "
      "call "
      "what, and records every call.",
      "hubward");
  root->require_subcommand(1);
  root->set_version_flag("--version", [&session] { return session.house.version(); });
  root->footer(
      "Every command has --help with an example. Exit codes: 0 done, 1 found something or failed, "
      "2 wrong use.\n");
  add_gateway_commands(*root, session);
  add_configuration_commands(*root, session);
  add_connection_commands(*root, session);
  add_client_commands(*root, session);
  add_key_commands(*root, session);
  add_store_commands(*root, session);
  add_journal_commands(*root, session);
  add_webhook_commands(*root, session);
  add_completion_command(*root, session);
  return root;
}

int run(std::vector<std::string> arguments, House& house, const Streams& streams) {
  Session session(house, streams);
  const char* from_environment = std::getenv("HUBWARD_CONFIG");
  session.config_file = from_environment != nullptr ? from_environment : "/etc/hubward/hubward.toml";
  const std::unique_ptr<CLI::App> root = declare(session);
  const std::vector<std::string> words = arguments;
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the end
    root->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    streams.out(root->help());
    return Done;
  } catch (const CLI::CallForVersion& version) {
    streams.out(std::string(version.what()) + "\n");
    return Done;
  } catch (const CLI::ParseError& wrong) {
    return complain_of_words(*root, words, wrong.what(), streams);
  }
  return session.chosen();
}

}  // namespace hubward::cli
