// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "async/await.hpp"
#include "async/frame_memory.hpp"
#include "core/ascii.hpp"
#include "core/json.hpp"
#include "core/locked_memory.hpp"
#include "gateway/forwarding.hpp"
#include "gateway/refusal.hpp"
#include "gateway/replay_buffer.hpp"
#include "gateway/settling_body.hpp"
#include "gateway/watching_body.hpp"
#include "gateway/wishes.hpp"
#include "hubspot/error_envelope.hpp"
#include "hubspot/link_rewrite.hpp"
#include "hubspot/path.hpp"
#include "hubspot/query.hpp"
#include "policy/decide.hpp"

namespace hubward::gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

std::optional<std::chrono::seconds> seconds_in(std::string_view text) {
  constexpr std::uint32_t longest = 86'400;
  std::uint32_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || seconds > longest)
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

// Whether there is anything to be decided about sending it again; most calls end here.
bool failed(const Result<http::Response>& answer) {
  constexpr int first = 423;  // no status below it is about trying again
  return !answer || answer->status >= first;
}

// Nothing, when it failed on our side.
std::optional<pacing::Failed> failure_of(const Result<http::Response>& answer) {
  if (answer) {
    return pacing::Failed{.status = answer->status,
                          .retry_after = seconds_in(answer->fields.find("retry-after").value_or(""))};
  }
  const std::string& code = answer.error().code;
  if (!code.starts_with("UPSTREAM_")) return std::nullopt;
  return pacing::Failed{.unsent = code == "UPSTREAM_CONNECT"};
}

// From 0 up to 1.
double chance(crypto::Random& random) {
  std::array<std::byte, 2> bytes{};
  random.fill(bytes);
  return (std::to_integer<int>(bytes[0]) * 256 + std::to_integer<int>(bytes[1])) / 65'536.0;
}

bool changes_something(const hubspot::Operation& operation) {
  return !operation.effects.within({hubspot::Effect::View});
}

// Query parameters whose numbers say nothing about a person.
constexpr std::array<std::string_view, 4> counters = {"limit", "after", "offset", "count"};

// Names of query parameters are the caller's words: only what looks like one of HubSpot's is kept in the
// clear.
bool is_plain_name(std::string_view name) {
  constexpr std::size_t longest = 40;
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, is_alpha);
}

// HubSpot's are UUIDs; nothing else is taken from a header into the record.
bool is_correlation_id(std::string_view id) {
  constexpr std::size_t uuid_length = 36;
  return id.size() == uuid_length &&
         std::ranges::all_of(id, [](char c) { return is_digit(c) || is_alpha(c) || c == '-'; });
}

bool is_json(std::string_view content_type) {
  constexpr std::string_view json = "application/json";
  return same_ignoring_case(content_type.substr(0, json.size()), json);
}

// Who may be told that HubSpot refused our token: HubSpot's own 401 would read as if the caller's key were
// wrong.
Error token_refused(const ConnectionName& connection, const hubspot::HubSpotError& said) {
  return Error{"TOKEN_REFUSED", Fault::HubSpot, Retry::Never,
               fmt::format("HubSpot refused the token of connection {} ({}): the app was perhaps uninstalled "
                           "there, or its token "
                           "rotated; `hubward connection show {}` says what to do",
                           connection.text, said.category.empty() ? "401 without a category" : said.category,
                           connection.text)};
}

}  // namespace

// One call on its way: what the steps have found out so far.
struct Gateway::Passage {
  Caller caller;
  std::shared_ptr<const Settings> settings;
  SteadyPoint began;
  ConnectionName connection;
  hubspot::CanonicalPath path;
  hubspot::Query query;
  hubspot::Match match;  // its views point into `path` and the catalogue
  journal::Record record;

  // What is sent to HubSpot, possibly twice.
  http::Client* client = nullptr;
  http::Outgoing outgoing;
  ReplayBuffer body{nullptr, 0};
  std::uint64_t generation = 0;  // of the token that was sent last
  bool token_is_static = false;
  bool settled = false;  // recorded and counted, once
  // Among those that are under way: alive until it is settled.
  std::shared_ptr<Passage> self;
  Passage *before = nullptr, *after = nullptr;

