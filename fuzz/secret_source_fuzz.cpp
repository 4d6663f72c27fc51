// SPDX-License-Identifier: Apache-2.0
// What an operator writes where a secret is named, and what a root key's file holds: neither may crash us,
// and a refusal never repeats what was written.
//
// aims at: src/keys/secret_source.cpp only parse to_text
// aims at: src/keys/root_key.cpp but read_root_key
#include <cstdint>

#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "keys/root_key.hpp"
#include "keys/secret_source.hpp"

using namespace hubward;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (Result<keys::SecretSource> source = keys::SecretSource::parse(text)) {
    invariant(source->to_text() == text, "a place is written as it was read");
  } else {
    // Four sentences are all there are, so none depends on what was written.
    auto said = [&](std::string_view refused) {
      return source.error().message == keys::SecretSource::parse(refused).error().message;
    };
    invariant(said("") || said("file:") || said("env:") || said("credential:"), "a refusal echoes nothing");
  }
  if (size <= keys::largest_outside_secret) {
    Result<keys::RootKey> key = keys::RootKey::from(Secret(text), "a fuzzer");
    invariant(!key || key->wrapping_key().size() == 32, "a root key wraps with 32 bytes");
  }
  return 0;
}
