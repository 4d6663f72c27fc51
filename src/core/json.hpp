// SPDX-License-Identifier: Apache-2.0
// A JSON value (RFC 8259). Members keep their order and numbers keep their text, so that what is read and
// written again is what came: a 64-bit id or a long decimal never passes through a double. Parsing is strict:
// UTF-8, no duplicate members, bounded depth, nothing after the value. A value; any thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.hpp"

namespace hubward {

class Json {
 public:
  using Member = std::pair<std::string, Json>;
  using Items = std::vector<Json>;
  using Members = std::vector<Member>;

  static constexpr std::size_t max_depth = 64;

  Json() = default;
  // NOLINTBEGIN(google-explicit-constructor): a literal in a JSON tree reads as itself
  Json(std::nullptr_t) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  template <std::same_as<bool> Boolean>
  Json(Boolean boolean) : value_(boolean) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
  Json(Integer integer) : value_(Number{std::to_string(integer)}) {}
  // NOLINTEND(google-explicit-constructor)
  static Json array(std::initializer_list<Json> items = {});
  static Json array(Items items);
  static Json object(std::initializer_list<Member> members = {});
  // `text` must be a JSON number; used by readers that keep numbers as they came.
  static Json number(std::string text);

  // The error names line, column and what was expected, never the text around it.
  static Result<Json> parse(std::string_view text);
  std::string dump() const;  // compact, one line

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_array() const { return std::holds_alternative<Items>(value_); }
  bool is_object() const { return std::holds_alternative<Members>(value_); }
  bool is_number() const { return std::holds_alternative<Number>(value_); }
  bool is_text() const { return std::holds_alternative<std::string>(value_); }

  // Readers answer nothing when the value is of another kind.
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;  // also nothing when it does not fit
  std::optional<std::string_view> text() const;
  std::optional<std::string_view> number_text() const;
  std::string text_or(std::string_view otherwise) const { return std::string(text().value_or(otherwise)); }

  const Items& items() const;      // empty when not an array
  const Members& members() const;  // empty when not an object
  // The member, or null (a JSON null) when this is no object or has none of that name.
  const Json& operator[](std::string_view name) const;
  const Json* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  // Writers turn a null into an object or an array; on any other kind they are a bug.
  Json& operator[](std::string_view name);
  Json& set(std::string_view name, Json value);
  bool remove(std::string_view name);
  Json& push(Json item);
  Items& items();
  Members& members();

  bool operator==(const Json& other) const { return value_ == other.value_; }

 private:
  struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
  };
  std::variant<std::nullptr_t, bool, Number, std::string, Items, Members> value_ = nullptr;
};

// `text` as a JSON string, quotes included: control bytes, quotes and backslashes escaped.
std::string json_quoted(std::string_view text);

}  // namespace hubward
