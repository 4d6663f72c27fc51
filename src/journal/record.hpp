// SPDX-License-Identifier: Apache-2.0
// One line of the record that the gateway keeps: a call, a decision, the use of a secret, an act of an
// operator. It never holds a secret, a body, or a personal value in the clear: parameters are numeric ids as
// they are, everything else as a keyed hash (`hashed`), which finds again what one looks for and tells a
// reader nothing. A value; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "crypto/hmac_key.hpp"

namespace hubward::journal {

// The numbers are those of the format (docs/formats/journal.md); new ones go at the end.
enum class Kind : std::uint8_t {
  Call = 1,       // a call by a client, forwarded or refused
  Admin = 2,      // an operator's act
  SecretUse = 3,  // a sealed value was opened
  Grant = 4,      // installed, exchanged, refreshed, revoked
  Webhook = 5,    // received, delivered, dead
  System = 6,     // start, stop, reload, restore
};

enum class Decision : std::uint8_t {
  None = 0,        // nothing to decide, or not reached
  Allow = 1,       //
  Deny = 2,        //
  ShadowDeny = 3,  // would have been denied; recorded, not enforced
};

// A name that we gave and a value that is safe to keep.
struct Field {
  std::string name;
  std::string value;
  bool operator==(const Field&) const = default;
};

struct Record {
  Kind kind = Kind::Call;
  TimePoint time{};               // when it began
  std::string client;             // ClientName, or the operator for Kind::Admin
  std::string connection;         // ConnectionName
  std::string operation;          // of the catalogue, or what was done: "client.revoke"
  std::string path_template;      // of the catalogue: "/crm/v3/objects/{objectType}/{objectId}"
  std::vector<Field> parameters;  // of the template and of the query: see id_or_hash(), hashed()

  Decision decision = Decision::None;
  std::string rule;    // that decided
  std::string reason;  // a code, not a sentence: "OPERATION_UNKNOWN"

  std::uint16_t status = 0;           // what our caller got; 0 when there was no answer
  std::uint16_t upstream_status = 0;  // what HubSpot said; 0 when it was not asked or did not answer
  std::uint64_t bytes_in = 0;         // of the caller's body
  std::uint64_t bytes_out = 0;        // of the body that the caller got
  std::chrono::microseconds duration{0};
  std::chrono::microseconds upstream_duration{0};
  std::uint32_t attempts = 0;  // at HubSpot

  std::string correlation_id;
  std::string peer;            // address without port
  std::vector<Field> details;  // what an act was about, for people: {"role", "reader"}; never a secret

  bool operator==(const Record&) const = default;
};

// What does not fit is cut, visibly ("…" at the end), never refused: a call must not go unrecorded because a
// client sent a long name.
constexpr std::size_t max_text = 512;          // bytes of one text or value
constexpr std::size_t max_fields = 32;         // of parameters, and of details
constexpr std::string_view hash_mark = "~h:";  // begins every keyed hash

// "~h:" and 96 bits of HMAC-SHA256(key, value) as base64url. The same value gives the same text under the
// same key: `journal find` hashes what an operator types.
std::string hashed(const crypto::HmacKey& key, std::string_view value);

// A numeric id (1 to 19 digits) as it is, everything else hashed. For a value that may be digits and personal
// all the same (a telephone number as `idProperty`), call hashed().
std::string id_or_hash(const crypto::HmacKey& key, std::string_view value);

// Makes the record what is kept: texts cut to max_text and to one line, fields to max_fields, durations not
// below zero. The journal does this to whatever it is given.
void fit(Record& record);

std::string_view name_of(Kind kind);          // "call", "admin", "secret-use", ...
std::string_view name_of(Decision decision);  // "none", "allow", "deny", "shadow-deny"

}  // namespace hubward::journal
