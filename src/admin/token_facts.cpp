// SPDX-License-Identifier: Apache-2.0
#include "admin/token_facts.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <optional>

namespace hubward::admin {
namespace {

using grants::StaticTokenView;

Json time_or_null(const std::optional<TimePoint>& time) {
  return time ? Json(to_iso8601(*time)) : Json();
}
Json number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json();
}

Json facts_of(const StaticTokenView::Next& next) {
  return Json::object({{"created_at", to_iso8601(next.birth.at)},
                       {"created_stated", next.birth.stated},
                       {"added_at", to_iso8601(next.added_at)},
                       {"trouble", next.trouble}});
}
Json facts_of(const StaticTokenView::Previous& previous) {
  return Json::object({{"created_at", to_iso8601(previous.birth.at)},
                       {"created_stated", previous.birth.stated},
                       {"switched_at", to_iso8601(previous.switched_at)},
                       {"ends_at", to_iso8601(previous.ends_at)},
                       {"uses", previous.uses},
                       {"used_at", time_or_null(previous.used_at)}});
}

std::string sentence_of(const StaticTokenView::Previous& previous) {
  return fmt::format(
      "replaced at {}; used by {} calls since{}; destroyed here by hubward connection finish, or by itself "
      "at {}",
      to_iso8601(previous.switched_at), previous.uses,
      previous.used_at ? ", last at " + to_iso8601(*previous.used_at) : "", to_iso8601(previous.ends_at));
}

std::string owner_of(const StaticTokenView& token) {
  std::string owner = token.user_id ? fmt::format("user {}", *token.user_id) : "not known yet";
  if (token.owner_missing_at)
    owner += fmt::format("; HubSpot said USER_DOES_NOT_HAVE_PERMISSIONS at {}",
                         to_iso8601(*token.owner_missing_at));
  return owner;
}

}  // namespace

Json token_facts(const grants::ConnectionView& view, TimePoint now) {
  if (!view.token) return {};
  const StaticTokenView& token = *view.token;
  Json facts = Json::object({{"created_at", to_iso8601(token.birth.at)},
                             {"created_stated", token.birth.stated},
                             {"due_at", to_iso8601(grants::due_at(token.birth))},
                             {"days_left", grants::days_left(token.birth, now)},
                             {"sentence", grants::calendar_sentence(token.birth, now)},
                             {"user_id", number_or_null(token.user_id)},
                             {"app_id", number_or_null(token.app_id)},
                             {"owner", owner_of(token)},
                             {"owner_missing_at", time_or_null(token.owner_missing_at)},
                             {"used_at", time_or_null(token.used_at)},
                             {"next", Json()},
                             {"previous", Json()}});
  if (token.next) {
    facts.set("next", facts_of(*token.next));
    facts.set("next_sentence",
              fmt::format("a newer token, added at {}, takes over as soon as HubSpot honours it: {}",
                          to_iso8601(token.next->added_at), token.next->trouble));
  }
  if (token.previous) {
    facts.set("previous", facts_of(*token.previous));
    facts.set("previous_sentence", sentence_of(*token.previous));
  }
  return facts;
}

std::vector<std::string> token_troubles(const grants::ConnectionView& view, TimePoint now) {
  std::vector<std::string> sentences;
  if (!view.token) return sentences;
  const std::string& name = view.name.text;
  if (grants::warning(view.token->birth, now))
    sentences.push_back(
        fmt::format("connection {}: {}; rotate it at HubSpot, then hubward connection rotate {}", name,
                    grants::calendar_sentence(view.token->birth, now), name));
  if (view.token->owner_missing_at)
    sentences.push_back(fmt::format(
        "connection {}: HubSpot says that the token's owner ({}) lacks permissions, most often because they "
        "were "
        "removed from the account: let another super admin rotate the token there, then hubward connection "
        "rotate {}",
        name, view.token->user_id ? fmt::format("user {}", *view.token->user_id) : "unknown", name));
  if (view.token->next)
    sentences.push_back(fmt::format("connection {}: the new token has not taken over yet: {}", name,
                                    view.token->next->trouble));
  return sentences;
}

void measure_tokens(telemetry::Metrics& metrics, const std::vector<grants::ConnectionView>& views,
                    TimePoint now) {
  // By the tightest of the warnings that is reached, "0" being overdue.
  std::map<std::optional<int>, int> numbers;
  for (int days : grants::warning_days) numbers[days] = 0;
  numbers[std::nullopt] = 0;
  std::optional<TimePoint> soonest;
  for (const grants::ConnectionView& view : views) {
    if (!view.token) continue;
    ++numbers[grants::warning(view.token->birth, now)];
    TimePoint due = grants::due_at(view.token->birth);
    if (!soonest || due < *soonest) soonest = due;
  }
  for (auto [days, number] : numbers)
    metrics
        .gauge("hubward_static_tokens",
               "Private-app tokens and service keys, by the days within which they are due",
               {{"due_within_days", days ? std::to_string(*days) : "more"}})
        .set(number);
  double seconds = soonest ? std::chrono::duration<double>(*soonest - now).count()
                           : std::numeric_limits<double>::infinity();
  metrics
      .gauge("hubward_soonest_static_token_due_seconds",
             "Until the first private-app token or service key should be rotated; below zero: overdue")
      .set(seconds);
}

}  // namespace hubward::admin
