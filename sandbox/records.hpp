// SPDX-License-Identifier: Apache-2.0
// CRM records: the calls on one record, and the steps that batch calls and search share (hubspot.md sections
// 10.2, 10.3). Pure over the World.
#pragma once

#include <expected>
#include <vector>

#include "sandbox/context.hpp"
#include "sandbox/links.hpp"
#include "sandbox/property_values.hpp"

namespace hubward::sandbox {

// Which properties an answer shows.
struct View {
  std::vector<std::string> properties;  // none: the type's default ones
  std::vector<std::string> with_history;
  std::vector<std::string> associations;
};
View asked_view(const Form& query);
std::string id_text(const Json& json);  // ids come as text or as numbers
Json record_json(const Context& context, const ObjectType& type, const Record& record, const View& view);
// As a write answers: what is set, and the system's own properties.
Json written_json(const ObjectType& type, const Record& record);

// `id_property` empty or "hs_object_id": by record id.
std::expected<Record*, Problem> find_record(ObjectType& type, std::string_view id,
                                            std::string_view id_property);

struct Creation {
  Changes values;
  std::vector<std::pair<End, LinkType>> links;
};
// Checks without any effect, so that a batch can be all or nothing.
std::expected<Creation, Problem> checked_creation(const Context& context, ObjectType& type,
                                                  const Json& input);
Record& create(const Context& context, ObjectType& type, const Creation& creation);
std::expected<Changes, Problem> checked_update(const Context& context, ObjectType& type, const Record& record,
                                               const Json& properties);
void update(const Context& context, ObjectType& type, Record& record, const Changes& changes);
void archive(const Context& context, ObjectType& type, Record& record);

Outcome list_records(const Context& context);
Outcome read_record(const Context& context);
Outcome create_record(const Context& context);
Outcome update_record(const Context& context);
Outcome archive_record(const Context& context);
Outcome merge_records(const Context& context);
Outcome erase_record(const Context& context);  // gdpr-delete

}  // namespace hubward::sandbox
