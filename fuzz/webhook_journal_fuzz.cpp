// SPDX-License-Identifier: Apache-2.0
// What HubSpot's webhook journal says, and where it says that its files are: every event of a file is kept,
// in bodies that are read as webhooks are; a file's address is nothing but https at a host that is named.
//
// aims at: src/hubspot/webhook_journal.cpp
// also uses: webhooks
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "core/json.hpp"
#include "hubspot/webhook_events.hpp"
#include "hubspot/webhook_journal.hpp"
#include "webhooks/journal_files.hpp"

using namespace hubward;

namespace {

void check_file(std::string_view text, hubspot::JournalKinds kinds) {
  constexpr std::size_t batch = 3;
  auto file = hubspot::read_journal_file(text, {.app = 7, .kinds = kinds}, batch);
  if (!file) {
    invariant(file.error().code == "JOURNAL_INVALID" && !file.error().message.empty(), "a refusal says why");
    return;
  }
  const Result<Json> json = Json::parse(text);
  invariant(json && file->events >= (*json)["journalEvents"].items().size(), "no event is left out");
  std::size_t read_again = 0;
  for (const std::string& body : file->bodies) {
    auto events = hubspot::read_events(body, {.bytes = body.size(), .events = batch});
    invariant(events.has_value(), "what the journal says is read as webhooks are");
    for (const hubspot::WebhookEvent& event : *events) {
      invariant(!event.kind.empty() && !event.identified, "it has a kind, and is never taken for a webhook");
      invariant(event.bytes.contains(R"("deliveredFrom":"journal")"), "it says where it is from");
      auto alone = hubspot::read_events(event.bytes, {.bytes = event.bytes.size()});
      invariant(alone && hubspot::happening_of(alone->front()) == hubspot::happening_of(event),
                "what happened does not depend on what is told beside it");
    }
    read_again += events->size();
  }
  invariant(read_again == file->events, "every event is in a body");
}

void check_entry(std::string_view text) {
  hubspot::OauthAnswer answer;
  answer.status = 200;
  answer.body = Secret(text);
  auto read = hubspot::read_journal_entry({}, answer);
  auto* either = std::get_if<std::variant<hubspot::JournalEntry, hubspot::JournalEnd>>(&read);
  if (either == nullptr) return;
  auto& entry = std::get<hubspot::JournalEntry>(*either);
  invariant(hubspot::is_journal_offset(entry.offset), "what stands in a path is an offset");
}

void check_address(std::string_view text) {
  static const std::vector<std::string> hosts = {"hubspot.com"};
  static const grants::App app;
  auto address = webhooks::check_journal_address(text, hosts, app);
  if (!address) {
    invariant(!address.error().message.contains('?'), "a refusal repeats no query");
    return;
  }
  invariant(address->origin.scheme == http::Origin::Scheme::Https && address->origin.port == 443,
            "only https is called");
  invariant(address->origin.host == "hubspot.com" || address->origin.host.ends_with(".hubspot.com"),
            "only a host that is named is called");
  invariant(address->target.starts_with('/'), "a target begins with a slash");
  for (char c : address->target) invariant(c > ' ' && c < 0x7f && c != '#', "a target is visible ASCII");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) return 0;
  char what = text.front();
  text.remove_prefix(1);
  if (what == 'e') check_entry(text);
  if (what == 'a') check_address(text);
  if (what == 'f') check_file(text, hubspot::JournalKinds::Named);
  if (what == 'g') check_file(text, hubspot::JournalKinds::Generic);
  return 0;
}
