// SPDX-License-Identifier: Apache-2.0
#include "hubspot/webhook_journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "core/ascii.hpp"
#include "core/clock.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "crypto/binding.hpp"
#include "hubspot/objects.hpp"
#include "hubspot/secret_json.hpp"
#include "hubspot/webhook_events.hpp"

namespace hubward::hubspot {
namespace {

constexpr std::size_t most_events = 100'000;  // in a file; HubSpot says about 10,000
constexpr std::size_t longest_address = 8 * 1024;
constexpr std::string_view removed_suffix = "REMOVED";

struct Family {
  std::string_view type, family;
};
// Of those that have kinds of their own from of old (section 4.1).
constexpr std::array families = {Family{"contacts", "contact"},     Family{"companies", "company"},
                                 Family{"deals", "deal"},           Family{"tickets", "ticket"},
                                 Family{"line_items", "line_item"}, Family{"products", "product"}};

struct Verb {
  std::string_view action, word;
};
constexpr std::array verbs = {Verb{"CREATE", "creation"},
                              Verb{"UPDATE", "propertyChange"},
                              Verb{"DELETE", "deletion"},
                              Verb{"MERGE", "merge"},
                              Verb{"RESTORE", "restore"},
                              Verb{"ASSOCIATION_ADDED", "associationChange"},
                              Verb{"ASSOCIATION_REMOVED", "associationChange"},
                              Verb{"GDPR_DELETE", "privacyDeletion"}};

std::unexpected<Error> wrong(std::string what) {
  return invalid("JOURNAL_INVALID", "the journal's file: " + std::move(what));
}

std::string id_text(const Json& value) {
  return std::string(value.text().value_or(value.number_text().value_or("")));
}

// An id as webhooks write it, as a number, where it is one: "06" is none to JSON, and stays a text.
Json id_of(const Json& value) {
  std::string text = id_text(value);
  bool is_number = to_number(text) && (text.size() == 1 || !text.starts_with('0'));
  return is_number ? Json::number(std::move(text)) : value;
}

std::optional<TimePoint> time_of(const Json& value) {
  if (auto text = value.text()) return from_iso8601(*text);
  if (auto millis = value.integer()) return from_millis(*millis);
  return std::nullopt;
}

// As a webhook has it, where a value is always a text.
std::optional<std::string> value_text(const Json& value) {
  if (value.is_null()) return "";
  if (auto flag = value.boolean()) return *flag ? "true" : "false";
  if (value.text() || value.number_text()) return id_text(value);
  return std::nullopt;
}

// Turns the events of one file, one after the other.
class Turning {
 public:
  Turning(const JournalReading& reading, Json published, std::size_t batch)
      : reading_(reading), published_(std::move(published)), batch_(batch) {}

  void add(const Json& event) {
    std::string action(event["action"].text().value_or(""));
    auto verb = std::ranges::find(verbs, action, &Verb::action);
    if (verb == verbs.end()) return keep(event, action);
    std::string_view word = verb->word;
    if (word == "associationChange") return add_association(event, action.ends_with(removed_suffix));
    if (id_text(event["objectId"]).empty() || id_text(event["objectTypeId"]).empty())
      return keep(event, action);
    if (word == "propertyChange") return add_changes(event);
    Json turned = begin(event, event["objectTypeId"], word);
    if (word == "merge" && !event.has("primaryObjectId"))
      turned.set("primaryObjectId", id_of(event["objectId"]));
    put(finish(std::move(turned), event));
  }

  JournalFile take() {
    close();
    return std::move(file_);
  }

 private:
  std::string kind(const Json& type, std::string_view word) const {
    if (reading_.kinds == JournalKinds::Named) {
      std::string name = object_name(id_text(type)).text;
      auto family = std::ranges::find(families, name, &Family::type);
      if (family != families.end()) return fmt::format("{}.{}", family->family, word);
    }
    return fmt::format("object.{}", word);
  }

