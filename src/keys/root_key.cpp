// SPDX-License-Identifier: Apache-2.0
#include "keys/root_key.hpp"

#include <algorithm>
#include <bitset>

#include "core/encoding.hpp"
#include "crypto/digest.hpp"

namespace hubward::keys {
namespace {

constexpr std::size_t root_key_size = 32;
constexpr std::string_view how_to_make_one = "make one with: openssl rand -hex 32";

std::unexpected<Error> malformed(std::string_view where, std::string_view what) {
  return invalid("ROOT_KEY_MALFORMED", "the root key in " + std::string(where) + " " + std::string(what) +
                                           "; " + std::string(how_to_make_one));
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The 32 bytes, whichever way they are written, or an empty secret.
Secret decoded(const Secret& content) {
  std::string_view text = without_line_end(content.reveal_text());
  std::optional<Bytes> bytes;
  if (text.size() == 64) bytes = from_hex(text);
  if (text.size() == 44) bytes = from_base64(text);
  if (bytes) {
    Secret key{std::span<const std::byte>(*bytes)};
    wipe(*bytes);
    return key;
  }
  // Raw bytes may end like a line by chance, so the whole content comes first.
  if (content.size() == root_key_size) return content.clone();
  if (text.size() == root_key_size) return Secret(text);
  return {};
}

// Of 32 random bytes, one set in 10^13 is all printable and one in 10^29 has fewer than ten distinct values.
bool all_printable(std::span<const std::byte> key) {
  return std::ranges::all_of(key, [](std::byte b) { return b >= std::byte{' '} && b <= std::byte{'~'}; });
}
bool repeats_itself(std::span<const std::byte> key) {
  std::bitset<256> seen;
  for (std::byte b : key) seen.set(std::to_integer<std::size_t>(b));
  return seen.count() < 10;
}

}  // namespace

Result<RootKey> RootKey::from(Secret content, std::string_view where) {
  Secret key = decoded(content);
  if (key.size() != root_key_size)
    return malformed(where, "is neither 32 raw bytes, nor 64 hexadecimal digits, nor base64 of 32 bytes");
  if (all_printable(key.reveal()))
    return malformed(where, "is text, a password perhaps, and not 32 random bytes");
  if (repeats_itself(key.reveal())) return malformed(where, "repeats a few bytes and is not random");

  Secret wrapping_key = Secret::of_size(crypto::digest_size);
  crypto::hmac_sha256(key.reveal(), {bytes_of("hubward root key 1: wrap")},
                      wrapping_key.writable().first<crypto::digest_size>());
  crypto::Digest id = crypto::hmac_sha256(key.reveal(), bytes_of("hubward root key 1: id"));
  return RootKey(RootKeyId{to_hex(std::span(id).first(8))}, std::move(wrapping_key));
}

Result<RootKey> read_root_key(const SecretSource& source) {
  Result<Secret> content = read_secret_bytes(source);
  if (!content) return while_doing("the root key", std::move(content.error()));
  return RootKey::from(std::move(*content), source.to_text());
}

}  // namespace hubward::keys
