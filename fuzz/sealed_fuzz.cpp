// SPDX-License-Identifier: Apache-2.0
// Sealed bytes come from a disk that somebody else may have written. The first input byte says what is tried:
// open the rest as it is, or seal the rest and open it again, whole and with one bit changed.
//
// aims at: src/crypto/aead.cpp
#include <algorithm>
#include <cstdint>

#include "core/invariant.hpp"
#include "crypto/aead.hpp"
#include "crypto/fake_random.hpp"

using namespace hubward;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Secret key = [] {
    crypto::SeededRandom random(1);
    return crypto::random_secret(random, crypto::aead_key_size);
  }();
  auto input = std::as_bytes(std::span(data, size));
  if (input.size() < 4) return 0;
  auto place = input.subspan(1, std::min<std::size_t>(2, input.size() - 1));
  auto rest = input.subspan(3);

  if (data[0] % 2 == 0) {
    Result<Secret> opened = crypto::open(key, place, rest);
    invariant(!opened, "nobody seals without the key");
    return 0;
  }
  crypto::SeededRandom random(size);
  Result<Bytes> sealed = crypto::seal(key, place, rest, random);
  invariant(sealed.has_value() == (rest.size() <= crypto::largest_sealable), "only size keeps from sealing");
  if (!sealed) return 0;
  Result<Secret> opened = crypto::open(key, place, *sealed);
  invariant(opened && std::ranges::equal(opened->reveal(), rest), "what was sealed opens unchanged");
  std::size_t at = (data[0] / 2U * 131U) % sealed->size();
  (*sealed)[at] ^= std::byte{1} << (data[1] % 8);
  invariant(!crypto::open(key, place, *sealed), "what was changed does not open");
  return 0;
}
