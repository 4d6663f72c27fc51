// SPDX-License-Identifier: Apache-2.0
// An inbox in a folder of its own, opened again as a restart would, and events to put into it. For tests
// only.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "async/run_to_end.hpp"
#include "crypto/fake_random.hpp"
#include "store/fake_disk.hpp"
#include "store/temporary_directory.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "webhooks/inbox.hpp"

namespace hubward::webhooks {

struct House {
  explicit House(std::string file_system = {}, store::Schema tables = schema())
      : file_system_(std::move(file_system)) {
    reopen(tables);
  }

  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop, std::move(work));
  }

  void reopen(store::Schema tables = schema()) {
    inbox.reset();
    file.reset();
    store::OpenOptions options{.path = folder.file("inbox.db"), .schemas = {tables}};
    options.file_system = file_system_;
    auto opened = store::Database::open(std::move(options));
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    file = std::move(*opened);
    inbox = std::make_unique<Inbox>(Inbox::Parts{*file, key, random, clock});
  }

  Result<void> accept(std::string body, std::optional<RequestMark> mark = std::nullopt) {
    auto events = hubspot::read_events(body);
    REQUIRE_MESSAGE(events, (events ? "" : events.error().message));
    return run(inbox->accept(AppName{"crm"}, *events, mark));
  }

  store::TemporaryDirectory folder;
  Loop loop;
  crypto::SeededRandom random{11};
  ManualClock clock;
  telemetry::Metrics metrics;
  std::string logged;
  telemetry::Log log{clock, [this](std::string_view line) {
                       logged += line;
                       return true;
                     }};
  Secret key = crypto::random_secret(random, 32);
  std::unique_ptr<store::Database> file;
  std::unique_ptr<Inbox> inbox;

 private:
  std::string file_system_;
};

// An event as HubSpot writes it.
struct Sample {
  std::uint64_t event = 1, account = 62515, object = 901, attempt = 0;
  std::int64_t occurred = 1'799'999'990'000;
  std::string kind = "contact.propertyChange", property = "lifecyclestage", value = "lead";
};
inline std::string to_json(const Sample& sample) {
  return fmt::format(R"({{"eventId":{},"subscriptionId":2001,"portalId":{},"appId":551122,"occurredAt":{},)"
                     R"("subscriptionType":"{}","attemptNumber":{},"objectId":{},"propertyName":"{}",)"
                     R"("propertyValue":"{}","changeSource":"CRM_UI","sourceId":"userId:42"}})",
                     sample.event, sample.account, sample.occurred, sample.kind, sample.attempt,
                     sample.object, sample.property, sample.value);
}
inline std::string batch(const std::vector<Sample>& samples) {
  std::string body = "[";
  for (const Sample& sample : samples) body += (body.size() > 1 ? "," : "") + to_json(sample);
  return body + "]";
}

}  // namespace hubward::webhooks
