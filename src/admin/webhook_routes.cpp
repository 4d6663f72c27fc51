// SPDX-License-Identifier: Apache-2.0
#include "admin/webhook_routes.hpp"

#include <utility>

#include "admin/api.hpp"
#include "admin/asking.hpp"
#include "async/await.hpp"
#include "core/ascii.hpp"

namespace hubward::admin::webhook_routes {
namespace {

using Question = webhooks::tables::EventQuestion;

constexpr std::uint64_t most_events = 1000;  // of one page

// SQLite's numbers, and HubSpot's, end there.
std::optional<std::uint64_t> number_in(std::string_view text) {
  auto number = to_number(text);
  return number && *number <= INT64_MAX ? number : std::nullopt;
}

Result<void> narrow(Question& question, std::string_view name, const std::string& value, TimePoint now) {
  if (name == "app") {
    question.app = AppName{value};
  } else if (name == "kind") {
    question.kind = value;
  } else if (name == "account") {
    auto number = number_in(value);
    if (!number) return wrong_parameter(name, "the number of a HubSpot account");
    question.account = HubId{*number};
  } else if (name == "from" || name == "to") {
    std::optional<TimePoint> time = read_time(value, now);
    if (!time) return wrong_parameter(name, "a time like 2026-03-01, 2026-03-01T12:00:00Z or 24h");
    (name == "from" ? question.from : question.to) = time;
  } else if (name == "before") {
    auto number = number_in(value);
    if (!number) return wrong_parameter(name, "the \"next\" of an answer");
    question.before = webhooks::EventId{*number};
  } else if (name == "count") {
    auto number = number_in(value);
    if (!number || *number == 0 || *number > most_events)
      return wrong_parameter(name, fmt::format("a number from 1 to {}", most_events));
    question.limit = static_cast<std::int64_t>(*number);
  } else {
    return invalid("REQUEST_INVALID", "the question has a parameter that does not exist");
  }
  return {};
}

}  // namespace

Async<Result<Reply>> status(Operations& operations, Asked) {
  Result<Json> answer = co_await operations.webhook_status();
  co_return plain(std::move(answer));
}

Async<Result<Reply>> events(Operations& operations, Asked asked) {
  Question question;
  for (const hubspot::Query::Parameter& parameter : asked.query.parameters()) {
    Result<void> narrowed = narrow(question, parameter.name, parameter.value, asked.now);
    if (!narrowed) co_return std::unexpected(narrowed.error());
  }
  Result<Json> answer = co_await operations.list_events(std::move(question));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> event(Operations& operations, Asked asked) {
  auto number = number_in(asked.name);
  if (!number) co_return invalid("EVENT_UNKNOWN", "an event is named by its number, like 7");
  Result<Json> answer = co_await operations.show_event(webhooks::EventId{*number});
  co_return plain(std::move(answer));
}

}  // namespace hubward::admin::webhook_routes
