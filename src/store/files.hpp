// SPDX-License-Identifier: Apache-2.0
// Files and directories that only we may read. For sources of store/ only. No file of an open database is
// ever opened here: closing any descriptor of it would drop SQLite's locks (fcntl(2), POSIX record locks).
#pragma once

#include <string>

#include "core/result.hpp"

namespace hubward::store {

enum class IfMissing { Create, Fail };

// A regular file of ours, mode 0600 or stricter. Created empty where there is none and that is wanted.
Result<void> require_private_file(const std::string& path, IfMissing if_missing);
// A directory of ours, mode 0700 or stricter.
Result<void> require_private_directory(const std::string& path, IfMissing if_missing);
// Makes names in a directory survive a power cut: created, renamed or removed ones.
Result<void> flush_directory(const std::string& path);
// Makes the bytes of a closed file survive a power cut.
Result<void> flush_file(const std::string& path);

// "path: what went wrong (why)" for a failed system call.
std::unexpected<Error> system_trouble(const std::string& path, std::string_view what, int number);

}  // namespace hubward::store
