// SPDX-License-Identifier: Apache-2.0
#include "sandbox/batch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "sandbox/records.hpp"

namespace hubward::sandbox {
namespace {

std::string upper_name(const ObjectType& type) {
  std::string upper;
  for (char c : type.name) upper += to_upper(c);
  return upper;
}

Problem some_missing(const ObjectType& type, const std::vector<std::string>& ids) {
  Json list = Json::array();
  for (const std::string& id : ids) list.push(id);
  return {207,
          fmt::format(
              "Could not get some {} objects, they may be deleted or not exist. Check that ids are valid.",
              upper_name(type)),
          "OBJECT_NOT_FOUND", "", Json::object({{"ids", std::move(list)}})};
}

bool all_traced(const Json::Items& inputs) {
  return !inputs.empty() &&
         std::ranges::all_of(inputs, [](const Json& i) { return i["objectWriteTraceId"].is_text(); });
}

Json traced(Json result, const Json& input) {
  if (auto id = input["objectWriteTraceId"].text()) result.set("objectWriteTraceId", *id);
  return result;
}

// One bad input fails the whole batch, unless every input can be told apart by its trace id; then it becomes
// an entry of `errors`.
struct Errors {
  bool traced = false;
  Json list = Json::array();

  std::expected<void, Problem> add(Problem problem, const Json& input) {
    if (!traced) return std::unexpected(std::move(problem));
    Json error = batch_error(problem);
    error["context"].set("objectWriteTraceId", Json::array({input["objectWriteTraceId"]}));
    list.push(std::move(error));
    return {};
  }
};

std::expected<void, Problem> check_repeats(const ObjectType& type, const std::vector<Changes>& all) {
  std::set<std::string> seen;
  for (const Changes& changes : all)
    for (const auto& [name, value] : changes) {
      const Property* property = type.property(name);
      if (!value || property == nullptr || !property->unique) continue;
      if (!seen.insert(name + "=" + lower(*value)).second)
        return refuse(400, fmt::format("The batch has two inputs with the same value of {}", name));
    }
  return {};
}

}  // namespace

std::expected<const Json::Items*, Problem> batch_inputs(const Context& context, std::size_t largest) {
  if (!context.body["inputs"].is_array())
    return refuse(400, "Invalid input JSON on line 1, column 1: Some required fields were not set: [inputs]");
  const Json::Items& inputs = context.body["inputs"].items();
  if (inputs.size() > largest)
    return refuse(400,
                  fmt::format("The maximum number of inputs supported in a batch request is {}", largest));
  return &inputs;
}

Answer batch_answer(const Context& context, int status, Json results, Json errors) {
  std::string now = to_iso8601(context.now());
  bool failed = !errors.items().empty();
  Json body = Json::object({{"status", "COMPLETE"}, {"results", std::move(results)}});
  if (failed) body.set("numErrors", errors.items().size()).set("errors", std::move(errors));
  body.set("startedAt", now).set("completedAt", now);
  return json_answer(failed ? 207 : status, body);
}

Outcome batch_read(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  View view;
  for (const Json& name : context.body["properties"].items()) view.properties.push_back(name.text_or(""));
  for (const Json& name : context.body["propertiesWithHistory"].items())
    view.with_history.push_back(name.text_or(""));
  std::string id_property = context.body["idProperty"].text_or("");
  Json results = Json::array();
  std::vector<std::string> missing;
  std::set<std::uint64_t> shown;
  for (const Json& input : **inputs) {
    auto record = find_record(**type, id_text(input["id"]), id_property);
    if (!record && record.error().status == 400) return std::unexpected(record.error());
    if (!record) {
      missing.push_back(id_text(input["id"]));
    } else if (shown.insert((*record)->id).second) {
      results.push(record_json(context, **type, **record, view));
    }
  }
  Json errors = Json::array();
  if (!missing.empty()) errors.push(batch_error(some_missing(**type, missing)));
  return batch_answer(context, 200, std::move(results), std::move(errors));
}

Outcome batch_create(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  Errors errors{all_traced(**inputs)};
  std::vector<std::pair<Creation, const Json*>> creations;
  std::vector<Changes> values;
  for (const Json& input : **inputs) {
    auto creation = checked_creation(context, **type, input);
    if (creation) {
      values.push_back(creation->values);
      creations.emplace_back(*std::move(creation), &input);
    } else if (auto added = errors.add(creation.error(), input); !added) {
      return std::unexpected(added.error());
    }
  }
  if (auto fine = check_repeats(**type, values); !fine) return std::unexpected(fine.error());
  Json results = Json::array();
  for (const auto& [creation, input] : creations)
    results.push(traced(written_json(**type, create(context, **type, creation)), *input));
  return batch_answer(context, 201, std::move(results), std::move(errors.list));
}

Outcome batch_update(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  Errors errors{all_traced(**inputs)};
  struct Step {
    Record* record;
    Changes changes;
    const Json* input;
  };
  std::vector<Step> steps;
  std::vector<Changes> values;
  std::vector<std::string> missing;
  for (const Json& input : **inputs) {
    auto record = find_record(**type, id_text(input["id"]), input["idProperty"].text_or(""));
    if (!record && record.error().status == 404) {
      missing.push_back(id_text(input["id"]));
      continue;
    }
    auto changes = record ? checked_update(context, **type, **record, input["properties"])
                          : std::expected<Changes, Problem>(std::unexpected(record.error()));
    if (changes) {
      values.push_back(*changes);
      steps.push_back({*record, *std::move(changes), &input});
    } else if (auto added = errors.add(changes.error(), input); !added) {
      return std::unexpected(added.error());
    }
  }
  if (auto fine = check_repeats(**type, values); !fine) return std::unexpected(fine.error());
  Json results = Json::array();
  for (const Step& step : steps) {
    update(context, **type, *step.record, step.changes);
    results.push(traced(written_json(**type, *step.record), *step.input));
  }
  if (!missing.empty()) errors.list.push(batch_error(some_missing(**type, missing)));
  return batch_answer(context, 200, std::move(results), std::move(errors.list));
}

Outcome batch_upsert(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  Errors errors{all_traced(**inputs)};
  struct Step {
    Record* record;  // null: to be created
    Changes changes;
    const Json* input;
  };
  std::vector<Step> steps;
  std::vector<Changes> values;
  for (const Json& input : **inputs) {
    std::string id_property = input["idProperty"].text_or("");
    auto record = find_record(**type, id_text(input["id"]), id_property);
    // Without a unique property there is nothing to create it by.
    bool by_id = id_property.empty() || id_property == "hs_object_id";
    std::expected<Changes, Problem> changes = std::unexpected(record ? Problem{} : record.error());
    if (record) {
      changes = checked_update(context, **type, **record, input["properties"]);
    } else if (record.error().status == 404 && !by_id) {
      Json wanted = input;
      wanted["properties"].set(id_property, id_text(input["id"]));
      auto creation = checked_creation(context, **type, wanted);
      changes = creation ? std::expected<Changes, Problem>(std::move(creation->values))
                         : std::unexpected(creation.error());
    }
    if (changes) {
      values.push_back(*changes);
      steps.push_back({record ? *record : nullptr, *std::move(changes), &input});
    } else if (auto added = errors.add(changes.error(), input); !added) {
      return std::unexpected(added.error());
    }
  }
  if (auto fine = check_repeats(**type, values); !fine) return std::unexpected(fine.error());
  Json results = Json::array();
  for (const Step& step : steps) {
    if (step.record != nullptr) update(context, **type, *step.record, step.changes);
    const Record& record =
        step.record != nullptr ? *step.record : create(context, **type, {step.changes, {}});
    results.push(traced(written_json(**type, record).set("new", step.record == nullptr), *step.input));
  }
  return batch_answer(context, 200, std::move(results), std::move(errors.list));
}

Outcome batch_archive(const Context& context) {
  auto type = context.type(context.args[0]);
  if (!type) return std::unexpected(type.error());
  auto inputs = batch_inputs(context, largest_batch);
  if (!inputs) return std::unexpected(inputs.error());
  for (const Json& input : **inputs)
    if (auto record = find_record(**type, id_text(input["id"]), ""); record)
      archive(context, **type, **record);
  return empty_answer();
}

}  // namespace hubward::sandbox
