// SPDX-License-Identifier: Apache-2.0
// What rests of a private-app token or service key beside its grant (docs/formats/grants.md): a row as a
// value, and the statements that change it. The tokens that stand beside the present one are here only
// sealed. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grants/connection.hpp"
#include "store/value.hpp"

namespace hubward::grants {

struct StoredStatic {
  TokenBirth birth;
  std::optional<std::uint64_t> user_id, app_id;
  std::optional<int> warned;  // the last of warning_days that was told
  std::optional<TimePoint> used_at, owner_missing_at;
  // Both are sealed for the generation of the grant's present token.
  struct Next {
    Bytes sealed;
    TokenBirth birth;
    TimePoint added_at{};
    std::string trouble;
  };
  std::optional<Next> next;
  struct Previous {
    Bytes sealed;
    TokenBirth birth;
    TimePoint switched_at{};
    std::uint64_t uses = 0;
    std::optional<TimePoint> used_at;
  };
  std::optional<Previous> previous;
};

extern const std::string_view create_static_tokens;  // the migration
extern const std::string_view static_columns;        // of the table t

// Nothing where the row has none: a grant of an OAuth app.
std::optional<StoredStatic> static_from(const store::Row& row, std::size_t first);
std::shared_ptr<const StaticTokenView> view_of(const StoredStatic& token);

// In place of what is there. To be committed with replace_grant(), or behind same_generation().
store::Statement put_static(const ConnectionName& connection, const StoredStatic& token);
// STORE_CONFLICT unless the grant still has this generation and key.
store::Statement same_generation(const ConnectionName& connection, std::uint64_t generation,
                                 const std::string& key);
// Adds to what is known of the use of the present token, or, when that is one generation newer by now, of the
// previous one.
std::vector<store::Statement> add_uses(const ConnectionName& connection, std::uint64_t generation,
                                       std::uint64_t count, TimePoint last);
// STORE_CONFLICT when another process told it already.
store::Statement set_warned(const ConnectionName& connection, std::optional<int> before, int now);

}  // namespace hubward::grants
