// SPDX-License-Identifier: Apache-2.0
// Shredding that is proved: what must be gone is gathered before, and looked for afterwards. The vault's keys
// and the values that they sealed are destroyed by Vault::shred_statements() and finish_shredding() as for
// every disconnect; this adds the proof. What no program can reach (backups, snapshots, blocks that the disk
// has set aside) is in docs/keys.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "core/named.hpp"
#include "core/result.hpp"
#include "store/remains.hpp"
#include "store/value.hpp"
#include "vault/data_key.hpp"

namespace hubward::vault {

class Vault;

// A value as it rests, and where; owned, unlike Place.
struct SealedValue {
  std::string table, row, column;
  std::uint64_t generation = 0;
  Bytes sealed;

  Place place() const { return {.table = table, .row = row, .column = column, .generation = generation}; }
};

// What must open nowhere and lie nowhere afterwards.
struct ShredEvidence {
  ConnectionName connection;
  std::vector<DataKeyId> keys;
  std::vector<std::string> root_keys;  // ids of those that wrap them
  std::vector<Bytes> wrapped;          // a key may be wrapped twice, during a rotation
  std::vector<DataKeyHandle> handles;  // of keys that could be opened
  std::vector<SealedValue> values;     // filled by whoever sealed them
};

struct ShredCheck {
  std::string what;  // "asking the vault for the key"
  bool holds = false;
  std::string detail;  // what was seen, for a person
};

struct ShredProof {
  std::vector<ShredCheck> checks;
  std::vector<store::SearchedFile> files;  // as they were at the end
  bool rewritten = false;                  // remains were found, and the store's file was written anew

  bool holds() const;
};

// The connection's keys and wraps. Fails only with the store: a key that does not open just has no handle.
Async<Result<ShredEvidence>> gather_evidence(Vault& vault, ConnectionName connection);

// Removes those keys, to be committed with the removal of what they sealed. STORE_CONFLICT when the keys are
// others by now: gather again.
std::vector<store::Statement> shred_statements(const ShredEvidence& evidence);

// After that commit and Vault::finish_shredding(): asks for every key, tries every value with every key that
// was held, and reads every file of the store. Never fails; what could not be looked at does not hold.
Async<ShredProof> prove_shredded(Vault& vault, ShredEvidence evidence);

// The same for values alone, whose key lives on: every file of the store is read for them.
Async<ShredCheck> prove_gone(Vault& vault, std::vector<Bytes> values);

}  // namespace hubward::vault
