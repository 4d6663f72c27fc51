// SPDX-License-Identifier: Apache-2.0
#include "sandbox/access.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace hubward::sandbox {
namespace {

std::string ago(std::chrono::milliseconds since) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
  if (seconds < 120) return fmt::format("{} second(s)", seconds);
  if (seconds < 7200) return fmt::format("{} minute(s)", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} hour(s)", seconds / 3600);
  return fmt::format("{} day(s)", seconds / 86'400);
}

Problem expired(const Token& token, TimePoint now) {
  Problem problem{
      401, fmt::format("The OAuth token used to make this call expired {} ago.", ago(now - *token.expires)),
      "EXPIRED_AUTHENTICATION"};
  problem.context = Json::object({{"expire time", Json::array({Json(to_iso8601(*token.expires))})}});
  problem.fields = {{"x-hubspot-auth-failure", "401 Unauthorized"}};
  return problem;
}

enum class Verb { Read, Write };

std::vector<std::string> record_scopes(const ObjectType& type, Verb verb) {
  if (type.scope_word == "tickets") return {"tickets"};
  return {fmt::format("crm.objects.{}.{}", type.scope_word, verb == Verb::Read ? "read" : "write")};
}

std::vector<std::string> schema_scopes(const ObjectType& type, Verb verb) {
  std::vector<std::string> scopes;
  if (type.scope_word == "tickets") scopes.emplace_back("tickets");
  if (verb == Verb::Write) {
    scopes.push_back(fmt::format("crm.schemas.{}.write", type.scope_word));
    return scopes;
  }
  scopes.push_back(fmt::format("crm.schemas.{}.read", type.scope_word));
  if (type.scope_word != "tickets")
    for (const char* verb_word : {"read", "write"})
      scopes.push_back(fmt::format("crm.objects.{}.{}", type.scope_word, verb_word));
  return scopes;
}

}  // namespace

std::expected<Caller, Problem> identify(World& world, const Call& call) {
  std::string_view value = call.field("Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (value.size() <= scheme.size() || !same_ignoring_case(value.substr(0, scheme.size()), scheme))
    return std::unexpected(missing_credential());
  std::string text(trimmed(value.substr(scheme.size())));
  auto found = world.tokens.find(text);
  if (found == world.tokens.end() || found->second.revoked) return std::unexpected(missing_credential());
  Token& token = found->second;
  Account* account = world.account(token.hub_id);
  if (account == nullptr) return std::unexpected(missing_credential());
  if (token.expires && *token.expires <= world.now()) return std::unexpected(expired(token, world.now()));
  return Caller{std::move(text), &token, account};
}

Demand demanded(Right right, const std::vector<const ObjectType*>& types) {
  Demand demand;
  switch (right) {
    case Right::AnyToken: break;
    case Right::ReadOwners: demand.push_back({"crm.objects.owners.read", "automation"}); break;
    case Right::ReadCustomSchemas:
      demand.push_back({"crm.schemas.custom.read", "crm.objects.custom.read"});
      break;
    case Right::WriteCustomSchemas: demand.push_back({"crm.schemas.custom.write"}); break;
    case Right::ReadRecords:
    case Right::ReadBoth:
      for (const ObjectType* type : types) demand.push_back(record_scopes(*type, Verb::Read));
      break;
    case Right::WriteRecords:
    case Right::WriteBoth:
      for (const ObjectType* type : types) demand.push_back(record_scopes(*type, Verb::Write));
      break;
    case Right::ReadSchema:
      for (const ObjectType* type : types) demand.push_back(schema_scopes(*type, Verb::Read));
      break;
    case Right::WriteSchema:
      for (const ObjectType* type : types) demand.push_back(schema_scopes(*type, Verb::Write));
      break;
  }
  return demand;
}

std::expected<void, Problem> check_scopes(const Token& token, const Demand& demand) {
  auto has = [&](const std::string& scope) { return holds(token.scopes, scope); };
  std::vector<std::string> missing_all;
  for (const auto& alternatives : demand) {
    if (std::ranges::any_of(alternatives, has)) continue;
    if (demand.size() == 1) return std::unexpected(missing_scopes(Combine::Any, alternatives));
    missing_all.push_back(alternatives.front());
  }
  if (missing_all.empty()) return {};
  std::vector<std::string> all;
  for (const auto& alternatives : demand)
    if (!holds(all, alternatives.front())) all.push_back(alternatives.front());
  return std::unexpected(missing_scopes(all.size() == 1 ? Combine::Any : Combine::All, all));
}

}  // namespace hubward::sandbox
