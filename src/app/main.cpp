// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "app/program.hpp"
#include "cli/run.hpp"

int main(int argc, char** argv) {
  hubward::app::Program program;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  return hubward::cli::run(std::move(arguments), program, hubward::cli::standard_streams());
}
