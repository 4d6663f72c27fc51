// SPDX-License-Identifier: Apache-2.0
// The key that seals one connection's secrets, unwrapped, in locked memory. Handed out by the Vault as a
// shared handle; sealing and opening with it touch neither store nor loop and take about two microseconds.
// Any thread. Shredding makes every handle refuse at once; the bytes are wiped when the last one dies.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/encoding.hpp"
#include "core/named.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "crypto/random.hpp"
#include "vault/place.hpp"

namespace hubward::vault {

using DataKeyId = Named<struct DataKeyIdTag>;

// One attempt to open a sealed value, for whoever records it. Views: valid within the call.
struct Opening {
  const DataKeyId& key;
  const ConnectionName& connection;
  const Place& place;
  enum class Outcome { Opened, Refused } outcome;
};

// Counts openings and tells them on. Called on the thread that opens, so it must be quick and thread-safe.
struct Openings {
  std::function<void(const Opening&)> tell;  // may be empty
  std::atomic<std::uint64_t> opened{0};
  std::atomic<std::uint64_t> refused{0};
};

class DataKey {
 public:
  // `random` outlives the key.
  DataKey(DataKeyId id, ConnectionName connection, Secret key, crypto::Random& random,
          std::shared_ptr<Openings> openings);

  const DataKeyId& id() const { return id_; }
  const ConnectionName& connection() const { return connection_; }

  // TOO_LARGE_TO_SEAL, or DATA_KEY_SHREDDED.
  Result<Bytes> seal(const Place& place, std::span<const std::byte> plain) const;
  // SEALED_VALUE_REFUSED names the place: the value was changed, moved, put back, or is another key's.
  Result<Secret> open(const Place& place, std::span<const std::byte> sealed) const;

  bool shredded() const { return shredded_.load(std::memory_order_acquire); }
  void shred() { shredded_.store(true, std::memory_order_release); }

 private:
  Result<void> usable() const;

  // Constant after construction.
  const DataKeyId id_;
  const ConnectionName connection_;
  const Secret key_;
  crypto::Random& random_;
  const std::shared_ptr<Openings> openings_;

  std::atomic<bool> shredded_{false};
};

using DataKeyHandle = std::shared_ptr<const DataKey>;

}  // namespace hubward::vault
