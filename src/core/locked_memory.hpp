// SPDX-License-Identifier: Apache-2.0
// The process's pages for secrets: locked against swapping, left out of core files, not inherited by a fork.
// Grows in chunks up to `locked_memory_limit`; when the machine refuses to lock, lock_memory() says so before
// the first secret is read. Allocation is first fit, freeing wipes; freeing a block twice, or another length
// of it, ends the process. Safe from any thread.
#pragma once

#include <cstddef>
#include <span>

#include "core/result.hpp"

namespace hubward {

// Secrets are small (a token is under 600 bytes) and few at a time; this is room for thousands of them.
constexpr std::size_t locked_memory_limit = 4 * 1024 * 1024;
// Kept back for work that has begun: running out ends the process, so the doors take no new work before.
constexpr std::size_t locked_memory_reserve = 512 * 1024;

// Claims the first chunk and tries whether all of `locked_memory_limit` could be locked. Fails with a
// sentence that names RLIMIT_MEMLOCK when the machine refuses. Without this call the first secret claims a
// chunk, and a refusal then aborts.
Result<void> lock_memory();

std::span<std::byte> locked_allocate(std::size_t size);
void locked_free(std::span<std::byte> block) noexcept;
std::size_t locked_bytes_in_use() noexcept;
// Only the reserve is left: whoever is about to begin something with secrets answers OVERLOADED instead.
bool locked_memory_is_short() noexcept;

}  // namespace hubward
