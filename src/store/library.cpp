// SPDX-License-Identifier: Apache-2.0
#include "store/library.hpp"

#include <sqlite3.h>

namespace hubward::store {

std::string_view library_version() {
  return sqlite3_libversion();
}

}  // namespace hubward::store
