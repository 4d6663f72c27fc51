// SPDX-License-Identifier: Apache-2.0
// The keys that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1). OpenSSL keeps one for as
// long as a context lives, and whoever steals it opens every TLS 1.2 session that was resumed under it. Here
// a key seals tickets for `life` and opens them for as long again; then it is wiped: by the next handshake,
// or by whoever calls age() in time. Kept in locked memory, shared with nobody. One loop; the caller says
// what time it is.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "crypto/random.hpp"

namespace hubward::http {

class TicketKeys {
 public:
  // Also how long a ticket is good.
  static constexpr std::chrono::seconds life = std::chrono::hours(2);
  static constexpr std::size_t name_size = 16;
  static constexpr std::size_t half = 32;
  using Name = std::array<std::byte, name_size>;

  struct Key {
    Name name{};
    Secret secret;  // one half encrypts, the other authenticates
    SteadyPoint made;

    std::span<const std::byte> encrypting() const { return secret.reveal().first(half); }
    std::span<const std::byte> authenticating() const { return secret.reveal().subspan(half); }
  };

  explicit TicketKeys(crypto::Random& random) : random_(random) {}

  // What seals a new ticket.
  const Key& sealing(SteadyPoint now);
  // What opens a ticket that was sealed under this name; null when it was never ours or is too old.
  const Key* opening(const Name& name, SteadyPoint now);
  // Whether tickets are still sealed with it.
  bool is_current(const Key& key) const { return current_ && &*current_ == &key; }
  // Wipes what is too old.
  void age(SteadyPoint now);
  // Wipes them all: tickets that were given are worth nothing from here on.
  void forget();
  std::size_t held() const { return std::size_t{current_.has_value()} + std::size_t{previous_.has_value()}; }

 private:
  crypto::Random& random_;
  std::optional<Key> current_, previous_;
};

}  // namespace hubward::http
