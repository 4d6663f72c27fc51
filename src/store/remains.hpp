// SPDX-License-Identifier: Apache-2.0
// Looks for bytes that should be gone, in the files of a store as they lie on the disk: not what SQLite would
// answer, but also what it no longer shows (unused parts of pages, the write-ahead log, copies left by an
// interrupted restore). Blocking; for threads that may wait. A running gateway does not mind: databases are
// read through SQLite's own descriptors (store/files.hpp says why).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/encoding.hpp"
#include "core/result.hpp"

namespace hubward::store {

// A value may lie on several pages, so it is looked for piece by piece: any part of it of at least twice this
// size is found.
constexpr std::size_t piece_bytes = 16;

struct SearchedFile {
  std::string file;  // its name under the directory: "vault.db-wal"
  std::uint64_t bytes = 0;
  std::size_t found = 0;  // values of which something lies there
};

// Every regular file under the directory, by name. `values` are random bytes, each at least `piece_bytes`
// long: nothing else is like them by chance. Fails when a file cannot be read whole, since then nothing is
// known of it.
Result<std::vector<SearchedFile>> search_files(const std::string& directory, std::span<const Bytes> values);

}  // namespace hubward::store
