// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <string>

#include "core/invariant.hpp"

namespace hubward::crypto {
namespace {

struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

// Looking an algorithm up takes longer than using it on a short message, so it is done once.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}
void must(int outcome) {
  invariant(outcome == 1, "OpenSSL computes SHA-256");
}

// A context that knows its digest and has no key yet: copying it takes half as long as making one.
const EVP_MAC_CTX* keyless_hmac() {
  static const EVP_MAC_CTX* made = [] {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);  // the context holds on to it
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
    must(EVP_MAC_CTX_set_params(context, parameters));
    return context;
  }();
  return made;
}

void finish_into(EVP_MD_CTX* context, std::span<std::byte, digest_size> into) {
  must(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(into.data()), nullptr));
}

}  // namespace

struct Sha256::State {
  DigestContext context{EVP_MD_CTX_new()};
  State() { begin(); }
  void begin() { must(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr)); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::span<const std::byte> piece) {
  must(EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size()));
}

Digest Sha256::finish() {
  Digest digest;
  finish_into(state_->context.get(), digest);
  state_->begin();
  return digest;
}

Digest sha256(Pieces message) {
  DigestContext context(EVP_MD_CTX_new());
  must(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr));
  for (std::span<const std::byte> piece : message)
    must(EVP_DigestUpdate(context.get(), piece.data(), piece.size()));
  Digest digest;
  finish_into(context.get(), digest);
  return digest;
}

Digest sha256(std::span<const std::byte> message) {
  return sha256(Pieces{message});
}

void hmac_sha256(std::span<const std::byte> key, Pieces message, std::span<std::byte, digest_size> into) {
  MacContext context(EVP_MAC_CTX_dup(keyless_hmac()));
  // A null key means "none given" to OpenSSL; an empty one is a key.
  const unsigned char empty[1] = {};
  const auto* key_bytes = key.empty() ? empty : reinterpret_cast<const unsigned char*>(key.data());
  must(EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr));
  for (std::span<const std::byte> piece : message)
    must(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(piece.data()), piece.size()));
  std::size_t written = 0;
  must(EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(into.data()), &written, into.size()));
}

Digest hmac_sha256(std::span<const std::byte> key, Pieces message) {
  Digest digest;
  hmac_sha256(key, message, digest);
  return digest;
}

Digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> message) {
  return hmac_sha256(key, Pieces{message});
}

}  // namespace hubward::crypto
