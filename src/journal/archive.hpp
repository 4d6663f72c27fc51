// SPDX-License-Identifier: Apache-2.0
// What is on the disk of a journal: reading, searching, removing and verifying its blocks. For sources of
// journal/ only. Every function blocks; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "core/result.hpp"
#include "crypto/digest.hpp"
#include "journal/block.hpp"
#include "journal/journal.hpp"
#include "store/database.hpp"

namespace hubward::journal {

// The end of the chain: the last block that was written, and its hash. Of a new journal: 0 and zeros.
struct ChainEnd {
  std::int64_t number = 0;
  crypto::Digest hash{};
};

// The hash that block `payload` has when it follows one with hash `previous`.
crypto::Digest chain_hash(const crypto::Digest& previous, std::span<const std::byte> payload);

Result<ChainEnd> read_chain_end(store::Database& database);
// The row of a block, to be written as one transaction.
store::Statement block_row(const Block& block, Bytes payload, const crypto::Digest& hash);
// The hash of a block that is on the disk; nothing where there is none of that number.
Result<std::optional<crypto::Digest>> read_hash(store::Database& database, std::int64_t number);

Result<Page> find_page(store::Database& database, const Search& search);
Result<std::uint64_t> remove_blocks_before(store::Database& database, TimePoint before);

}  // namespace hubward::journal
