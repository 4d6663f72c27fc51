// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <utility>

#include "core/ascii.hpp"
#include "core/clock.hpp"
#include "hubspot/scopes.hpp"
#include "policy/decide.hpp"

namespace hubward::policy {

namespace {

constexpr std::size_t longest_method = 32;

std::string line(std::string_view title, std::string_view text) {
  constexpr std::size_t column = 11;
  std::string result(title);
  result.append(column - title.size(), ' ').append(text).append("\n");
  return result;
}

std::string_view stage_text(hubspot::Stage stage) {
  switch (stage) {
    case hubspot::Stage::Legacy: return "legacy";
    case hubspot::Stage::Superseded: return "superseded";
    case hubspot::Stage::Supported: return "supported";
    case hubspot::Stage::Latest: return "latest";
    case hubspot::Stage::Beta: break;
  }
  return "beta, may change";
}

std::string version_text(const hubspot::Match& match, const hubspot::CanonicalPath& path) {
  std::string text(path.version().empty() ? std::string_view("none") : path.version());
  text.append(", ").append(stage_text(match.stage));
  if (match.sunset) {
    TimePoint end(*match.sunset);
    text += "; HubSpot ends its support on " + to_iso8601(end).substr(0, 10);
  }
  return text;
}

std::string scopes_text(const hubspot::Match& match) {
  std::string text;
  for (const hubspot::ScopeNeed* need : match.scopes())
    text.append(text.empty() ? "" : "; and ").append(to_text(*need));
  return text.empty() ? "none stated" : text;
}

std::string decision_text(const Decision& decision) {
  switch (decision.verdict) {
    case Decision::Verdict::Allow: return "allowed: " + decision.sentence;
    case Decision::Verdict::ShadowDeny:
      return "allowed only because the role runs in shadow: " + decision.sentence;
    case Decision::Verdict::Deny: break;
  }
  return "denied: " + decision.sentence;
}

std::string known(const Role& role, const hubspot::Match& match, const hubspot::CanonicalPath& path,
                  const hubspot::Query& query) {
  const hubspot::Operation& operation = *match.operation;
  std::string objects;
  for (const auto& object : match.objects()) objects.append(objects.empty() ? "" : ", ").append(object.text);
  std::string text = line("operation", std::string(operation.name) + ": " + to_text(operation.effects));
  if (!objects.empty()) text += line("objects", objects);
  text += line("version", version_text(match, path));
  text += line("scopes", scopes_text(match));
  if (Result<void> forwardable = check_forwardable(path, query); !forwardable)
    return text + line("decision", "refused for every role: " + forwardable.error().message);
  Decision decision = decide(role, match, query.associated_objects());
  return text + line("decision", decision_text(explained(std::move(decision), role, match)));
}

}  // namespace

std::string explain(const Role& role, const hubspot::Catalogue& catalogue, std::string_view method,
                    std::string_view target) {
  bool is_method =
      !method.empty() && method.size() <= longest_method && std::ranges::all_of(method, is_alpha);
  if (!is_method) return line("decision", "refused for every role: the method is no word of letters");
  std::size_t mark = target.find('?');
  auto path = hubspot::canonicalise(target.substr(0, mark));
  if (!path) return line("decision", "refused for every role: " + path.error().message);
  auto query = hubspot::Query::parse(mark == std::string_view::npos ? "" : target.substr(mark + 1));
  if (!query) return line("decision", "refused for every role: " + query.error().message);
  std::string text = line("call", std::string(method) + " " + path->sent());
  auto match = catalogue.find(method, *path);
  if (match) return text + known(role, *match, *path, *query);
  if (Result<void> forwardable = check_forwardable(*path, *query); !forwardable)
    return text + line("decision", "refused for every role: " + forwardable.error().message);
  return text + line("decision", decision_text(decide_unknown(match.error(), method, *path)));
}

}  // namespace hubward::policy
