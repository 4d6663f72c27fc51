// SPDX-License-Identifier: Apache-2.0
// HubSpot's operations: method and path in, the operation and what it means out. The facts are compiled in
// from catalogue.tsv (docs/formats/catalogue.md); what is not in it does not exist for us and is denied.
// Pure; a Catalogue is immutable after construction and safe from any thread. Views point into it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "hubspot/objects.hpp"
#include "hubspot/path.hpp"
#include "hubspot/regions.hpp"

namespace hubward::hubspot {

// What an operation does to what it touches. An upsert is create and edit, a merge edit and delete.
enum class Effect : std::uint8_t { View = 1, Create = 2, Edit = 4, Delete = 8, Export = 16 };

class Effects {
 public:
  constexpr Effects() = default;
  constexpr Effects(std::initializer_list<Effect> effects) {
    for (Effect effect : effects) add(effect);
  }
  constexpr void add(Effect effect) {
    bits_ = static_cast<std::uint8_t>(bits_ | static_cast<std::uint8_t>(effect));
  }
  constexpr bool has(Effect effect) const { return (bits_ & static_cast<std::uint8_t>(effect)) != 0; }
  constexpr bool within(Effects others) const { return (bits_ & ~others.bits_) == 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Effects without(Effects others) const {
    Effects rest;
    rest.bits_ = static_cast<std::uint8_t>(bits_ & ~others.bits_);
    return rest;
  }
  constexpr bool operator==(const Effects&) const = default;

 private:
  std::uint8_t bits_ = 0;
};
std::string to_text(Effects effects);  // "create and edit"
std::optional<Effect> effect_named(std::string_view name);

// What an operation acts on; only records are granted by rules that name objects.
enum class Subject : std::uint8_t {
  Records,       // CRM records of the object type in the path
  Associations,  // links between records of the two object types in the path: rights on both are needed
  Other,         // definitions, settings, content, events …: granted by operation name
};

// Any one of the alternatives is enough; of an alternative every scope is needed (section 8.1).
struct ScopeNeed {
  using All = std::vector<std::string_view>;
  std::vector<All> any_of;  // empty: no scope is stated
};

enum class Stage : std::uint8_t { Legacy, Superseded, Supported, Latest, Beta };  // section 11.1

struct Operation {
  std::string_view name;           // "crm.objects.batch.archive"; one for all versions and aliases
  std::string_view method;         // upper case
  std::string_view path_template;  // without the version: "/crm/objects/{objectType}/batch/archive"
  Effects effects;
  Subject subject = Subject::Other;
  bool explicit_only = false;  // import, export, GraphQL …: only a rule that names it exactly grants it
  bool free_tail = false;      // the last parameter takes the rest of the path
  bool deprecated = false;
  bool developer_key = false;  // asks for a developer API key, which is never forwarded
  bool exempt_ten_secondly = false, exempt_daily = false, search_limited = false;  // section 5.4
  HostFamily host = HostFamily::Api;
};

struct Match {
  static constexpr std::size_t max_parameters = 6;
  struct Parameter {
    std::string_view name;   // as the template spells it: "objectId"
    std::string_view value;  // decoded; points into the CanonicalPath given to find()
  };

  const Operation* operation = nullptr;
  std::span<const Parameter> parameters() const { return {slots.data(), used}; }
  // The object types in the path, by their one name: none, one, or the two of an association.
  std::span<const ObjectName> objects() const { return {object_slots.data(), objects_used}; }
  // What the token needs, each of them: one for most operations, one per object type for associations, none
  // where nothing is stated. Custom types have those of custom objects.
  std::span<const ScopeNeed* const> scopes() const { return {scope_slots.data(), scopes_used}; }
  Stage stage = Stage::Legacy;
  // First day on which HubSpot no longer supports this version; none while nobody has said (betas).
  std::optional<std::chrono::sys_days> sunset;

  std::array<Parameter, max_parameters> slots{};
  std::array<ObjectName, 2> object_slots{};
  std::array<const ScopeNeed*, 2> scope_slots{};
  std::uint8_t used = 0, objects_used = 0, scopes_used = 0;
};

// Why there is no operation.
struct Unmatched {
  enum class Why : std::uint8_t {
    NoSuchOperation,  // no template fits the path
    NoSuchMethod,     // a template fits, but not with this method
    NoSuchVersion,    // an operation fits, but not in this version or with the version in this place
  } why = Why::NoSuchOperation;
  std::vector<std::string_view> allowed;  // NoSuchMethod: the methods; NoSuchVersion: the versions
};
// One sentence for a person.
std::string to_sentence(const Unmatched& unmatched, std::string_view method, const CanonicalPath& path);

class Catalogue {
 public:
  // The table compiled into the program; a few milliseconds.
  static Catalogue built_in();
  // Errors name the line and column.
  static Result<Catalogue> parse(std::string_view table);

  Catalogue(Catalogue&&) noexcept;
  Catalogue& operator=(Catalogue&&) noexcept;
  ~Catalogue();

  // The match's views live as long as this catalogue and `path`.
  std::expected<Match, Unmatched> find(std::string_view method, const CanonicalPath& path) const;
  std::span<const Operation> operations() const;
  const Operation* named(std::string_view name) const;  // the first of that name
  // What an operation of operations() needs, whatever the object type; null where nothing is stated.
  const ScopeNeed* scopes_of(const Operation& operation) const;

  struct Tables;  // known inside the room

 private:
  explicit Catalogue(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

}  // namespace hubward::hubspot
