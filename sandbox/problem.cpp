// SPDX-License-Identifier: Apache-2.0
#include "sandbox/problem.hpp"

#include <fmt/core.h>

namespace hubward::sandbox {

Json problem_body(const Problem& problem, std::string_view correlation_id) {
  Json body =
      Json::object({{"status", "error"}, {"message", problem.message}, {"correlationId", correlation_id}});
  if (!problem.context.is_null()) body.set("context", problem.context);
  if (!problem.category.empty()) body.set("category", problem.category);
  if (!problem.sub_category.empty()) body.set("subCategory", problem.sub_category);
  if (!problem.errors.is_null()) body.set("errors", problem.errors);
  if (!problem.links.is_null()) body.set("links", problem.links);
  for (const auto& [name, value] : problem.more.members()) body.set(name, value);
  return body;
}

Answer problem_answer(const Problem& problem, std::string_view correlation_id) {
  Answer answer = json_answer(problem.status, problem_body(problem, correlation_id));
  for (const auto& field : problem.fields) answer.fields.push_back(field);
  return answer;
}

Json batch_error(const Problem& problem) {
  Json error =
      Json::object({{"status", "error"}, {"category", problem.category}, {"message", problem.message}});
  error.set("context", problem.context.is_null() ? Json::object() : problem.context);
  error.set("errors", problem.errors.is_null() ? Json::array() : problem.errors);
  error.set("links", problem.links.is_null() ? Json::object() : problem.links);
  if (!problem.sub_category.empty()) error.set("subCategory", problem.sub_category);
  return error;
}

Problem unknown_route() {
  return {404, "resource not found", ""};
}

Problem unknown_record(std::string_view id) {
  return {404, "Object not found. objectId are usually numeric.", "OBJECT_NOT_FOUND", "",
          Json::object({{"id", Json::array({Json(id)})}})};
}

Problem unknown_type(std::string_view name) {
  return {400, fmt::format("Unable to infer object type from: {}", name), ""};
}

Problem missing_credential() {
  Problem problem{
      401,
      "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
      "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
      "INVALID_AUTHENTICATION"};
  problem.fields = {{"x-hubspot-auth-failure", "401 Unauthorized"}};
  return problem;
}

Problem missing_scopes(Combine combine, const std::vector<std::string>& scopes) {
  Json wanted = Json::array();
  for (const std::string& scope : scopes) wanted.push(scope);
  Problem problem{
      403,
      "This app hasn't been granted all required scopes to make this call. Read more about required "
      "scopes here: https://developers.hubspot.com/scopes.",
      "MISSING_SCOPES"};
  problem.errors = Json::array(
      {Json::object({{"message", combine == Combine::Any ? "One or more of the following scopes are required."
                                                         : "All of the following scopes are required."},
                     {"context", Json::object({{"requiredGranularScopes", wanted}})}})});
  problem.links = Json::object({{"scopes", "https://developers.hubspot.com/scopes"}});
  return problem;
}

}  // namespace hubward::sandbox
