// SPDX-License-Identifier: Apache-2.0
// The page on which a person lets an app into an account (hubspot.md section 1.1), and what follows from it.
// What cannot be trusted to go back to the app ends on a page here, without a redirect.
#include <fmt/core.h>

#include <algorithm>
#include <expected>

#include "sandbox/oauth.hpp"
#include "sandbox/tokens.hpp"

namespace hubward::sandbox {
namespace {

constexpr const char* style =
    "body{font:16px/1.5 system-ui,sans-serif;background:#f5f8fa;color:#33475b;margin:0;display:flex;"
    "justify-content:center}main{background:#fff;margin:3rem 1rem;padding:2rem 2.5rem;max-width:34rem;"
    "border-radius:6px;box-shadow:0 1px 4px #0002}h1{font-size:1.35rem;margin:.2rem 0 1rem}"
    ".note{font-size:.85rem;color:#7c98b6}label{display:block;padding:.6rem .8rem;margin:.4rem 0;"
    "border:1px solid #cbd6e2;border-radius:4px}li{font-family:ui-monospace,monospace;font-size:.85rem}"
    "button{font:inherit;padding:.5rem 1.4rem;border-radius:4px;border:1px solid #ff7a59;background:#ff7a59;"
    "color:#fff;margin-right:.6rem;cursor:pointer}button.no{background:#fff;color:#33475b;border-color:#"
    "cbd6e2}";

Answer page(int status, std::string_view title, std::string_view content) {
  Answer answer;
  answer.status = status;
  answer.fields = {{"Content-Type", "text/html;charset=utf-8"},
                   {"Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"},
                   {"Cache-Control", "no-store"},
                   {"Referrer-Policy", "no-referrer"}};
  answer.body = fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{0}</title><style>{1}</style></head><body><main>"
      "<p class=\"note\">Offline HubSpot: nothing here is real</p><h1>{0}</h1>{2}</main></body></html>",
      html_escaped(title), style, content);
  return answer;
}

Answer refused(std::string_view why) {
  return page(400, "Authorization failed", fmt::format("<p>{}</p>", html_escaped(why)));
}

struct Ask {
  const App* app = nullptr;
  std::string redirect_uri, state, challenge, challenge_method;
  std::vector<std::string> scopes, optional_scopes;
};

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> list;
  for (std::string_view word : split(text, ' '))
    if (!word.empty() && !holds(list, word)) list.emplace_back(word);
  return list;
}

std::expected<Ask, Answer> read_ask(World& world, const Form& query) {
  Ask ask;
  ask.app = world.app_by_client(query.first("client_id"));
  if (ask.app == nullptr || ask.app->kind != "oauth")
    return std::unexpected(refused("There is no app with this client_id."));
  ask.redirect_uri = query.first("redirect_uri");
  if (!holds(ask.app->redirect_uris, ask.redirect_uri))
    return std::unexpected(refused(
        "The redirect_uri is not one that the app has registered; it must be the same to the letter."));
  ask.state = query.first("state");
  ask.scopes = words(query.first("scope"));
  ask.optional_scopes = words(query.first("optional_scope"));
  for (const std::string& needed : ask.app->required_scopes)
    if (!holds(ask.scopes, needed))
      return std::unexpected(refused("The authorization URL lacks a scope that the app requires: " + needed));
  for (const auto* list : {&ask.scopes, &ask.optional_scopes})
    for (const std::string& scope : *list) {
      bool known = holds(ask.app->required_scopes, scope) || holds(ask.app->optional_scopes, scope);
      if (!known)
        return std::unexpected(
            refused("The authorization URL has a scope that the app does not have: " + scope));
    }
  ask.challenge = query.first("code_challenge");
  ask.challenge_method = query.find("code_challenge_method").value_or(ask.challenge.empty() ? "" : "plain");
  bool method_known =
      ask.challenge.empty() || ask.challenge_method == "S256" || ask.challenge_method == "plain";
  if (!method_known || (ask.app->requires_pkce && ask.challenge_method != "S256"))
    return std::unexpected(
        refused("The app requires PKCE: send code_challenge with code_challenge_method=S256."));
  return ask;
}

