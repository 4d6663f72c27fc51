// SPDX-License-Identifier: Apache-2.0
#include "sandbox/search.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "sandbox/records.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::size_t max_groups = 5, max_filters = 6, max_filters_in_all = 18;
constexpr std::size_t max_query = 3000, max_total = 10'000, max_page = 200, default_page = 10;

struct Filter {
  std::string property, op, value, high;
  std::vector<std::string> values;
};
using Group = std::vector<Filter>;
struct Plan {
  std::vector<Group> groups;
  std::string query, sort = "hs_object_id";
  bool descending = false;
  std::size_t limit = default_page, after = 0;
  View view;
};

const std::vector<std::string_view> operators = {"LT",
                                                 "LTE",
                                                 "GT",
                                                 "GTE",
                                                 "EQ",
                                                 "NEQ",
                                                 "BETWEEN",
                                                 "IN",
                                                 "NOT_IN",
                                                 "HAS_PROPERTY",
                                                 "NOT_HAS_PROPERTY",
                                                 "CONTAINS_TOKEN",
                                                 "NOT_CONTAINS_TOKEN"};

std::string scalar(const Json& json) {
  if (auto boolean = json.boolean()) return *boolean ? "true" : "false";
  return id_text(json);
}

std::expected<Filter, Problem> read_filter(const ObjectType& type, const Json& json) {
  Filter filter{json["propertyName"].text_or(""),
                json["operator"].text_or(""),
                scalar(json["value"]),
                scalar(json["highValue"]),
                {}};
  for (const Json& value : json["values"].items()) filter.values.push_back(scalar(value));
  if (!holds(operators, filter.op))
    return refuse(400, fmt::format("Invalid input JSON on line 1, column 1: {} is no operator", filter.op));
  bool known = filter.property.starts_with("associations.") || type.property(filter.property) != nullptr;
  if (!known)
    return refuse(400, fmt::format("There was a problem with the request. Property {} does not exist",
                                   filter.property));
  bool needs_value = filter.op != "HAS_PROPERTY" && filter.op != "NOT_HAS_PROPERTY";
  bool needs_list = filter.op == "IN" || filter.op == "NOT_IN";
  bool lacks = needs_list ? filter.values.empty() : needs_value && json["value"].is_null();
  if (lacks || (filter.op == "BETWEEN" && json["highValue"].is_null()))
    return refuse(400, fmt::format("The operator {} of {} lacks its value", filter.op, filter.property));
  return filter;
}

std::expected<void, Problem> read_groups(const ObjectType& type, const Json& body, Plan& plan) {
  Json groups = body["filterGroups"];
  if (!body["filters"].items().empty()) groups.push(Json::object({{"filters", body["filters"]}}));
  std::size_t in_all = 0;
  for (const Json& group : groups.items()) {
    Group& filters = plan.groups.emplace_back();
    in_all += group["filters"].items().size();
    if (plan.groups.size() > max_groups || group["filters"].items().size() > max_filters ||
        in_all > max_filters_in_all)
      return refuse(400,
                    fmt::format("A search has at most {} filter groups, {} filters in each and {} in all",
                                max_groups, max_filters, max_filters_in_all));
    for (const Json& json : group["filters"].items()) {
      auto filter = read_filter(type, json);
      if (!filter) return std::unexpected(filter.error());
      filters.push_back(*std::move(filter));
    }
  }
  return {};
}

std::expected<void, Problem> read_sort(const ObjectType& type, const Json& body, Plan& plan) {
  const Json::Items& sorts = body["sorts"].items();
  if (sorts.empty()) return {};
  if (sorts.size() > 1) return refuse(400, "A search has at most one sort");
  const Json& sort = sorts.front();
  plan.sort = sort.is_object() ? sort["propertyName"].text_or("") : sort.text_or("");
  plan.descending = sort["direction"].text_or("") == "DESCENDING" || plan.sort.starts_with('-');
  if (plan.sort.starts_with('-')) plan.sort.erase(0, 1);
  if (type.property(plan.sort) == nullptr) return refuse(400, "Cannot sort by " + plan.sort);
  return {};
}

std::expected<Plan, Problem> read_plan(const Context& context, const ObjectType& type) {
  const Json& body = context.body;
  Plan plan;
  if (auto read = read_groups(type, body, plan); !read) return std::unexpected(read.error());
  if (auto read = read_sort(type, body, plan); !read) return std::unexpected(read.error());
  plan.query = lower(body["query"].text_or(""));
  if (plan.query.size() > max_query)
    return refuse(400, fmt::format("The query is longer than {} characters", max_query));
  if (auto limit = to_number(scalar(body["limit"]))) plan.limit = *limit;
  if (plan.limit == 0 || plan.limit > max_page)
    return refuse(400, fmt::format("limit must be between 1 and {}", max_page));
  std::string after = scalar(body["after"]);
  if (!after.empty()) {
    auto number = to_number(after);
    if (!number) return refuse(400, "The paging cursor is not valid: " + after);
    plan.after = *number;
  }
  if (plan.after + plan.limit > max_total)
    return refuse(400, fmt::format("A search reaches the first {} results only", max_total));
  for (const Json& name : body["properties"].items()) plan.view.properties.push_back(name.text_or(""));
  return plan;
}

