// SPDX-License-Identifier: Apache-2.0
// The unwrapped data keys, by id, inside the Vault. It keeps the least lately asked for up to a limit and
// knows of all others as long as somebody holds their handle, so that shredding reaches every one. Locks for
// itself; any thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "vault/data_key.hpp"

namespace hubward::vault {

class KeyCache {
 public:
  explicit KeyCache(std::size_t limit) : limit_(limit) {}

  // The live key of this id that was not shredded, or null.
  std::shared_ptr<DataKey> find(const DataKeyId& id);

  // Grows with every shredding. A key that was read from the store before one may be the key that was
  // shredded, so keep() asks for the count from before the reading.
  std::uint64_t shreddings() const;
  // Keeps the key, or answers the one that somebody else kept meanwhile; null after a shredding: read again.
  std::shared_ptr<DataKey> keep(std::shared_ptr<DataKey> key, std::uint64_t shreddings_before);

  // Knows of a key that is not in the store yet, without keeping it.
  void know(const std::shared_ptr<DataKey>& key);

  // Shreds every key of the connection that is not among `remaining`.
  void shred(const ConnectionName& connection, const std::set<DataKeyId>& remaining);

  std::size_t size() const;  // of those that the cache itself keeps

 private:
  using Kept = std::list<std::shared_ptr<DataKey>>;
  std::shared_ptr<DataKey> find_locked(const DataKeyId& id);
  void keep_locked(const std::shared_ptr<DataKey>& key);
  void know_locked(const std::shared_ptr<DataKey>& key);

  const std::size_t limit_;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::uint64_t shreddings_ = 0;
  Kept kept_;  // the most lately asked for first
  std::unordered_map<DataKeyId, Kept::iterator> places_;
  std::unordered_map<DataKeyId, std::weak_ptr<DataKey>> known_;
  std::size_t prune_at_ = 64;  // known_ is cleared of dead entries when it reaches this size
};

}  // namespace hubward::vault
