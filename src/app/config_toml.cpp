// SPDX-License-Identifier: Apache-2.0
// TOML (v1.0) into Config, by the lists of keys. toml++ is seen here only.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// toml++ asserts what a text can break ("[+x]") and handles that right behind the assertion: without this, a
// slip of the pen would end the gateway at a reload; with NDEBUG the compiler would be told that it cannot
// happen.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "app/config_keys.hpp"
#include "app/config_rules.hpp"
#include "core/ascii.hpp"

namespace hubward::app {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "a number";
    case toml::node_type::floating_point: return "a fraction";
    case toml::node_type::boolean: return "true or false";
    default: return "a date or time";
  }
}

// A key as it may be shown: short, no control bytes, no bytes beyond ASCII.
std::string shown(std::string_view text) {
  std::string result(text.substr(0, 40));
  std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > 40 ? result + "..." : result;
}

// The reader's own words may quote what it stumbled over; a secret typed without quotes is not repeated.
std::string without_quotes(std::string_view description) {
  std::string result;
  while (!description.empty()) {
    std::size_t open = description.find('\'');
    result += description.substr(0, open);
    if (open == std::string_view::npos) break;
    description.remove_prefix(open + 1);
    std::size_t close = description.find('\'');
    std::string_view quoted = description.substr(0, close);
    result += quoted.size() <= 2 ? fmt::format("'{}'", shown(quoted)) : "'…'";
    if (close == std::string_view::npos) break;
    description.remove_prefix(close + 1);
  }
  return result;
}

class Reader {
 public:
  ConfigReading read(std::string_view text) {
    toml::parse_result parsed = toml::parse(text);
    if (parsed.failed()) {
      const toml::source_position& at = parsed.error().source().begin;
      complaints_.push_back(
          {at.line, at.column,
           fmt::format("not valid TOML: {}", without_quotes(parsed.error().description()))});
      return {std::nullopt, std::move(complaints_)};
    }
    Config config;
    table(parsed.table(), "", keys_of(config));
    auto place_of = [this](std::string_view key) { return place(key); };
    if (complaints_.empty()) complaints_ = check_together(config, place_of);
    return finished(std::move(config));
  }

 private:
  ConfigReading finished(Config config) {
    if (complaints_.empty()) return {std::move(config), {}};
    std::ranges::sort(complaints_, {},
                      [](const Complaint& c) { return std::tie(c.line, c.column, c.message); });
    if (complaints_.size() > max_complaints) {
      std::size_t more = complaints_.size() - max_complaints;
      complaints_.resize(max_complaints);
      complaints_.push_back({0, 0, fmt::format("and {} more", more)});
    }
    return {std::nullopt, std::move(complaints_)};
  }

  void complain(const toml::source_region& where, std::string message) {
    complaints_.push_back({where.begin.line, where.begin.column, std::move(message)});
  }

  // Where the key was written, or else the innermost table around it that was.
  Place place(std::string_view key) const {
    for (;;) {
      auto found = places_.find(std::string(key));
      if (found != places_.end()) return found->second;
      std::size_t dot = key.rfind('.');
      if (dot == std::string_view::npos) return {};
      key = key.substr(0, dot);
    }
  }

  static std::string joined(std::string_view table, std::string_view key) {
    return table.empty() ? std::string(key) : fmt::format("{}.{}", table, key);
  }
  // "[listen.egress]"; "[[roles.reader.rules]]" for an entry of a list, whose path ends in its number.
  static std::string bracketed(std::string_view table) {
    std::size_t dot = table.rfind('.');
    bool entry = dot != std::string_view::npos && to_number(table.substr(dot + 1)) &&
                 table.substr(0, dot).ends_with(".rules");
    return entry ? fmt::format("[[{}]]", table.substr(0, dot)) : fmt::format("[{}]", table);
  }
  // "[listen.egress] port", "root_key"
  static std::string named(std::string_view table, std::string_view key) {
    return table.empty() ? shown(key) : fmt::format("{} {}", bracketed(table), shown(key));
  }

