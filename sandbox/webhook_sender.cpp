// SPDX-License-Identifier: Apache-2.0
#include "sandbox/webhook_sender.hpp"

#include <algorithm>

#include "async/await.hpp"
#include "hubspot/signature.hpp"

namespace hubward::sandbox {
namespace {

constexpr std::chrono::milliseconds between_looks{5};
constexpr std::size_t longest_answer = 64 * 1024;

Async<int> post(World& world, http::Client& client, std::string url, App app, std::string body) {
  std::size_t path = url.find('/', std::string_view("https://").size());
  Result<http::Origin> origin = http::parse_origin(url.substr(0, path));
  if (!origin) co_return 0;
  http::Outgoing out;
  out.origin = std::move(*origin);
  out.pool = app.name;
  out.method = "POST";
  out.target = path == std::string::npos ? "/" : url.substr(path);
  for (const auto& [name, value] : signed_fields(app, url, body, world.now())) out.fields.add(name, value);
  out.body = http::text_body(std::move(body));
  Deadline deadline = after(std::chrono::milliseconds(app.webhooks.timeout_ms));
  out.answer_end = deadline;
  Result<http::Response> answer = co_await client.send(out, deadline);
  if (!answer) co_return 0;
  int status = answer->status;
  Result<std::string> rest = co_await http::read_all(std::move(answer->body), longest_answer);
  co_return rest ? status : 0;
}

Async<void> deliver(World& world, http::Client& client, Webhooks::Batch batch) {
  auto app = world.apps.find(batch.app);
  int status = 0;
  if (app != world.apps.end()) {
    std::string body = batch.body();
    status = co_await post(world, client, app->second.webhooks.target, app->second, std::move(body));
  }
  world.webhooks.settle(world, std::move(batch), status);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> signed_fields(const App& app, std::string_view url,
                                                               std::string_view body, TimePoint now) {
  using hubspot::SignatureVersion;
  std::vector<std::pair<std::string, std::string>> fields = {
      {"Content-Type", "application/json"},
      {"User-Agent",
       "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client) - "
       "WebhooksExecutorDaemon-executor"}};
  const Secret secret(app.client_secret);
  auto has = [&](std::string_view version) { return app.webhooks.signing.contains(version); };
  for (auto [version, word] : {std::pair{SignatureVersion::V1, "v1"}, {SignatureVersion::V2, "v2"}}) {
    if (!has(word)) continue;
    fields.emplace_back(hubspot::signature_field::older,
                        hubspot::signature_of(version, secret, {"POST", url, body}, ""));
    fields.emplace_back(hubspot::signature_field::version, word);
  }
  if (!has("v3")) return fields;
  std::string timestamp = std::to_string(to_millis(now));
  fields.emplace_back(hubspot::signature_field::timestamp, timestamp);
  fields.emplace_back(hubspot::signature_field::v3,
                      hubspot::signature_of(SignatureVersion::V3, secret,
                                            {"POST", hubspot::decoded_for_signing(url), body}, timestamp));
  return fields;
}

Async<void> send_webhooks(World& world, Loop& loop, http::Client& client) {
  while (true) {
    for (Webhooks::Batch& batch : world.webhooks.take_due(world))
      loop.spawn(deliver(world, client, std::move(batch)));
    co_await sleep_until(after(between_looks));
  }
}

}  // namespace hubward::sandbox
