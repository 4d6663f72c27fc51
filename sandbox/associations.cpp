// SPDX-License-Identifier: Apache-2.0
#include "sandbox/associations.hpp"

#include <fmt/core.h>

#include <map>

#include "sandbox/batch.hpp"
#include "sandbox/records.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::uint64_t largest_page = 500;
constexpr std::size_t most_read = 1000, most_created = 2000, most_archived = 100;

struct Ends {
  ObjectType* from_type = nullptr;
  ObjectType* to_type = nullptr;
  End from, to;
};

std::expected<Ends, Problem> types_of(const Context& context, std::size_t from, std::size_t to) {
  auto from_type = context.type(context.args[from]);
  if (!from_type) return std::unexpected(from_type.error());
  auto to_type = context.type(context.args[to]);
  if (!to_type) return std::unexpected(to_type.error());
  return Ends{*from_type, *to_type, {}, {}};
}

std::expected<void, Problem> resolve(Ends& ends, std::string_view from_id, std::string_view to_id) {
  auto from = find_record(*ends.from_type, from_id, "");
  if (!from) return std::unexpected(from.error());
  auto to = find_record(*ends.to_type, to_id, "");
  if (!to) {
    Problem problem{404, fmt::format("No {} with the id {} exists", ends.to_type->name, to_id),
                    "OBJECT_NOT_FOUND"};
    problem.sub_category = "crm.associations.TO_OBJECT_NOT_FOUND";
    problem.context = Json::object({{"id", Json::array({Json(to_id)})}});
    return std::unexpected(std::move(problem));
  }
  ends.from = {ends.from_type->id, (*from)->id};
  ends.to = {ends.to_type->id, (*to)->id};
  return {};
}

std::expected<Ends, Problem> ends_in_path(const Context& context) {
  auto ends = types_of(context, 0, 2);
  if (!ends) return ends;
  if (auto found = resolve(*ends, context.args[1], context.args[3]); !found)
    return std::unexpected(found.error());
  return ends;
}

Json id_json(const Context& context, std::uint64_t id) {
  return context.dated() ? Json(std::to_string(id)) : Json(id);
}

Json pair_json(const Context& context, const Ends& ends, const std::vector<LinkType>& kinds) {
  Json labels = Json::array();
  for (const LinkType& kind : kinds)
    if (!kind.label.empty()) labels.push(kind.label);
  return Json::object({{"fromObjectTypeId", ends.from.type},
                       {"fromObjectId", id_json(context, ends.from.id)},
                       {"toObjectTypeId", ends.to.type},
                       {"toObjectId", id_json(context, ends.to.id)},
                       {"labels", std::move(labels)}});
}

Json default_json(const Ends& ends, const LinkType& kind, bool reverse) {
  auto end = [](const End& which) { return Json::object({{"id", std::to_string(which.id)}}); };
  return Json::object(
      {{"from", end(reverse ? ends.to : ends.from)},
       {"to", end(reverse ? ends.from : ends.to)},
       {"associationSpec", Json::object({{"associationCategory", kind.category},
                                         {"associationTypeId", reverse ? kind.inverse_id : kind.type_id}})}});
}

Json kinds_json(const Crm& crm, const std::string& from_type, const std::vector<Link>& links) {
  Json kinds = Json::array();
  for (const Link& link : links) {
    std::string label = label_of_link(crm, from_type, link);
    kinds.push(Json::object({{"category", link.category},
                             {"typeId", link.type_id},
                             {"label", label.empty() ? Json() : Json(label)}}));
  }
  return kinds;
}

// Each associated record once, with all its kinds, in order of id.
Json neighbours_json(const Context& context, const End& from, const std::string& to_type, std::uint64_t after,
                     std::uint64_t limit, std::uint64_t& next) {
  std::map<std::uint64_t, std::vector<Link>> by_id;
  for (const Link& link : links_to(context.crm(), from, to_type)) by_id[link.to_id].push_back(link);
  Json results = Json::array();
  std::uint64_t last = 0;
  next = 0;
  for (auto at = by_id.upper_bound(after); at != by_id.end(); ++at) {
    if (results.items().size() == limit) {
      next = last;
      break;
    }
    last = at->first;
    results.push(Json::object({{"toObjectId", id_json(context, at->first)},
                               {"associationTypes", kinds_json(context.crm(), from.type, at->second)}}));
  }
  return results;
}

// The dated forms answer an archived batch with an envelope, v4 with nothing.
Answer emptied(const Context& context) {
  if (!context.dated()) return empty_answer();
  return batch_answer(context, 200, Json::array(), Json::array());
}

}  // namespace

Outcome put_association(const Context& context) {
  auto ends = ends_in_path(context);
  if (!ends) return std::unexpected(ends.error());
  if (context.body.items().empty()) return refuse(400, "The list of association types is empty");
  auto kinds = asked_link_types(context.crm(), ends->from.type, ends->to.type, context.body);
  if (!kinds) return std::unexpected(kinds.error());
  for (const LinkType& kind : *kinds) add_link(context.crm(), ends->from, ends->to, kind);
  return json_answer(201, pair_json(context, *ends, *kinds));
}

Outcome put_default_association(const Context& context) {
  auto ends = ends_in_path(context);
  if (!ends) return std::unexpected(ends.error());
  LinkType kind = plain_link_type(context.crm(), ends->from.type, ends->to.type);
  add_link(context.crm(), ends->from, ends->to, kind);
  Json results = Json::array({default_json(*ends, kind, false), default_json(*ends, kind, true)});
  return batch_answer(context, 200, std::move(results), Json::array());
}

