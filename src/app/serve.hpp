// SPDX-License-Identifier: Apache-2.0
// `hubward serve`: the object graph with its doors open, until SIGTERM or SIGINT. SIGHUP reads the
// configuration again. When everything is open it prints one line of JSON to standard output; everything else
// goes to the log on standard error.
#pragma once

#include <string>

namespace hubward::app {

// Answers the exit code: 0 after a graceful stop, 1 when it could not start.
int serve(const std::string& config_file);

}  // namespace hubward::app
