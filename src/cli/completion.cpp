// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/invariant.hpp"

namespace hubward::cli {
namespace {

using Commands = std::vector<const CommandFacts*>;

// The program itself and everything below it.
Commands every_command(const CommandFacts& program) {
  Commands all = all_below(program);
  all.insert(all.begin(), &program);
  return all;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

// Where the words so far lead, as the scripts keep it: " client create", or nothing.
std::string place_of(const CommandFacts& command) {
  return command.path.empty() ? "" : " " + command.path;
}

std::string places_below(const CommandFacts& program, std::string_view between) {
  std::vector<std::string> places;
  for (const CommandFacts* command : all_below(program)) places.push_back("'" + place_of(*command) + "'");
  return joined(places, between);
}

enum class Wants { Nothing, File, Folder, Words };

Wants wanted(const OptionFacts& option) {
  if (!option.words.empty()) return Wants::Words;
  if (option.value == "FILE") return Wants::File;
  if (option.names.front() == "folder") return Wants::Folder;
  return Wants::Nothing;
}

// Every name of an option that takes a value, of any command, once.
std::vector<std::string> options_with_value(const CommandFacts& program,
                                            const std::function<bool(const OptionFacts&)>& chosen) {
  std::vector<std::string> names;
  for (const CommandFacts* command : every_command(program))
    for (const OptionFacts& option : command->options)
      if (!option.value.empty() && chosen(option))
        names.insert(names.end(), option.names.begin(), option.names.end());
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::string bash_case(const CommandFacts& command) {
  std::vector<std::string> words;
  std::string otherwise;
  for (const CommandFacts& below : command.commands) words.push_back(below.name);
  for (const OptionFacts& argument : command.arguments) {
    words.insert(words.end(), argument.words.begin(), argument.words.end());
    if (wanted(argument) == Wants::Folder) otherwise = " folders=yes";
  }
  for (const OptionFacts& option : command.options)
    words.insert(words.end(), option.names.begin(), option.names.end());
  return fmt::format("    '{}') words='{}'{} ;;\n", place_of(command), joined(words, " "), otherwise);
}

std::string bash(const CommandFacts& program) {
  auto takes_file = [](const OptionFacts& option) { return wanted(option) == Wants::File; };
  auto takes_other = [](const OptionFacts& option) { return wanted(option) != Wants::File; };
  std::string cases;
  for (const CommandFacts* command : every_command(program)) cases += bash_case(*command);
  return fmt::format(R"(# bash completion for hubward; written by `hubward completion bash`.
_hubward() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} at= words= folders= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at ${{COMP_WORDS[i]}}" in
    {}) at+=" ${{COMP_WORDS[i]}}" ;;
    *) break ;;
    esac
  done
  case "$previous" in
    {}) compopt -o default; return ;;
    {}) return ;;
  esac
  case "$at" in
{}  esac
  if [[ $folders && $word != -* ]]; then
    compopt -o dirnames
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}}
complete -F _hubward hubward
)",
                     places_below(program, " | "), joined(options_with_value(program, takes_file), " | "),
                     joined(options_with_value(program, takes_other), " | "), cases);
}

// In single quotes, for a shell in which a quote inside ends, escapes and begins again.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string with_escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (char c : text) {
    if (special.contains(c)) result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(const OptionFacts& option) {
  switch (wanted(option)) {
    case Wants::File: return "_files";
    case Wants::Folder: return "_files -/";
    case Wants::Words: return "(" + joined(option.words, " ") + ")";
    case Wants::Nothing: return " ";
  }
  return " ";
}

// One option as _arguments wants it: '(-c --config)'{-c,--config}'[meaning]:FILE:_files'
std::string zsh_option(const OptionFacts& option) {
  std::string what = "[" + with_escaped(option.meaning, "[]\\:") + "]";
  if (!option.value.empty()) what += ":" + option.value + ":" + zsh_action(option);
  if (option.names.size() == 1) return quoted((option.repeats ? "*" : "") + option.names[0] + what);
  return fmt::format("'({})'{{{}}}{}", joined(option.names, " "), joined(option.names, ","), quoted(what));
}

std::string zsh_case(const CommandFacts& command) {
  std::string text = fmt::format("  ({})\n", quoted(place_of(command)));
  if (!command.commands.empty()) {
    text += "    commands=(\n";
    for (const CommandFacts& below : command.commands)
      text += "      " + quoted(below.name + ":" + with_escaped(below.summary, ":\\")) + "\n";
    text += "    )\n    if [[ $words[CURRENT] != -* ]]; then _describe command commands; return; fi\n";
  }
  text += "    _arguments -s";
  for (const OptionFacts& option : command.options) text += " \\\n      " + zsh_option(option);
  for (const OptionFacts& argument : command.arguments)
    text += " \\\n      " + quoted(":" + argument.names.front() + ":" + zsh_action(argument));
  return text + "\n    ;;\n";
}

std::string zsh(const CommandFacts& program) {
  std::string cases;
  for (const CommandFacts* command : every_command(program)) cases += zsh_case(*command);
  return fmt::format(R"(#compdef hubward
# zsh completion for hubward; written by `hubward completion zsh`.
_hubward() {{
  local at= depth=0
  local -a commands
  while ((depth + 2 < CURRENT)); do
    case "$at $words[depth + 2]" in
    ({}) at+=" $words[depth + 2]"; ((depth += 1)) ;;
    (*) break ;;
    esac
  done
  ((CURRENT -= depth))
  shift $depth words
  case "$at" in
{}  esac
}}
if [[ $funcstack[1] == _hubward ]]; then _hubward "$@"; else compdef _hubward hubward; fi
)",
                     places_below(program, "|"), cases);
}

std::string fish_quoted(std::string_view text) {
  return "'" + with_escaped(text, "'\\") + "'";
}

std::string fish_option(const OptionFacts& option) {
  std::string text;
  for (const std::string& name : option.names)
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) text += wanted(option) == Wants::File ? " -r -F" : " -x";
  return text + " -d " + fish_quoted(option.meaning);
}

std::string fish_lines(const CommandFacts& command) {
  std::string start = fmt::format("complete -c hubward -n \"__hubward_at '{}'\"", place_of(command));
  std::string text;
  for (const CommandFacts& below : command.commands)
    text += fmt::format("{} -a {} -d {}\n", start, below.name, fish_quoted(below.summary));
  for (const OptionFacts& argument : command.arguments) {
    if (wanted(argument) == Wants::Words)
      text += fmt::format("{} -a '{}'\n", start, joined(argument.words, " "));
    if (wanted(argument) == Wants::Folder)
      text += fmt::format("{} -a '(__fish_complete_directories)'\n", start);
  }
  for (const OptionFacts& option : command.options) text += start + fish_option(option) + "\n";
  return text;
}

std::string fish(const CommandFacts& program) {
  std::string lines;
  for (const CommandFacts* command : every_command(program)) lines += fish_lines(*command);
  return fmt::format(R"(# fish completion for hubward; written by `hubward completion fish`.
function __hubward_at --description 'Whether the words so far lead to this command'
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case {}
                set at "$at $word"
            case '*'
                break
        end
    end
    test "$at" = "$argv[1]"
end
complete -c hubward -f
{})",
                     places_below(program, " "), lines);
}

}  // namespace

std::string completion(std::string_view shell, const CommandFacts& program) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  invariant(shell == "fish", "the command line lets only known shells through");
  return fish(program);
}

}  // namespace hubward::cli
