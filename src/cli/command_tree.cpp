// SPDX-License-Identifier: Apache-2.0
#include "cli/command_tree.hpp"

#include <CLI/CLI.hpp>
#include <string_view>

#include "cli/session.hpp"
#include "core/ascii.hpp"

namespace hubward::cli {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// CLI11 joins a type and what validators say: "UINT:INT in [1 - 168]", "TEXT:{bash,zsh,fish}".
void read_type(OptionFacts& facts, const std::string& type) {
  std::size_t colon = type.find(':');
  facts.value = type.substr(0, colon);
  if (facts.value == "UINT") facts.value = "NUMBER";
  if (colon == std::string::npos) return;
  std::string rest = type.substr(colon + 1);
  if (rest.starts_with('{') && rest.ends_with('}')) {
    for (std::string_view word : split(std::string_view(rest).substr(1, rest.size() - 2), ','))
      facts.words.emplace_back(word);
  } else if (std::size_t open = rest.find('['); open != std::string::npos && rest.ends_with(']')) {
    facts.range = replaced(rest.substr(open + 1, rest.size() - open - 2), " - ", " to ");
  }
}

OptionFacts facts_of(const CLI::Option& option) {
  OptionFacts facts;
  for (const std::string& name : option.get_snames()) facts.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) facts.names.push_back("--" + name);
  if (option.get_positional()) facts.names = {option.get_name(true)};
  if (option.get_items_expected_max() > 0) read_type(facts, option.get_type_name());
  facts.otherwise = option.get_default_str();
  facts.meaning = option.get_description();
  facts.group = option.get_group();
  facts.required = option.get_required();
  facts.repeats = option.get_expected_max() > 1;
  return facts;
}

CommandFacts facts_at(const CLI::App& app, const std::string& path) {
  CommandFacts facts;
  facts.name = app.get_name();
  facts.path = path;
  facts.summary = app.get_description();
  facts.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options())
    (option->get_positional() ? facts.arguments : facts.options).push_back(facts_of(*option));
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
    facts.commands.push_back(facts_at(*below, path + (path.empty() ? "" : " ") + below->get_name()));
  return facts;
}

void append_below(const CommandFacts& command, std::vector<const CommandFacts*>& all) {
  for (const CommandFacts& below : command.commands) {
    all.push_back(&below);
    append_below(below, all);
  }
}

}  // namespace

CommandFacts facts_of(const CLI::App& root) {
  return facts_at(root, "");
}

CommandFacts command_tree(House& house) {
  const Streams nowhere{[](std::string_view) {}, [](std::string_view) {}, {}};
  Session session(house, nowhere);
  return facts_of(*declare(session));
}

std::vector<const CommandFacts*> all_below(const CommandFacts& command) {
  std::vector<const CommandFacts*> all;
  append_below(command, all);
  return all;
}

}  // namespace hubward::cli