  // How it stands in line for room at HubSpot.
  AppName app;
  HubId account;
  Standing standing;
  SteadyPoint go_by;
  std::function<bool()> caller_is_there;
  std::chrono::nanoseconds waited{0};
  std::optional<std::chrono::milliseconds> retry_after;  // where the reason of a refusal knows
  bool limit_may_pass = false;  // HubSpot's last answer was a 429 that waiting helps against

  std::string target() const {
    return query.sent().empty() ? path.sent() : fmt::format("{}?{}", path.sent(), query.sent());
  }
  // Where links lead back to.
  std::string base() const {
    return caller.connection ? fmt::format("{}/c/{}", caller.base, connection.text) : caller.base;
  }
  bool reads_answer() const { return !changes_something(*match.operation); }
  // A static token has an owner, whose removal HubSpot tells in the bodies of errors, to writes most of all.
  bool reads_errors() const { return token_is_static; }
};

// Tells the caller why its call took as long as it did, where that was not HubSpot.
void Gateway::note_patience(Passage& passage, http::Response& response) {
  auto waited = std::chrono::ceil<std::chrono::milliseconds>(passage.waited);
  if (waited.count() > 0) {
    response.fields.set("X-Hubward-Waited-Ms", std::to_string(waited.count()));
    passage.record.details.push_back({"waited_ms", std::to_string(waited.count())});
  }
  if (passage.record.attempts > 1)
    response.fields.set("X-Hubward-Attempts", std::to_string(passage.record.attempts));
}

Gateway::Gateway(Parts parts, std::shared_ptr<const Settings> settings)
    : parts_(parts), journal_key_(parts.journal_key.reveal()), settings_(std::move(settings)) {}

Gateway::~Gateway() {
  while (under_way_ != nullptr) settle(*under_way_, 0, 0, "GATEWAY_STOPPED");
}

Async<http::Response> Gateway::call(Caller caller, http::Request request) {
  auto passage = std::allocate_shared<Passage>(FrameAllocator<Passage>());
  passage->self = passage;
  passage->after = std::exchange(under_way_, passage.get());
  if (passage->after != nullptr) passage->after->before = passage.get();
  passage->settings = settings_;
  passage->began = parts_.clock.steady();
  passage->caller = std::move(caller);
  journal::Record& record = passage->record;
  record.time = parts_.clock.now();
  record.client = passage->caller.client->name.text;
  record.correlation_id = passage->caller.correlation_id;
  record.peer = passage->caller.address;

  Result<ConnectionName> connection = choose_connection(passage->caller);
  if (!connection) co_return refuse(*passage, connection.error());
  passage->connection = *connection;
  record.connection = connection->text;
  if (Result<void> read = read_target(*passage, request); !read) co_return refuse(*passage, read.error());
  if (Result<void> decided = decide(*passage, request.method); !decided)
    co_return refuse(*passage, decided.error());
  if (Result<void> standing = take_standing(*passage, request); !standing)
    co_return refuse(*passage, standing.error());

  Result<http::Response> answer = co_await forward(passage, std::move(request));
  if (!answer) co_return refuse(*passage, answer.error());
  co_return hand_back(passage, std::move(*answer));
}

Result<ConnectionName> Gateway::choose_connection(const Caller& caller) const {
  const Client& client = *caller.client;
  if (caller.connection) {
    if (client.may_use(*caller.connection)) return *caller.connection;
    return invalid("CONNECTION_NOT_ALLOWED",
                   fmt::format("client {} may not use the connection in the path; `hubward client show {}` "
                               "lists those it may use",
                               client.name.text, client.name.text));
  }
  if (client.connections.size() == 1) return client.connections.front();
  return invalid(
      "CONNECTION_REQUIRED",
      fmt::format(
          "client {} may use {} connections, so the call must name one: put /c/<connection> before the path",
          client.name.text, client.connections.size()));
}

Result<void> Gateway::read_target(Passage& passage, const http::Request& request) const {
  Result<hubspot::CanonicalPath> path = hubspot::canonicalise(request.path());
  if (!path) return std::unexpected(path.error());
  passage.path = std::move(*path);
  Result<hubspot::Query> query = hubspot::Query::parse(request.query());
  if (!query) return std::unexpected(query.error());
  passage.query = std::move(*query);
  return policy::check_forwardable(passage.path, passage.query);
}

