// SPDX-License-Identifier: Apache-2.0
// Where a sealed value rests. Together with its data key's id and connection it is the associated data, so a
// value that was moved to another row or column, swapped with another, or put back after it was replaced does
// not open. A view: used within one call.
#pragma once

#include <cstdint>
#include <string_view>

namespace hubward::vault {

struct Place {
  std::string_view table;   // "grants"
  std::string_view row;     // the row's key, as text: "acme-prod"
  std::string_view column;  // "refresh_token"
  // Grows with every new value of this place. The reader takes it from where it believes it (the row itself
  // when only moves matter, the journal's memory when a rollback must show).
  std::uint64_t generation = 0;
};

}  // namespace hubward::vault
