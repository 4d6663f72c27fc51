// SPDX-License-Identifier: Apache-2.0
// The calls on one record and the list (hubspot.md section 10.3).
#include <fmt/core.h>

#include "sandbox/records.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::uint64_t default_page = 10;
constexpr std::uint64_t largest_page = 100;
constexpr std::uint64_t largest_page_with_history = 50;

std::expected<std::uint64_t, Problem> page_size(const Context& context, std::uint64_t largest) {
  auto text = context.query.find("limit");
  if (!text) return default_page;
  auto number = to_number(*text);
  if (!number || *number == 0 || *number > largest)
    return refuse(400, fmt::format("limit must be between 1 and {}", largest));
  return *number;
}

}  // namespace

Outcome list_records(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  View view = asked_view(context.query);
  auto limit = page_size(context, view.with_history.empty() ? largest_page : largest_page_with_history);
  if (!limit) return std::unexpected(limit.error());
  std::uint64_t after = 0;
  if (auto text = context.query.find("after"); text && !text->empty()) {
    auto number = to_number(*text);
    if (!number) return refuse(400, "The paging cursor is not valid: " + *text);
    after = *number;
  }
  bool archived = context.query.first("archived") == "true";
  Json results = Json::array();
  std::uint64_t last = 0;
  bool more = false;
  for (auto at = (*type)->records.upper_bound(after); at != (*type)->records.end(); ++at) {
    if (at->second.archived.has_value() != archived) continue;
    if (results.items().size() == *limit) {
      more = true;
      break;
    }
    results.push(record_json(context, **type, at->second, view));
    last = at->first;
  }
  Json body = Json::object({{"results", std::move(results)}});
  if (more) {
    // HubSpot's links are whole addresses in the other order of the path (hubspot.md section 10.3).
    std::string link =
        fmt::format("{}/crm/objects/{}/{}?limit={}&after={}", context.world.settings.public_base,
                    context.version, percent_encoded(context.args[0]), *limit, last);
    for (const std::string& name : view.properties) link += "&properties=" + percent_encoded(name);
    if (archived) link += "&archived=true";
    body.set("paging",
             Json::object({{"next", Json::object({{"after", std::to_string(last)}, {"link", link}})}}));
  }
  return json_answer(200, body);
}

Outcome read_record(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  View view = asked_view(context.query);
  if (context.query.first("archived") == "true") {
    auto number = to_number(context.args[1]);
    auto found = number ? (*type)->records.find(*number) : (*type)->records.end();
    if (found == (*type)->records.end() || !found->second.archived)
      return std::unexpected(unknown_record(context.args[1]));
    return json_answer(200, record_json(context, **type, found->second, view));
  }
  auto record = find_record(**type, context.args[1], context.query.first("idProperty"));
  if (!record) return std::unexpected(record.error());
  return json_answer(200, record_json(context, **type, **record, view));
}

Outcome create_record(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto creation = checked_creation(context, **type, context.body);
  if (!creation) return std::unexpected(creation.error());
  return json_answer(201, written_json(**type, create(context, **type, *creation)));
}

Outcome update_record(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto record = find_record(**type, context.args[1], context.query.first("idProperty"));
  if (!record) return std::unexpected(record.error());
  auto changes = checked_update(context, **type, **record, context.body["properties"]);
  if (!changes) return std::unexpected(changes.error());
  update(context, **type, **record, *changes);
  return json_answer(200, written_json(**type, **record));
}

Outcome archive_record(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto record = find_record(**type, context.args[1], context.query.first("idProperty"));
  if (record) archive(context, **type, **record);
  return empty_answer();  // also for what is gone already
}

Outcome merge_records(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  std::string keep_id = id_text(context.body["primaryObjectId"]);
  std::string gone_id = id_text(context.body["objectIdToMerge"]);
  auto keep = find_record(**type, keep_id, "");
  if (!keep) return std::unexpected(keep.error());
  auto gone = find_record(**type, gone_id, "");
  if (!gone) return std::unexpected(gone.error());
  if (*keep == *gone) return refuse(400, "Cannot merge an object with itself");
  std::uint64_t gone_number = (*gone)->id;
  Changes missing;
  for (const auto& [name, value] : (*gone)->values)
    if (!(*keep)->values.contains(name)) missing[name] = value;
  (*type)->unindex(**gone);
  move_links(context.crm(), {(*type)->id, gone_number}, {(*type)->id, (*keep)->id});
  (*type)->records.erase(gone_number);
  (*type)->merged[gone_number] = (*keep)->id;
  std::string kind = fmt::format("{}.merge", kind_family((*type)->name));
  context.world.happened({.kind = kind,
                          .account = context.account.hub_id,
                          .object = (*keep)->id,
                          .object_type = (*type)->id,
                          .other = gone_number});
  update(context, **type, **keep, missing);
  return json_answer(200, written_json(**type, **keep));
}

Outcome erase_record(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto record =
      find_record(**type, id_text(context.body["objectId"]), context.body["idProperty"].text_or(""));
  if (!record) return empty_answer();
  archive(context, **type, **record);
  (*type)->records.erase(std::uint64_t{(*record)->id});
  return empty_answer();
}

}  // namespace hubward::sandbox