// Numeric ids and HubSpot's own object types are kept in the clear, everything else as a keyed hash. Under
// `idProperty` a number is no id: it may be somebody's telephone.
void Gateway::note_parameters(Passage& passage) const {
  std::vector<journal::Field>& noted = passage.record.parameters;
  bool by_property = passage.query.find("idProperty").has_value();
  noted.reserve(passage.match.parameters().size() + passage.query.parameters().size());
  for (const auto& [name, value] : passage.match.parameters()) {
    hubspot::ObjectName object = hubspot::object_name(value);
    if (name.ends_with("bjectType") && hubspot::kind_of(object) == hubspot::ObjectKind::Standard) {
      noted.push_back({std::string(name), std::move(object.text)});
      continue;
    }
    noted.push_back({std::string(name), by_property ? journal::hashed(journal_key_, value)
                                                    : journal::id_or_hash(journal_key_, value)});
  }
  for (const auto& [name, value] : passage.query.parameters()) {
    if (!is_plain_name(name)) continue;
    bool is_counter = std::ranges::find(counters, name) != counters.end();
    noted.push_back({"?" + name, is_counter ? journal::id_or_hash(journal_key_, value)
                                            : journal::hashed(journal_key_, value)});
  }
}

Result<void> Gateway::decide(Passage& passage, const std::string& method) const {
  const RoleName& role_name = passage.caller.client->role;
  auto role = passage.settings->roles.find(role_name);
  if (role == passage.settings->roles.end()) {
    return invalid("DENIED", fmt::format("the role {} of client {} is not in the configuration",
                                         role_name.text, passage.caller.client->name.text));
  }
  journal::Record& record = passage.record;
  auto match = parts_.catalogue.find(method, passage.path);
  if (!match) {
    record.decision = journal::Decision::Deny;
    auto decision = policy::decide_unknown(match.error(), method, passage.path);
    bool method_only = match.error().why == hubspot::Unmatched::Why::NoSuchMethod;
    return invalid(method_only ? "METHOD_NOT_ALLOWED" : "OPERATION_UNKNOWN", std::move(decision.sentence));
  }
  passage.match = *match;
  record.operation = match->operation->name;
  record.path_template = match->operation->path_template;
  note_parameters(passage);

  policy::Decision decision = policy::decide(role->second, *match, passage.query.associated_objects());
  record.rule = decision.rule;
  switch (decision.verdict) {
    case policy::Decision::Verdict::Allow: record.decision = journal::Decision::Allow; return {};
    case policy::Decision::Verdict::ShadowDeny: record.decision = journal::Decision::ShadowDeny; return {};
    case policy::Decision::Verdict::Deny: break;
  }
  record.decision = journal::Decision::Deny;
  return invalid("DENIED", std::move(decision.sentence));
}

// How it stands in line: as its role does, or as it asks for itself.
Result<void> Gateway::take_standing(Passage& passage, const http::Request& request) const {
  const RoleName& role = passage.caller.client->role;
  auto standing = passage.settings->standings.find(role);
  if (standing != passage.settings->standings.end()) passage.standing = standing->second;
  Result<Wishes> wishes =
      read_wishes(request.fields, role, passage.standing.priority, parts_.pacer.settings());
  if (!wishes) return std::unexpected(wishes.error());
  passage.standing.priority = wishes->priority;
  passage.go_by = passage.began + wishes->wait;
  return {};
}

bool Gateway::is_recorded_first(const Passage& passage) const {
  const Settings& settings = *passage.settings;
  hubspot::Effects effects = passage.match.operation->effects;
  return (settings.durable_writes && changes_something(*passage.match.operation)) ||
         (settings.durable_deletes && effects.has(hubspot::Effect::Delete));
}

