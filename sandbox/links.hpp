// SPDX-License-Identifier: Apache-2.0
// Associations as data: which kinds there are between two types, and adding, listing and removing them,
// always in both directions (hubspot.md section 10.5). Pure over one account's Crm.
#pragma once

#include <expected>
#include <vector>

#include "sandbox/problem.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {

struct End {
  std::string type;  // "0-1"
  std::uint64_t id = 0;
  std::string key() const { return type + "/" + std::to_string(id); }
};

// The kind an association has when nobody says which; made when two types have none yet.
LinkType plain_link_type(Crm& crm, const std::string& from_type, const std::string& to_type);
const LinkType* find_link_type(const Crm& crm, const std::string& from_type, const std::string& to_type,
                               std::string_view category, std::int64_t type_id);
// `specs`: [{associationCategory, associationTypeId}]; none means the plain one.
std::expected<std::vector<LinkType>, Problem> asked_link_types(Crm& crm, const std::string& from_type,
                                                               const std::string& to_type, const Json& specs);
void add_link(Crm& crm, const End& from, const End& to, const LinkType& kind);
void remove_link(Crm& crm, const End& from, const End& to, const LinkType& kind);
void remove_links(Crm& crm, const End& from, const End& to);
void remove_all_links(Crm& crm, const End& of);
// Moves what `from` is associated with over to `to`, for a merge.
void move_links(Crm& crm, const End& from, const End& to);
// To one type, in order of the other id.
std::vector<Link> links_to(const Crm& crm, const End& from, const std::string& to_type);
std::string label_of_link(const Crm& crm, const std::string& from_type, const Link& link);

}  // namespace hubward::sandbox
