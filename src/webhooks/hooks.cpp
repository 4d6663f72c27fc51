// SPDX-License-Identifier: Apache-2.0
#include "webhooks/hooks.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "async/await.hpp"
#include "http/error_response.hpp"

namespace hubward::webhooks {
namespace {

constexpr std::chrono::seconds between_looks{1};  // at the disk
constexpr std::string_view try_again_seconds = "30";

// What whoever sent it may know, whatever the reason is.
constexpr std::string_view not_genuine = "the request is not signed as this address expects";

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

http::Response plain(int status, std::string_view code, std::string_view message) {
  return http::error_response(status, code, message);
}

hubspot::SignatureFields fields_of(const http::Request& request) {
  hubspot::SignatureFields fields;
  for (std::size_t i = 0; i < request.fields.size(); ++i)
    fields.add(request.fields[i].name, request.fields[i].value);
  return fields;
}

hubspot::SigningSecrets secrets_of(const grants::App& app) {
  hubspot::SigningSecrets secrets;
  if (!app.client_secret.empty()) secrets.current = &app.client_secret;
  if (app.previous_client_secret) secrets.previous = &*app.previous_client_secret;
  return secrets;
}

// As it would stand in a file for `webhook verify`.
std::string text_of(const http::Request& request, std::string_view body) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    text += request.fields[i].name;
    text += ": ";
    text += request.fields[i].value;
    text += "\r\n";
  }
  text += "\r\n";
  text += body;
  return text;
}

// v1 and v2 have no time, so that nothing but the identity of their events could recognise them.
std::optional<RequestMark> mark_of(const hubspot::SignatureFields& fields, hubspot::SignatureVersion version,
                                   const hubspot::SignaturePolicy& policy) {
  if (version != hubspot::SignatureVersion::V3) return std::nullopt;
  std::optional<TimePoint> signed_at = hubspot::time_of(fields.timestamp.value);
  if (!signed_at) return std::nullopt;
  return RequestMark{crypto::sha256({bytes_of(fields.v3.value), bytes_of(fields.timestamp.value)}),
                     *signed_at + policy.oldest + policy.future};
}

}  // namespace

// Bytes of a body, counted while it is anywhere in memory.
class Hooks::Reservation {
 public:
  explicit Reservation(std::shared_ptr<std::uint64_t> total) : total_(std::move(total)) {}
  ~Reservation() { *total_ -= held_; }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  bool grow(std::uint64_t by, std::uint64_t most) {
    if (by > most - std::min(*total_, most)) return false;
    *total_ += by;
    held_ += by;
    return true;
  }

 private:
  std::shared_ptr<std::uint64_t> total_;
  std::uint64_t held_ = 0;
};

// A genuine request on its way to the disk. Whoever waits for it may give up earlier than the disk does.
struct Hooks::Taking {
  explicit Taking(Hooks& hooks) : reserved(hooks.buffered_), done(hooks.parts_.loop) {}
  Reservation reserved;
  AppName app;
  std::string body;
  std::vector<hubspot::WebhookEvent> events;  // views of `body`
  std::optional<RequestMark> mark;
  Telling telling;
  Signal done;
  std::optional<Result<void>> outcome;

  static Async<void> write(Inbox& inbox, std::shared_ptr<Taking> taking) {
    taking->outcome = co_await inbox.accept(taking->app, taking->events, taking->mark, taking->telling);
    taking->done.notify();
  }
};

// Somebody who waits for the next request.
struct Hooks::Capture {
  explicit Capture(Loop& loop) : arrived(loop) {}
  Signal arrived;
  std::optional<std::string> text;
};

Hooks::Hooks(Parts parts, std::shared_ptr<const HookSettings> settings)
    : parts_(std::move(parts)), settings_(std::move(settings)) {}