Async<Result<http::Response>> Gateway::forward(std::shared_ptr<Passage> passage, http::Request request) {
  // What cannot be recorded is not done.
  Result<void> recordable = parts_.journal.accepting();
  if (recordable && is_recorded_first(*passage)) {
    journal::Record intent = passage->record;
    intent.details.push_back({"phase", "before-send"});
    recordable = co_await parts_.journal.append_durably(std::move(intent));
  }
  if (!recordable) co_return std::unexpected(recordable.error());
  Result<grants::Grants::Side> side = parts_.grants.side_of(passage->connection);
  if (!side) co_return std::unexpected(side.error());
  Result<http::Client*> client = parts_.upstreams.client_for(*side->app);
  if (!client) co_return std::unexpected(client.error());

  passage->client = *client;
  http::Outgoing& outgoing = passage->outgoing;
  outgoing.origin = Upstreams::origin_for(*side->app, passage->match.operation->host);
  outgoing.pool = passage->connection.text;
  outgoing.method = std::move(request.method);
  outgoing.target = passage->target();
  outgoing.fields = std::move(request.fields);
  passage->caller_is_there = std::move(request.caller_is_there);
  passage->body = ReplayBuffer(std::move(request.body), passage->settings->repeatable_body_bytes);
  passage->app = side->app->name;
  passage->account = side->account;
  passage->token_is_static = side->kind == grants::GrantKind::Static;
  bool reads = passage->reads_answer() || passage->reads_errors();
  prepare_for_hubspot(outgoing.fields, reads ? Encoding::Identity : Encoding::AsAsked);
  repeat_budgets_[passage->client].sent();
  Result<http::Response> answer = co_await send(passage, Wanted::AToken);
  for (int repeats = 0; failed(answer) && repeats < passage->settings->most_repeats; ++repeats) {
    bool again = co_await may_go_again(passage, failure_of(answer), repeats);
    if (!again) break;
    Result<http::Response> next = co_await send(passage, Wanted::AToken);
    if (!next && passage->retry_after) break;  // no room: then HubSpot's own answer says it better
    answer = std::move(next);
    parts_.metrics.sent_again();
  }
  passage->record.bytes_in = passage->body.bytes_read();
  co_return answer;
}

// Waits as long as it takes until a call that failed may be sent again; false when it may not. What HubSpot
// refused for a limit was not done, and waits in line with everybody else.
Async<bool> Gateway::may_go_again(std::shared_ptr<Passage> passage, std::optional<pacing::Failed> failed,
                                  int repeats) {
  if (!failed || !passage->body.can_replay()) co_return false;
  if (failed->status == 429) co_return passage->limit_may_pass;
  bool idempotent = pacing::is_idempotent(*passage->match.operation);
  auto wait = pacing::wait_before_repeat(*failed, idempotent, repeats, chance(parts_.random));
  if (!wait || parts_.clock.steady() + *wait > passage->go_by) co_return false;
  if (!repeat_budgets_[passage->client].take()) co_return false;
  co_await sleep_until(after(*wait));
  passage->waited += *wait;
  co_return !passage->caller_is_there || passage->caller_is_there();
}

// Waits for room at HubSpot, then takes the token, so that none lies open while a call waits.
Async<Result<http::Response>> Gateway::send(std::shared_ptr<Passage> passage, Wanted wanted) {
  pacing::Ask ask{.app = passage->app,
                  .account = passage->account,
                  .kind = passage->token_is_static ? pacing::AppKind::Static : pacing::AppKind::Oauth,
                  .operation = passage->match.operation,
                  .client = passage->caller.client->name,
                  .priority = passage->standing.priority,
                  .weight = passage->standing.weight,
                  .deadline = passage->go_by,
                  .caller_is_there = passage->caller_is_there};
  auto permit = co_await parts_.pacer.admit(std::move(ask));
  if (!permit) {
    passage->retry_after = permit.error().retry_after;
    co_return std::unexpected(std::move(permit.error().error));
  }
  passage->waited += permit->waited();
  // A token is held until HubSpot begins to answer: when HubSpot is slow, many are.
  if (locked_memory_is_short()) {
    permit->unsent();
    co_return failure("OVERLOADED", Fault::Us, Retry::Later,
                      "too many calls are under way at once; try again in a moment");
  }
  Deadline deadline = after(passage->settings->answer_wait);
  Async<Result<grants::Token>> asked =
      wanted == Wanted::AToken
          ? parts_.grants.token_for(parts_.loop, passage->connection, deadline)
          : parts_.grants.expired(parts_.loop, passage->connection, passage->generation, deadline);
  Result<grants::Token> token = co_await std::move(asked);
  if (!token) {
    permit->unsent();
    co_return std::unexpected(token.error());
  }
  if (wanted == Wanted::ANewerToken) parts_.metrics.renewed_and_repeated();
  passage->generation = token->generation;
  http::Outgoing& outgoing = passage->outgoing;
  outgoing.bearer = std::move(token->bearer);
  outgoing.body = passage->body.reader();
  SteadyPoint sent = parts_.clock.steady();
  Result<http::Response> answer =
      co_await passage->client->send(outgoing, after(passage->settings->answer_wait));
  outgoing.bearer.reset();
  outgoing.body.reset();
  auto waited = parts_.clock.steady() - sent;
  passage->record.upstream_duration += duration_cast<microseconds>(waited);
  ++passage->record.attempts;
  if (!answer) {
    parts_.metrics.upstream_failed(answer.error().code);
    co_return answer;
  }
  passage->record.upstream_status = static_cast<std::uint16_t>(answer->status);
  parts_.metrics.upstream_answered(answer->status, waited);
  hubspot::LimitFields told;
  for (std::size_t i = 0; i < answer->fields.size(); ++i)
    told.note(answer->fields[i].name, answer->fields[i].value);
  passage->limit_may_pass = false;
  if (answer->status == 429) {
    answer = co_await hear_refusal(passage, std::move(*permit), told, std::move(*answer));
    co_return answer;
  }
  permit->answered(told);
  if (answer->status == 401 && wanted == Wanted::AToken)
    answer = co_await renew_and_repeat(passage, std::move(*answer));
  co_return answer;
}

