// SPDX-License-Identifier: Apache-2.0
// The lists of keys as sections, and docs/configuration.md written from them. A test compares the file with
// this.
#include <fmt/format.h>

#include "app/config_keys.hpp"
#include "app/config_sections.hpp"

namespace hubward::app {
namespace {

constexpr std::string_view introduction = R"(# Configuration

<!-- Written by `hubward check --reference` from src/app/config_keys.cpp; a test compares the two. -->

One TOML file, by default `/etc/hubward/hubward.toml`; another with `--config FILE` or `HUBWARD_CONFIG`. It is read
strictly: an unknown key, a wrong type or an impossible value is an error with file, line and column, and all errors are
reported at once. `hubward check` reads it as the gateway would and explains it in plain words.

A secret never stands in this file; it says where the secret is: `file:/path` (readable by the gateway's user only),
`env:NAME` (a variable, overwritten after reading) or `credential:name` (a systemd credential).

`SIGHUP` makes the gateway read the file again. The new configuration replaces the old one as a whole, without dropping
a request; if it has an error, the old one stays and the log says why. Certificates, their keys and client authorities are read
again, too (`docs/tls.md`). The doors' addresses, ports, file names and TLS
versions, `public_url`, `store_dir`,
`root_key`, `[limits]`, `[log] format` and `[journal]` (but for `durable_before_send`) are read at start only; a reload
that changes them says so.

Sizes are bytes; keys ending in `_ms` are milliseconds. Clients, connections and their tokens are not configured here:
they live in the store, and `hubward client` and `hubward connection` manage them.

## The least there is

```toml
root_key = "file:/etc/hubward/root.key"
public_url = "https://hooks.example.com"

[listen.egress]
certificate = "/etc/hubward/tls/egress.crt"
key = "/etc/hubward/tls/egress.key"

[listen.public]
certificate = "/etc/hubward/tls/public.crt"
key = "/etc/hubward/tls/public.key"

[apps.crm]
kind = "oauth"
client_id = "00000000-0000-0000-0000-000000000000"
client_secret = "credential:crm-client-secret"
scopes = ["oauth", "crm.objects.contacts.read"]

[roles.reader]
[[roles.reader.rules]]
name = "read contacts"
objects = ["contacts"]
actions = ["view"]
```
)";

struct Described {
  std::string kind;
  std::string otherwise;
};

std::string in_code(std::string_view text) {
  return fmt::format("`{}`", text);
}

std::string words_in_code(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::string_view word : words) text += fmt::format("{}`\"{}\"`", text.empty() ? "" : ", ", word);
  return text;
}

std::string otherwise(Presence presence, std::string_view now) {
  if (presence == Presence::Required) return "required";
  return now.empty() ? "" : fmt::format("`\"{}\"`", now);
}

std::string list_of(const std::vector<std::string>& now) {
  return now.empty() ? "`[]`" : fmt::format("`[\"{}\"]`", fmt::join(now, "\", \""));
}

Described described(const TextSlot& slot) {
  return {fmt::format("text, like `\"{}\"`", slot.example), otherwise(slot.presence, *slot.to)};
}
Described described(const NumberSlot& slot) {
  return {fmt::format("{} to {}", slot.least, slot.most), in_code(fmt::format("{}", slot.now))};
}
Described described(const FlagSlot& slot) {
  return {"true or false", in_code(*slot.to ? "true" : "false")};
}
Described described(const ChoiceSlot& slot) {
  return {words_in_code(slot.words), otherwise(slot.presence, slot.words[slot.now])};
}
Described described(const ListSlot& slot) {
  return {fmt::format("list of texts, like `[\"{}\"]`", slot.example), list_of(*slot.to)};
}
Described described(const WordsSlot& slot) {
  return {"list of " + words_in_code(slot.words), "`[]`"};
}
Described described(const SecretSlot& slot) {
  return {"secret by reference", otherwise(slot.presence, "")};
}

std::string joined(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

// A table that stands in another.
struct Inner {
  std::string heading;
  std::string path;
  std::string_view meaning;
  Keys keys;
};

std::optional<Inner> inner_of(const Key& key, std::string_view path) {
  std::string name = joined(path, key.name);
  if (const auto* slot = std::get_if<TableSlot>(&key.slot))
    return Inner{fmt::format("[{}]", name), name, key.meaning, slot->keys()};
  if (const auto* slot = std::get_if<NamedTablesSlot>(&key.slot))
    return Inner{fmt::format("[{}.NAME]", name), name + ".NAME", key.meaning, slot->keys("NAME")};
  if (const auto* slot = std::get_if<RepeatedTablesSlot>(&key.slot))
    return Inner{fmt::format("[[{}]]", name), name, key.meaning, slot->keys()};
  return std::nullopt;
}

ConfigSection::Row row_of(const Key& key) {
  Described words = std::visit(
      [](const auto& slot) {
        if constexpr (requires { described(slot); }) return described(slot);
        return Described{};
      },
      key.slot);
  return {std::string(key.name), words.kind, words.otherwise, std::string(key.meaning)};
}

// A table's own keys first, then the tables in it.
void append_section(std::vector<ConfigSection>& sections, const Inner& table) {
  std::vector<Inner> inner;
  ConfigSection section{table.heading, std::string(table.meaning), {}};
  for (const Key& key : table.keys) {
    if (auto below = inner_of(key, table.path)) {
      inner.push_back(std::move(*below));
    } else {
      section.rows.push_back(row_of(key));
    }
  }
  sections.push_back(std::move(section));
  for (const Inner& below : inner) append_section(sections, below);
}

}  // namespace

std::string_view configuration_introduction() {
  return introduction;
}

std::vector<ConfigSection> configuration_sections() {
  Config config;
  std::vector<ConfigSection> sections;
  append_section(sections, {"", "", "What stands before the first table.", keys_of(config)});
  return sections;
}

std::string configuration_reference() {
  std::string text(introduction);
  for (const ConfigSection& section : configuration_sections()) {
    text +=
        section.heading.empty() ? "\n## The file's own keys\n" : fmt::format("\n## `{}`\n", section.heading);
    text += fmt::format("\n{}\n", section.meaning);
    if (!section.rows.empty())
      text += "\n| Key | What it may be | Default | Meaning |\n| --- | --- | --- | --- |\n";
    for (const ConfigSection::Row& row : section.rows)
      text += fmt::format("| `{}` | {} | {} | {} |\n", row.key, row.kind, row.otherwise, row.meaning);
  }
  return text;
}

}  // namespace hubward::app
