// SPDX-License-Identifier: Apache-2.0
#include "sandbox/crm_data.hpp"

#include "core/ascii.hpp"

namespace hubward::sandbox {

const Property* ObjectType::property(std::string_view wanted) const {
  for (const Property& each_property : properties)
    if (each_property.name == wanted) return &each_property;
  return nullptr;
}

Property* ObjectType::property(std::string_view wanted) {
  return const_cast<Property*>(std::as_const(*this).property(wanted));
}

Record* ObjectType::live(std::uint64_t wanted) {
  // A chain of merges is as long as the number of merges at most; a loaded state might hold a ring.
  for (std::size_t hops = 0; hops < merged.size(); ++hops) {
    auto hop = merged.find(wanted);
    if (hop == merged.end()) break;
    wanted = hop->second;
  }
  auto found = records.find(wanted);
  return found == records.end() || found->second.archived ? nullptr : &found->second;
}

void ObjectType::index(const Record& record) {
  for (const Property& each_property : properties) {
    if (!each_property.unique) continue;
    if (auto value = record.values.find(each_property.name); value != record.values.end())
      by_unique_value[each_property.name][lower(value->second)] = record.id;
  }
}

void ObjectType::unindex(const Record& record) {
  for (auto& [property_name, ids] : by_unique_value)
    if (auto value = record.values.find(property_name); value != record.values.end())
      ids.erase(lower(value->second));
}

void ObjectType::rebuild_index() {
  by_unique_value.clear();
  for (const auto& [id_number, record] : records)
    if (!record.archived) index(record);
}

ObjectType* Crm::type(std::string_view wanted) {
  std::string text = lower(wanted);
  if (auto found = types.find(text); found != types.end()) return &found->second;
  std::string_view own = text;
  // "p_cars" and "p9100001_cars" name a custom type (hubspot.md section 10.1).
  if (own.starts_with('p')) {
    std::size_t end = own.find_first_not_of("0123456789", 1);
    own = end != std::string_view::npos && own[end] == '_' ? own.substr(end + 1) : std::string_view();
  } else {
    own = {};
  }
  for (auto& [type_id, each_type] : types) {
    if (each_type.name == text || each_type.plural == text) return &each_type;
    if (each_type.custom && !own.empty() && each_type.name == own) return &each_type;
  }
  return nullptr;
}

}  // namespace hubward::sandbox