// The body of a 429 says which limit it was; it goes on to the caller unchanged.
Async<Result<http::Response>> Gateway::hear_refusal(std::shared_ptr<Passage> passage, pacing::Permit permit,
                                                    hubspot::LimitFields told, http::Response answer) {
  Result<std::string> body = co_await http::read_all(std::move(answer.body), hubspot::longest_error_body);
  hubspot::HubSpotError said = hubspot::read_error(answer.status, body ? *body : std::string());
  permit.refused(said.kind, told);
  if (!body) co_return std::unexpected(body.error());
  passage->limit_may_pass = said.kind != hubspot::HubSpotError::Kind::DailyLimit;
  passage->record.details.push_back(
      {"hubspot_limit", said.policy_name.empty() ? "not named" : said.policy_name});
  answer.body = http::text_body(std::move(*body));
  co_return answer;
}

// HubSpot said 401. When it calls the token expired, a newer one is fetched and the call repeated, once; so
// for a static token, whatever HubSpot calls it: a newer one may wait to take over. Anything else is about
// our token, not the caller's key, and is explained.
Async<Result<http::Response>> Gateway::renew_and_repeat(std::shared_ptr<Passage> passage,
                                                        http::Response refused) {
  Result<std::string> body = co_await http::read_all(std::move(refused.body), hubspot::longest_error_body);
  hubspot::HubSpotError said = hubspot::read_error(refused.status, body ? *body : std::string());
  if (said.kind != hubspot::HubSpotError::Kind::ExpiredToken && !passage->token_is_static) {
    if (said.category == "INVALID_AUTHENTICATION")
      parts_.grants.refused(passage->connection, passage->generation);
    co_return std::unexpected(token_refused(passage->connection, said));
  }
  if (!passage->body.can_replay()) {
    co_return failure("TOKEN_EXPIRED", Fault::HubSpot, Retry::Later,
                      "HubSpot called the token expired while a large body was being sent, which cannot be "
                      "sent again by itself: "
                      "repeat the call");
  }
  Result<http::Response> answer = co_await send(passage, Wanted::ANewerToken);
  if (answer && answer->status == 401) {
    Result<std::string> again = co_await http::read_all(std::move(answer->body), hubspot::longest_error_body);
    co_return std::unexpected(
        token_refused(passage->connection, hubspot::read_error(401, again ? *again : std::string())));
  }
  co_return answer;
}