Outcome list_associations(const Context& context) {
  auto types = types_of(context, 0, 2);
  if (!types) return std::unexpected(types.error());
  auto record = find_record(*types->from_type, context.args[1], "");
  if (!record) return std::unexpected(record.error());
  std::uint64_t limit = to_number(context.query.find("limit").value_or("500")).value_or(0);
  if (limit == 0 || limit > largest_page)
    return refuse(400, fmt::format("limit must be between 1 and {}", largest_page));
  std::uint64_t after = to_number(context.query.first("after")).value_or(0), next = 0;
  End from{types->from_type->id, (*record)->id};
  Json body =
      Json::object({{"results", neighbours_json(context, from, types->to_type->id, after, limit, next)}});
  if (next != 0) {
    std::string link =
        fmt::format("{}{}?limit={}&after={}", context.world.settings.public_base, context.path, limit, next);
    body.set("paging",
             Json::object({{"next", Json::object({{"after", std::to_string(next)}, {"link", link}})}}));
  }
  return json_answer(200, body);
}

Outcome delete_association(const Context& context) {
  auto ends = ends_in_path(context);
  if (ends) {
    remove_links(context.crm(), ends->from, ends->to);
  } else if (ends.error().status != 404) {
    return std::unexpected(ends.error());
  }
  return empty_answer();
}

Outcome batch_read_associations(const Context& context) {
  auto types = types_of(context, 0, 1);
  if (!types) return std::unexpected(types.error());
  auto inputs = batch_inputs(context, most_read);
  if (!inputs) return std::unexpected(inputs.error());
  Json results = Json::array(), errors = Json::array();
  for (const Json& input : **inputs) {
    std::string id = id_text(input["id"]);
    auto record = find_record(*types->from_type, id, "");
    std::uint64_t next = 0;
    Json to = Json::array();
    if (record) {
      to = neighbours_json(context, {types->from_type->id, (*record)->id}, types->to_type->id,
                           to_number(id_text(input["after"])).value_or(0), largest_page, next);
    }
    if (to.items().empty()) {
      Problem problem{
          207,
          fmt::format("No {} is associated with {} {}.", types->to_type->name, types->from_type->name, id),
          "OBJECT_NOT_FOUND"};
      problem.context = Json::object({{"fromObjectId", Json::array({Json(id)})}});
      Json error = batch_error(problem);
      error.set("subCategory", "crm.associations.NO_ASSOCIATIONS_FOUND");
      errors.push(std::move(error));
      continue;
    }
    Json result = Json::object({{"from", Json::object({{"id", id}})}, {"to", std::move(to)}});
    if (next != 0)
      result.set("paging", Json::object({{"next", Json::object({{"after", std::to_string(next)}})}}));
    results.push(std::move(result));
  }
  return batch_answer(context, 200, std::move(results), std::move(errors));
}

Outcome batch_create_associations(const Context& context) {
  auto types = types_of(context, 0, 1);
  if (!types) return std::unexpected(types.error());
  auto inputs = batch_inputs(context, most_created);
  if (!inputs) return std::unexpected(inputs.error());
  Json results = Json::array(), errors = Json::array();
  for (const Json& input : **inputs) {
    Ends ends = *types;
    auto found = resolve(ends, id_text(input["from"]["id"]), id_text(input["to"]["id"]));
    if (!found) {
      errors.push(batch_error(found.error()));
      continue;
    }
    auto kinds = asked_link_types(context.crm(), ends.from.type, ends.to.type, input["types"]);
    if (!kinds) return std::unexpected(kinds.error());
    for (const LinkType& kind : *kinds) add_link(context.crm(), ends.from, ends.to, kind);
    results.push(pair_json(context, ends, *kinds));
  }
  return batch_answer(context, 201, std::move(results), std::move(errors));
}

Outcome batch_default_associations(const Context& context) {
  auto types = types_of(context, 0, 1);
  if (!types) return std::unexpected(types.error());
  auto inputs = batch_inputs(context, most_created);
  if (!inputs) return std::unexpected(inputs.error());
  Json results = Json::array(), errors = Json::array();
  for (const Json& input : **inputs) {
    Ends ends = *types;
    auto found = resolve(ends, id_text(input["from"]["id"]), id_text(input["to"]["id"]));
    if (!found) {
      errors.push(batch_error(found.error()));
      continue;
    }
    LinkType kind = plain_link_type(context.crm(), ends.from.type, ends.to.type);
    add_link(context.crm(), ends.from, ends.to, kind);
    results.push(default_json(ends, kind, false));
  }
  return batch_answer(context, 200, std::move(results), std::move(errors));
}

Outcome batch_archive_associations(const Context& context) {
  auto types = types_of(context, 0, 1);
  if (!types) return std::unexpected(types.error());
  auto inputs = batch_inputs(context, most_archived);
  if (!inputs) return std::unexpected(inputs.error());
  for (const Json& input : **inputs)
    for (const Json& to : input["to"].items()) {
      Ends ends = *types;
      if (resolve(ends, id_text(input["from"]["id"]), id_text(to["id"])))
        remove_links(context.crm(), ends.from, ends.to);
    }
  return emptied(context);
}

Outcome batch_archive_labels(const Context& context) {
  auto types = types_of(context, 0, 1);
  if (!types) return std::unexpected(types.error());
  auto inputs = batch_inputs(context, most_archived);
  if (!inputs) return std::unexpected(inputs.error());
  for (const Json& input : **inputs) {
    Ends ends = *types;
    if (!resolve(ends, id_text(input["from"]["id"]), id_text(input["to"]["id"]))) continue;
    auto kinds = asked_link_types(context.crm(), ends.from.type, ends.to.type, input["types"]);
    if (!kinds) return std::unexpected(kinds.error());
    for (const LinkType& kind : *kinds) remove_link(context.crm(), ends.from, ends.to, kind);
  }
  return emptied(context);
}

}  // namespace hubward::sandbox
