// SPDX-License-Identifier: Apache-2.0
// The secrets that the configuration refers to, read when they are asked for. A variable of the environment
// is overwritten once it was read, so it is read once and kept; files and credentials are read each time, so
// that a reload sees what was changed. One thread at a time.
#pragma once

#include <map>
#include <string>

#include "app/config.hpp"
#include "core/secret.hpp"

namespace hubward::app {

class OutsideSecrets {
 public:
  // The error names the key of the configuration: `what` is "[apps.crm] client_secret".
  Result<Secret> read(const SecretRef& reference, const std::string& what);

 private:
  std::map<std::string, Secret> from_environment_;
};

}  // namespace hubward::app
