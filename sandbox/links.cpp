// SPDX-License-Identifier: Apache-2.0
#include "sandbox/links.hpp"

#include <fmt/core.h>

namespace hubward::sandbox {

const LinkType* find_link_type(const Crm& crm, const std::string& from_type, const std::string& to_type,
                               std::string_view category, std::int64_t type_id) {
  for (const LinkType& kind : crm.link_types)
    if (kind.from_type == from_type && kind.to_type == to_type && kind.type_id == type_id &&
        kind.category == category)
      return &kind;
  return nullptr;
}

LinkType plain_link_type(Crm& crm, const std::string& from_type, const std::string& to_type) {
  for (const LinkType& kind : crm.link_types)
    if (kind.from_type == from_type && kind.to_type == to_type && kind.plain) return kind;
  int there = crm.next_link_type++;
  int back = from_type == to_type ? there : crm.next_link_type++;
  auto name = [&](const std::string& a, const std::string& b) {
    return crm.types[a].name + "_to_" + crm.types[b].name;
  };
  LinkType kind{from_type, to_type, "HUBSPOT_DEFINED", "", name(from_type, to_type), there, back, true};
  crm.link_types.push_back(kind);
  if (from_type != to_type)
    crm.link_types.push_back(
        {to_type, from_type, "HUBSPOT_DEFINED", "", name(to_type, from_type), back, there, true});
  return kind;
}

std::expected<std::vector<LinkType>, Problem> asked_link_types(Crm& crm, const std::string& from_type,
                                                               const std::string& to_type,
                                                               const Json& specs) {
  std::vector<LinkType> kinds;
  for (const Json& spec : specs.items()) {
    std::string category = spec["associationCategory"].text_or("HUBSPOT_DEFINED");
    std::int64_t type_id = spec["associationTypeId"].integer().value_or(-1);
    const LinkType* kind = find_link_type(crm, from_type, to_type, category, type_id);
    if (kind == nullptr) {
      Problem problem{400,
                      fmt::format("Invalid association type: {} of {} does not exist between {} and {}",
                                  type_id, category, from_type, to_type),
                      "VALIDATION_ERROR"};
      problem.sub_category = "crm.associations.INVALID_ASSOCIATION_TYPE";
      return std::unexpected(std::move(problem));
    }
    kinds.push_back(*kind);
  }
  // A labelled association brings the plain one along, as in HubSpot's interface.
  if (kinds.empty()) kinds.push_back(plain_link_type(crm, from_type, to_type));
  return kinds;
}

void add_link(Crm& crm, const End& from, const End& to, const LinkType& kind) {
  LinkType plain = plain_link_type(crm, from.type, to.type);
  for (const LinkType& each_kind : {kind, plain}) {
    crm.links[from.key()].insert({to.type, to.id, each_kind.category, each_kind.type_id});
    crm.links[to.key()].insert({from.type, from.id, each_kind.category, each_kind.inverse_id});
  }
}

void remove_link(Crm& crm, const End& from, const End& to, const LinkType& kind) {
  crm.links[from.key()].erase({to.type, to.id, kind.category, kind.type_id});
  crm.links[to.key()].erase({from.type, from.id, kind.category, kind.inverse_id});
}

void remove_links(Crm& crm, const End& from, const End& to) {
  auto points_at = [](const Link& link, const End& end) {
    return link.to_type == end.type && link.to_id == end.id;
  };
  std::erase_if(crm.links[from.key()], [&](const Link& link) { return points_at(link, to); });
  std::erase_if(crm.links[to.key()], [&](const Link& link) { return points_at(link, from); });
}

void remove_all_links(Crm& crm, const End& of) {
  auto found = crm.links.find(of.key());
  if (found == crm.links.end()) return;
  std::set<Link> links = found->second;
  for (const Link& link : links) remove_links(crm, of, {link.to_type, link.to_id});
  crm.links.erase(of.key());
}

void move_links(Crm& crm, const End& from, const End& to) {
  std::set<Link> links = crm.links[from.key()];
  remove_all_links(crm, from);
  for (const Link& link : links) {
    const LinkType* kind = find_link_type(crm, from.type, link.to_type, link.category, link.type_id);
    bool itself = link.to_type == to.type && link.to_id == to.id;
    if (kind != nullptr && !itself) add_link(crm, to, {link.to_type, link.to_id}, LinkType(*kind));
  }
}

std::vector<Link> links_to(const Crm& crm, const End& from, const std::string& to_type) {
  std::vector<Link> links;
  if (auto found = crm.links.find(from.key()); found != crm.links.end())
    for (const Link& link : found->second)
      if (link.to_type == to_type) links.push_back(link);
  return links;
}

std::string label_of_link(const Crm& crm, const std::string& from_type, const Link& link) {
  const LinkType* kind = find_link_type(crm, from_type, link.to_type, link.category, link.type_id);
  return kind == nullptr ? "" : kind->label;
}

}  // namespace hubward::sandbox
