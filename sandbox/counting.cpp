// SPDX-License-Identifier: Apache-2.0
#include "sandbox/counting.hpp"

#include "sandbox/fields.hpp"

namespace hubward::sandbox {
namespace {

// "/crm/v3/objects/contacts/{}": ids and tokens are left out, so that rows stay few and nothing secret is
// kept.
std::string path_shape(std::string_view path) {
  std::string shape;
  std::string_view before;
  for (std::string_view segment : split(path, '/')) {
    if (segment.empty()) continue;
    bool secret = before == "access-tokens" || before == "refresh-tokens";
    bool variable =
        secret || to_number(segment).has_value() || segment.contains('@') || segment.contains('%');
    shape += "/";
    shape += variable ? "{}" : segment;
    before = segment;
  }
  return shape.empty() ? "/" : shape;
}

// The path as it came, tokens masked, and the names of the query.
std::string seen_target(const Call& call) {
  std::string target;
  std::string_view before;
  for (bool first = true; std::string_view segment : split(call.path, '/')) {
    bool secret = before == "access-tokens" || before == "refresh-tokens";
    if (!std::exchange(first, false)) target += '/';
    target += secret ? "{}" : segment;
    before = segment;
  }
  std::string_view mark = "?";
  for (std::string_view pair : split(call.query, '&')) {
    if (pair.empty()) continue;
    target += std::exchange(mark, "&");
    target += pair.substr(0, pair.find('='));
  }
  return target;
}

}  // namespace

void count(World& world, const Call& call, std::string_view label, int status) {
  Counters& counters = world.counters;
  ++counters.calls;
  ++counters.by_status[std::to_string(status)];
  std::string row = call.method + " " + path_shape(call.path);
  auto& rows = counters.by_token[std::string(label)];
  if (auto known = rows.find(row); known != rows.end()) {
    ++known->second;
  } else if (counters.rows < Counters::max_rows) {
    ++rows[row];
    ++counters.rows;
  } else {
    ++rows["other"];
  }
  SeenCall seen;
  seen.number = counters.calls;
  seen.at = world.now();
  seen.method = call.method;
  seen.target = seen_target(call);
  seen.token = label;
  for (const auto& [name, value] : call.fields) seen.field_names.push_back(lower(name));
  seen.body_bytes = static_cast<std::int64_t>(call.body.size());
  seen.status = status;
  counters.seen.push_back(std::move(seen));
  if (counters.seen.size() > Counters::max_seen) counters.seen.pop_front();
}

Json counters_json(const World& world) {
  Json tokens = Json::array(), grants = Json::array();
  for (const auto& [label, rows] : world.counters.by_token) {
    auto hash = world.counters.token_hash.find(label);
    tokens.push(Json::object({{"label", label},
                              {"hash", hash == world.counters.token_hash.end() ? Json() : Json(hash->second)},
                              {"calls", state::write(rows)}}));
  }
  for (const auto& [key, install] : world.installs) {
    auto issued = world.counters.tokens_issued.find(key);
    grants.push(
        Json::object({{"grant", key},
                      {"distinct_tokens", issued == world.counters.tokens_issued.end() ? 0 : issued->second},
                      {"refreshes", install.refreshes},
                      {"rotations", install.rotations},
                      {"refreshes_in_flight", install.refreshes_in_flight},
                      {"most_refreshes_in_flight", install.most_refreshes_in_flight},
                      {"revoked", install.revoked}}));
  }
  return Json::object({{"calls", world.counters.calls},
                       {"by_status", state::write(world.counters.by_status)},
                       {"tokens", std::move(tokens)},
                       {"grants", std::move(grants)}});
}

Json seen_calls_json(const World& world, std::int64_t after) {
  Json calls = Json::array();
  for (const SeenCall& seen : world.counters.seen)
    if (seen.number > after) calls.push(to_state(seen));
  return Json::object({{"calls", std::move(calls)}});
}

}  // namespace hubward::sandbox
