// SPDX-License-Identifier: Apache-2.0
#include "sandbox/operations.hpp"

#include "sandbox/account_calls.hpp"
#include "sandbox/associations.hpp"
#include "sandbox/batch.hpp"
#include "sandbox/properties.hpp"
#include "sandbox/records.hpp"
#include "sandbox/search.hpp"

namespace hubward::sandbox {
namespace {

using enum Right;
using enum Versions;
using Holes = std::vector<std::size_t>;

const Operation table[] = {
    {"GET", "crm/objects", "{}", V3AndDated, list_records, ReadRecords, Holes{0}},
    {"POST", "crm/objects", "{}", V3AndDated, create_record, WriteRecords, Holes{0}, Body::Object},
    {"POST", "crm/objects", "{}/search", V3AndDated, search_records, ReadRecords, Holes{0}, Body::Object,
     Pace::Search},
    {"POST", "crm/objects", "{}/merge", V3AndDated, merge_records, WriteRecords, Holes{0}, Body::Object},
    {"POST", "crm/objects", "{}/gdpr-delete", V3AndDated, erase_record, WriteRecords, Holes{0}, Body::Object},
    {"POST", "crm/objects", "{}/batch/read", V3AndDated, batch_read, ReadRecords, Holes{0}, Body::Object},
    {"POST", "crm/objects", "{}/batch/create", V3AndDated, batch_create, WriteRecords, Holes{0},
     Body::Object},
    {"POST", "crm/objects", "{}/batch/update", V3AndDated, batch_update, WriteRecords, Holes{0},
     Body::Object},
    {"POST", "crm/objects", "{}/batch/upsert", V3AndDated, batch_upsert, WriteRecords, Holes{0},
     Body::Object},
    {"POST", "crm/objects", "{}/batch/archive", V3AndDated, batch_archive, WriteRecords, Holes{0},
     Body::Object},
    {"GET", "crm/objects", "{}/{}", V3AndDated, read_record, ReadRecords, Holes{0}},
    {"PATCH", "crm/objects", "{}/{}", V3AndDated, update_record, WriteRecords, Holes{0}, Body::Object},
    {"DELETE", "crm/objects", "{}/{}", V3AndDated, archive_record, WriteRecords, Holes{0}},

    {"PUT", "crm/objects", "{}/{}/associations/default/{}/{}", V4AndDated, put_default_association, WriteBoth,
     Holes{0, 2}},
    {"PUT", "crm/objects", "{}/{}/associations/{}/{}", V4AndDated, put_association, WriteBoth, Holes{0, 2},
     Body::Array},
    {"DELETE", "crm/objects", "{}/{}/associations/{}/{}", V4AndDated, delete_association, WriteBoth,
     Holes{0, 2}},
    {"GET", "crm/objects", "{}/{}/associations/{}", V4AndDated, list_associations, ReadBoth, Holes{0, 2}},
    {"POST", "crm/associations", "{}/{}/batch/read", V4AndDated, batch_read_associations, ReadBoth,
     Holes{0, 1}, Body::Object},
    {"POST", "crm/associations", "{}/{}/batch/create", V4AndDated, batch_create_associations, WriteBoth,
     Holes{0, 1}, Body::Object},
    {"POST", "crm/associations", "{}/{}/batch/associate/default", V4AndDated, batch_default_associations,
     WriteBoth, Holes{0, 1}, Body::Object},
    {"POST", "crm/associations", "{}/{}/batch/archive", V4AndDated, batch_archive_associations, WriteBoth,
     Holes{0, 1}, Body::Object},
    {"POST", "crm/associations", "{}/{}/batch/labels/archive", V4AndDated, batch_archive_labels, WriteBoth,
     Holes{0, 1}, Body::Object},
    {"GET", "crm/associations", "{}/{}/labels", V4AndDated, list_labels, ReadBoth, Holes{0, 1}},
    {"POST", "crm/associations", "{}/{}/labels", V4AndDated, create_label, WriteBoth, Holes{0, 1},
     Body::Object},
    {"PUT", "crm/associations", "{}/{}/labels", V4AndDated, update_label, WriteBoth, Holes{0, 1},
     Body::Object},
    {"DELETE", "crm/associations", "{}/{}/labels/{}", V4AndDated, delete_label, WriteBoth, Holes{0, 1}},

    {"GET", "crm/properties", "{}", V3AndDated, list_properties, ReadSchema, Holes{0}},
    {"POST", "crm/properties", "{}", V3AndDated, create_property, WriteSchema, Holes{0}, Body::Object},
    {"POST", "crm/properties", "{}/batch/read", V3AndDated, batch_read_properties, ReadSchema, Holes{0},
     Body::Object},
    {"POST", "crm/properties", "{}/batch/create", V3AndDated, batch_create_properties, WriteSchema, Holes{0},
     Body::Object},
    {"POST", "crm/properties", "{}/batch/archive", V3AndDated, batch_archive_properties, WriteSchema,
     Holes{0}, Body::Object},
    {"GET", "crm/properties", "{}/groups", V3AndDated, list_groups, ReadSchema, Holes{0}},
    {"POST", "crm/properties", "{}/groups", V3AndDated, create_group, WriteSchema, Holes{0}, Body::Object},
    {"GET", "crm/properties", "{}/groups/{}", V3AndDated, read_group, ReadSchema, Holes{0}},
    {"PATCH", "crm/properties", "{}/groups/{}", V3AndDated, update_group, WriteSchema, Holes{0},
     Body::Object},
    {"DELETE", "crm/properties", "{}/groups/{}", V3AndDated, archive_group, WriteSchema, Holes{0}},
    {"GET", "crm/properties", "{}/{}", V3AndDated, read_property, ReadSchema, Holes{0}},
    {"PATCH", "crm/properties", "{}/{}", V3AndDated, update_property, WriteSchema, Holes{0}, Body::Object},
    {"DELETE", "crm/properties", "{}/{}", V3AndDated, archive_property, WriteSchema, Holes{0}},

    {"GET", "crm/pipelines", "{}", V3AndDated, list_pipelines, ReadSchema, Holes{0}},
    {"GET", "crm/pipelines", "{}/{}", V3AndDated, read_pipeline, ReadSchema, Holes{0}},
    {"GET", "crm/pipelines", "{}/{}/stages", V3AndDated, list_stages, ReadSchema, Holes{0}},
    {"GET", "crm/pipelines", "{}/{}/stages/{}", V3AndDated, read_stage, ReadSchema, Holes{0}},

    {"GET", "crm/owners", "", V3AndDated, list_owners, ReadOwners, Holes{}},
    {"GET", "crm/owners", "{}", V3AndDated, read_owner, ReadOwners, Holes{}},
    {"GET", "crm-object-schemas", "schemas", V3AndDated, list_schemas, ReadCustomSchemas, Holes{}},
    {"POST", "crm-object-schemas", "schemas", V3AndDated, create_schema, WriteCustomSchemas, Holes{},
     Body::Object},
    {"GET", "crm-object-schemas", "schemas/{}", V3AndDated, read_schema, ReadCustomSchemas, Holes{}},
    {"DELETE", "crm-object-schemas", "schemas/{}", V3AndDated, delete_schema, WriteCustomSchemas, Holes{}},

    {"GET", "account-info", "details", V3AndDated, account_details, AnyToken, Holes{}},
    {"GET", "account-info", "api-usage/daily/private-apps", V3AndDated, daily_usage, AnyToken, Holes{}},
    {"GET", "account-info", "api-usage/daily", V3, daily_usage, AnyToken, Holes{}},
    {"DELETE", "appinstalls", "external-install", V3AndDated, uninstall, AnyToken, Holes{}},
};

bool is_version(std::string_view text) {
  return text == "v3" || text == "v4" || text == "2025-09" || text == "2026-03" || text == "2026-09";
}

bool serves(Versions versions, std::string_view version) {
  bool v3 = version == "v3", v4 = version == "v4", dated = !v3 && !v4;
  switch (versions) {
    case V3: return v3;
    case V4: return v4;
    case Dated: return dated;
    case V3AndDated: return v3 || dated;
    case V4AndDated: return v4 || dated;
  }
  return false;
}

std::optional<std::vector<std::string>> filled(std::string_view pattern,
                                               const std::vector<std::string>& rest) {
  std::vector<std::string> args;
  if (pattern.empty()) return rest.empty() ? std::optional(args) : std::nullopt;
  auto pieces = split(pattern, '/');
  if (pieces.size() != rest.size()) return std::nullopt;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i] == "{}") {
      args.push_back(rest[i]);
    } else if (pieces[i] != rest[i]) {
      return std::nullopt;
    }
  }
  return args;
}

}  // namespace

