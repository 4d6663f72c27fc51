// SPDX-License-Identifier: Apache-2.0
// A Bloom filter with six probes and at least twelve bits for each name: about one block in two hundred is
// read in vain.
#include <algorithm>
#include <bit>
#include <vector>

#include "journal/block.hpp"

namespace hubward::journal {

namespace {

constexpr std::size_t bits_per_name = 12;
constexpr std::size_t smallest_filter_bits = 64;
constexpr int probes = 6;

// FNV-1a, then the finalizer of MurmurHash3 (public domain constants), since FNV's high bits are weak.
std::uint64_t hash_of(Key what, std::string_view name) {
  std::uint64_t hash = (14695981039346656037ULL ^ static_cast<std::uint8_t>(what)) * 1099511628211ULL;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33);
}

// The bit that probe number `probe` looks at, of a power of two bits.
std::size_t bit_of(std::uint64_t hash, int probe, std::size_t bits) {
  std::uint64_t step = (hash >> 32) | 1;
  return static_cast<std::size_t>(hash + static_cast<std::uint64_t>(probe) * step) & (bits - 1);
}

}  // namespace

Bytes filter_of(const Block& block) {
  constexpr std::size_t names_of_record = 4;
  std::vector<std::uint64_t> names;  // as hashes
  names.reserve(block.records.size() * names_of_record);
  for (const Record& record : block.records) {
    names.push_back(hash_of(Key::Client, record.client));
    names.push_back(hash_of(Key::Connection, record.connection));
    names.push_back(hash_of(Key::Operation, record.operation));
    names.push_back(hash_of(Key::CorrelationId, record.correlation_id));
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::size_t bits = std::max(smallest_filter_bits, std::bit_ceil(names.size() * bits_per_name));
  Bytes filter(bits / 8);
  for (std::uint64_t hash : names) {
    for (int probe = 0; probe < probes; ++probe) {
      std::size_t bit = bit_of(hash, probe, bits);
      filter[bit / 8] |= std::byte{1} << (bit % 8);
    }
  }
  return filter;
}

bool may_hold(std::span<const std::byte> filter, Key what, std::string_view name) {
  std::size_t bits = filter.size() * 8;
  if (!std::has_single_bit(bits)) return true;  // no filter of ours says nothing
  std::uint64_t hash = hash_of(what, name);
  for (int probe = 0; probe < probes; ++probe) {
    std::size_t bit = bit_of(hash, probe, bits);
    if ((filter[bit / 8] & (std::byte{1} << (bit % 8))) == std::byte{0}) return false;
  }
  return true;
}

}  // namespace hubward::journal
