// SPDX-License-Identifier: Apache-2.0
#include "sandbox/router.hpp"

#include "core/encoding.hpp"
#include "sandbox/counting.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/oauth.hpp"
#include "sandbox/operations.hpp"
#include "sandbox/webhook_journal.hpp"

namespace hubward::sandbox {
namespace {

// What comes along with every answer (hubspot.md section 5.2); a proxy must not hand on most of it.
void add_edge_fields(World& world, Answer& answer, std::string_view correlation_id) {
  auto add = [&](const char* name, std::string value) { answer.fields.emplace_back(name, std::move(value)); };
  add("X-HubSpot-Correlation-Id", std::string(correlation_id));
  add("X-Trace", "2B" + to_hex(bytes_of(world.random_bytes(8))));
  add("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload");
  add("X-Content-Type-Options", "nosniff");
  add("Vary", "origin, Accept-Encoding");
  add("Access-Control-Allow-Credentials", "false");
  add("CF-Cache-Status", "DYNAMIC");
  add("CF-RAY", to_hex(bytes_of(world.random_bytes(8))) + "-SBX");
  add("Server", "cloudflare");
  add("Set-Cookie", "__cf_bm=" + to_base64url(bytes_of(world.random_bytes(24))) +
                        "; path=/; domain=.hubapi.com; HttpOnly; Secure; SameSite=None");
  add("Report-To",
      R"({"endpoints":[{"url":"https:\/\/a.nel.cloudflare.com\/report\/v4"}],"group":"cf-nel","max_age":604800})");
  add("NEL", R"({"success_fraction":0.01,"report_to":"cf-nel","max_age":604800})");
  add("alt-svc", "h3=\":443\"; ma=86400");
}

Problem expectations(const char* what) {
  return {400, std::string("Invalid input JSON on line 1, column 1: ") + what, "VALIDATION_ERROR"};
}

std::expected<Json, Problem> read_body(const Call& call, Body wanted) {
  if (wanted == Body::None) return Json();
  std::string_view type = call.field("Content-Type");
  if (!same_ignoring_case(trimmed(type.substr(0, type.find(';'))), "application/json"))
    return refuse(415, "Unsupported media type: the body must be application/json");
  auto body = Json::parse(call.body);
  if (!body) {
    std::string message = body.error().message;  // "invalid JSON at line 1, column 2: ..."
    std::size_t place = message.find("line ");
    std::string where = place == std::string::npos ? "line 1, column 1: not JSON" : message.substr(place);
    return refuse(400, "Invalid input JSON on " + where);
  }
  if (wanted == Body::Object && !body->is_object())
    return std::unexpected(expectations("an object is expected"));
  if (wanted == Body::Array && !body->is_array())
    return std::unexpected(expectations("an array is expected"));
  return *std::move(body);
}

std::expected<void, Problem> check_rights(const Context& context, const Operation& operation) {
  std::vector<const ObjectType*> types;
  for (std::size_t hole : operation.type_holes) {
    auto type = context.type(context.args[hole]);
    if (!type) return std::unexpected(type.error());
    types.push_back(*type);
  }
  return check_scopes(context.token, demanded(operation.right, types));
}

Pace pace_of(const Operation& operation) {
  bool associations = std::string_view(operation.family) == "crm/associations";
  return operation.pace == Pace::Normal && associations ? Pace::Associations : operation.pace;
}

// Everything after the route is known.
Answer run_operation(World& world, const Call& call, const Match& match, Caller caller,
                     const std::string& correlation_id) {
  const Operation& operation = *match.operation;
  App& app = world.apps[caller.token->app];
  const Pace pace = pace_of(operation);
  auto answered = [&](Answer answer) {
    for (auto& field : limit_fields(world, *caller.account, app, pace))
      answer.fields.push_back(std::move(field));
    return answer;
  };
  auto refused = [&](const Problem& problem) { return answered(problem_answer(problem, correlation_id)); };

  if (auto room = spend(world, *caller.account, app, pace); !room) return refused(room.error());
  Token token = *caller.token;  // a copy: the call may uninstall the app
  Context context{world,      *caller.account,         token, caller.text, match.version,
                  match.args, Form::parse(call.query), {},    call.path};
  if (auto allowed = check_rights(context, operation); !allowed) return refused(allowed.error());
  auto body = read_body(call, operation.body);
  if (!body) return refused(body.error());
  context.body = *std::move(body);
  Outcome outcome = operation.run(context);
  return outcome ? answered(*std::move(outcome)) : refused(outcome.error());
}

Answer answer_api(World& world, const Call& call, const std::string& correlation_id) {
  Lookup lookup = find_operation(call.method, call.path);
  if (!lookup.match) {
    if (lookup.path_known)
      return problem_answer({405, "Method not allowed", "VALIDATION_ERROR"}, correlation_id);
    return problem_answer(unknown_route(), correlation_id);
  }
  auto caller = identify(world, call);
  if (!caller) return problem_answer(caller.error(), correlation_id);
  return run_operation(world, call, *lookup.match, *std::move(caller), correlation_id);
}

void use_credential_fault(World& world, const Call& call, const FaultRule& fault) {
  auto caller = identify(world, call);
  if (!caller || fault.credential.empty()) return;
  if (fault.credential == "revoked") caller->token->revoked = true;
  if (fault.credential == "expired") caller->token->expires = world.now() - std::chrono::seconds(1);
}

}  // namespace

Answer handle(World& world, const Call& call) {
  auto caller = identify(world, call);
  std::string label = caller ? World::label(*caller->token) : "";
  std::string correlation_id = world.uuid();
  std::string refreshing = refreshed_grant(world, call);
  if (!refreshing.empty()) {
    Install& install = world.installs[refreshing];
    install.most_refreshes_in_flight =
        std::max(install.most_refreshes_in_flight, ++install.refreshes_in_flight);
  }

  std::optional<FaultRule> fault = fault_for(world, call, label.empty() ? refreshing : label);
  if (fault) use_credential_fault(world, call, *fault);
  std::optional<Answer> instead = fault ? answer_instead(world, *fault) : std::nullopt;
  Answer answer;
  if (instead) {
    answer = *std::move(instead);
  } else {
    std::optional<Answer> other = answer_oauth(world, call);
    if (!other) other = answer_webhook_journal(world, call, correlation_id);
    answer = other ? *std::move(other) : answer_api(world, call, correlation_id);
    if (fault) spoil(answer, *fault);
  }
  answer.refresh_of = refreshing;
  add_edge_fields(world, answer, correlation_id);
  count(world, call, label, answer.status);
  return answer;
}

}  // namespace hubward::sandbox
