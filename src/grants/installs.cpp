// SPDX-License-Identifier: Apache-2.0
#include "grants/installs.hpp"

#include <algorithm>
#include <iterator>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "grants/callback_query.hpp"
#include "grants/grants_state.hpp"
#include "grants/install_secrets.hpp"
#include "grants/pages.hpp"
#include "store/database.hpp"
#include "vault/vault.hpp"

namespace hubward::grants {
namespace {

Page unknown_address() {
  return {404, "There is nothing here", {"This address only serves links that Hubward or HubSpot made."}, ""};
}
Page unknown_invite() {
  return {404,
          "This invitation is not known",
          {"The link may have been cut off, or the invitation was withdrawn."},
          "Ask whoever sent it for a new one."};
}
Page used_invite() {
  return {410,
          "This invitation has been used",
          {"An account was connected with it already. Each invitation works once."},
          "Ask for a new one if another account is to be connected."};
}
Page expired_invite() {
  return {410,
          "This invitation has expired",
          {"Invitations are short-lived."},
          "Ask whoever sent it for a new one."};
}
Page later() {
  return {503, "Not now", {"Hubward could not reach its store."}, "Try the same link again in a moment."};
}
Page stale_state() {
  return {400,
          "This visit is over",
          {"It was finished already, or took longer than its time. Nothing was connected by this page."},
          "Open the invitation link again to start over."};
}
Page other_browser() {
  return {403,
          "Another browser began this",
          {"The link from HubSpot must be opened in the browser that opened the invitation, with cookies "
           "allowed. "
           "Nothing was connected."},
          "Open the invitation link again, and stay in one browser."};
}

Page not_open() {
  return {403,
          "This app is connected by invitation",
          {"HubSpot sent you here without one. Nothing was connected."},
          "Ask whoever runs this Hubward for an invitation. If that is you: open_installs in the app's "
          "configuration lets accounts connect without one."};
}
Page confirmation(const App& app) {
  Page page{
      200,
      "Connect an account to \"" + app.name.text + "\"?",
      {"You came without an invitation, as from HubSpot's marketplace. HubSpot will now ask which account "
       "it is, and show what it gives access to."},
      "Go on only if you have just asked for this yourself. Otherwise close this window: nothing happened."};
  page.confirm_at = "/oauth/" + app.name.text + "/install";
  return page;
}

Page page_for(const StoredInvite& invite, TimePoint now) {
  return invite.used_at ? used_invite() : invite.expires_at < now ? expired_invite() : Page{};
}

Page refused(const Error& error) {
  return {
      error.retry == Retry::Later ? 503 : 400,
      "The account was not connected",
      {"What happened: " + error.message + "."},
      error.code == "ALREADY_CONNECTED" ? "It stays as it is. If it has to be connected anew, ask whoever "
                                          "runs this Hubward for an invitation."
      : error.code == "ACCOUNT_MISMATCH"
          ? "Open the invitation link again and choose the right account. The app may now be installed in "
            "the other "
            "one: an administrator can remove it there under Connected apps."
          : "Open the invitation link again; if it fails again, tell whoever sent it what this page says."};
}
Page declined(std::string_view error) {
  bool plain = !error.empty() && error.size() <= 64 &&
               std::ranges::all_of(error, [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
  return {400,
          "HubSpot did not give access",
          {plain ? "HubSpot said: " + std::string(error) + "." : "HubSpot sent no code.",
           "Nothing was connected."},
          "Open the invitation link again to start over."};
}
Page connected(const Installed& installed) {
  const ConnectionView& connection = installed.connection;
  Page page{200,
            "Connected",
            {"Account " + std::to_string(connection.hub_id.number) + " is connected as \"" +
             connection.name.text + "\"."},
            "You can close this window."};
  std::string missing;
  for (const std::string& scope : installed.missing_scopes) missing += (missing.empty() ? "" : ", ") + scope;
  if (!missing.empty())
    page.sentences.push_back("HubSpot did not grant: " + missing +
                             ". Calls that need it will be refused there.");
  return page;
}

std::string redirect_uri(const Settings& settings, const App& app) {
  return settings.public_url + "/oauth/" + app.name.text + "/callback";
}

hubspot::AuthorizeQuestion question_of(const App& app, const std::string& redirect,
                                       const std::string& state) {
  hubspot::AuthorizeQuestion question;
  question.client_id = app.client_id;
  question.redirect_uri = redirect;
  question.scopes = app.required_scopes;
  std::ranges::copy(app.conditional_scopes, std::back_inserter(question.scopes));
  question.optional_scopes = app.optional_scopes;
  question.state = state;
  return question;
}

std::string set_cookie(std::string_view name, std::string_view value, std::chrono::seconds life) {
  return std::string(name) + "=" + std::string(value) + "; Path=/; Max-Age=" + std::to_string(life.count()) +
         "; Secure; HttpOnly; SameSite=Lax";
}

Result<void> may_invite(const InviteOrder& order, const App* app, const std::optional<StoredGrant>& before) {
  if (!is_connection_name(order.connection.text))
    return invalid("NAME_REFUSED",
                   "a connection's name is 1 to 64 letters, digits, '-', '_' and '.', and begins with a "
                   "letter or digit");
  if (app == nullptr) return invalid("APP_UNKNOWN", "the configuration has no app named " + order.app.text);
  if (app->kind != App::Kind::Oauth)
    return invalid("APP_KIND",
                   "app " + order.app.text + " has static tokens: store one with hubward connection add");
  if (order.life && *order.life <= std::chrono::seconds(0))
    return invalid("LIFE_REFUSED", "an invite must live longer than no time at all");
  if (!before) return {};
  if (before->app != order.app)
    return invalid("APP_MISMATCH", "connection " + order.connection.text + " belongs to app " +
                                       before->app.text + "; choose another name or disconnect it first");
  if (order.account && *order.account != before->hub_id)
    return invalid("ACCOUNT_MISMATCH", "connection " + order.connection.text + " is pinned to account " +
                                           std::to_string(before->hub_id.number));
  return {};
}

// What this door looks at of a request; the rest is never read, the Host field least of all.
struct Visit {
  AppSnapshot app;
  std::string ticket;  // of the invite, or the state
  std::string error;   // HubSpot's word for why there is no code
  std::string cookies;
  // The request's own text, in which the code stands until the visitor is known: strangers get no locked
  // memory, of which there is little.
  std::string target;

  Visit() = default;
  Visit(Visit&&) = default;
  Visit& operator=(Visit&&) = delete;
  ~Visit() { wipe(std::span(target)); }

  // From HubSpot, out of the query.
  std::optional<Secret> take_code() {
    std::optional<Secret> code =
        secret_parameter(std::string_view(target).substr(target.find('?') + 1), "code");
    wipe(std::span(target));
    return code;
  }
};

}  // namespace

class Installs::Door {
 public:
  explicit Door(Grants& grants) : state_(*grants.state_), secrets_(state_.parts.vault.state_key()) {}

  Async<http::Response> begin(Visit visit);
  Async<http::Response> begin_open(Visit visit);
  Async<http::Response> finish(Visit visit);

 private:
  Async<Result<std::optional<StoredInvite>>> invite(Bytes hash);
  // To HubSpot, with a state and a cookie; `invite` is there or comes with `transaction`.
  Async<http::Response> send_to_hubspot(const Visit& visit, Bytes invite,
                                        std::vector<store::Statement> transaction,
                                        const ConnectionName& connection);
  // The install of this state, consumed, when the browser is the right one; else the page that says why not.
  Async<std::variant<StoredInstall, Page>> consume(AppName app, std::string state, std::string cookies);
  Async<Page> connect(Visit visit, StoredInstall install);

  Grants::State& state_;
  InstallSecrets secrets_;
};

Async<Result<std::optional<StoredInvite>>> Installs::Door::invite(Bytes hash) {
  Result<std::vector<store::Row>> rows = co_await state_.parts.database.query(select_invite(hash));
  if (!rows) co_return std::unexpected(rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return invite_from(rows->front());
}

Async<http::Response> Installs::Door::begin(Visit visit) {
  if (!looks_like_ticket(visit.ticket)) co_return to_response(unknown_invite());
  Bytes hash = secrets_.invite_hash(visit.ticket);
  Result<std::optional<StoredInvite>> found = co_await invite(hash);
  if (!found) co_return to_response(later());
  TimePoint now = state_.parts.clock.now();
  if (!*found || (*found)->app != visit.app->name) co_return to_response(unknown_invite());
  if (Page why_not = page_for(**found, now); !why_not.title.empty()) co_return to_response(why_not);
  co_return co_await send_to_hubspot(visit, std::move(hash), {}, (*found)->connection);
}

Async<http::Response> Installs::Door::begin_open(Visit visit) {
  StoredInvite open;
  open.hash = secrets_.invite_hash(draw_ticket(state_.parts.random).reveal_text());
  open.app = visit.app->name;
  open.expires_at = state_.parts.clock.now() + state_.settings.install_life;
  Bytes hash = open.hash;
  co_return co_await send_to_hubspot(visit, std::move(hash), insert_open_invite(open), open.connection);
}

Async<http::Response> Installs::Door::send_to_hubspot(const Visit& visit, Bytes hash,
                                                      std::vector<store::Statement> transaction,
                                                      const ConnectionName& connection) {
  TimePoint now = state_.parts.clock.now();
  std::string state(draw_ticket(state_.parts.random).reveal_text());
  std::string cookie(draw_ticket(state_.parts.random).reveal_text());
  StoredInstall install;
  install.state_hash = secrets_.state_hash(state);
  install.invite_hash = std::move(hash);
  install.app = visit.app->name;
  install.browser_hash = secrets_.browser_hash(state, cookie);
  install.redirect_uri = redirect_uri(state_.settings, *visit.app);
  install.expires_at = now + state_.settings.install_life;
  std::ranges::move(insert_install(install), std::back_inserter(transaction));
  Result<void> kept = co_await state_.parts.database.commit(std::move(transaction));
  if (!kept) co_return to_response(later());
  state_.record("install.begin", connection,
                {{"app", visit.app->name.text}, {"invited", connection.text.empty() ? "no" : "yes"}});

  hubspot::AuthorizeQuestion question = question_of(*visit.app, install.redirect_uri, state);
  if (visit.app->pkce == App::Pkce::On)
    question.code_challenge = hubspot::code_challenge_of(secrets_.pkce_verifier(state));
  http::Response response =
      redirect_to(hubspot::authorize_address(http::to_string(visit.app->authorize_origin), question));
  response.fields.add("Set-Cookie",
                      set_cookie(cookie_name(install.state_hash), cookie, state_.settings.install_life));
  co_return std::move(response);
}

Async<std::variant<StoredInstall, Page>> Installs::Door::consume(AppName app, std::string state,
                                                                 std::string cookies) {
  Bytes hash = secrets_.state_hash(state);
  Result<std::vector<store::Row>> rows = co_await state_.parts.database.query(select_install(hash));
  if (!rows) co_return later();
  if (rows->empty()) co_return stale_state();
  StoredInstall install = install_from(rows->front());
  std::string_view cookie = cookie_value(cookies, cookie_name(hash));
  if (!secrets_.same_browser(install.browser_hash, state, cookie)) co_return other_browser();
  if (install.app != app || install.expires_at < state_.parts.clock.now()) co_return stale_state();
  // The delete must find the row: of two that come at once, one does.
  std::vector<store::Statement> transaction;
  transaction.push_back(consume_install(hash));
  Result<void> consumed = co_await state_.parts.database.commit(std::move(transaction));
  if (consumed) co_return std::move(install);
  co_return consumed.error().code == "STORE_CONFLICT" ? stale_state() : later();
}

Async<http::Response> Installs::Door::finish(Visit visit) {
  if (!looks_like_ticket(visit.ticket)) co_return to_response(stale_state());
  std::string name = cookie_name(secrets_.state_hash(visit.ticket));
  std::variant<StoredInstall, Page> consumed = co_await consume(visit.app->name, visit.ticket, visit.cookies);
  if (auto* why_not = std::get_if<Page>(&consumed)) co_return to_response(*why_not);
  Page page = co_await connect(std::move(visit), std::move(std::get<StoredInstall>(consumed)));
  http::Response response = to_response(page);
  response.fields.add("Set-Cookie", set_cookie(name, "", std::chrono::seconds(0)));
  co_return std::move(response);
}

Async<Page> Installs::Door::connect(Visit visit, StoredInstall install) {
  Result<std::optional<StoredInvite>> found = co_await invite(install.invite_hash);
  if (!found) co_return later();
  if (!*found) co_return unknown_invite();
  if ((*found)->used_at) co_return used_invite();
  ConnectionName connection = (*found)->connection;
  std::optional<Secret> code = visit.take_code();
  if (!code || !hubspot::looks_like_token(code->reveal_text())) {
    state_.record("install.refused", connection, {{"cause", "HubSpot sent no code"}});
    co_return declined(visit.error);
  }
  AnsweredInvite answered;
  answered.app = visit.app;
  answered.invite = std::move(**found);
  answered.redirect_uri = std::move(install.redirect_uri);
  answered.code = std::move(*code);
  if (visit.app->pkce == App::Pkce::On) answered.verifier = secrets_.pkce_verifier(visit.ticket);
  Result<Installed> installed = co_await state_.install(std::move(answered));
  if (installed) co_return connected(*installed);
  state_.record("install.refused", connection, {{"cause", installed.error().code}});
  co_return refused(installed.error());
}

Installs::Installs(Grants& grants) : grants_(grants) {}

Async<Result<Invite>> Installs::invite(InviteOrder order, Actor actor) {
  Grants::State& state = *grants_.state_;
  AppSnapshot app = state.app(order.app);
  Result<std::optional<StoredGrant>> before = co_await state.stored(order.connection);
  if (!before) co_return std::unexpected(before.error());
  Result<void> allowed = may_invite(order, app.get(), *before);
  if (!allowed) co_return std::unexpected(allowed.error());

  Secret ticket = draw_ticket(state.parts.random);
  StoredInvite invite;
  invite.hash = InstallSecrets(state.parts.vault.state_key()).invite_hash(ticket.reveal_text());
  invite.connection = order.connection;
  invite.app = order.app;
  invite.account = *before ? (*before)->hub_id : order.account;
  invite.expires_at = state.parts.clock.now() + order.life.value_or(state.settings.invite_life);
  std::vector<store::Statement> transaction;
  transaction.push_back(insert_invite(invite));
  Result<void> kept = co_await state.parts.database.commit(std::move(transaction));
  if (!kept) co_return while_doing("storing the invite", kept.error());
  state.record("install.invite", order.connection, {{"app", order.app.text}, {"by", actor.text}});
  std::string address = state.settings.public_url + "/oauth/" + order.app.text + "/install?invite=";
  address.append(ticket.reveal_text());
  co_return Invite{std::move(address), invite.expires_at};
}

Async<http::Response> Installs::answer(http::Request request) {
  std::vector<std::string_view> parts = split(request.path(), '/');
  if (parts.size() != 4 || !parts[0].empty() || parts[1] != "oauth") co_return to_response(unknown_address());
  AppSnapshot app = grants_.state_->app({std::string(parts[2])});
  bool begins = parts[3] == "install";
  std::string_view query = request.query();
  if (!app || app->kind != App::Kind::Oauth || (!begins && parts[3] != "callback"))
    co_return to_response(unknown_address());
  // Whoever is neither invited nor back from where we sent them.
  bool is_open = begins ? !plain_parameter(query, "invite") && app->open_installs
                        : !plain_parameter(query, "state") && plain_parameter(query, "code");
  if (is_open && request.method == "GET")
    co_return to_response(app->open_installs ? confirmation(*app) : not_open());
  bool confirms = is_open && begins && request.method == "POST";
  if (request.method != "GET" && !confirms) {
    http::Response response = to_response({405, "Only to be opened in a browser", {}, ""});
    response.fields.add("Allow", is_open && begins ? "GET, POST" : "GET");
    co_return std::move(response);
  }
  // Of another site's making: whoever sits there has not seen what they confirm.
  std::string_view site = request.fields.find("Sec-Fetch-Site").value_or("same-origin");
  if (confirms && site != "same-origin") co_return to_response(confirmation(*app));
  Visit visit;
  visit.app = std::move(app);
  visit.ticket = plain_parameter(query, begins ? "invite" : "state").value_or("");
  visit.error = plain_parameter(query, "error").value_or("");
  visit.cookies = request.fields.find("Cookie").value_or("");
  visit.target = std::move(request.target);
  Door door(grants_);
  if (confirms) co_return co_await door.begin_open(std::move(visit));
  if (begins) co_return co_await door.begin(std::move(visit));
  co_return co_await door.finish(std::move(visit));
}

}  // namespace hubward::grants
