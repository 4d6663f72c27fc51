// SPDX-License-Identifier: Apache-2.0
// Property groups, and pipelines (read only here).
#include "sandbox/properties.hpp"

namespace hubward::sandbox {
namespace {

Json group_json(const PropertyGroup& group) {
  return Json::object({{"name", group.name},
                       {"label", group.label},
                       {"displayOrder", group.display_order},
                       {"archived", group.archived}});
}

std::expected<PropertyGroup*, Problem> named(ObjectType& type, std::string_view name) {
  for (PropertyGroup& group : type.groups)
    if (group.name == name && !group.archived) return &group;
  return refuse(404, "Property group does not exist", "OBJECT_NOT_FOUND");
}

Json stage_json(const Pipeline& pipeline, const Stage& stage, std::size_t order) {
  Json metadata = Json::object();
  for (const auto& [name, value] : stage.metadata) metadata.set(name, value);
  return Json::object({{"id", stage.id},
                       {"label", stage.label},
                       {"displayOrder", order},
                       {"metadata", std::move(metadata)},
                       {"createdAt", to_iso8601(pipeline.created)},
                       {"updatedAt", to_iso8601(pipeline.created)},
                       {"archived", false},
                       {"writePermissions", "CRM_PERMISSIONS_ENFORCEMENT"}});
}

Json stages_json(const Pipeline& pipeline) {
  Json stages = Json::array();
  for (std::size_t i = 0; i < pipeline.stages.size(); ++i)
    stages.push(stage_json(pipeline, pipeline.stages[i], i));
  return stages;
}

Json pipeline_json(const Pipeline& pipeline, std::size_t order) {
  return Json::object({{"id", pipeline.id},
                       {"label", pipeline.label},
                       {"displayOrder", order},
                       {"stages", stages_json(pipeline)},
                       {"createdAt", to_iso8601(pipeline.created)},
                       {"updatedAt", to_iso8601(pipeline.created)},
                       {"archived", false}});
}

std::expected<std::pair<const Pipeline*, std::size_t>, Problem> pipeline_in_path(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  for (std::size_t i = 0; i < (*type)->pipelines.size(); ++i)
    if ((*type)->pipelines[i].id == context.args[1]) return std::pair(&(*type)->pipelines[i], i);
  return refuse(404, "Pipeline " + context.args[1] + " does not exist", "OBJECT_NOT_FOUND");
}

}  // namespace

Outcome list_groups(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  Json results = Json::array();
  for (const PropertyGroup& group : (*type)->groups)
    if (!group.archived) results.push(group_json(group));
  return json_answer(200, Json::object({{"results", std::move(results)}}));
}

Outcome read_group(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto group = named(**type, context.args[1]);
  if (!group) return std::unexpected(group.error());
  return json_answer(200, group_json(**group));
}

Outcome create_group(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  std::string name = context.body["name"].text_or(""), label = context.body["label"].text_or("");
  if (name.empty() || label.empty()) return refuse(400, "A property group needs name and label");
  if (named(**type, name))
    return refuse(409, "A property group named '" + name + "' already exists.", "OBJECT_ALREADY_EXISTS");
  int order = static_cast<int>(context.body["displayOrder"].integer().value_or(-1));
  (*type)->groups.push_back({name, label, order, false});
  return json_answer(201, group_json((*type)->groups.back()));
}

Outcome update_group(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto group = named(**type, context.args[1]);
  if (!group) return std::unexpected(group.error());
  (*group)->label = context.body["label"].text_or((*group)->label);
  (*group)->display_order =
      static_cast<int>(context.body["displayOrder"].integer().value_or((*group)->display_order));
  return json_answer(200, group_json(**group));
}

Outcome archive_group(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto group = named(**type, context.args[1]);
  if (!group) return std::unexpected(group.error());
  for (const Property& property : (*type)->properties)
    if (property.group == (*group)->name && !property.archived)
      return refuse(400, "The property group " + (*group)->name + " still has properties");
  (*group)->archived = true;
  return empty_answer();
}

Outcome list_pipelines(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  Json results = Json::array();
  for (std::size_t i = 0; i < (*type)->pipelines.size(); ++i)
    results.push(pipeline_json((*type)->pipelines[i], i));
  return json_answer(200, Json::object({{"results", std::move(results)}}));
}

Outcome read_pipeline(const Context& context) {
  auto found = pipeline_in_path(context);
  if (!found) return std::unexpected(found.error());
  return json_answer(200, pipeline_json(*found->first, found->second));
}

Outcome list_stages(const Context& context) {
  auto found = pipeline_in_path(context);
  if (!found) return std::unexpected(found.error());
  return json_answer(200, Json::object({{"results", stages_json(*found->first)}}));
}

Outcome read_stage(const Context& context) {
  auto found = pipeline_in_path(context);
  if (!found) return std::unexpected(found.error());
  const Pipeline& pipeline = *found->first;
  for (std::size_t i = 0; i < pipeline.stages.size(); ++i)
    if (pipeline.stages[i].id == context.args[2])
      return json_answer(200, stage_json(pipeline, pipeline.stages[i], i));
  return refuse(404, "Stage " + context.args[2] + " does not exist", "OBJECT_NOT_FOUND");
}

}  // namespace hubward::sandbox
