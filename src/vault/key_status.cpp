// SPDX-License-Identifier: Apache-2.0
#include "vault/key_status.hpp"

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "vault/tables.hpp"

namespace hubward::vault {

using State = RootKeyStatus::State;

namespace {

constexpr std::pair<State, std::string_view> state_texts[] = {{State::Current, "current"},
                                                              {State::Next, "next"},
                                                              {State::Retiring, "retiring"},
                                                              {State::Retired, "retired"}};

}  // namespace

std::string_view to_text(State state) {
  for (auto [known, text] : state_texts)
    if (known == state) return text;
  return "unknown";
}

std::optional<State> root_key_state(std::string_view text) {
  for (auto [state, known] : state_texts)
    if (known == text) return state;
  return std::nullopt;
}

Async<Result<KeyStatus>> key_status(store::Database& database) {
  store::Statement select = tables::select_root_keys();
  Result<std::vector<store::Row>> rows = co_await database.query(std::move(select));
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  Result<std::vector<RootKeyStatus>> root_keys = tables::root_keys_from(*rows);
  if (!root_keys) co_return std::unexpected(std::move(root_keys.error()));
  if (root_keys->empty() || root_keys->front().state != State::Current)
    co_return failure("VAULT_DAMAGED", Fault::Store, Retry::Never,
                      "the store names no current root key: it was never served, or is damaged");

  store::Statement count = tables::count_keys();
  Result<std::vector<store::Row>> counts = co_await database.query(std::move(count));
  if (!counts) co_return std::unexpected(std::move(counts.error()));
  KeyStatus status;
  status.data_keys = static_cast<std::size_t>(store::integer_at(counts->at(0), 0));
  status.connections = static_cast<std::size_t>(store::integer_at(counts->at(0), 1));

  auto next = std::ranges::find(*root_keys, State::Next, &RootKeyStatus::state);
  if (next != root_keys->end()) {
    store::Statement count_left = tables::count_keys_without(next->id);
    Result<std::vector<store::Row>> left = co_await database.query(std::move(count_left));
    if (!left) co_return std::unexpected(std::move(left.error()));
    status.left_to_rotate = static_cast<std::size_t>(store::integer_at(left->at(0), 0));
  }
  status.root_keys = std::move(*root_keys);
  co_return status;
}

}  // namespace hubward::vault
