// SPDX-License-Identifier: Apache-2.0
// Schemas of custom objects.
#include <fmt/core.h>

#include "sandbox/account_calls.hpp"
#include "sandbox/links.hpp"
#include "sandbox/properties.hpp"

namespace hubward::sandbox {
namespace {

Json texts(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& text : list) json.push(text);
  return json;
}

std::vector<std::string> listed(const Json& json) {
  std::vector<std::string> list;
  for (const Json& item : json.items()) list.push_back(item.text_or(""));
  return list;
}

Json schema_json(const Context& context, const ObjectType& type) {
  Json properties = Json::array(), associations = Json::array();
  for (const Property& property : type.properties)
    if (!property.archived) properties.push(property_json(context.account, property));
  for (const LinkType& kind : context.crm().link_types)
    if (kind.from_type == type.id || kind.to_type == type.id)
      associations.push(Json::object({{"id", std::to_string(kind.type_id)},
                                      {"name", kind.name},
                                      {"fromObjectTypeId", kind.from_type},
                                      {"toObjectTypeId", kind.to_type}}));
  return Json::object({{"id", type.id.substr(2)},
                       {"objectTypeId", type.id},
                       {"fullyQualifiedName", fmt::format("p{}_{}", context.account.hub_id, type.name)},
                       {"name", type.name},
                       {"labels", Json::object({{"singular", type.label}, {"plural", type.plural_label}})},
                       {"primaryDisplayProperty", type.primary_display},
                       {"secondaryDisplayProperties", texts(type.secondary_display)},
                       {"requiredProperties", texts(type.required_properties)},
                       {"searchableProperties", texts(type.searched_properties)},
                       {"properties", std::move(properties)},
                       {"associations", std::move(associations)},
                       {"allowsSensitiveProperties", false},
                       {"archived", false},
                       {"createdAt", to_iso8601(type.created)},
                       {"updatedAt", to_iso8601(type.updated)}});
}

std::expected<ObjectType*, Problem> custom_in_path(const Context& context) {
  ObjectType* type = context.crm().type(context.args[0]);
  if (type == nullptr || !type->custom)
    return refuse(404, "Object type " + context.args[0] + " does not exist", "OBJECT_NOT_FOUND");
  return type;
}

}  // namespace

Outcome list_schemas(const Context& context) {
  Json results = Json::array();
  for (const auto& [id, type] : context.crm().types)
    if (type.custom) results.push(schema_json(context, type));
  return json_answer(200, Json::object({{"results", std::move(results)}}));
}

Outcome read_schema(const Context& context) {
  auto type = custom_in_path(context);
  if (!type) return std::unexpected(type.error());
  return json_answer(200, schema_json(context, **type));
}

Outcome create_schema(const Context& context) {
  const Json& body = context.body;
  std::string name = body["name"].text_or("");
  if (name.empty() || !body["properties"].is_array() || !body["labels"].is_object())
    return refuse(400,
                  "Invalid input JSON on line 1, column 1: Some required fields were not set: [name, labels, "
                  "properties]");
  if (context.crm().type(name) != nullptr)
    return refuse(409, "Object type " + name + " already exists", "OBJECT_ALREADY_EXISTS");
  // Built beside the account first, so that a refused property leaves nothing behind.
  Crm draft = context.crm();
  ObjectType& type = add_custom_type(draft, name, context.now());
  type.label = body["labels"]["singular"].text_or(type.label);
  type.plural_label = body["labels"]["plural"].text_or(type.label);
  for (const Json& input : body["properties"].items()) {
    auto property = checked_property(context, type, input);
    if (!property) return std::unexpected(property.error());
    type.properties.push_back(*std::move(property));
  }
  type.required_properties = listed(body["requiredProperties"]);
  type.searched_properties = listed(body["searchableProperties"]);
  type.secondary_display = listed(body["secondaryDisplayProperties"]);
  type.primary_display = body["primaryDisplayProperty"].text_or("");
  if (!type.primary_display.empty()) type.default_properties.push_back(type.primary_display);
  for (const std::string& wanted : type.required_properties)
    if (type.property(wanted) == nullptr)
      return refuse(400, "requiredProperties names an unknown property: " + wanted);
  std::string id = type.id;
  for (const Json& other : body["associatedObjects"].items()) {
    ObjectType* to = draft.type(other.text_or(""));
    if (to == nullptr) return std::unexpected(unknown_type(other.text_or("")));
    plain_link_type(draft, id, to->id);
  }
  context.crm() = std::move(draft);
  return json_answer(201, schema_json(context, context.crm().types[id]));
}

Outcome delete_schema(const Context& context) {
  auto type = custom_in_path(context);
  if (!type) return std::unexpected(type.error());
  for (const auto& [id, record] : (*type)->records)
    if (!record.archived) return refuse(400, "The object type still has records; delete them first");
  std::string id = (*type)->id;
  context.crm().types.erase(id);
  std::erase_if(context.crm().link_types,
                [&](const LinkType& kind) { return kind.from_type == id || kind.to_type == id; });
  return empty_answer();
}

}  // namespace hubward::sandbox
