// SPDX-License-Identifier: Apache-2.0
#include "cli/manual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/ascii.hpp"

namespace hubward::cli {
namespace {

constexpr std::string_view common_options = "Common options";

constexpr std::string_view after_commands = R"(.Sh ENVIRONMENT
.Bl -tag -width HUBWARD_CONFIG
.It Ev HUBWARD_CONFIG
The configuration file, where
.Fl -config
names none.
.It Ev CREDENTIALS_DIRECTORY
Where the service manager put the credentials that
.Xr hubward.toml 5
names as
.Ql credential:NAME .
.It Ev NOTIFY_SOCKET
Where the service manager wants to hear that the gateway is ready, reads its
configuration again, or stops.
.It Ev WATCHDOG_USEC
How often it wants to hear that the gateway's event loop still turns.
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/hubward/hubward.toml
The configuration.
.It Pa /var/lib/hubward
The store: everything that is kept, sealed.
.It Pa /var/lib/hubward/admin.sock
Where commands find the running gateway.
.El
.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
Done.
.It 1
Found something, or failed: standard error says what.
.It 2
Wrong use.
.El
.Sh SIGNALS
These go to the running gateway.
.Bl -tag -width SIGTERM
.It Dv SIGHUP
Reads the configuration and the certificates again, without dropping a call;
a wrong configuration is refused as a whole.
.It Dv SIGTERM , SIGINT
Stops: no new calls, those in flight may finish.
.El
.Sh SEE ALSO
.Xr hubspot-sandbox 1 ,
.Xr hubward.toml 5
)";

// The words of an option as a macro's line takes them: "Fl c , Fl -config Ar FILE".
std::string option_words(const OptionFacts& option) {
  std::string line;
  for (const std::string& name : option.names)
    line += fmt::format("{}Fl {}", line.empty() ? "" : " , ", mdoc_word(name.substr(1)));
  if (!option.value.empty()) line += " Ar " + mdoc_word(option.value);
  return line;
}

std::string remarks(const OptionFacts& option) {
  std::vector<std::string> remarks;
  if (!option.range.empty()) remarks.push_back(option.range);
  if (!option.words.empty()) remarks.push_back(fmt::format("{}", fmt::join(option.words, ", ")));
  if (!option.otherwise.empty()) remarks.push_back("default " + option.otherwise);
  // Arguments by place are required all of them.
  if (option.required && option.names.front().starts_with('-')) remarks.emplace_back("required");
  return fmt::format("{}", fmt::join(remarks, "; "));
}

std::string explained(const OptionFacts& option) {
  std::string notes = remarks(option);
  return mdoc_text(option.meaning + (notes.empty() ? "." : " (" + notes + ")."));
}

bool is_shown(const OptionFacts& option) {
  return option.group != common_options && option.names.back() != "--help";
}

std::string example_of(const CommandFacts& command) {
  constexpr std::string_view start = "Example:\n";
  std::size_t at = command.footer.find(start);
  if (at == std::string::npos) return "";
  std::string_view text = trimmed(std::string_view(command.footer).substr(at + start.size()));
  text = text.substr(0, text.find('\n'));
  return fmt::format(".Pp\n.Dl {}\n", mdoc_word(text));
}

std::string command_section(const CommandFacts& command) {
  std::string text = ".It Ic " + command.path;
  for (const OptionFacts& argument : command.arguments) text += " Ar " + mdoc_word(argument.names.front());
  text += "\n" + mdoc_text(command.summary + ".");
  std::string list;
  for (const OptionFacts& argument : command.arguments)
    list += ".It Ar " + mdoc_word(argument.names.front()) + "\n" + explained(argument);
  for (const OptionFacts& option : command.options)
    if (is_shown(option)) list += ".It " + option_words(option) + "\n" + explained(option);
  if (!list.empty()) text += ".Bl -tag -width Ds\n" + list + ".El\n";
  return text + example_of(command);
}

std::string common_section(const CommandFacts& program) {
  std::string text =
      ".Sh OPTIONS\nEvery command that asks or changes something takes these.\n.Bl -tag -width Ds\n";
  for (const CommandFacts* command : all_below(program)) {
    if (!command->commands.empty()) continue;
    for (const OptionFacts& option : command->options)
      if (option.group == common_options) text += ".It " + option_words(option) + "\n" + explained(option);
    break;
  }
  return text +
         ".It Fl h , Fl -help\nPrint what a command does and takes.\n"
         ".It Fl -version\nPrint the version, without a command.\n.El\n";
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string with_bold_code(std::string_view text) {
  std::string result;
  bool code = false;
  for (char c : text) {
    if (c == '`') code = !code;
    result += c != '`' ? std::string(1, c) : code ? "\\fB" : "\\fP";
  }
  return result;
}

}  // namespace

std::string mdoc_word(std::string_view word) {
  std::string text;
  for (char c : word) text += c == '\\' ? "\\e" : c == '"' ? "\\(dq" : std::string(1, c);
  if (text.contains(' ')) return "\"" + text + "\"";
  return "\\&" + text;
}

std::string mdoc_literal(std::string_view line) {
  bool macro = line.starts_with('.') || line.starts_with('\'');
  std::string result = macro ? "\\&" : "";
  for (char c : line) result += c == '\\' ? "\\e" : std::string(1, c);
  return result + "\n";
}

std::string mdoc_text(std::string_view text) {
  constexpr std::size_t widest = 72;  // of 80: a character beyond ASCII is written by its name
  std::string result, line;
  std::size_t width = 0;  // of the line as it will be written: a backtick becomes three characters
  auto end_line = [&] {
    if (!line.empty()) result += mdoc_literal(line);
    line.clear();
    width = 0;
  };
  for (std::string_view word : words_of(text)) {
    std::size_t added = 1 + word.size() + 2 * static_cast<std::size_t>(std::ranges::count(word, '`'));
    if (width + added > widest) end_line();
    line += (line.empty() ? "" : " ") + std::string(word);
    width += added;
    if (word.ends_with('.') || word.ends_with('!') || word.ends_with('?')) end_line();
  }
  end_line();
  return with_bold_code(result);
}

std::string mdoc_head(std::string_view date, std::string_view title, int section) {
  return fmt::format(".Dd {}\n.Dt {} {}\n.Os\n", date, title, section);
}

std::string manual_page(const CommandFacts& program, std::string_view date) {
  std::string text = mdoc_head(date, "HUBWARD", 1);
  text +=
      ".Sh NAME\n.Nm hubward\n.Nd security gateway for HubSpot integrations\n"
      ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Sh DESCRIPTION\n";
  text += mdoc_text(program.summary) + ".Sh COMMANDS\n.Bl -tag -width Ds\n";
  for (const CommandFacts* command : all_below(program))
    if (command->commands.empty()) text += command_section(*command);
  return text + ".El\n" + common_section(program) + std::string(after_commands);
}

}  // namespace hubward::cli
