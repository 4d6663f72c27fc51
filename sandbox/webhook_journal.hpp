// SPDX-License-Identifier: Apache-2.0
// The webhook journal (hubspot.md section 4.5): what apps subscribed to is written into entries that stay
// three days, each with a file under an address that is signed for a short time. An entry is closed when
// somebody reads, or when it is full. A pure core over the World's clock and randomness; the members of an
// event that HubSpot does not document are our reading (docs/sandbox.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "sandbox/message.hpp"

namespace hubward::sandbox {

class World;
struct Happening;

struct JournalSubscription {
  std::int64_t id = 0;
  std::string app, type = "OBJECT", object_type;
  std::uint64_t account = 0;
  std::vector<std::string> actions, properties;
  std::vector<std::uint64_t> objects;
  TimePoint created{};
};

struct JournalPage {
  std::string offset;
  std::string secret;  // its signature is made with it
  TimePoint published{};
  std::vector<Json> events;
};

class WebhookJournal {
 public:
  static constexpr std::size_t most_subscriptions = 50;  // of an app
  static constexpr std::size_t events_of_a_page = 10'000;
  static constexpr std::size_t most_pages = 1000;  // of an app; older ones go
  static constexpr std::chrono::hours life{3 * 24};
  static constexpr std::chrono::minutes signed_for{10};

  // A page's event for every app that subscribed to it in the journal.
  void happened(World& world, const Happening& what);

  // The same as the one there is, where all but the moment is.
  std::optional<JournalSubscription> subscribe(World& world, JournalSubscription wanted);
  const std::vector<JournalSubscription>& subscriptions() const { return subscriptions_; }
  std::size_t unsubscribe(const std::string& app, std::optional<std::int64_t> id,
                          std::optional<std::uint64_t> account);

  // Of an app, oldest first, with what was open until now. Valid until the next call.
  const std::deque<JournalPage>& pages(World& world, const std::string& app);

  // What a file's address says after its path, and whether it is so and still in time.
  static std::string signature(const JournalPage& page, TimePoint expires);
  const JournalPage* signed_page(World& world, std::string_view offset, std::string_view expires,
                                 std::string_view signature) const;

 private:
  void close(World& world, const std::string& app);

  std::vector<JournalSubscription> subscriptions_;
  std::int64_t next_id_ = 1;
  std::map<std::string, std::vector<Json>> open_;  // by app
  std::map<std::string, std::deque<JournalPage>> pages_;
};

constexpr std::string_view journal_files = "/webhook-journal-files/";

// What begins with /webhooks-journal/, for a token of client credentials, and the files; nothing for other
// paths.
std::optional<Answer> answer_webhook_journal(World& world, const Call& call,
                                             const std::string& correlation_id);

}  // namespace hubward::sandbox
