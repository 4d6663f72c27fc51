// SPDX-License-Identifier: Apache-2.0
// completion: what a shell needs to complete the words of all the others.
#include <CLI/CLI.hpp>

#include "cli/completion.hpp"
#include "cli/session.hpp"

namespace hubward::cli {

void add_completion_command(CLI::App& root, Session& session) {
  // Not command(): there is no configuration to name and nothing to answer as JSON.
  CLI::App* made =
      root.add_subcommand("completion", "Print the script with which a shell completes hubward's words");
  made->add_option("shell", session.words.shell, "The shell")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(completed_shells.begin(), completed_shells.end())));
  made->footer("Example:\n  source <(hubward completion bash)\n");
  made->callback([&root, &session] {
    session.chosen = [&root, &session] {
      session.streams.out(completion(session.words.shell, facts_of(root)));
      return Done;
    };
  });
}

}  // namespace hubward::cli