Async<http::Response> Hooks::answer(http::Request request) {
  std::string_view path = request.path();
  auto app = settings_->apps.end();
  // The raw path: a signature stands for every path that decodes to the same (docs/webhooks.md).
  if (path.starts_with(hooks_path))
    app = settings_->apps.find(AppName{std::string(path.substr(hooks_path.size()))});
  if (app == settings_->apps.end()) co_return plain(404, "NOT_FOUND", "there is nothing here");
  if (request.method != "POST") {
    http::Response response = plain(405, "METHOD_NOT_ALLOWED", "webhooks are sent with POST");
    response.fields.add("Allow", "POST");
    co_return response;
  }
  HookApp wanted = app->second;
  if (captures_.contains(app->first)) co_return co_await show(std::move(wanted), std::move(request));
  if (auto refused = refuse_by_head(wanted, request)) co_return std::move(*refused);
  co_return co_await take(std::move(wanted), std::move(request));
}

Async<std::optional<std::string>> Hooks::capture(AppName app, Deadline deadline) {
  auto capture = std::make_shared<Capture>(parts_.loop);
  captures_[app].push_back(capture);
  while (!capture->text) {
    bool told = co_await capture->arrived.wait(deadline);
    if (!told) break;
  }
  auto waiting = captures_.find(app);
  if (waiting != captures_.end()) {
    std::erase(waiting->second, capture);
    if (waiting->second.empty()) captures_.erase(waiting);
  }
  co_return std::move(capture->text);
}

// Reads the body first, which those who are only refused by their head are spared, and goes on as ever.
Async<http::Response> Hooks::show(HookApp app, http::Request request) {
  Reservation reserved(buffered_);
  Result<std::string> body = co_await read_body(std::move(request.body), reserved);
  if (!body) co_return answer_for(app.app->name, body.error());
  auto waiting = captures_.find(app.app->name);
  if (waiting != captures_.end()) {
    std::string text = text_of(request, *body);
    for (const auto& capture : std::exchange(waiting->second, {})) {
      capture->text = text;
      capture->arrived.notify();
    }
    captures_.erase(waiting);
  }
  request.body = http::text_body(std::move(*body));
  if (auto refused = refuse_by_head(app, request)) co_return std::move(*refused);
  co_return co_await take(std::move(app), std::move(request));
}

std::optional<http::Response> Hooks::refuse_by_head(const HookApp& app, const http::Request& request) {
  const hubspot::SignatureFields fields = fields_of(request);
  auto version = hubspot::verify_head(fields, secrets_of(*app.app), app.policy, parts_.clock.now());
  if (!version) return refuse(app.app->name, version.error());
  if (has_room()) return std::nullopt;
  return unavailable(app.app->name, "no_room",
                     {"INBOX_FULL", Fault::Store, Retry::Later,
                      "the disk of the inbox is nearly full; make room, and HubSpot's retries bring what was "
                      "refused"});
}

Async<Result<std::string>> Hooks::read_body(std::unique_ptr<http::Body> body, Reservation& reserved) {
  std::string text;
  while (body) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (piece->empty()) break;
    if (piece->size() > settings_->batch.bytes - std::min(text.size(), settings_->batch.bytes))
      co_return invalid("BODY_TOO_LARGE", "the body is longer than a batch of webhooks may be");
    if (!reserved.grow(piece->size(), settings_->buffered_bytes))
      co_return failure("HOOKS_OVERLOADED", Fault::Us, Retry::Later,
                        "too much is being received at once; try again later");
    text.append(*piece);
  }
  co_return text;
}

Async<http::Response> Hooks::take(HookApp app, http::Request request) {
  auto taking = std::make_shared<Taking>(*this);
  taking->app = app.app->name;
  Result<std::string> body = co_await read_body(std::move(request.body), taking->reserved);
  if (!body) co_return answer_for(taking->app, body.error());
  taking->body = std::move(*body);

  const hubspot::SignatureFields fields = fields_of(request);
  const std::string url = settings_->public_url + request.target;
  hubspot::Verdict verdict = hubspot::verify({request.method, url, taking->body}, fields,
                                             secrets_of(*app.app), app.policy, parts_.clock.now());
  if (!verdict) co_return refuse(taking->app, verdict.error());
  bool is_previous = verdict->secret == hubspot::WhichSecret::Previous;
  secret_uses_.note(taking->app, is_previous ? grants::ClientSecret::Previous : grants::ClientSecret::Current,
                    parts_.clock.now());
  if (is_previous)
    note(taking->app, "previous_secret",
         "HubSpot still signs with the secret that is configured as previous_client_secret");

  auto events = hubspot::read_events(taking->body, settings_->batch);
  if (!events) co_return answer_for(taking->app, events.error());
  taking->events = std::move(*events);
  taking->mark = mark_of(fields, verdict->version, app.policy);
  taking->telling.tolerance = app.journal_tolerance;
  Result<void> stored = co_await store(taking);
  if (!stored) co_return answer_for(taking->app, stored.error());
  note(taking->app, "accepted", "");
  co_return no_content();
}

