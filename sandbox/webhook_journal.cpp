// SPDX-License-Identifier: Apache-2.0
#include "sandbox/webhook_journal.hpp"

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "crypto/binding.hpp"
#include "crypto/digest.hpp"
#include "sandbox/webhooks.hpp"
#include "sandbox/world.hpp"

namespace hubward::sandbox {
namespace {

struct Named {
  std::string_view word, other;
};
constexpr Named actions[] = {{"creation", "CREATE"}, {"propertyChange", "UPDATE"},
                             {"deletion", "DELETE"}, {"merge", "MERGE"},
                             {"restore", "RESTORE"}, {"privacyDeletion", "GDPR_DELETE"}};
constexpr Named types[] = {{"contact", "0-1"}, {"company", "0-2"}, {"deal", "0-3"},
                           {"ticket", "0-5"},  {"product", "0-7"}, {"line_item", "0-8"}};

std::string_view other_of(std::span<const Named> table, std::string_view word) {
  auto found = std::ranges::find(table, word, &Named::word);
  return found == table.end() ? std::string_view() : found->other;
}

// Nothing for kinds that the journal of the sandbox does not have.
std::optional<Json> event_of(const Happening& what) {
  std::size_t dot = what.kind.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::string_view family = what.kind.substr(0, dot);
  std::string_view action = other_of(actions, what.kind.substr(dot + 1));
  std::string_view type = what.object_type.empty() ? other_of(types, family) : what.object_type;
  if (action.empty() || type.empty()) return std::nullopt;
  Json event = Json::object({{"type", "crmObject"},
                             {"portalId", what.account},
                             {"occurredAt", to_iso8601(what.when)},
                             {"action", action},
                             {"objectTypeId", type},
                             {"objectId", what.object}});
  if (!what.property.empty())
    event.set("propertyChanges", Json::object({{std::string(what.property), what.value}}));
  if (what.other != 0) event.set("mergedObjectIds", Json::array({Json(what.other)}));
  return event;
}

bool fits(const JournalSubscription& subscription, const Happening& what, const Json& event) {
  auto listed = [](const auto& list, const auto& value) { return list.empty() || holds(list, value); };
  return subscription.type == "OBJECT" && subscription.account == what.account &&
         event["objectTypeId"].text() == subscription.object_type &&
         holds(subscription.actions, event["action"].text_or("")) &&
         (what.property.empty() || listed(subscription.properties, what.property)) &&
         listed(subscription.objects, what.object);
}

}  // namespace

void WebhookJournal::happened(World& world, const Happening& what) {
  if (subscriptions_.empty()) return;
  std::optional<Json> event = event_of(what);
  if (!event) return;
  for (const auto& [name, app] : world.apps) {
    bool wanted = std::ranges::any_of(subscriptions_, [&](const auto& subscription) {
      return subscription.app == name && fits(subscription, what, *event);
    });
    if (!wanted) continue;
    std::vector<Json>& open = open_[name];
    open.push_back(*event);
    if (open.size() == events_of_a_page) close(world, name);
  }
}

std::optional<JournalSubscription> WebhookJournal::subscribe(World& world, JournalSubscription wanted) {
  auto same = std::ranges::find_if(subscriptions_, [&](const JournalSubscription& there) {
    return std::tie(there.app, there.type, there.object_type, there.account) ==
           std::tie(wanted.app, wanted.type, wanted.object_type, wanted.account);
  });
  if (same != subscriptions_.end()) {
    wanted.id = same->id;
    wanted.created = same->created;
    return *same = std::move(wanted);
  }
  auto of_app = std::ranges::count(subscriptions_, wanted.app, &JournalSubscription::app);
  if (static_cast<std::size_t>(of_app) >= most_subscriptions) return std::nullopt;
  wanted.id = next_id_++;
  wanted.created = world.now();
  return subscriptions_.emplace_back(std::move(wanted));
}

std::size_t WebhookJournal::unsubscribe(const std::string& app, std::optional<std::int64_t> id,
                                        std::optional<std::uint64_t> account) {
  return std::erase_if(subscriptions_, [&](const JournalSubscription& there) {
    return there.app == app && (!id || there.id == *id) && (!account || there.account == *account);
  });
}

void WebhookJournal::close(World& world, const std::string& app) {
  std::vector<Json>& open = open_[app];
  if (open.empty()) return;
  std::deque<JournalPage>& pages = pages_[app];
  pages.push_back({world.uuid(), world.random_bytes(16), world.now(), std::exchange(open, {})});
  if (pages.size() > most_pages) pages.pop_front();
}

const std::deque<JournalPage>& WebhookJournal::pages(World& world, const std::string& app) {
  close(world, app);
  std::deque<JournalPage>& pages = pages_[app];
  while (!pages.empty() && world.now() - pages.front().published > life) pages.pop_front();
  return pages;
}

std::string WebhookJournal::signature(const JournalPage& page, TimePoint expires) {
  return to_hex(crypto::sha256(
      crypto::binding({"journal file", page.secret, page.offset, std::to_string(to_millis(expires))})));
}

const JournalPage* WebhookJournal::signed_page(World& world, std::string_view offset,
                                               std::string_view expires, std::string_view signature) const {
  std::optional<std::uint64_t> until = to_number(expires);
  if (!until || *until > INT64_MAX || from_millis(static_cast<std::int64_t>(*until)) < world.now())
    return nullptr;
  for (const auto& [app, pages] : pages_)
    for (const JournalPage& page : pages)
      if (page.offset == offset &&
          this->signature(page, from_millis(static_cast<std::int64_t>(*until))) == signature)
        return &page;
  return nullptr;
}

}  // namespace hubward::sandbox