  Json begin(const Json& event, const Json& type, std::string_view word) const {
    Json turned = Json::object({{"subscriptionType", kind(type, word)}});
    set_common(turned, event);
    turned.set("objectTypeId", type);
    if (event.has("objectId")) turned.set("objectId", id_of(event["objectId"]));
    return turned;
  }

  void set_common(Json& turned, const Json& event) const {
    turned.set("portalId", id_of(event["portalId"]));
    if (reading_.app != 0) turned.set("appId", reading_.app);
    std::optional<TimePoint> when = time_of(event["occurredAt"]);
    if (!when) when = time_of(published_);
    if (when) turned.set("occurredAt", to_millis(*when));
    turned.set("attemptNumber", 0).set("deliveredFrom", "journal");
  }

  // And all that the journal says besides.
  static Json finish(Json turned, const Json& event) {
    for (const auto& [name, value] : event.members())
      if (!turned.has(name) && name != "propertyChanges") turned.set(name, value);
    return turned;
  }

  void add_changes(const Json& event) {
    const Json::Members& changes = event["propertyChanges"].members();
    bool plain = !changes.empty() && std::ranges::all_of(changes, [](const Json::Member& change) {
      return value_text(change.second).has_value();
    });
    if (!plain) return keep(event, "UPDATE");
    for (const auto& [name, value] : changes) {
      Json turned = begin(event, event["objectTypeId"], "propertyChange");
      turned.set("propertyName", name).set("propertyValue", *value_text(value));
      put(finish(std::move(turned), event));
    }
  }

  void add_association(const Json& event, bool removed) {
    const Json& type = event.has("fromObjectTypeId") ? event["fromObjectTypeId"] : event["objectTypeId"];
    if (id_text(event["fromObjectId"]).empty() || id_text(event["toObjectId"]).empty() ||
        id_text(type).empty())
      return keep(event, removed ? "ASSOCIATION_REMOVED" : "ASSOCIATION_ADDED");
    Json turned = begin(event, type, "associationChange");
    turned.set("fromObjectId", id_of(event["fromObjectId"])).set("toObjectId", id_of(event["toObjectId"]));
    turned.set("associationRemoved", removed);
    turned.set("isPrimaryAssociation", event["isPrimary"].boolean().value_or(false));
    put(finish(std::move(turned), event));
  }

  // As it is, under a kind that webhooks do not have.
  void keep(const Json& event, std::string_view action) {
    std::string type(event["type"].text().value_or("event"));
    Json turned = Json::object(
        {{"subscriptionType", fmt::format("journal.{}", lower(action.empty() ? type : action))}});
    set_common(turned, event);
    for (const auto& [name, value] : event.members())
      if (!turned.has(name)) turned.set(name, value);
    put(turned);
  }

  void put(const Json& turned) {
    body_ += body_.empty() ? "[" : ",";
    body_ += turned.dump();
    ++file_.events;
    if (++in_body_ == batch_) close();
  }

  void close() {
    if (body_.empty()) return;
    file_.bodies.push_back(std::exchange(body_, {}) + "]");
    in_body_ = 0;
  }

  const JournalReading& reading_;
  const Json published_;
  const std::size_t batch_;
  JournalFile file_;
  std::string body_;
  std::size_t in_body_ = 0;
};

// "CONTACT_TO_COMPANY" and the ids of both types are two ways to say it.
std::pair<std::string, std::string> ends_of(const Json& event, std::string_view family) {
  constexpr std::string_view between = "_TO_";
  std::string from = id_text(event["fromObjectTypeId"]), to = id_text(event["toObjectTypeId"]);
  std::string named = id_text(event["associationType"]);
  std::size_t middle = named.find(between);
  if (to.empty() && middle != std::string::npos) {
    from = named.substr(0, middle);
    to = named.substr(middle + between.size());
  }
  if (from.empty()) from = family;
  return {object_name(from).text, object_name(to).text};
}

}  // namespace

bool is_journal_offset(std::string_view text) {
  constexpr std::size_t size = 36;
  auto fits = [&](std::size_t i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) return text[i] == '-';
    return is_digit(text[i]) || (to_lower(text[i]) >= 'a' && to_lower(text[i]) <= 'f');
  };
  return text.size() == size && std::ranges::all_of(std::views::iota(std::size_t{0}, size), fits);
}

