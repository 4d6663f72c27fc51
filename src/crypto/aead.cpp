// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "core/invariant.hpp"

namespace hubward::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
// Lives for one call: it holds the key schedule in ordinary memory, and freeing it wipes that.
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Looking the algorithm up takes longer than using it on a token, so it is done once.
const EVP_CIPHER* algorithm() {
  static const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

void must(int outcome) {
  invariant(outcome == 1, "OpenSSL computes AES-256-GCM");
}

unsigned char* raw(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// One part of a sealed value after another, so that the layout stands in one place.
template <class Byte>
struct Layout {
  std::span<Byte> version, nonce, text, tag;
  explicit Layout(std::span<Byte> sealed)
      : version(sealed.first(1)),
        nonce(sealed.subspan(1, nonce_size)),
        text(sealed.subspan(1 + nonce_size, sealed.size() - sealed_overhead)),
        tag(sealed.last(tag_size)) {}
};

std::unexpected<Error> refused(std::string why) {
  return failure("SEALED_VALUE_REFUSED", Fault::Store, Retry::Never, std::move(why));
}

Result<Bytes> seal_within(std::size_t limit, const Secret& key, std::span<const std::byte> associated,
                          std::span<const std::byte> plain, Random& random) {
  invariant(key.size() == aead_key_size, "an AES-256 key has 32 bytes");
  invariant(associated.size() <= largest_sealable, "associated data is a place or a name, never a payload");
  if (plain.size() > limit)
    return invalid("TOO_LARGE_TO_SEAL", "a value of " + std::to_string(plain.size()) +
                                            " bytes is too large to seal; at most " + std::to_string(limit) +
                                            " bytes fit");

  Bytes sealed(sealed_overhead + plain.size());
  Layout<std::byte> layout{std::span<std::byte>(sealed)};
  layout.version[0] = sealed_version;
  random.fill(layout.nonce);

  Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  must(EVP_EncryptInit_ex2(context.get(), algorithm(), raw(key.reveal()), raw(layout.nonce), nullptr));
  if (!associated.empty())
    must(EVP_EncryptUpdate(context.get(), nullptr, &written, raw(associated),
                           static_cast<int>(associated.size())));
  if (!plain.empty())
    must(EVP_EncryptUpdate(context.get(), raw(layout.text), &written, raw(plain),
                           static_cast<int>(plain.size())));
  must(EVP_EncryptFinal_ex(context.get(), raw(layout.tag), &written));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, raw(layout.tag)));
  return sealed;
}

// The layout of a sealed value whose size and version are right.
Result<Layout<const std::byte>> layout_of(std::span<const std::byte> sealed, std::size_t limit) {
  if (sealed.size() < sealed_overhead || sealed.size() > sealed_overhead + limit)
    return refused("a sealed value has " + std::to_string(sealed.size()) +
                   " bytes, which no sealed value has");
  Layout<const std::byte> layout{sealed};
  if (layout.version[0] != sealed_version)
    return refused("a sealed value has format version " +
                   std::to_string(std::to_integer<int>(layout.version[0])) +
                   ", which this program does not know");
  return layout;
}

// `plain` is as long as layout.text.
Result<void> open_into(std::span<std::byte> plain, const Secret& key, std::span<const std::byte> associated,
                       const Layout<const std::byte>& layout) {
  invariant(key.size() == aead_key_size, "an AES-256 key has 32 bytes");
  Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  must(EVP_DecryptInit_ex2(context.get(), algorithm(), raw(key.reveal()), raw(layout.nonce), nullptr));
  // OpenSSL takes the expected tag through a pointer to non-const, and only reads it.
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size,
                           const_cast<unsigned char*>(raw(layout.tag))));
  if (!associated.empty())
    must(EVP_DecryptUpdate(context.get(), nullptr, &written, raw(associated),
                           static_cast<int>(associated.size())));
  if (!layout.text.empty())
    must(EVP_DecryptUpdate(context.get(), raw(plain), &written, raw(layout.text),
                           static_cast<int>(layout.text.size())));
  unsigned char nothing_left[1];
  if (EVP_DecryptFinal_ex(context.get(), nothing_left, &written) != 1)
    return refused(
        "a sealed value does not open: it was changed, moved from another place, or sealed under another "
        "key");
  return {};
}

}  // namespace

Result<Bytes> seal(const Secret& key, std::span<const std::byte> associated, std::span<const std::byte> plain,
                   Random& random) {
  return seal_within(largest_sealable, key, associated, plain, random);
}

Result<Bytes> seal_payload(const Secret& key, std::span<const std::byte> associated,
                           std::span<const std::byte> plain, Random& random) {
  return seal_within(largest_payload, key, associated, plain, random);
}

Result<Secret> open(const Secret& key, std::span<const std::byte> associated,
                    std::span<const std::byte> sealed) {
  Result<Layout<const std::byte>> layout = layout_of(sealed, largest_sealable);
  if (!layout) return std::unexpected(layout.error());
  Secret plain = Secret::of_size(layout->text.size());
  Result<void> opened = open_into(plain.writable(), key, associated, *layout);
  if (!opened) return std::unexpected(opened.error());
  return plain;
}

Result<std::string> open_payload(const Secret& key, std::span<const std::byte> associated,
                                 std::span<const std::byte> sealed) {
  Result<Layout<const std::byte>> layout = layout_of(sealed, largest_payload);
  if (!layout) return std::unexpected(layout.error());
  std::string plain(layout->text.size(), '\0');
  Result<void> opened = open_into(std::as_writable_bytes(std::span(plain)), key, associated, *layout);
  if (!opened) return std::unexpected(opened.error());
  return plain;
}

}  // namespace hubward::crypto
