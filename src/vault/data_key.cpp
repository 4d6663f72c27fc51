// SPDX-License-Identifier: Apache-2.0
#include "vault/data_key.hpp"

#include "crypto/aead.hpp"
#include "crypto/binding.hpp"

namespace hubward::vault {
namespace {

Bytes associated_data(const DataKey& key, const Place& place) {
  return crypto::binding({"hubward place 1", key.id().text, key.connection().text, place.table, place.row,
                          place.column, std::to_string(place.generation)});
}

std::string name_of(const Place& place) {
  return std::string(place.table) + "/" + std::string(place.row) + "/" + std::string(place.column) +
         ", generation " + std::to_string(place.generation);
}

}  // namespace

DataKey::DataKey(DataKeyId id, ConnectionName connection, Secret key, crypto::Random& random,
                 std::shared_ptr<Openings> openings)
    : id_(std::move(id)),
      connection_(std::move(connection)),
      key_(std::move(key)),
      random_(random),
      openings_(std::move(openings)) {}

Result<void> DataKey::usable() const {
  if (!shredded()) return {};
  return failure("DATA_KEY_SHREDDED", Fault::Caller, Retry::Never,
                 "the data key of connection " + connection_.text + " was shredded: connect it again");
}

Result<Bytes> DataKey::seal(const Place& place, std::span<const std::byte> plain) const {
  if (auto fine = usable(); !fine) return std::unexpected(std::move(fine.error()));
  return crypto::seal(key_, associated_data(*this, place), plain, random_);
}

Result<Secret> DataKey::open(const Place& place, std::span<const std::byte> sealed) const {
  auto fine = usable();
  Result<Secret> plain = fine ? crypto::open(key_, associated_data(*this, place), sealed)
                              : Result<Secret>(std::unexpected(std::move(fine.error())));
  auto outcome = plain ? Opening::Outcome::Opened : Opening::Outcome::Refused;
  (plain ? openings_->opened : openings_->refused).fetch_add(1, std::memory_order_relaxed);
  if (openings_->tell) openings_->tell({id_, connection_, place, outcome});
  if (!plain && plain.error().code == "SEALED_VALUE_REFUSED")
    return while_doing(name_of(place) + " (data key " + id_.text + ")", std::move(plain.error()));
  return plain;
}

}  // namespace hubward::vault
