// SPDX-License-Identifier: Apache-2.0
#include "keys/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace hubward::keys {

Result<void> forbid_core_dumps() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return failure("CORE_DUMPS_ALLOWED", Fault::Us, Retry::Never,
                   std::string("core files of this process cannot be forbidden (") + std::strerror(errno) +
                       "): nothing secret is read until they are");
  return {};
}

}  // namespace hubward::keys
