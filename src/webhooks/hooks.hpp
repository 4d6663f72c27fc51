// SPDX-License-Identifier: Apache-2.0
// The door for webhooks: POST /hooks/<app>. What is genuine is durable in the inbox before HubSpot gets its
// 204; what is not gets one short answer, is counted, and is explained to operators only
// (docs/webhooks.md). Answers:
//
//   204  every event is on the disk, now or since an earlier time
//   400  genuine, but nothing that can be read as events; HubSpot tries again
//   401  not genuine
//   404  no such app      405  not a POST      413  longer than a batch can be
//   409  this very request was taken before: a replay, not HubSpot's retry, which is signed anew
//   503  not durable in time, or no room: HubSpot tries again later, and nothing is lost or stored twice
//
// A request that could not become genuine is refused by its head; its body is not waited for. A resource of
// one loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "grants/app.hpp"
#include "grants/secret_rotation.hpp"
#include "http/message.hpp"
#include "hubspot/verification.hpp"
#include "journal/stranger_records.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "webhooks/inbox.hpp"

namespace hubward::webhooks {

constexpr std::string_view hooks_path = "/hooks/";

struct HookApp {
  grants::AppSnapshot app;
  hubspot::SignaturePolicy policy;
  // Of moments that the app's webhook journal tells of too; nothing: it is not read.
  std::optional<std::chrono::milliseconds> journal_tolerance = {};
};

struct HookSettings {
  std::string public_url;  // as HubSpot was given it: "https://hooks.example.com"
  std::map<AppName, HookApp> apps;
  hubspot::BatchLimits batch;
  std::uint64_t buffered_bytes = 128 * 1024 * 1024;  // of bodies being read or written, all together
  // On the inbox's disk, so that calls and grants can still be recorded.
  std::uint64_t keep_free_bytes = 512ULL * 1024 * 1024;
  std::vector<std::string> sensitive_properties;  // whose values are never shown
  // HubSpot waits five seconds; by then it must have our answer.
  std::chrono::milliseconds answer_within{4500};
};

class Hooks {
 public:
  // Everything outlives the Hooks.
  struct Parts {
    Loop& loop;
    const Clock& clock;
    Inbox& inbox;
    telemetry::Metrics& metrics;
    telemetry::Log& log;
    std::function<std::uint64_t()> free_bytes;  // on the inbox's disk
  };
  Hooks(Parts parts, std::shared_ptr<const HookSettings> settings);
  void set(std::shared_ptr<const HookSettings> settings) { settings_ = std::move(settings); }

  Async<http::Response> answer(http::Request request);

  // The next request for an app as it came, whatever becomes of it; nothing when none came in time. Bytes
  // that are no UTF-8 are left out of it.
  Async<std::optional<std::string>> capture(AppName app, Deadline deadline);

  // What became of the requests for an app since the start, for operators.
  struct Outcome {
    telemetry::Counter counter;
    std::uint64_t times = 0;
    TimePoint last{};
    std::string explanation = {};  // of the last: a sentence without a secret or anything of the body
  };
  // By app, then by outcome: "accepted", "replayed", a SignatureTrouble's word ...
  using Outcomes = std::map<AppName, std::map<std::string, Outcome, std::less<>>>;
  const Outcomes& outcomes() const { return outcomes_; }
  // Which of an app's two client secrets HubSpot signs with.
  grants::SecretUse secret_use(const AppName& app) const { return secret_uses_.of(app); }
  const HookSettings& settings() const { return *settings_; }

 private:
  struct Taking;
  struct Capture;
  class Reservation;
  Async<http::Response> show(HookApp app, http::Request request);
  std::optional<http::Response> refuse_by_head(const HookApp& app, const http::Request& request);
  Async<http::Response> take(HookApp app, http::Request request);
  Async<Result<std::string>> read_body(std::unique_ptr<http::Body> body, Reservation& reserved);
  Async<Result<void>> store(std::shared_ptr<Taking> taking);
  bool has_room();
  void note(const AppName& app, std::string_view outcome, std::string_view explanation);
  http::Response refuse(const AppName& app, const hubspot::SignatureRefusal& refusal);
  http::Response answer_for(const AppName& app, const Error& error);
  http::Response unavailable(const AppName& app, std::string_view outcome, const Error& error);

  const Parts parts_;
  std::shared_ptr<const HookSettings> settings_;
  // Outlives a Hooks that goes while a request is still being written.
  const std::shared_ptr<std::uint64_t> buffered_ = std::make_shared<std::uint64_t>(0);
  journal::StrangerRecords told_;  // of refusals in the log
  SteadyPoint looked_{};           // at the disk
  bool has_room_ = true;
  Outcomes outcomes_;
  grants::SecretUses secret_uses_;
  std::map<AppName, std::vector<std::shared_ptr<Capture>>> captures_;
};

}  // namespace hubward::webhooks
