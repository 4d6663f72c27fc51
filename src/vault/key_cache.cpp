// SPDX-License-Identifier: Apache-2.0
#include "vault/key_cache.hpp"

#include <algorithm>

namespace hubward::vault {

std::shared_ptr<DataKey> KeyCache::find(const DataKeyId& id) {
  std::scoped_lock lock(mutex_);
  return find_locked(id);
}

std::uint64_t KeyCache::shreddings() const {
  std::scoped_lock lock(mutex_);
  return shreddings_;
}

std::shared_ptr<DataKey> KeyCache::keep(std::shared_ptr<DataKey> key, std::uint64_t shreddings_before) {
  std::scoped_lock lock(mutex_);
  if (shreddings_ != shreddings_before) return nullptr;
  if (auto other = find_locked(key->id())) return other;
  know_locked(key);
  keep_locked(key);
  return key;
}

void KeyCache::know(const std::shared_ptr<DataKey>& key) {
  std::scoped_lock lock(mutex_);
  know_locked(key);
}

void KeyCache::shred(const ConnectionName& connection, const std::set<DataKeyId>& remaining) {
  std::scoped_lock lock(mutex_);
  ++shreddings_;
  for (auto& [id, weak] : known_) {
    auto key = weak.lock();
    if (!key || key->connection() != connection || remaining.contains(id)) continue;
    key->shred();
    if (auto place = places_.find(id); place != places_.end()) {
      kept_.erase(place->second);
      places_.erase(place);
    }
  }
}

std::size_t KeyCache::size() const {
  std::scoped_lock lock(mutex_);
  return kept_.size();
}

std::shared_ptr<DataKey> KeyCache::find_locked(const DataKeyId& id) {
  auto found = known_.find(id);
  auto key = found == known_.end() ? nullptr : found->second.lock();
  if (!key || key->shredded()) return nullptr;
  keep_locked(key);
  return key;
}

void KeyCache::keep_locked(const std::shared_ptr<DataKey>& key) {
  if (auto place = places_.find(key->id()); place != places_.end()) {
    kept_.splice(kept_.begin(), kept_, place->second);
    return;
  }
  kept_.push_front(key);
  places_.emplace(key->id(), kept_.begin());
  if (kept_.size() <= limit_) return;
  places_.erase(kept_.back()->id());
  kept_.pop_back();
}

void KeyCache::know_locked(const std::shared_ptr<DataKey>& key) {
  if (known_.size() >= prune_at_) {
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    prune_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }
  known_.insert_or_assign(key->id(), key);
}

}  // namespace hubward::vault
