// SPDX-License-Identifier: Apache-2.0
// Inside admin: the table of what can be asked under /api/v1/, and what each question reads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admin/operations.hpp"
#include "hubspot/query.hpp"

namespace hubward::admin {

// A request, read.
struct Asked {
  grants::Actor actor;
  std::string name;  // what stood for {name}
  Json body;
  Secret secret;  // instead of `body`, where a token is handed over
  hubspot::Query query;
  TimePoint now{};
};

enum class Reads { Nothing, Json, Secret };

// Whether an act is done while the journal cannot be written. The kill switches are: whoever wants to stop a
// leak must not wait for a disk.
enum class Unrecorded { Refuse, Do };

struct Route {
  std::string_view method;
  std::string_view pattern;  // after the prefix: "clients/{name}/revoke"
  std::string_view act;      // recorded in the journal: "client.revoke"; empty when nothing is changed
  Reads reads;
  Async<Result<Reply>> (*run)(Operations& operations, Asked asked);
  Unrecorded unrecorded = Unrecorded::Refuse;
};

std::span<const Route> all_routes();

// The route, and what stood for {name}; or 404 NOT_FOUND, or METHOD_NOT_ALLOWED.
struct Found {
  const Route* route = nullptr;
  std::string name;
};
Result<Found> find_route(std::string_view method, std::string_view path);

}  // namespace hubward::admin
