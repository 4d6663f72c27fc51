// SPDX-License-Identifier: Apache-2.0
#include "sandbox/properties.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "sandbox/batch.hpp"

namespace hubward::sandbox {
namespace {

constexpr int most_unique_properties = 10;  // of each type (hubspot.md section 10.6)
const std::vector<std::string_view> types = {"bool",   "enumeration", "date",        "datetime",
                                             "string", "number",      "phone_number"};
const std::vector<std::string_view> field_types = {
    "booleancheckbox", "calculation_equation", "checkbox", "date",   "file", "html",
    "number",          "phonenumber",          "radio",    "select", "text", "textarea"};

Problem no_property(const ObjectType& type, std::string_view name) {
  return {404, fmt::format("Property \"{}\" does not exist for object type {}", name, type.name),
          "OBJECT_NOT_FOUND"};
}

std::expected<Property*, Problem> named(ObjectType& type, std::string_view name) {
  Property* property = type.property(name);
  if (property == nullptr || property->archived) return std::unexpected(no_property(type, name));
  return property;
}

std::expected<void, Problem> take_options(const Json& input, Property& property) {
  if (!input["options"].is_array()) return {};
  property.options.clear();
  for (const Json& option : input["options"].items()) {
    if (!option["label"].is_text() || !option["value"].is_text())
      return refuse(400, "Each option needs label and value");
    property.options.push_back({option["label"].text_or(""), option["value"].text_or("")});
  }
  return {};
}

std::expected<void, Problem> take_changes(const Json& input, Property& property) {
  property.label = input["label"].text_or(property.label);
  property.group = input["groupName"].text_or(property.group);
  property.description = input["description"].text_or(property.description);
  property.type = input["type"].text_or(property.type);
  property.field_type = input["fieldType"].text_or(property.field_type);
  property.hidden = input["hidden"].boolean().value_or(property.hidden);
  property.form_field = input["formField"].boolean().value_or(property.form_field);
  property.display_order = static_cast<int>(input["displayOrder"].integer().value_or(property.display_order));
  if (!holds(types, property.type)) return refuse(400, "Unknown property type: " + property.type);
  if (!holds(field_types, property.field_type))
    return refuse(400, "Unknown field type: " + property.field_type);
  return take_options(input, property);
}

bool shown(const Property& property, bool archived, std::string_view sensitivity) {
  return property.archived.has_value() == archived && property.sensitivity == sensitivity;
}

}  // namespace

Json property_json(const Account& account, const Property& property) {
  Json options = Json::array();
  for (int order = 0; const PropertyOption& option : property.options)
    options.push(Json::object(
        {{"label", option.label}, {"value", option.value}, {"displayOrder", order++}, {"hidden", false}}));
  Json json =
      Json::object({{"name", property.name},
                    {"label", property.label},
                    {"type", property.type},
                    {"fieldType", property.field_type},
                    {"description", property.description},
                    {"groupName", property.group},
                    {"options", std::move(options)},
                    {"displayOrder", property.display_order},
                    {"calculated", false},
                    {"externalOptions", property.name == "hubspot_owner_id"},
                    {"hasUniqueValue", property.unique},
                    {"hidden", property.hidden},
                    {"hubspotDefined", property.hubspot_defined},
                    {"formField", property.form_field},
                    {"dataSensitivity", property.sensitivity},
                    {"archived", property.archived.has_value()},
                    {"createdAt", to_iso8601(property.created)},
                    {"updatedAt", to_iso8601(property.updated)},
                    {"modificationMetadata", Json::object({{"archivable", !property.hubspot_defined},
                                                           {"readOnlyDefinition", property.hubspot_defined},
                                                           {"readOnlyOptions", property.hubspot_defined},
                                                           {"readOnlyValue", property.read_only}})}});
  if (property.archived) json.set("archivedAt", to_iso8601(*property.archived));
  if (!property.hubspot_defined) json.set("createdUserId", std::to_string(account.user_id));
  return json;
}

std::expected<Property, Problem> checked_property(const Context& context, const ObjectType& type,
                                                  const Json& input) {
  for (const char* name : {"name", "label", "type", "fieldType"})
    if (!input[name].is_text())
      return refuse(
          400, fmt::format("Invalid input JSON on line 1, column 1: Some required fields were not set: [{}]",
                           name));
  Property property;
  property.name = input["name"].text_or("");
  property.group = type.groups.front().name;
  property.created = property.updated = context.now();
  property.unique = input["hasUniqueValue"].boolean().value_or(false);
  property.sensitivity = input["dataSensitivity"].text_or("non_sensitive");
  bool plain =
      !property.name.empty() && is_alpha(property.name[0]) && property.name == lower(property.name) &&
      std::ranges::all_of(property.name, [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
  if (!plain)
    return refuse(400,
                  "A property name has lower-case letters, digits and underscores, and begins with a letter");
  if (auto taken = take_changes(input, property); !taken) return std::unexpected(taken.error());
  auto group = [&](const PropertyGroup& each_group) {
    return each_group.name == property.group && !each_group.archived;
  };
  if (std::ranges::none_of(type.groups, group))
    return refuse(400, "The property group " + property.group + " does not exist");
  if (type.property(property.name) != nullptr)
    return refuse(409, fmt::format("A property named '{}' already exists.", property.name),
                  "OBJECT_ALREADY_EXISTS");
  auto unique = std::ranges::count_if(type.properties,
                                      [](const Property& p) { return p.unique && !p.hubspot_defined; });
  if (property.unique && unique >= most_unique_properties)
    return refuse(400,
                  fmt::format("An object type has at most {} unique properties", most_unique_properties));
  return property;
}

Outcome list_properties(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  bool archived = context.query.first("archived") == "true";
  std::string sensitivity = context.query.find("dataSensitivity").value_or("non_sensitive");
  Json results = Json::array();
  for (const Property& property : (*type)->properties)
    if (shown(property, archived, sensitivity)) results.push(property_json(context.account, property));
  return json_answer(200, Json::object({{"results", std::move(results)}}));
}

Outcome read_property(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  Property* property = (*type)->property(context.args[1]);
  bool archived = context.query.first("archived") == "true";
  if (property == nullptr || property->archived.has_value() != archived)
    return std::unexpected(no_property(**type, context.args[1]));
  return json_answer(200, property_json(context.account, *property));
}

Outcome create_property(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  if (!context.body["groupName"].is_text())
    return refuse(400,
                  "Invalid input JSON on line 1, column 1: Some required fields were not set: [groupName]");
  auto property = checked_property(context, **type, context.body);
  if (!property) return std::unexpected(property.error());
  (*type)->properties.push_back(*property);
  return json_answer(201, property_json(context.account, *property));
}

Outcome update_property(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto property = named(**type, context.args[1]);
  if (!property) return std::unexpected(property.error());
  if ((*property)->hubspot_defined)
    return refuse(400, "HubSpot's own property " + (*property)->name + " cannot be changed");
  Property changed = **property;
  if (auto taken = take_changes(context.body, changed); !taken) return std::unexpected(taken.error());
  changed.updated = context.now();
  **property = std::move(changed);
  return json_answer(200, property_json(context.account, **property));
}

Outcome archive_property(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto property = named(**type, context.args[1]);
  if (!property) return std::unexpected(property.error());
  if ((*property)->hubspot_defined)
    return refuse(400, "HubSpot's own property " + (*property)->name + " cannot be archived");
  (*property)->archived = context.now();
  return empty_answer();
}

Outcome batch_read_properties(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  bool archived = context.body["archived"].boolean().value_or(false);
  Json results = Json::array(), errors = Json::array();
  for (const Json& input : **inputs) {
    Property* property = (*type)->property(input["name"].text_or(""));
    if (property != nullptr && property->archived.has_value() == archived) {
      results.push(property_json(context.account, *property));
    } else {
      errors.push(batch_error(no_property(**type, input["name"].text_or(""))));
    }
  }
  return batch_answer(context, 200, std::move(results), std::move(errors));
}

Outcome batch_create_properties(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  Json results = Json::array(), errors = Json::array();
  for (const Json& input : **inputs) {
    auto property = checked_property(context, **type, input);
    if (!property) {
      errors.push(batch_error(property.error()));
      continue;
    }
    (*type)->properties.push_back(*property);
    results.push(property_json(context.account, *property));
  }
  return batch_answer(context, 201, std::move(results), std::move(errors));
}

Outcome batch_archive_properties(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  for (const Json& input : **inputs) {
    Property* property = (*type)->property(input["name"].text_or(""));
    if (property != nullptr && !property->hubspot_defined && !property->archived)
      property->archived = context.now();
  }
  return empty_answer();
}

}  // namespace hubward::sandbox
