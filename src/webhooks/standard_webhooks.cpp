// SPDX-License-Identifier: Apache-2.0
#include "webhooks/standard_webhooks.hpp"

#include "core/encoding.hpp"

namespace hubward::webhooks {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t shortest_key = 24, longest_key = 64;

}  // namespace

Result<crypto::HmacKey> signing_key(const Secret& text) {
  std::string_view whole = text.reveal_text();
  auto malformed = [] {
    return invalid("SECRET_MALFORMED",
                   "a signing secret is \"whsec_\" and base64 of 24 to 64 bytes, like what `echo "
                   "whsec_$(openssl rand -base64 32)` prints");
  };
  if (!whole.starts_with(prefix)) return malformed();
  std::optional<Bytes> key = from_base64(whole.substr(prefix.size()));
  if (!key) return malformed();
  bool fits = key->size() >= shortest_key && key->size() <= longest_key;
  crypto::HmacKey made(*key);
  wipe(std::span<std::byte>(*key));
  if (!fits) return malformed();
  return made;
}

std::string signature_header(std::span<const crypto::HmacKey> keys, std::string_view id,
                             std::string_view timestamp, std::string_view body) {
  std::string text;
  text.reserve(id.size() + timestamp.size() + body.size() + 2);
  for (std::string_view piece : {id, std::string_view("."), timestamp, std::string_view("."), body})
    text += piece;
  std::string header;
  for (const crypto::HmacKey& key : keys)
    header += (header.empty() ? "v1," : " v1,") + to_base64(key.sign(bytes_of(text)));
  return header;
}

}  // namespace hubward::webhooks
