// SPDX-License-Identifier: Apache-2.0
// HubSpot's error answers (hubspot.md section 6) as values; the router adds the correlation id and writes
// them.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/message.hpp"

namespace hubward::sandbox {

struct Problem {
  int status = 400;
  std::string message;
  std::string category;           // left out when empty
  std::string sub_category = {};  // likewise
  Json context = {};              // object of lists; left out when null
  Json errors = {};
  Json links = {};
  Json more = {};      // further members, as in 429 answers
  Fields fields = {};  // further header fields
};

using Outcome = std::expected<Answer, Problem>;

inline std::unexpected<Problem> refuse(Problem problem) {
  return std::unexpected(std::move(problem));
}
inline std::unexpected<Problem> refuse(int status, std::string message,
                                       std::string category = "VALIDATION_ERROR") {
  return std::unexpected(Problem{status, std::move(message), std::move(category)});
}

Json problem_body(const Problem& problem, std::string_view correlation_id);
Answer problem_answer(const Problem& problem, std::string_view correlation_id);
// One entry of a batch's `errors`, HubSpot's StandardError.
Json batch_error(const Problem& problem);

// Those that several calls share.
Problem unknown_route();
Problem unknown_record(std::string_view id);
Problem unknown_type(std::string_view name);
Problem missing_credential();
enum class Combine { Any, All };
Problem missing_scopes(Combine combine, const std::vector<std::string>& scopes);

}  // namespace hubward::sandbox
