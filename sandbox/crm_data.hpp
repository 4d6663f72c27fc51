// SPDX-License-Identifier: Apache-2.0
// The CRM of one account: object types, their properties, pipelines and records, and what is associated with
// what (hubspot.md section 10). Plain data; the calls that work on it are in records.cpp and its neighbours.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"

namespace hubward::sandbox {

struct PropertyOption {
  std::string label, value;
  void each(auto&& visit) {
    visit("label", label);
    visit("value", value);
  }
};

struct Property {
  std::string name, label, group, description;
  std::string type = "string", field_type = "text", sensitivity = "non_sensitive";
  bool unique = false, read_only = false, hubspot_defined = false, hidden = false, form_field = false;
  int display_order = -1;
  std::vector<PropertyOption> options;
  TimePoint created{}, updated{};
  std::optional<TimePoint> archived;
  void each(auto&& visit) {
    visit("name", name), visit("label", label), visit("group", group), visit("description", description);
    visit("type", type), visit("field_type", field_type), visit("sensitivity", sensitivity);
    visit("unique", unique), visit("read_only", read_only), visit("hubspot_defined", hubspot_defined);
    visit("hidden", hidden), visit("form_field", form_field), visit("display_order", display_order);
    visit("options", options), visit("created", created), visit("updated", updated);
    visit("archived", archived);
  }
};

struct PropertyGroup {
  std::string name, label;
  int display_order = -1;
  bool archived = false;
  void each(auto&& visit) {
    visit("name", name), visit("label", label);
    visit("display_order", display_order), visit("archived", archived);
  }
};

struct PastValue {
  std::string value, source;
  TimePoint at{};
  void each(auto&& visit) { visit("value", value), visit("source", source), visit("at", at); }
};

struct Record {
  static constexpr std::size_t max_history = 20;  // values kept for each property

  std::uint64_t id = 0;
  std::map<std::string, std::string> values;  // a property without a value is not here
  std::map<std::string, std::vector<PastValue>> history;
  TimePoint created{}, updated{};
  std::optional<TimePoint> archived;
  void each(auto&& visit) {
    visit("id", id), visit("values", values), visit("history", history);
    visit("created", created), visit("updated", updated), visit("archived", archived);
  }
};

struct Stage {
  std::string id, label;
  std::map<std::string, std::string> metadata;
  void each(auto&& visit) { visit("id", id), visit("label", label), visit("metadata", metadata); }
};

struct Pipeline {
  std::string id, label;
  std::vector<Stage> stages;
  TimePoint created{};
  void each(auto&& visit) {
    visit("id", id), visit("label", label), visit("stages", stages), visit("created", created);
  }
};

struct ObjectType {
  std::string id;  // "0-1", "2-5001"
  std::string name, plural, label, plural_label;
  std::string scope_word;  // "contacts" in crm.objects.contacts.read
  bool custom = false;
  std::string modified_property = "hs_lastmodifieddate", created_property = "createdate";
  std::string primary_display;
  std::vector<std::string> default_properties, searched_properties, required_properties;
  std::vector<std::string> secondary_display;
  std::vector<Property> properties;
  std::vector<PropertyGroup> groups;
  std::vector<Pipeline> pipelines;
  std::map<std::uint64_t, Record> records;
  std::map<std::uint64_t, std::uint64_t> merged;  // an id that was merged away, and where it went
  TimePoint created{}, updated{};
  void each(auto&& visit) {
    visit("id", id), visit("name", name), visit("plural", plural), visit("label", label);
    visit("plural_label", plural_label), visit("scope_word", scope_word), visit("custom", custom);
    visit("modified_property", modified_property), visit("created_property", created_property);
    visit("primary_display", primary_display), visit("default_properties", default_properties);
    visit("searched_properties", searched_properties), visit("required_properties", required_properties);
    visit("secondary_display", secondary_display), visit("properties", properties), visit("groups", groups);
    visit("pipelines", pipelines), visit("records", records), visit("merged", merged);
    visit("created", created), visit("updated", updated);
  }

  // Finds a value in a unique property without walking all records; built anew after a load.
  std::map<std::string, std::map<std::string, std::uint64_t>> by_unique_value;

  Property* property(std::string_view wanted);
  const Property* property(std::string_view wanted) const;
  Record* live(std::uint64_t wanted);  // follows merges; not archived ones
  void index(const Record& record);
  void unindex(const Record& record);
  void rebuild_index();
};

// One direction of an association; the other direction is stored too.
struct Link {
  std::string to_type;
  std::uint64_t to_id = 0;
  std::string category;
  int type_id = 0;
  auto operator<=>(const Link&) const = default;
  void each(auto&& visit) {
    visit("to_type", to_type), visit("to_id", to_id), visit("category", category), visit("type_id", type_id);
  }
};

struct LinkType {
  std::string from_type, to_type, category, label, name;
  int type_id = 0, inverse_id = 0;
  bool plain = false;  // what an association has when nobody says which
  void each(auto&& visit) {
    visit("from_type", from_type), visit("to_type", to_type), visit("category", category);
    visit("label", label), visit("name", name), visit("type_id", type_id);
    visit("inverse_id", inverse_id), visit("plain", plain);
  }
};

struct Owner {
  std::uint64_t id = 0, user_id = 0;
  std::string email, first_name, last_name;
  bool archived = false;
  void each(auto&& visit) {
    visit("id", id), visit("user_id", user_id), visit("email", email);
    visit("first_name", first_name), visit("last_name", last_name), visit("archived", archived);
  }
};

struct Crm {
  std::map<std::string, ObjectType> types;  // by id
  std::vector<LinkType> link_types;
  std::map<std::string, std::set<Link>> links;  // by "0-1/123"
  std::vector<Owner> owners;
  std::uint64_t next_id = 101, next_custom_type = 5001;
  int next_link_type = 1001;
  void each(auto&& visit) {
    visit("types", types), visit("link_types", link_types), visit("links", links), visit("owners", owners);
    visit("next_id", next_id), visit("next_custom_type", next_custom_type);
    visit("next_link_type", next_link_type);
  }

  // By id, name, plural or "p_name" / "p123_name"; without case.
  ObjectType* type(std::string_view wanted);
};

// What every account begins with (sandbox/standard_types.cpp).
Crm standard_crm(TimePoint now);
// A type of the account's own with the properties that every type has.
ObjectType& add_custom_type(Crm& crm, std::string_view name, TimePoint now);

}  // namespace hubward::sandbox