// -1, 0, 1; numbers and times by size, the rest as text without case.
int compare(const Property& property, std::string_view a, std::string_view b) {
  auto order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (property.type == "date" || property.type == "datetime") {
    auto x = parse_time(a), y = parse_time(b);
    if (x && y) return order(*x, *y);
  }
  double x = 0, y = 0;
  auto number = [](std::string_view text, double& into) {
    auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), into);
    return trouble == std::errc() && end == text.data() + text.size();
  };
  if (property.type == "number" && number(a, x) && number(b, y)) return order(x, y);
  if (property.type == "enumeration") return order(a, b);  // with case (section 10.4)
  return order(lower(a), lower(b));
}

// Words, and '*' for any rest.
bool has_token(std::string_view text, std::string_view wanted) {
  std::string low = lower(text), want = lower(wanted);
  bool before = want.starts_with('*'), after = want.ends_with('*') && want.size() > 1;
  std::string_view core = std::string_view(want).substr(before ? 1 : 0);
  if (after) core.remove_suffix(1);
  auto in_word = [](char c) { return is_alpha(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80; };
  for (std::size_t at = low.find(core); at != std::string::npos; at = low.find(core, at + 1)) {
    bool starts = before || at == 0 || !in_word(low[at - 1]);
    bool ends = after || at + core.size() == low.size() || !in_word(low[at + core.size()]);
    if (starts && ends) return true;
  }
  return false;
}

bool is_associated(const Context& context, const ObjectType& type, const Record& record,
                   const Filter& filter) {
  ObjectType* to =
      context.crm().type(std::string_view(filter.property).substr(std::string_view("associations.").size()));
  if (to == nullptr) return false;
  std::vector<std::string> wanted = filter.op == "IN" ? filter.values : std::vector{filter.value};
  return std::ranges::any_of(links_to(context.crm(), {type.id, record.id}, to->id),
                             [&](const Link& link) { return holds(wanted, std::to_string(link.to_id)); });
}

bool matches(const Context& context, const ObjectType& type, const Record& record, const Filter& filter) {
  if (filter.property.starts_with("associations.")) return is_associated(context, type, record, filter);
  const Property& property = *type.property(filter.property);
  auto value = value_of(type, record, filter.property);
  if (filter.op == "HAS_PROPERTY") return value.has_value();
  if (filter.op == "NOT_HAS_PROPERTY") return !value;
  bool negative = filter.op == "NEQ" || filter.op == "NOT_IN" || filter.op == "NOT_CONTAINS_TOKEN";
  if (!value) return negative;
  if (filter.op == "CONTAINS_TOKEN") return has_token(*value, filter.value);
  if (filter.op == "NOT_CONTAINS_TOKEN") return !has_token(*value, filter.value);
  if (filter.op == "IN" || filter.op == "NOT_IN") {
    // Text is kept in lower case by the index, and lists are not folded (section 10.4).
    bool text = property.type == "string";
    bool in = std::ranges::any_of(filter.values, [&](const std::string& wanted) {
      return text ? lower(*value) == wanted : compare(property, *value, wanted) == 0;
    });
    return in != negative;
  }
  int order = compare(property, *value, filter.value);
  if (filter.op == "EQ") return order == 0;
  if (filter.op == "NEQ") return order != 0;
  if (filter.op == "LT") return order < 0;
  if (filter.op == "LTE") return order <= 0;
  if (filter.op == "GT") return order > 0;
  if (filter.op == "GTE") return order >= 0;
  return order >= 0 && compare(property, *value, filter.high) <= 0;  // BETWEEN
}

bool found_by(const Context& context, const ObjectType& type, const Record& record, const Plan& plan) {
  if (record.archived ||
      record.updated + std::chrono::milliseconds(context.world.settings.search_lag_ms) > context.now())
    return false;
  auto all = [&](const Group& group) {
    return std::ranges::all_of(group,
                               [&](const Filter& filter) { return matches(context, type, record, filter); });
  };
  if (!plan.groups.empty() && std::ranges::none_of(plan.groups, all)) return false;
  if (plan.query.empty()) return true;
  return std::ranges::any_of(type.searched_properties, [&](const std::string& name) {
    auto value = value_of(type, record, name);
    return value && lower(*value).contains(plan.query);
  });
}

}  // namespace

Outcome search_records(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto plan = read_plan(context, **type);
  if (!plan) return std::unexpected(plan.error());
  std::vector<const Record*> found;
  for (const auto& [id, record] : (*type)->records)
    if (found_by(context, **type, record, *plan)) found.push_back(&record);
  const Property& by = *(*type)->property(plan->sort);
  std::ranges::sort(found, [&](const Record* a, const Record* b) {
    int order =
        compare(by, value_of(**type, *a, by.name).value_or(""), value_of(**type, *b, by.name).value_or(""));
    if (order == 0) return a->id < b->id;
    return plan->descending ? order > 0 : order < 0;
  });
  Json results = Json::array();
  std::size_t end = std::min(found.size(), plan->after + plan->limit);
  for (std::size_t at = plan->after; at < end; ++at)
    results.push(record_json(context, **type, *found[at], plan->view));
  Json body = Json::object({{"total", found.size()}, {"results", std::move(results)}});
  if (end < found.size() && end > plan->after)
    body.set("paging", Json::object({{"next", Json::object({{"after", std::to_string(end)}})}}));
  return json_answer(200, body);
}

}  // namespace hubward::sandbox
