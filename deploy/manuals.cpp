// SPDX-License-Identifier: Apache-2.0
// Writes the manual pages and the completion scripts into a folder, from what the programs themselves know.
// Part of the build; not installed. `manuals FOLDER`; the pages' date is that of $SOURCE_DATE_EPOCH, or
// today.
#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

#include "app/config_manual.hpp"
#include "app/program.hpp"
#include "cli/command_tree.hpp"
#include "cli/completion.hpp"
#include "cli/manual.hpp"
#include "core/ascii.hpp"
#include "sandbox/flags.hpp"

namespace {

using namespace hubward;

std::string page_date() {
  std::time_t when = std::time(nullptr);
  if (const char* given = std::getenv("SOURCE_DATE_EPOCH"))
    when = static_cast<std::time_t>(to_number(given).value_or(0));
  std::tm parts{};
  gmtime_r(&when, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%B %d, %Y", &parts);
  return text.data();
}

// "  --listen ADDRESS:PORT    meaning" becomes a tagged item; other lines stay paragraphs.
std::string sandbox_page(std::string_view date) {
  std::string text = cli::mdoc_head(date, "HUBSPOT-SANDBOX", 1);
  text +=
      ".Sh NAME\n.Nm hubspot-sandbox\n.Nd HubSpot offline, with faults on demand\n"
      ".Sh SYNOPSIS\n.Nm\n.Op Ar options\n.Sh DESCRIPTION\n"
      "A simulated HubSpot for tests and trials.\nIt holds nothing real and listens on loopback unless told "
      "otherwise.\n.Bl -tag -width Ds\n";
  std::string after;
  for (std::string_view line : split(std::string_view(sandbox::usage_text), '\n')) {
    if (line.starts_with("  --")) {
      line = trimmed(line);
      std::size_t gap = line.find("  ");
      std::string_view words = line.substr(0, gap),
                       meaning = gap == line.npos ? "" : trimmed(line.substr(gap));
      std::size_t space = words.find(' ');
      text += ".It Fl " + cli::mdoc_word(words.substr(1, space - 1));
      if (space != words.npos) text += " Ar " + cli::mdoc_word(words.substr(space + 1));
      text += "\n" + cli::mdoc_text(meaning);
    } else if (!line.empty() && !line.starts_with("hubspot-sandbox:")) {
      after += ".Pp\n" + cli::mdoc_text(line);
    }
  }
  return text + ".El\n" + after + ".Sh SEE ALSO\n.Xr hubward 1\n";
}

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (out) return true;
  fmt::print(stderr, "manuals: cannot write {}: {}\n", file, std::strerror(errno));
  return false;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: manuals FOLDER\n");
    return 2;
  }
  std::string folder = words[1], date = page_date();
  app::Program program;
  cli::CommandFacts tree = cli::command_tree(program);
  bool written = write(folder + "/hubward.1", cli::manual_page(tree, date)) &&
                 write(folder + "/hubward.toml.5", app::configuration_manual(date)) &&
                 write(folder + "/hubspot-sandbox.1", sandbox_page(date));
  for (std::string_view shell : cli::completed_shells)
    written = written && write(fmt::format("{}/hubward.{}", folder, shell), cli::completion(shell, tree));
  return written ? 0 : 1;
}
