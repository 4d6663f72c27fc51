// SPDX-License-Identifier: Apache-2.0
// What an operator does to a store directory as a whole: check it, back it up, restore it. Blocking; for
// commands and for threads that may wait. A running gateway does not mind check and backup.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/database.hpp"

namespace hubward::store {

// In the order of a backup: the journal first, so that in a restored store a grant is never older than what
// the journal remembers of it (only that would be an alarm).
constexpr std::array<std::string_view, 3> store_files = {"journal.db", "inbox.db", "vault.db"};

// Looks at one opened file with a room's own eyes and answers a sentence for everything wrong. Each gets a
// Database that was opened with `schemas`.
struct FileCheck {
  std::string_view file;
  std::vector<Schema> schemas;
  std::function<Result<std::vector<std::string>>(Database&)> look;
};

struct FileReport {
  std::string file;
  bool present = false;  // inbox.db is absent from stores of versions without webhooks
  std::uint64_t bytes = 0;
  std::vector<std::string> wrong;  // sentences; none is good
};

// Integrity of every file that is there, then the checks given. Fails only when the directory cannot be read.
Result<std::vector<FileReport>> check_store(const std::string& directory, std::vector<FileCheck> checks);

// Copies every file that is there into `to`, a new or empty directory (0700), each as of one moment.
Result<std::vector<FileReport>> backup_store(const std::string& directory, const std::string& to);

enum class Overwrite { Refuse, Allow };

// Puts the files of a backup into `directory`, after checking all of them. Takes the store's lock; refuses a
// directory that already holds a store unless told. An interrupted restore is noticed by StoreLock and is
// finished by running it again.
Result<std::vector<FileReport>> restore_store(const std::string& backup, const std::string& directory,
                                              Overwrite overwrite);

}  // namespace hubward::store
