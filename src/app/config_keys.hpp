// SPDX-License-Identifier: Apache-2.0
// Every key of the configuration, declared once: its name, where its value goes, what is possible, and what
// it means. The reader (config_toml.cpp), the reference (config_reference.cpp) and so `hubward check` all
// walk these lists. Values; the slots point into the Config they were made for and live no longer than it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.hpp"

namespace hubward::app {

struct Key;
using Keys = std::vector<Key>;

enum class Presence { Optional, Required };

// Says what is wrong with a text ("must be …"), or nothing.
using TextRule = std::optional<std::string> (*)(std::string_view text);

struct TextSlot {
  std::string* to;
  TextRule rule;
  std::string_view example;  // how such a value looks, for the reference
  Presence presence = Presence::Optional;
};

struct NumberSlot {
  std::function<void(std::uint64_t)> set;
  std::uint64_t now;
  std::uint64_t least;
  std::uint64_t most;
};

struct FlagSlot {
  bool* to;
};

// One word of a few.
struct ChoiceSlot {
  std::function<void(std::size_t)> set;
  std::size_t now;
  std::vector<std::string_view> words;
  Presence presence = Presence::Optional;
};

struct ListSlot {
  std::vector<std::string>* to;
  TextRule rule;
  std::string_view example;
};

// Several words of a few, each once.
struct WordsSlot {
  std::function<void(const std::vector<std::string>&)> set;
  std::vector<std::string_view> words;
};

struct SecretSlot {
  SecretRef* to;
  Presence presence = Presence::Optional;
};

// [name]
struct TableSlot {
  std::function<Keys()> keys;
};

// [name.NAME], for as many names as are written.
struct NamedTablesSlot {
  std::function<Keys(const std::string& name)> keys;
};

// [[name]], in order.
struct RepeatedTablesSlot {
  std::function<Keys()> keys;  // makes the next one
};

struct Key {
  std::string_view name;
  std::variant<TextSlot, NumberSlot, FlagSlot, ChoiceSlot, ListSlot, WordsSlot, SecretSlot, TableSlot,
               NamedTablesSlot, RepeatedTablesSlot>
      slot;
  std::string_view meaning;
};

constexpr std::size_t max_text_bytes = 4096;
constexpr std::size_t max_list_items = 500;
constexpr std::size_t max_named_tables = 500;
constexpr std::size_t max_repeated_tables = 1000;

Keys keys_of(Config& config);

// A name of an app or a role: what may stand in a path of the public door and on a command line.
std::optional<std::string> rule_for_names(std::string_view text);

// The word of `words` that `text` most likely meant, or nothing when none is near.
std::optional<std::string_view> closest(std::string_view text, const std::vector<std::string_view>& words);

// What holds between keys, beyond what each must be by itself. `mark` finds where a key was written
// ("listen.egress.port"), or its table when the key itself was left out.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};
std::vector<Complaint> check_together(const Config& config,
                                      const std::function<Place(std::string_view)>& place_of);

}  // namespace hubward::app
