// SPDX-License-Identifier: Apache-2.0
// The rows of the clients' tables (docs/formats/clients.md), both ways. Pure; for gateway/ only.
#pragma once

#include <string>
#include <vector>

#include "gateway/clients.hpp"
#include "store/database.hpp"

namespace hubward::gateway {

// Errors: STORE_CORRUPT, with the row.
Result<Client> client_from(const store::Row& row);
Result<StoredKey> key_from(const store::Row& row);
Result<StoredCertificate> certificate_from(const store::Row& row);

store::Statement insert_client(const Client& client);
store::Statement insert_key(const ClientName& client, const StoredKey& key);
store::Statement insert_certificate(const ClientName& client, const StoredCertificate& certificate);
// What lives in `table` ends at `end` at the latest; what has ended is removed.
std::vector<store::Statement> end_older(const std::string& table, const ClientName& client, TimePoint now,
                                        TimePoint end);
// Whoever had this certificate and lost it to a rotation no longer stands in the way of another.
store::Statement forget_ended_certificate(const crypto::Digest& key_hash, TimePoint now);

}  // namespace hubward::gateway
