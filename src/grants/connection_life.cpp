// SPDX-License-Identifier: Apache-2.0
#include "grants/connection_life.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/ascii.hpp"

namespace hubward::grants {
namespace {

Explanation of_connected(const ConnectionView& view) {
  if (view.missing_scopes.empty()) return {};
  std::string names;
  for (const std::string& scope : view.missing_scopes) names += (names.empty() ? "" : ", ") + scope;
  return {"HubSpot did not grant " + names + ", which app " + view.app.text + " requires",
          "Have the account agree again: hubward connection invite " + view.name.text + " --app " +
              view.app.text +
              ". HubSpot grants what the app asks for there and the account's subscription has."};
}

// A static token is not renewed: HubSpot is asked about it.
std::optional<Explanation> of_static(const ConnectionView& view) {
  if (view.state == ConnectionState::Refreshing)
    return Explanation{"HubSpot is being asked about its token, which it refused to a call",
                       "Nothing to do."};
  if (view.state == ConnectionState::Expiring)
    return Explanation{
        "HubSpot refused its token to a call, and has not been asked about it yet",
        "Nothing to do unless it stays so; then: hubward connection refresh " + view.name.text + "."};
  return std::nullopt;
}

Explanation without_trouble(const ConnectionView& view) {
  if (view.kind == GrantKind::Static)
    if (std::optional<Explanation> said = of_static(view)) return *said;
  switch (view.state) {
    case ConnectionState::Connected: return of_connected(view);
    case ConnectionState::Refreshing: return {"its token is being renewed", "Nothing to do."};
    case ConnectionState::Expiring:
      return {"its token is due for renewal, which has not begun",
              "Nothing to do unless it stays so; then: hubward connection refresh " + view.name.text + "."};
    case ConnectionState::Failing: return {"a renewal did not work", "Nothing to do: it is tried again."};
    case ConnectionState::Dead:
      return {"HubSpot no longer honours its grant", "Connect the account again under the same name."};
    case ConnectionState::Disconnected: return {"it was disconnected", ""};
  }
  return {};
}

// Sentences begin with a capital and end with a stop; in the middle of another they do not.
std::string within_a_sentence(std::string text) {
  bool is_plain_word = !text.starts_with("HubSpot");
  if (is_plain_word && !text.empty()) text[0] = to_lower(text[0]);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

ConnectionState state_at(ConnectionState settled, const GrantFacts& facts, AppKnown app, SteadyPoint now) {
  if (settled == ConnectionState::Dead || facts.dead) return ConnectionState::Dead;
  bool is_static = !facts.life;
  if (app == AppKnown::No || settled == ConnectionState::Failing) return ConnectionState::Failing;
  // HubSpot is asked about a static token that it refused to a call; what it says there counts.
  if (facts.in_flight && (!is_static || facts.rejected)) return ConnectionState::Refreshing;
  bool is_due = facts.rejected || (!is_static && now >= facts.renew_at);
  return is_due ? ConnectionState::Expiring : ConnectionState::Connected;
}

LastTrouble app_is_missing(const AppName& app, TimePoint now) {
  return {now, "the configuration has no app named " + app.text,
          "Add the app to the configuration again, or disconnect the connection."};
}

std::vector<std::string> missing_scopes(const std::vector<std::string>& required,
                                        const std::vector<std::string>& granted) {
  std::vector<std::string> missing;
  std::ranges::copy_if(required, std::back_inserter(missing), [&](const std::string& scope) {
    return std::ranges::find(granted, scope) == granted.end();
  });
  return missing;
}

Explanation explanation_of(const ConnectionView& view) {
  bool is_at_rest = view.state == ConnectionState::Failing || view.state == ConnectionState::Dead ||
                    view.state == ConnectionState::Disconnected;
  if (is_at_rest && view.last_trouble) return {view.last_trouble->cause, view.last_trouble->next_step};
  return without_trouble(view);
}

std::string sentence_of(const ConnectionView& view) {
  std::string text = view.name.text + " is " + std::string(to_text(view.state)) + ": ";
  Explanation why = explanation_of(view);
  if (why.cause.empty()) return text + "its token works; nothing to do.";
  text += why.cause;
  if (!why.next_step.empty()) text += "; " + within_a_sentence(std::move(why.next_step));
  return text + ".";
}

}  // namespace hubward::grants
