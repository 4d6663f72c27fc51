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
  } else if (name == "before" || name == "after") {
    auto number = number_in(value);
    if (!number) return wrong_parameter(name, "the number of an event");
    (name == "before" ? question.before : question.after) = webhooks::EventId{*number};
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

// What a body says of events: {"event", "app", "account", "kind", "from", "to"}, numbers as numbers or text.
Result<Question> question_in(const Json& body, TimePoint now) {
  Question question;
  for (const auto& [name, value] : body.members()) {
    std::string text = value.text_or(value.number_text() ? std::string(*value.number_text()) : "");
    if (name == "event") {
      auto number = number_in(text);
      if (!number) return wrong_parameter(name, "the number of an event");
      question.id = webhooks::EventId{*number};
      continue;
    }
    if (name == "before" || name == "after" || name == "count") return wrong_parameter(name, "left out");
    Result<void> narrowed = narrow(question, name, text, now);
    if (!narrowed) return std::unexpected(narrowed.error());
  }
  return question;
}

// {"id"} or {"destination"}: all of one are meant only when it is named.
Result<webhooks::Deliveries::Choice> choice_in(const Json& body) {
  webhooks::Deliveries::Choice choice;
  if (auto name = body["destination"].text())
    choice.destination = webhooks::DestinationName{std::string(*name)};
  if (body.has("id")) {
    auto number = number_in(body["id"].number_text().value_or(body["id"].text().value_or("")));
    if (!number) return wrong_parameter("id", "the number of a dead letter");
    choice.id = static_cast<std::int64_t>(*number);
  }
  if (!choice.id && !choice.destination)
    return invalid("REQUEST_INVALID",
                   "say which: {\"id\"} for one dead letter, {\"destination\"} for all of it");
  return choice;
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

Async<Result<Reply>> capture(Operations& operations, Asked asked) {
  constexpr std::int64_t longest_seconds = 25;
  std::int64_t seconds = asked.body["seconds"].integer().value_or(longest_seconds);
  if (seconds < 1 || seconds > longest_seconds)
    co_return invalid("REQUEST_INVALID",
                      fmt::format("\"seconds\" must be a number from 1 to {}", longest_seconds));
  Result<Json> answer =
      co_await operations.capture_hook(AppName{asked.body["app"].text_or("")}, std::chrono::seconds(seconds));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> repair(Operations& operations, Asked asked) {
  std::string from = asked.body["from"].text_or("last");
  if (from != "last" && from != "earliest") co_return wrong_parameter("from", "\"last\" or \"earliest\"");
  Result<Json> answer = co_await operations.repair(
      AppName{asked.body["app"].text_or("")},
      from == "last" ? webhooks::GapRepair::From::WhereItWasRead : webhooks::GapRepair::From::Earliest);
  co_return plain(std::move(answer));
}

Async<Result<Reply>> destinations(Operations& operations, Asked) {
  Result<Json> answer = co_await operations.list_destinations();
  co_return plain(std::move(answer));
}

Async<Result<Reply>> enable(Operations& operations, Asked asked) {
  Result<Json> answer = co_await operations.enable({asked.name});
  co_return plain(std::move(answer));
}

Async<Result<Reply>> disable(Operations& operations, Asked asked) {
  constexpr std::size_t longest_cause = 200;
  std::string cause = asked.body["cause"].text_or("");
  if (cause.size() > longest_cause)
    co_return invalid("REQUEST_INVALID", fmt::format("\"cause\" may have {} bytes", longest_cause));
  Result<Json> answer = co_await operations.disable({asked.name}, std::move(cause));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> replay(Operations& operations, Asked asked) {
  Result<Question> question = question_in(asked.body, asked.now);
  if (!question) co_return std::unexpected(question.error());
  Result<Json> answer = co_await operations.replay({asked.name}, std::move(*question));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> dead(Operations& operations, Asked asked) {
  std::optional<webhooks::DestinationName> destination;
  std::optional<std::int64_t> before;
  std::int64_t count = 100;
  for (const hubspot::Query::Parameter& parameter : asked.query.parameters()) {
    if (parameter.name == "destination") {
      destination = webhooks::DestinationName{parameter.value};
      continue;
    }
    auto number = number_in(parameter.value);
    if (parameter.name == "before" && number) {
      before = static_cast<std::int64_t>(*number);
    } else if (parameter.name == "count" && number && *number > 0 && *number <= most_events) {
      count = static_cast<std::int64_t>(*number);
    } else {
      co_return invalid("REQUEST_INVALID",
                        "the question has a parameter that does not exist, or a value that it cannot have");
    }
  }
  Result<Json> answer = co_await operations.list_dead(std::move(destination), before, count);
  co_return plain(std::move(answer));
}

Async<Result<Reply>> redrive(Operations& operations, Asked asked) {
  auto choice = choice_in(asked.body);
  if (!choice) co_return std::unexpected(choice.error());
  Result<Json> answer = co_await operations.redrive(std::move(*choice));
  co_return plain(std::move(answer));
}

Async<Result<Reply>> discard(Operations& operations, Asked asked) {
  auto choice = choice_in(asked.body);
  if (!choice) co_return std::unexpected(choice.error());
  Result<Json> answer = co_await operations.discard(std::move(*choice));
  co_return plain(std::move(answer));
}

}  // namespace hubward::admin::webhook_routes