std::optional<Place> place_of(std::string_view path) {
  std::vector<std::string> segments = path_segments(path);
  auto from = [&](std::size_t start) {
    return std::vector<std::string>(segments.begin() + static_cast<std::ptrdiff_t>(start), segments.end());
  };
  if (segments.size() >= 3 && segments[0] == "crm") {
    bool first = is_version(segments[1]);
    if (!first && !is_version(segments[2])) return std::nullopt;
    Place place{"crm/" + segments[first ? 2 : 1], segments[first ? 1 : 2], from(3)};
    if (place.family != "crm/schemas") return place;
    place.rest.insert(place.rest.begin(), "schemas");  // the older documents' path
    place.family = "crm-object-schemas";
    return place;
  }
  if (segments.size() >= 2 && is_version(segments[1])) return Place{segments[0], segments[1], from(2)};
  return std::nullopt;
}

Lookup find_operation(std::string_view method, std::string_view path) {
  Lookup lookup;
  auto place = place_of(path);
  if (!place) return lookup;
  for (const Operation& operation : table) {
    if (operation.family != place->family || !serves(operation.versions, place->version)) continue;
    auto args = filled(operation.pattern, place->rest);
    if (!args) continue;
    lookup.path_known = true;
    if (operation.method != method) continue;
    lookup.match = Match{&operation, place->version, *std::move(args)};
    break;
  }
  return lookup;
}

}  // namespace hubward::sandbox
