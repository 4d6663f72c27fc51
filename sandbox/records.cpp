// SPDX-License-Identifier: Apache-2.0
#include "sandbox/records.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "hubspot/webhook_samples.hpp"

namespace hubward::sandbox {
namespace {

Problem already_there(const ObjectType& type, const Property& property, std::string_view value,
                      std::uint64_t id) {
  if (type.id == "0-1" && property.name == "email")
    return {409, fmt::format("Contact already exists. Existing ID: {}", id), "CONFLICT"};
  Problem problem{400,
                  fmt::format("A {} with the {} value {} already exists.", type.name, property.name, value),
                  "VALIDATION_ERROR"};
  problem.errors = Json::array(
      {Json::object({{"message", problem.message},
                     {"code", "CONFLICTING_UNIQUE_VALUE"},
                     {"context", Json::object({{"propertyName", Json::array({Json(property.name)})}})}})});
  return problem;
}

std::expected<void, Problem> check_unique(const ObjectType& type, const Changes& changes,
                                          std::uint64_t own_id) {
  for (const auto& [name, value] : changes) {
    const Property* property = type.property(name);
    if (!value || property == nullptr || !property->unique) continue;
    auto ids = type.by_unique_value.find(name);
    if (ids == type.by_unique_value.end()) continue;
    auto holder = ids->second.find(lower(*value));
    if (holder != ids->second.end() && holder->second != own_id)
      return std::unexpected(already_there(type, *property, *value, holder->second));
  }
  return {};
}

std::expected<void, Problem> check_required(const ObjectType& type, const Changes& changes) {
  Json missing = Json::array();
  for (const std::string& name : type.required_properties) {
    auto given = changes.find(name);
    if (given == changes.end() || !given->second) missing.push(name);
  }
  if (missing.items().empty()) return {};
  std::string upper;
  for (char c : type.name) upper += to_upper(c);
  Problem problem{400, fmt::format("Error creating {}. Some required properties were not set.", upper),
                  "VALIDATION_ERROR"};
  problem.context = Json::object({{"properties", std::move(missing)}});
  return std::unexpected(std::move(problem));
}

Json associations_json(const Context& context, const ObjectType& type, const Record& record,
                       const std::vector<std::string>& wanted) {
  Json all = Json::object();
  for (const std::string& name : wanted) {
    ObjectType* to = context.crm().type(name);
    if (to == nullptr) continue;
    Json results = Json::array();
    for (const Link& link : links_to(context.crm(), {type.id, record.id}, to->id)) {
      const LinkType* kind =
          find_link_type(context.crm(), type.id, link.to_type, link.category, link.type_id);
      std::string word = kind == nullptr ? "" : kind->name;
      if (kind != nullptr && !kind->plain)
        word += "_" + lower(kind->label.empty() ? "unlabeled" : kind->label);
      results.push(Json::object({{"id", std::to_string(link.to_id)}, {"type", word}}));
    }
    if (!results.items().empty()) all.set(to->plural, Json::object({{"results", std::move(results)}}));
  }
  return all;
}

Json base_json(const Record& record, Json properties) {
  Json json = Json::object({{"id", std::to_string(record.id)},
                            {"properties", std::move(properties)},
                            {"createdAt", to_iso8601(record.created)},
                            {"updatedAt", to_iso8601(record.updated)},
                            {"archived", record.archived.has_value()}});
  if (record.archived) json.set("archivedAt", to_iso8601(*record.archived));
  return json;
}

}  // namespace

std::string id_text(const Json& json) {
  return std::string(json.number_text().value_or(json.text().value_or("")));
}

View asked_view(const Form& query) {
  return {query.list("properties"), query.list("propertiesWithHistory"), query.list("associations")};
}

Json record_json(const Context& context, const ObjectType& type, const Record& record, const View& view) {
  std::vector<std::string> names = view.properties.empty() ? type.default_properties : view.properties;
  for (const std::string& name : view.with_history) names.push_back(name);
  for (const std::string& name : {type.created_property, std::string("hs_object_id"), type.modified_property})
    names.push_back(name);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  Json properties = Json::object();
  for (const std::string& name : names) {
    const Property* property = type.property(name);
    if (property == nullptr || property->archived) continue;  // unknown ones are ignored in reads
    auto value = value_of(type, record, name);
    properties.set(name, value ? Json(*value) : Json());
  }
  Json json = base_json(record, std::move(properties));
  if (!view.with_history.empty()) {
    Json& histories = json.set("propertiesWithHistory", Json::object())["propertiesWithHistory"];
    for (const std::string& name : view.with_history) {
      auto found = record.history.find(name);
      if (found == record.history.end()) continue;
      Json versions = Json::array();
      for (const PastValue& past : found->second)
        versions.push(Json::object({{"value", past.value},
                                    {"timestamp", to_iso8601(past.at)},
                                    {"sourceType", "INTEGRATION"},
                                    {"sourceId", past.source}}));
      histories.set(name, std::move(versions));
    }
  }
  Json associations = associations_json(context, type, record, view.associations);
  if (!associations.members().empty()) json.set("associations", std::move(associations));
  return json;
}

Json written_json(const ObjectType& type, const Record& record) {
  Json properties = Json::object();
  for (const auto& [name, value] : record.values) properties.set(name, value);
  for (const std::string& name : {type.created_property, std::string("hs_object_id"), type.modified_property})
    properties.set(name, *value_of(type, record, name));
  return base_json(record, std::move(properties));
}

std::expected<Record*, Problem> find_record(ObjectType& type, std::string_view id,
                                            std::string_view id_property) {
  if (id_property.empty() || id_property == "hs_object_id") {
    auto number = to_number(id);
    Record* record = number ? type.live(*number) : nullptr;
    if (record == nullptr) return std::unexpected(unknown_record(id));
    return record;
  }
  const Property* property = type.property(id_property);
  if (property == nullptr || !property->unique)
    return refuse(400, fmt::format("Property {} is not a unique property of {}", id_property, type.plural));
  auto& ids = type.by_unique_value[property->name];
  auto found = ids.find(lower(id));
  Record* record = found == ids.end() ? nullptr : type.live(found->second);
  if (record == nullptr) return std::unexpected(Problem{404, "resource not found", ""});
  return record;
}

std::expected<Creation, Problem> checked_creation(const Context& context, ObjectType& type,
                                                  const Json& input) {
  auto values = checked_values(context.account, type,
                               input["properties"].is_null() ? Json::object() : input["properties"]);
  if (!values) return std::unexpected(values.error());
  if (auto complete = check_required(type, *values); !complete) return std::unexpected(complete.error());
  if (auto unique = check_unique(type, *values, 0); !unique) return std::unexpected(unique.error());
  Creation creation{*std::move(values), {}};
  for (const Json& association : input["associations"].items()) {
    const Json& specs = association["types"];
    std::string to_id = id_text(association["to"]["id"]);
    bool resolved = false;
    for (const LinkType& kind : context.crm().link_types) {
      // The other type follows from the association type, which is its only mention.
      bool asked = !specs.items().empty() && kind.from_type == type.id &&
                   specs.items().front()["associationTypeId"].integer() == kind.type_id &&
                   specs.items().front()["associationCategory"].text_or("") == kind.category;
      if (!asked) continue;
      ObjectType& to = context.crm().types[kind.to_type];
      auto record = find_record(to, to_id, "");
      if (!record) break;
      auto kinds = asked_link_types(context.crm(), type.id, to.id, specs);
      if (!kinds) return std::unexpected(kinds.error());
      for (const LinkType& each_kind : *kinds) creation.links.push_back({{to.id, (*record)->id}, each_kind});
      resolved = true;
      break;
    }
    if (!resolved) {
      Problem problem{400, "one or more associations are not valid", "VALIDATION_ERROR"};
      problem.sub_category = "crm.associations.TO_OBJECT_NOT_FOUND";
      return std::unexpected(std::move(problem));
    }
  }
  return creation;
}

namespace {

void tell(const Context& context, const ObjectType& type, const Record& record, std::string_view what,
          std::string_view property = {}, std::string_view value = {}) {
  std::string kind = fmt::format("{}.{}", kind_family(type.name), what);
  if (!hubspot::is_subscription_kind(kind)) return;
  context.world.happened({.kind = kind,
                          .account = context.account.hub_id,
                          .object = record.id,
                          .object_type = type.id,
                          .property = property,
                          .value = value});
}

}  // namespace

Record& create(const Context& context, ObjectType& type, const Creation& creation) {
  Crm& crm = context.crm();
  Record& record = type.records[crm.next_id];
  record.id = crm.next_id++;
  record.created = context.now();
  tell(context, type, record, "creation");
  update(context, type, record, creation.values);
  for (const auto& [to, kind] : creation.links) add_link(crm, {type.id, record.id}, to, kind);
  return record;
}

std::expected<Changes, Problem> checked_update(const Context& context, ObjectType& type, const Record& record,
                                               const Json& properties) {
  auto changes = checked_values(context.account, type, properties);
  if (!changes) return changes;
  if (auto unique = check_unique(type, *changes, record.id); !unique) return std::unexpected(unique.error());
  return changes;
}

void update(const Context& context, ObjectType& type, Record& record, const Changes& changes) {
  type.unindex(record);
  for (const auto& [name, value] : changes) {
    if (value) {
      record.values[name] = *value;
    } else {
      record.values.erase(name);
    }
    tell(context, type, record, "propertyChange", name, value.value_or(""));
    std::vector<PastValue>& history = record.history[name];
    history.insert(history.begin(), {value.value_or(""), context.token.app, context.now()});
    if (history.size() > Record::max_history) history.pop_back();
  }
  record.updated = context.now();
  type.index(record);
}

void archive(const Context& context, ObjectType& type, Record& record) {
  type.unindex(record);
  remove_all_links(context.crm(), {type.id, record.id});
  record.archived = record.updated = context.now();
  tell(context, type, record, "deletion");
}

}  // namespace hubward::sandbox