OauthCall journal_call(std::string_view path, const JournalPosition& position, const Secret& token) {
  OauthCall call;
  call.method = "GET";
  call.target = path;
  switch (position.from) {
    case JournalPosition::From::Earliest: call.target += "/earliest"; break;
    case JournalPosition::From::Latest: call.target += "/latest"; break;
    case JournalPosition::From::After: call.target += "/offset/" + position.offset + "/next"; break;
  }
  call.bearer = token.clone();
  return call;
}

OauthOutcome<std::variant<JournalEntry, JournalEnd>> read_journal_entry(const JournalPosition& asked,
                                                                        const OauthAnswer& answer) {
  using Either = std::variant<JournalEntry, JournalEnd>;
  // 204 is documented; 404 is what a journal without a newer entry has been seen to answer. At an end of the
  // journal it means that there is no journal under this path.
  bool is_after = asked.from == JournalPosition::From::After;
  if (answer.status == 204 || (answer.status == 404 && is_after)) return Either(JournalEnd());
  if (answer.status != 200) {
    OauthOutcome<Done> refused = read_acknowledgement(answer);
    if (auto* refusal = std::get_if<OauthRefusal>(&refused)) return *refusal;
    if (auto* trouble = std::get_if<OauthTrouble>(&refused)) return *trouble;
  }
  std::optional<SecretJson> json = SecretJson::read(answer.body.reveal_text());
  auto offset = json ? json->text("currentOffset", 64) : std::nullopt;
  auto address = json ? json->secret("url", longest_address) : std::nullopt;
  if (!offset || !is_journal_offset(*offset) || !address)
    return OauthTrouble{answer.status, "the journal's entry was not what HubSpot documents", std::nullopt};
  return Either(JournalEntry{std::move(*offset), std::move(*address)});
}

Result<JournalFile> read_journal_file(std::string_view text, const JournalReading& reading,
                                      std::size_t batch) {
  const Result<Json> file = Json::parse(text);
  if (!file) return wrong(file.error().message);
  const Json& events = (*file)["journalEvents"];
  if (!events.is_array()) return wrong("\"journalEvents\" must be an array");
  if (events.items().size() > most_events) return wrong(fmt::format("more than {} events", most_events));
  Turning turning(reading, (*file)["publishedAt"], batch);
  for (std::size_t i = 0; i < events.items().size(); ++i) {
    if (!events.items()[i].is_object()) return wrong(fmt::format("event {} is no object", i + 1));
    turning.add(events.items()[i]);
  }
  return turning.take();
}

std::optional<crypto::Digest> happening_of(const WebhookEvent& event) {
  std::size_t dot = event.kind.find('.');
  if (!event.account || !event.occurred || event.object.empty() || dot == std::string::npos)
    return std::nullopt;
  std::string word = event.kind.substr(dot + 1);
  std::string type = object_name(event.object_type).text, other, label;
  if (word == "associationChange") {
    const Result<Json> json = Json::parse(event.bytes);
    if (!json) return std::nullopt;
    auto [from, to] = ends_of(*json, event.object_type);
    type = std::move(from);
    other = to + " " + id_text((*json)["toObjectId"]);
    label = (*json)["associationRemoved"].boolean().value_or(false) ? "removed" : "added";
    if ((*json)["isPrimaryAssociation"].boolean().value_or(false)) label += " primary";
  }
  return crypto::sha256(crypto::binding({"hubspot happening 1", std::to_string(*event.account), word, type,
                                         event.object, event.property, other, label}));
}

}  // namespace hubward::hubspot
