// SPDX-License-Identifier: Apache-2.0
// The bytes of one block: the records of one group commit. The format is docs/formats/journal.md. Reading is
// strict: every block has one spelling, and what reads as a block is written back as the same bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/encoding.hpp"
#include "core/result.hpp"
#include "journal/record.hpp"

namespace hubward::journal {

constexpr std::size_t max_block_records = 4096;
// The writer closes a block at a mebibyte of texts; one record more still fits.
constexpr std::size_t full_block_bytes = 1024 * 1024;
constexpr std::size_t max_block_bytes = 2 * full_block_bytes;

struct Block {
  std::int64_t number = 0;  // from 1, without gaps
  std::vector<Record> records;

  TimePoint first_time() const;  // the earliest and the latest, not the first and the last
  TimePoint last_time() const;
};

// Bytes of the record's texts: what a block and the queue are measured by.
std::size_t text_bytes(const Record& record);

// Of at least one and at most max_block_records records, each fit().
Bytes encode(const Block& block);
// Fails with JOURNAL_CORRUPT.
Result<Block> decode(std::span<const std::byte> bytes);

// Which names a block may hold: a Bloom filter over client, connection, operation and correlation id. It is
// never wrong when it says no.
enum class Key : std::uint8_t { Client = 'c', Connection = 'n', Operation = 'o', CorrelationId = 'i' };
Bytes filter_of(const Block& block);
bool may_hold(std::span<const std::byte> filter, Key what, std::string_view name);

}  // namespace hubward::journal
