// SPDX-License-Identifier: Apache-2.0
// Reads a JSON object that holds secrets where it lies: nothing is copied but what is asked for. The general
// reader (core/json.hpp) builds strings, and strings leave copies behind when they move or grow. Strict as
// that one (RFC 8259, UTF-8, no duplicate members, bounded depth and size); a value, valid while the text
// lives. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.hpp"

namespace hubward::hubspot {

class SecretJson {
 public:
  static constexpr std::size_t max_members = 64;
  static constexpr std::size_t max_depth = 16;

  // Nothing when `text` is not exactly one JSON object within the bounds.
  static std::optional<SecretJson> read(std::string_view text);

  bool has(std::string_view name) const { return !raw(name).empty(); }
  // Readers answer nothing when the member is missing or of another kind.
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  // For what is no secret. Nothing also when it is longer than `limit`.
  std::optional<std::string> text(std::string_view name, std::size_t limit) const;
  // Texts of an array; nothing when it holds anything else or more than `limit` items.
  std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t limit) const;
  // Straight into locked memory.
  std::optional<Secret> secret(std::string_view name, std::size_t limit) const;

 private:
  struct Member {
    std::string_view name;   // as written, without quotes; escapes in it make it a name nobody asks for
    std::string_view value;  // as written, from its first to its last byte
  };
  std::string_view raw(std::string_view name) const;
  std::vector<Member> members_;
};

}  // namespace hubward::hubspot
