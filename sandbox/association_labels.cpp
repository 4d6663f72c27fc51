// SPDX-License-Identifier: Apache-2.0
// The kinds of associations between two types, and an account's own labels.
#include <algorithm>

#include "sandbox/associations.hpp"
#include "sandbox/links.hpp"

namespace hubward::sandbox {
namespace {

std::expected<std::pair<std::string, std::string>, Problem> pair_of(const Context& context) {
  auto from = context.type(context.args[0]);
  if (!from) return std::unexpected(from.error());
  auto to = context.type(context.args[1]);
  if (!to) return std::unexpected(to.error());
  return std::pair((*from)->id, (*to)->id);
}

Json kind_json(const LinkType& kind) {
  return Json::object({{"category", kind.category},
                       {"typeId", kind.type_id},
                       {"label", kind.label.empty() ? Json() : Json(kind.label)}});
}

}  // namespace

Outcome list_labels(const Context& context) {
  auto pair = pair_of(context);
  if (!pair) return std::unexpected(pair.error());
  Json results = Json::array();
  plain_link_type(context.crm(), pair->first, pair->second);
  for (const LinkType& kind : context.crm().link_types)
    if (kind.from_type == pair->first && kind.to_type == pair->second) results.push(kind_json(kind));
  return json_answer(200, Json::object({{"results", std::move(results)}}));
}

Outcome create_label(const Context& context) {
  auto pair = pair_of(context);
  if (!pair) return std::unexpected(pair.error());
  std::string label = context.body["label"].text_or(""), name = context.body["name"].text_or("");
  if (label.empty() || name.empty()) return refuse(400, "A label needs label and name");
  Crm& crm = context.crm();
  for (const LinkType& kind : crm.link_types)
    if (kind.from_type == pair->first && kind.to_type == pair->second && kind.name == name)
      return refuse(400, "An association label with the name " + name + " exists already");
  std::string inverse = context.body["inverseLabel"].text_or(label);
  LinkType there{pair->first, pair->second, "USER_DEFINED", label, name, crm.next_link_type++, 0, false};
  LinkType back{pair->second, pair->first,   "USER_DEFINED", inverse,
                name,         there.type_id, there.type_id,  false};
  bool one = pair->first == pair->second && inverse == label;
  if (!one) back.type_id = crm.next_link_type++;
  there.inverse_id = back.type_id;
  crm.link_types.push_back(there);
  Json results = Json::array({kind_json(there)});
  if (!one) {
    crm.link_types.push_back(back);
    results.push(kind_json(back));
  }
  return json_answer(200, Json::object({{"results", std::move(results)}}));
}

Outcome update_label(const Context& context) {
  auto pair = pair_of(context);
  if (!pair) return std::unexpected(pair.error());
  auto type_id = context.body["associationTypeId"].integer();
  for (LinkType& kind : context.crm().link_types) {
    bool meant = kind.from_type == pair->first && kind.to_type == pair->second && kind.type_id == type_id;
    if (!meant || kind.category != "USER_DEFINED") continue;
    kind.label = context.body["label"].text_or(kind.label);
    return empty_answer();
  }
  return refuse(404, "No such association label", "OBJECT_NOT_FOUND");
}

Outcome delete_label(const Context& context) {
  auto pair = pair_of(context);
  if (!pair) return std::unexpected(pair.error());
  auto type_id = to_number(context.args[2]);
  Crm& crm = context.crm();
  auto found = std::ranges::find_if(crm.link_types, [&](const LinkType& kind) {
    return kind.from_type == pair->first && kind.to_type == pair->second && kind.category == "USER_DEFINED" &&
           type_id && kind.type_id == static_cast<int>(*type_id);
  });
  if (found == crm.link_types.end()) return refuse(404, "No such association label", "OBJECT_NOT_FOUND");
  int there = found->type_id, back = found->inverse_id;
  auto dead = [&](const std::string& category, int id) {
    return category == "USER_DEFINED" && (id == there || id == back);
  };
  std::erase_if(crm.link_types, [&](const LinkType& kind) { return dead(kind.category, kind.type_id); });
  for (auto& [key, links] : crm.links)
    std::erase_if(links, [&](const Link& link) { return dead(link.category, link.type_id); });
  return empty_answer();
}

}  // namespace hubward::sandbox