http::Response Gateway::hand_back(std::shared_ptr<Passage> passage, http::Response answer) {
  // What HubSpot's support asks for, and what stands in an error body that is passed on.
  if (auto id = answer.fields.find("x-hubspot-correlation-id"); id && is_correlation_id(*id))
    passage->record.details.push_back({"hubspot_correlation_id", std::string(*id)});
  prepare_for_caller(answer.fields);
  if (answer.fields.find("location")) lead_back(answer.fields, passage->outgoing.origin, passage->base());
  answer.fields.set("X-Hubward-Correlation-Id", passage->caller.correlation_id);
  answer.correlation_id = passage->caller.correlation_id;
  note_patience(*passage, answer);
  if (answer.status == 429 && passage->retry_after && !answer.fields.find("retry-after"))
    answer.fields.set("Retry-After", seconds_of(*passage->retry_after));
  if (!answer.body) {
    settle(*passage, answer.status, 0, {});
    return answer;
  }
  if (passage->reads_errors() && (answer.status == 400 || answer.status == 403)) watch_owner(passage, answer);
  std::optional<hubspot::LinkRewriter> rewriter;
  auto type = answer.fields.find("content-type");
  if (passage->reads_answer() && type && is_json(*type)) {
    if (auto encoding = answer.fields.find("content-encoding"); encoding && *encoding != "identity") {
      return refuse(
          *passage,
          Error{
              "UPSTREAM_ANSWER", Fault::HubSpot, Retry::Never,
              "HubSpot sent an encoded answer although it was asked not to, so its links cannot be checked"});
    }
    rewriter.emplace([passage] {
      return hubspot::LinkRewriter::Way{passage->base(), http::authority_of(passage->outgoing.origin)};
    });
  }
  int status = answer.status;
  answer.body = std::make_unique<SettlingBody>(
      std::move(answer.body), std::move(rewriter), passage->settings->answer_body_bytes,
      [this, passage, status](Settlement settlement) {
        if (passage->settled) return;  // then the gateway may be gone
        switch (settlement.end) {
          case Settlement::End::Whole: settle(*passage, status, settlement.bytes, {}); break;
          case Settlement::End::Broken: settle(*passage, status, settlement.bytes, "ANSWER_BROKE_OFF"); break;
          case Settlement::End::Abandoned:
            settle(*passage, status, settlement.bytes, "CALLER_WENT_AWAY");
            break;
        }
      });
  return answer;
}

// Until something changes, where that is known: a token that could not be renewed is tried again at its time.
std::optional<std::chrono::milliseconds> Gateway::wait_after(const Passage& passage,
                                                             const Error& error) const {
  if (passage.retry_after) return passage.retry_after;
  if (error.code != "GRANT_UNAVAILABLE") return std::nullopt;
  std::optional<SteadyPoint> next = parts_.grants.next_try(passage.connection);
  if (!next) return std::nullopt;
  SteadyPoint now = parts_.clock.steady();
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(*next, now) - now);
}

void Gateway::watch_owner(const std::shared_ptr<Passage>& passage, http::Response& answer) {
  int status = answer.status;
  answer.body = std::make_unique<WatchingBody>(
      std::move(answer.body), hubspot::longest_error_body, [this, passage, status](std::string_view body) {
        if (passage->settled || !hubspot::read_error(status, body).user_lacks_permissions) return;
        passage->record.details.push_back({"hubspot_says", "USER_DOES_NOT_HAVE_PERMISSIONS"});
        parts_.grants.owner_missing(passage->connection, passage->generation);
      });
}

http::Response Gateway::refuse(Passage& passage, const Error& error) {
  http::Response response = refusal(error, passage.caller.correlation_id, wait_after(passage, error));
  note_patience(passage, response);
  parts_.metrics.refused(error.code);
  settle(passage, response.status, response.body ? response.body->length().value_or(0) : 0, error.code);
  return response;
}

void Gateway::settle(Passage& passage, int status, std::uint64_t bytes, std::string_view end) {
  if (std::exchange(passage.settled, true)) return;
  journal::Record& record = passage.record;
  auto whole = parts_.clock.steady() - passage.began;
  record.status = static_cast<std::uint16_t>(status);
  record.bytes_out = bytes;
  record.reason = end;
  record.duration = duration_cast<microseconds>(whole);
  parts_.metrics.answered(status, whole);
  Result<void> recorded = parts_.journal.append(std::move(record));
  if (!recorded) {
    parts_.metrics.unrecorded();
    parts_.log.failed(telemetry::Level::Error, "call.unrecorded", recorded.error(),
                      {{"correlation_id", passage.caller.correlation_id}});
  }
  (passage.before != nullptr ? passage.before->after : under_way_) = passage.after;
  if (passage.after != nullptr) passage.after->before = passage.before;
  passage.self.reset();  // it may be gone now
}

}  // namespace hubward::gateway
