// SPDX-License-Identifier: Apache-2.0
#include "grants/stored_static.hpp"

namespace hubward::grants {

// Of the tokens that are there already nobody said when they were made.
constexpr std::string_view create_table = R"sql(
CREATE TABLE static_tokens (
  connection TEXT PRIMARY KEY REFERENCES connections (name) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  created_stated INTEGER NOT NULL,
  user_id INTEGER,
  app_id INTEGER,
  warned INTEGER,
  used_at INTEGER,
  owner_missing_at INTEGER,
  next_token BLOB,
  next_created_at INTEGER,
  next_created_stated INTEGER,
  next_added_at INTEGER,
  next_trouble TEXT,
  previous_token BLOB,
  previous_created_at INTEGER,
  previous_created_stated INTEGER,
  switched_at INTEGER,
  previous_uses INTEGER,
  previous_used_at INTEGER
) STRICT;
INSERT INTO static_tokens (connection, created_at, created_stated)
  SELECT g.connection, g.obtained_at, 0 FROM grants g JOIN connections c ON c.name = g.connection WHERE c.kind = 1;
)sql";

constinit const std::string_view create_static_tokens = create_table;
constinit const std::string_view static_columns =
    "t.created_at, t.created_stated, t.user_id, t.app_id, t.warned, t.used_at, t.owner_missing_at, "
    "t.next_token, t.next_created_at, t.next_created_stated, t.next_added_at, t.next_trouble, "
    "t.previous_token, t.previous_created_at, t.previous_created_stated, t.switched_at, t.previous_uses, "
    "t.previous_used_at";

namespace {

using store::bytes_at, store::integer_at, store::null_at, store::text_at;
using store::Statement;
using store::Value;

Value time_value(const std::optional<TimePoint>& time) {
  return time ? Value(to_millis(*time)) : Value(nullptr);
}
Value number_value(const std::optional<std::uint64_t>& number) {
  return number ? Value(static_cast<std::int64_t>(*number)) : Value(nullptr);
}
std::optional<TimePoint> time_at(const store::Row& row, std::size_t column) {
  if (null_at(row, column)) return std::nullopt;
  return from_millis(integer_at(row, column));
}
std::optional<std::uint64_t> number_at(const store::Row& row, std::size_t column) {
  if (null_at(row, column)) return std::nullopt;
  return static_cast<std::uint64_t>(integer_at(row, column));
}
TokenBirth birth_at(const store::Row& row, std::size_t column) {
  return {from_millis(integer_at(row, column)), integer_at(row, column + 1) != 0};
}

}  // namespace

std::optional<StoredStatic> static_from(const store::Row& row, std::size_t first) {
  if (null_at(row, first)) return std::nullopt;
  StoredStatic token;
  token.birth = birth_at(row, first);
  token.user_id = number_at(row, first + 2);
  token.app_id = number_at(row, first + 3);
  if (!null_at(row, first + 4)) token.warned = static_cast<int>(integer_at(row, first + 4));
  token.used_at = time_at(row, first + 5);
  token.owner_missing_at = time_at(row, first + 6);
  if (!null_at(row, first + 7))
    token.next = StoredStatic::Next{bytes_at(row, first + 7), birth_at(row, first + 8),
                                    from_millis(integer_at(row, first + 10)), text_at(row, first + 11)};
  if (!null_at(row, first + 12))
    token.previous = StoredStatic::Previous{bytes_at(row, first + 12), birth_at(row, first + 13),
                                            from_millis(integer_at(row, first + 15)),
                                            number_at(row, first + 16).value_or(0), time_at(row, first + 17)};
  return token;
}

std::shared_ptr<const StaticTokenView> view_of(const StoredStatic& token) {
  auto view = std::make_shared<StaticTokenView>();
  view->birth = token.birth;
  view->user_id = token.user_id;
  view->app_id = token.app_id;
  view->used_at = token.used_at;
  view->owner_missing_at = token.owner_missing_at;
  if (token.next)
    view->next = StaticTokenView::Next{token.next->birth, token.next->added_at, token.next->trouble};
  if (token.previous)
    view->previous = StaticTokenView::Previous{token.previous->birth, token.previous->switched_at,
                                               token.previous->switched_at + token_overlap,
                                               token.previous->uses, token.previous->used_at};
  return view;
}

Statement put_static(const ConnectionName& connection, const StoredStatic& token) {
  Statement statement{
      "INSERT OR REPLACE INTO static_tokens (connection, created_at, created_stated, user_id, app_id, "
      "warned, used_at, "
      "owner_missing_at, next_token, next_created_at, next_created_stated, next_added_at, next_trouble, "
      "previous_token, "
      "previous_created_at, previous_created_stated, switched_at, previous_uses, previous_used_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {connection.text, to_millis(token.birth.at), std::int64_t{token.birth.stated},
       number_value(token.user_id), number_value(token.app_id),
       token.warned ? Value(std::int64_t{*token.warned}) : Value(nullptr), time_value(token.used_at),
       time_value(token.owner_missing_at)}};
  std::vector<Value>& values = statement.values;
  constexpr std::size_t next_columns = 5, previous_columns = 6;
  if (token.next)
    values.insert(values.end(), {token.next->sealed, to_millis(token.next->birth.at),
                                 std::int64_t{token.next->birth.stated}, to_millis(token.next->added_at),
                                 token.next->trouble});
  else
    values.insert(values.end(), next_columns, nullptr);
  if (token.previous)
    values.insert(values.end(),
                  {token.previous->sealed, to_millis(token.previous->birth.at),
                   std::int64_t{token.previous->birth.stated}, to_millis(token.previous->switched_at),
                   static_cast<std::int64_t>(token.previous->uses), time_value(token.previous->used_at)});
  else
    values.insert(values.end(), previous_columns, nullptr);
  return statement;
}

Statement same_generation(const ConnectionName& connection, std::uint64_t generation,
                          const std::string& key) {
  return {
      "UPDATE grants SET generation = generation WHERE connection = ? AND generation = ? AND data_key = ?",
      {connection.text, static_cast<std::int64_t>(generation), key},
      1};
}

std::vector<Statement> add_uses(const ConnectionName& connection, std::uint64_t generation,
                                std::uint64_t count, TimePoint last) {
  auto number = static_cast<std::int64_t>(generation);
  return {{"UPDATE static_tokens SET used_at = max(coalesce(used_at, 0), ?2) WHERE connection = ?1 "
           "AND (SELECT generation FROM grants WHERE connection = ?1) = ?3",
           {connection.text, to_millis(last), number}},
          {"UPDATE static_tokens SET previous_uses = coalesce(previous_uses, 0) + ?4, "
           "previous_used_at = max(coalesce(previous_used_at, 0), ?2) WHERE connection = ?1 "
           "AND previous_token IS NOT NULL AND switched_at < ?2 "
           "AND (SELECT generation FROM grants WHERE connection = ?1) = ?3 + 1",
           {connection.text, to_millis(last), number, static_cast<std::int64_t>(count)}}};
}

Statement set_warned(const ConnectionName& connection, std::optional<int> before, int now) {
  return {"UPDATE static_tokens SET warned = ? WHERE connection = ? AND warned IS ?",
          {std::int64_t{now}, connection.text, before ? Value(std::int64_t{*before}) : Value(nullptr)},
          1};
}

}  // namespace hubward::grants