  void table(const toml::table& written, const std::string& path, const Keys& keys) {
    std::vector<std::string_view> names;
    for (const Key& key : keys) names.push_back(key.name);
    for (const auto& [written_key, node] : written) {
      std::string_view name = written_key.str();
      auto found = std::ranges::find(keys, name, &Key::name);
      if (found == keys.end()) {
        unknown(written_key, path, names);
        continue;
      }
      const toml::source_position& at = written_key.source().begin;
      places_[joined(path, name)] = {at.line, at.column};
      value(node, path, *found);
    }
    for (const Key& key : keys) {
      if (is_required(key) && !written.contains(key.name))
        complain(written.source(), fmt::format("{} is missing: {}", named(path, key.name), key.meaning));
    }
  }

  void unknown(const toml::key& key, const std::string& path, const std::vector<std::string_view>& names) {
    std::string where = path.empty() ? "" : " in " + bracketed(path);
    auto meant = closest(key.str(), names);
    complain(key.source(), fmt::format("unknown key \"{}\"{}{}", shown(key.str()), where,
                                       meant ? fmt::format("; did you mean \"{}\"?", *meant)
                                             : fmt::format("; known here: {}", fmt::join(names, ", "))));
  }

  static bool is_required(const Key& key) {
    return std::visit(Overloaded{[](const TextSlot& slot) { return slot.presence == Presence::Required; },
                                 [](const SecretSlot& slot) { return slot.presence == Presence::Required; },
                                 [](const ChoiceSlot& slot) { return slot.presence == Presence::Required; },
                                 [](const auto&) { return false; }},
                      key.slot);
  }

  void wrong_kind(const toml::node& node, const std::string& path, const Key& key,
                  std::string_view expected) {
    complain(node.source(),
             fmt::format("{} must be {}, not {}", named(path, key.name), expected, kind_of(node)));
  }

  void value(const toml::node& node, const std::string& path, const Key& key) {
    std::visit([&](const auto& slot) { fill(node, path, key, slot); }, key.slot);
  }

  // The text of a node, or nothing after a complaint.
  std::optional<std::string> text(const toml::node& node, const std::string& path, const Key& key,
                                  TextRule rule) {
    const auto* written = node.as_string();
    if (!written) {
      wrong_kind(node, path, key, "text in quotes");
      return std::nullopt;
    }
    const std::string& text = written->get();
    std::optional<std::string> wrong =
        text.size() > max_text_bytes ? std::optional(fmt::format("must be at most {} bytes", max_text_bytes))
                                     : rule(text);
    if (wrong) {
      complain(node.source(), fmt::format("{} {}", named(path, key.name), *wrong));
      return std::nullopt;
    }
    return text;
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const TextSlot& slot) {
    if (auto read = text(node, path, key, slot.rule)) *slot.to = std::move(*read);
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const SecretSlot& slot) {
    if (auto read = text(node, path, key, rule_for_secret_refs)) slot.to->text = std::move(*read);
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const NumberSlot& slot) {
    const auto* written = node.as_integer();
    if (!written) return wrong_kind(node, path, key, "a whole number");
    std::int64_t number = written->get();
    if (number < 0 || static_cast<std::uint64_t>(number) < slot.least ||
        static_cast<std::uint64_t>(number) > slot.most)
      return complain(node.source(), fmt::format("{} must be from {} to {}, not {}", named(path, key.name),
                                                 slot.least, slot.most, number));
    slot.set(static_cast<std::uint64_t>(number));
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const FlagSlot& slot) {
    const auto* written = node.as_boolean();
    if (!written) return wrong_kind(node, path, key, "true or false");
    *slot.to = written->get();
  }

  // The index of a word, or nothing after a complaint.
  std::optional<std::size_t> word(const toml::node& node, const std::string& path, const Key& key,
                                  const std::vector<std::string_view>& words) {
    const auto* written = node.as_string();
    if (!written) {
      wrong_kind(node, path, key, "text in quotes");
      return std::nullopt;
    }
    auto found = std::ranges::find(words, written->get());
    if (found != words.end()) return found - words.begin();
    auto meant = closest(written->get(), words);
    complain(node.source(),
             fmt::format("{} must be one of \"{}\"{}", named(path, key.name), fmt::join(words, "\", \""),
                         meant ? fmt::format("; did you mean \"{}\"?", *meant) : ""));
    return std::nullopt;
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const ChoiceSlot& slot) {
    if (auto index = word(node, path, key, slot.words)) slot.set(*index);
  }

