// SPDX-License-Identifier: Apache-2.0
// HubSpot's webhook journal (hubspot.md section 4.5): what happened in the last days, in files that are
// fetched one after the other, each under an address that is signed for a short time. Pure; any thread.
//
// The journal is a newer thing than webhooks and writes events in its own way. What it says is turned into
// the form of webhooks, so that a receiver reads one form wherever an event came from. HubSpot does not
// document the members of a journal event to the last; what is not recognised is kept as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "crypto/digest.hpp"
#include "hubspot/oauth.hpp"

namespace hubward::hubspot {

struct WebhookEvent;

// --- What is asked ---

constexpr std::string_view default_journal_path = "/webhooks-journal/journal/2026-03";
constexpr std::string_view default_journal_scope = "developer.webhooks_journal.read";

// Where in the journal: behind an entry, or at one of its ends.
struct JournalPosition {
  enum class From : unsigned char { Earliest, Latest, After } from = From::Earliest;
  std::string offset = {};  // for After: is_journal_offset()
};
bool is_journal_offset(std::string_view text);  // a UUID

// `path` is default_journal_path or another version's.
OauthCall journal_call(std::string_view path, const JournalPosition& position, const Secret& token);

// --- What is answered ---

// The address is as good as a credential for as long as it is signed.
struct JournalEntry {
  std::string offset;
  Secret address;
};
struct JournalEnd {};  // there is no entry there, or none yet
OauthOutcome<std::variant<JournalEntry, JournalEnd>> read_journal_entry(const JournalPosition& asked,
                                                                        const OauthAnswer& answer);

// How kinds are called: by the family of webhooks that the type has of old ("contact.creation"), or all alike
// ("object.creation").
enum class JournalKinds : unsigned char { Named, Generic };

struct JournalReading {
  std::uint64_t app = 0;  // the app's id at HubSpot, where it is known
  JournalKinds kinds = JournalKinds::Named;
};
// The events of a file as bodies of webhooks, for read_events(): none has more than `batch` events. In each,
// "deliveredFrom":"journal" stands besides what a webhook has, and `eventId` and `subscriptionId` are
// missing. An update of several properties becomes a change of each.
struct JournalFile {
  std::vector<std::string> bodies;
  std::size_t events = 0;
};
// JOURNAL_INVALID says what is wrong and where, never what stood there.
Result<JournalFile> read_journal_file(std::string_view file, const JournalReading& reading,
                                      std::size_t batch = 100);

// What happened, whoever tells of it: the same for the webhook and for the journal's event. The moment is not
// in it. Nothing where the event does not say it.
std::optional<crypto::Digest> happening_of(const WebhookEvent& event);

}  // namespace hubward::hubspot
