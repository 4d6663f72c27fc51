// SPDX-License-Identifier: Apache-2.0
// Reading a block of the journal never crashes, and what it accepts it writes back unchanged.
//
// aims at: src/journal/block.cpp
// aims at: src/journal/block_filter.cpp
#include <algorithm>
#include <cstdint>

#include "core/invariant.hpp"
#include "journal/block.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hubward;
  auto input = std::as_bytes(std::span(data, size));
  Result<journal::Block> block = journal::decode(input);
  if (!block) return 0;
  invariant(std::ranges::equal(journal::encode(*block), input), "reading, then writing, is the identity");
  Bytes filter = journal::filter_of(*block);
  for (const journal::Record& record : block->records)
    invariant(journal::may_hold(filter, journal::Key::CorrelationId, record.correlation_id),
              "a filter is never wrong when it says no");
  return 0;
}