  const toml::array* list(const toml::node& node, const std::string& path, const Key& key) {
    const toml::array* written = node.as_array();
    if (!written) {
      wrong_kind(node, path, key, "a list of texts");
      return nullptr;
    }
    if (written->size() <= max_list_items) return written;
    complain(node.source(),
             fmt::format("{} must have at most {} items", named(path, key.name), max_list_items));
    return nullptr;
  }

  bool repeated(const toml::node& item, const std::string& path, const Key& key,
                const std::vector<std::string>& so_far, const std::string& text) {
    if (std::ranges::count(so_far, text) == 0) return false;
    complain(item.source(), fmt::format("{} has the same item twice", named(path, key.name)));
    return true;
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const ListSlot& slot) {
    const toml::array* written = list(node, path, key);
    if (!written) return;
    slot.to->clear();
    for (const toml::node& item : *written) {
      auto read = text(item, path, key, slot.rule);
      if (read && !repeated(item, path, key, *slot.to, *read)) slot.to->push_back(std::move(*read));
    }
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const WordsSlot& slot) {
    const toml::array* written = list(node, path, key);
    if (!written) return;
    std::vector<std::string> words;
    for (const toml::node& item : *written) {
      auto index = word(item, path, key, slot.words);
      if (!index) continue;
      std::string read(slot.words[*index]);
      if (!repeated(item, path, key, words, read)) words.push_back(std::move(read));
    }
    slot.set(words);
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const TableSlot& slot) {
    const toml::table* written = node.as_table();
    if (!written) return wrong_kind(node, path, key, "a table");
    table(*written, joined(path, key.name), slot.keys());
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const NamedTablesSlot& slot) {
    const toml::table* all = node.as_table();
    if (!all) return wrong_kind(node, path, key, "a table of tables");
    if (all->size() > max_named_tables)
      return complain(node.source(),
                      fmt::format("[{}] must have at most {} entries", key.name, max_named_tables));
    for (const auto& [name, entry] : *all) {
      std::string inner = joined(joined(path, key.name), shown(name.str()));
      if (auto wrong = rule_for_names(name.str())) {
        complain(name.source(), fmt::format("the name in [{}] {}", inner, *wrong));
        continue;
      }
      const toml::table* written = entry.as_table();
      if (!written) {
        complain(entry.source(), fmt::format("{} must be a table, [{}]", inner, inner));
        continue;
      }
      const toml::source_position& at = written->source().begin;
      places_[inner] = {at.line, at.column};
      table(*written, inner, slot.keys(std::string(name.str())));
    }
  }

  void fill(const toml::node& node, const std::string& path, const Key& key, const RepeatedTablesSlot& slot) {
    const toml::array* all = node.as_array();
    std::string inner = joined(path, key.name);
    if (!all || !std::ranges::all_of(*all, [](const toml::node& entry) { return entry.is_table(); }))
      return complain(node.source(), fmt::format("{} must be a list of tables, [[{}]]", inner, inner));
    if (all->size() > max_repeated_tables)
      return complain(node.source(),
                      fmt::format("[[{}]] must have at most {} entries", inner, max_repeated_tables));
    std::size_t index = 0;
    for (const toml::node& entry : *all) {
      std::string one = fmt::format("{}.{}", inner, index++);
      const toml::source_position& at = entry.source().begin;
      places_[one] = {at.line, at.column};
      table(*entry.as_table(), one, slot.keys());
    }
  }

  std::vector<Complaint> complaints_;
  std::map<std::string, Place> places_;
};

}  // namespace

ConfigReading read_config(std::string_view text) {
  if (text.size() > max_config_bytes)
    return {std::nullopt, {{0, 0, fmt::format("is longer than {} bytes", max_config_bytes)}}};
  return Reader().read(text);
}

}  // namespace hubward::app