// What outlasts our patience is still written: HubSpot sends it again, and it is then known.
Async<Result<void>> Hooks::store(std::shared_ptr<Taking> taking) {
  Deadline deadline = after(settings_->answer_within);
  parts_.loop.spawn(Taking::write(parts_.inbox, taking));
  while (!taking->outcome) {
    bool told = co_await taking->done.wait(deadline);
    if (!told && !taking->outcome)
      co_return failure("HOOKS_SLOW", Fault::Us, Retry::Later,
                        "the events could not be made durable in time; try again later");
  }
  co_return *taking->outcome;
}

bool Hooks::has_room() {
  SteadyPoint now = parts_.clock.steady();
  if (looked_ != SteadyPoint{} && now - looked_ < between_looks) return has_room_;
  looked_ = now;
  has_room_ = parts_.free_bytes() >= settings_->keep_free_bytes;
  return has_room_;
}

void Hooks::note(const AppName& app, std::string_view outcome, std::string_view explanation) {
  std::map<std::string, Outcome, std::less<>>& of_app = outcomes_[app];
  auto found = of_app.find(outcome);
  if (found == of_app.end()) {
    telemetry::Counter counter = parts_.metrics.counter(
        "hubward_webhook_requests_total", "Requests to the webhook door, by app and outcome",
        {{"app", app.text}, {"outcome", std::string(outcome)}});
    found = of_app.emplace(std::string(outcome), Outcome{counter}).first;
  }
  found->second.counter.add();
  ++found->second.times;
  found->second.last = parts_.clock.now();
  if (!explanation.empty()) found->second.explanation = explanation;
}

http::Response Hooks::refuse(const AppName& app, const hubspot::SignatureRefusal& refusal) {
  std::string_view reason = hubspot::to_text(refusal.trouble);
  note(app, reason, refusal.message);
  if (told_.take(parts_.clock.steady()))
    parts_.log.warning("webhook.refused", {{"app", app}, {"reason", reason}, {"why", refusal.message}});
  return plain(401, "SIGNATURE_REFUSED", not_genuine);
}

http::Response Hooks::answer_for(const AppName& app, const Error& error) {
  if (error.code == "HOOKS_OVERLOADED") return unavailable(app, "overloaded", error);
  if (error.code == "HOOKS_SLOW") return unavailable(app, "slow", error);
  int status = 400;
  std::string_view outcome = "broken_off";
  if (error.code == "HOOK_REPLAYED") std::tie(status, outcome) = std::pair(409, "replayed");
  if (error.code == "BODY_TOO_LARGE") std::tie(status, outcome) = std::pair(413, "too_large");
  if (error.code == "WEBHOOK_INVALID") std::tie(status, outcome) = std::pair(400, "unreadable");
  if (outcome == "broken_off" && error.fault != Fault::Caller && error.fault != Fault::Network)
    return unavailable(app, "not_stored", error);
  note(app, outcome, error.message);
  if (told_.take(parts_.clock.steady()))
    parts_.log.warning("webhook.refused", {{"app", app}, {"reason", outcome}, {"why", error.message}});
  return plain(status, error.code, error.message);
}

http::Response Hooks::unavailable(const AppName& app, std::string_view outcome, const Error& error) {
  note(app, outcome, error.message);
  if (told_.take(parts_.clock.steady()))
    parts_.log.error("webhook.unavailable", {{"app", app}, {"reason", outcome}, {"why", error.message}});
  http::Response response =
      plain(503, "HOOKS_UNAVAILABLE", "the events could not be kept now; try again later");
  response.fields.add("Retry-After", try_again_seconds);
  return response;
}

}  // namespace hubward::webhooks
