// SPDX-License-Identifier: Apache-2.0
// The commands as plain values, read from what CLI11 was told, for whatever is written from them: completion
// for shells, the manual page. Values; any thread.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hubward::cli {

class House;

struct OptionFacts {
  std::vector<std::string> names;  // "-c", "--config"
  std::string value;               // what it takes: "FILE", "NUMBER"; empty for a flag
  std::vector<std::string> words;  // the only values there are, where they are few
  std::string range;               // "1 to 168"
  std::string otherwise;           // the default
  std::string meaning;
  std::string group;  // heading in the help
  bool required = false;
  bool repeats = false;
};

struct CommandFacts {
  std::string name;
  std::string path;  // after "hubward": "client create"; empty for the program itself
  std::string summary;
  std::string footer;
  std::vector<OptionFacts> options;
  std::vector<OptionFacts> arguments;  // by place; names has the one
  std::vector<CommandFacts> commands;
};

CommandFacts facts_of(const CLI::App& root);
// Of the whole program, for those who do not run a command.
CommandFacts command_tree(House& house);

// Every command, depth first, groups before what they hold; without the program itself.
std::vector<const CommandFacts*> all_below(const CommandFacts& command);

}  // namespace hubward::cli