// A redirect address may have a query of its own.
Answer redirect(const Ask& ask, std::string parameters) {
  if (!ask.state.empty()) parameters += "&state=" + percent_encoded(ask.state);
  Answer answer;
  answer.status = 302;
  answer.fields = {{"Location", ask.redirect_uri + (ask.redirect_uri.contains('?') ? "&" : "?") + parameters},
                   {"Cache-Control", "no-store"},
                   {"Referrer-Policy", "no-referrer"}};
  return answer;
}

Answer grant_code(World& world, const Ask& ask, const Account& account) {
  Code code;
  code.app = ask.app->name;
  code.hub_id = account.hub_id;
  code.redirect_uri = ask.redirect_uri;
  code.challenge = ask.challenge;
  code.challenge_method = ask.challenge_method;
  code.scopes = ask.scopes;
  // Optional scopes that the account's subscription lacks are dropped without a word: here, custom objects
  // below enterprise.
  for (const std::string& scope : ask.optional_scopes) {
    bool lacking =
        scope.contains(".custom.") && account.tier != "enterprise" && account.tier != "professional";
    if (!lacking && !holds(code.scopes, scope)) code.scopes.push_back(scope);
  }
  code.expires = world.now() + std::chrono::seconds(world.settings.code_life_s);
  std::erase_if(world.codes, [&](const auto& kept) { return kept.second.expires <= world.now(); });
  std::string text = make_short_token(world, account);
  world.codes[text] = std::move(code);
  return redirect(ask, "code=" + text);
}

std::string choices(World& world, std::optional<std::uint64_t> hub_id) {
  std::string html;
  bool first = true;
  for (const auto& [id, account] : world.accounts) {
    if (account.deleted || (hub_id && *hub_id != id)) continue;
    html += fmt::format(
        "<label><input type=\"radio\" name=\"hub_id\" value=\"{}\"{}> {} <span class=\"note\">{} {}, "
        "{}</span></label>",
        id, first ? " checked" : "", html_escaped(account.name), id, html_escaped(account.hublet),
        html_escaped(account.tier));
    first = false;
  }
  return html;
}

}  // namespace

Answer consent_page(World& world, const Call& call, std::optional<std::uint64_t> hub_id) {
  Form query = Form::parse(call.query);
  auto ask = read_ask(world, query);
  if (!ask) return ask.error();
  if (hub_id && world.account(*hub_id) == nullptr) return refused("There is no such account.");
  if (auto wanted = query.find("sandbox_auto_consent"); wanted && world.settings.auto_consent) {
    Account* account = world.account(to_number(*wanted).value_or(0));
    if (account == nullptr || (hub_id && *hub_id != account->hub_id))
      return refused("There is no such account.");
    return grant_code(world, *ask, *account);
  }
  std::string scopes;
  for (const std::string& scope : ask->scopes) scopes += "<li>" + html_escaped(scope) + "</li>";
  for (const std::string& scope : ask->optional_scopes)
    scopes += "<li>" + html_escaped(scope) + " (optional)</li>";
  // The form comes back to this address, so that its query is checked a second time.
  std::string content = fmt::format(
      "<form method=\"post\" action=\"{}?{}\"><p>Choose the account to connect:</p>{}<p>The app asks "
      "for:</p><ul>{}</ul>"
      "<p><button name=\"decision\" value=\"allow\">Connect app</button>"
      "<button class=\"no\" name=\"decision\" value=\"deny\">Cancel</button></p></form>",
      html_escaped(call.path), html_escaped(call.query), choices(world, hub_id), scopes);
  return page(200, "Connect " + ask->app->name + " to HubSpot", content);
}

Answer consent_given(World& world, const Call& call, std::optional<std::uint64_t> hub_id) {
  auto ask = read_ask(world, Form::parse(call.query));
  if (!ask) return ask.error();
  Form form = Form::parse(call.body);
  if (form.first("decision") != "allow")
    return redirect(*ask,
                    "error=access_denied&error_description=" + percent_encoded("The user denied access"));
  Account* account = world.account(to_number(form.first("hub_id")).value_or(0));
  if (account == nullptr || (hub_id && *hub_id != account->hub_id))
    return refused("There is no such account.");
  return grant_code(world, *ask, *account);
}

}  // namespace hubward::sandbox
