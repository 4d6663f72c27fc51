// SPDX-License-Identifier: Apache-2.0
#include "app/config_keys.hpp"

#include <algorithm>
#include <utility>

#include "app/config_rules.hpp"

namespace hubward::app {
namespace {

constexpr std::uint64_t kilobyte = 1024;
constexpr std::uint64_t megabyte = 1024 * kilobyte;
constexpr std::uint64_t gigabyte = 1024 * megabyte;
constexpr std::uint64_t one_hour_ms = 3'600'000;

template <class T>
NumberSlot number(T& to, std::uint64_t least, std::uint64_t most) {
  return {[&to](std::uint64_t value) { to = static_cast<T>(value); }, static_cast<std::uint64_t>(to), least,
          most};
}

NumberSlot millis(Millis& to, std::uint64_t least, std::uint64_t most) {
  return {[&to](std::uint64_t value) { to = Millis(value); }, static_cast<std::uint64_t>(to.count()), least,
          most};
}

NumberSlot hours(std::chrono::hours& to, std::uint64_t least, std::uint64_t most) {
  return {[&to](std::uint64_t value) { to = std::chrono::hours(value); },
          static_cast<std::uint64_t>(to.count()), least, most};
}

NumberSlot minutes(std::chrono::minutes& to, std::uint64_t least, std::uint64_t most) {
  return {[&to](std::uint64_t value) { to = std::chrono::minutes(value); },
          static_cast<std::uint64_t>(to.count()), least, most};
}

NumberSlot days(std::chrono::days& to, std::uint64_t least, std::uint64_t most) {
  return {[&to](std::uint64_t value) { to = std::chrono::days(value); },
          static_cast<std::uint64_t>(to.count()), least, most};
}

// An enumeration by the words of its values, in their order.
template <class Enum>
ChoiceSlot choice(Enum& to, std::vector<std::string_view> words, Presence presence = Presence::Optional) {
  return {[&to](std::size_t index) { to = static_cast<Enum>(index); }, static_cast<std::size_t>(to),
          std::move(words), presence};
}

Keys door_keys(Door& door) {
  return {
      {"address", TextSlot{&door.address, rule_for_addresses, "127.0.0.1"},
       "Address to listen on, as numbers. Everything but a loopback address lets the network in."},
      {"port", number(door.port, 1, 65535), "Port to listen on."},
      {"certificate", TextSlot{&door.certificate, rule_for_paths, "/etc/hubward/tls/door.crt"},
       "File with the TLS certificate and its chain, PEM, leaf first. Read again on reload."},
      {"key", TextSlot{&door.key, rule_for_paths, "/etc/hubward/tls/door.key"},
       "File with the certificate's private key, PEM, readable by the gateway only."},
      {"only_tls13", FlagSlot{&door.only_tls13},
       "Refuse TLS 1.2. Without it 1.2 and 1.3 are spoken, nothing older."},
  };
}

Key hsts_key(Door& door) {
  return {"hsts_seconds", number(door.hsts_seconds, 0, 10ULL * one_year_seconds),
          "How long a browser that was here is to use https:// for this host name, every port of it "
          "(Strict-Transport-Security); 0 says nothing to browsers."};
}

Keys egress_keys(Door& door) {
  Keys keys = door_keys(door);
  keys.push_back({"client_certificates", FlagSlot{&door.client_certificates},
                  "Ask clients for a certificate, as the credential of those that were created with one; the "
                  "others do without."});
  keys.push_back(
      {"client_authorities",
       TextSlot{&door.client_authorities, rule_for_paths, "/etc/hubward/tls/client-ca.crt"},
       "File with the authorities, PEM, one of which must vouch for every client certificate that is "
       "to count. Without it the key that was named when the client was created is enough. Read again "
       "on reload. Needs `client_certificates = true`."});
  return keys;
}

Keys public_keys(Door& door) {
  Keys keys = door_keys(door);
  keys.push_back(hsts_key(door));
  keys.push_back(
      {"redirect_port", number(door.redirect_port, 0, 65535),
       "Port, often 80, on the same address that answers plain HTTP with a redirect to `public_url` "
       "and nothing else; 0 opens none."});
  return keys;
}

Keys admin_keys(AdminDoor& admin) {
  Keys keys = door_keys(admin.door);
  keys.push_back(hsts_key(admin.door));
  keys.push_back({"token", SecretSlot{&admin.token},
                  "The operator token that every request must carry. Without it this door stays closed and "
                  "only the socket in the store's folder is open."});
  keys.push_back({"allowed_hosts", ListSlot{&admin.allowed_hosts, rule_for_host_names, "admin.example.com"},
                  "Names under which this door may be called (Host and Origin); protects browsers on the "
                  "operator's machine against rebinding."});
  return keys;
}

Keys listen_keys(Config& config) {
  return {
      {"egress", TableSlot{[&config] { return egress_keys(config.egress); }},
       "The door for your own programs: every HubSpot path, as it is."},
      {"public", TableSlot{[&config] { return public_keys(config.public_door); }},
       "The door for the internet: installing apps, webhooks, and nothing else. `public_url` is how it is "
       "seen from "
       "outside."},
      {"admin", TableSlot{[&config] { return admin_keys(config.admin); }},
       "The door for operators: `/api/v1`, `/metrics`, `/healthz`, `/readyz`."},
  };
}

Keys upstream_keys(UpstreamLimits& to) {
  return {
      {"connections_per_connection", number(to.connections_per_connection, 1, 10'000),
       "Sockets open to HubSpot at once for one connection of ours; more calls wait for their time-out."},
      {"idle_per_connection", number(to.idle_per_connection, 0, 10'000),
       "Sockets kept open for the next call, for one connection of ours; more are closed after a second of "
       "rest."},
      {"head_bytes", number(to.head_bytes, 4 * kilobyte, megabyte), "Longest head of an answer."},
      {"answer_body_bytes", number(to.answer_body_bytes, kilobyte, 64 * gigabyte),
       "Longest body of an answer; it is streamed, not kept."},
      {"repeatable_body_bytes", number(to.repeatable_body_bytes, 0, 64 * megabyte),
       "Request bodies up to this size are kept until the answer has come, so that a call can be sent again "
       "after its token was renewed."},
      {"connect_ms", millis(to.connect, 100, one_hour_ms), "Name look-up, TCP and TLS together."},
      {"answer_ms", millis(to.answer, 100, one_hour_ms), "From the call's begin to the head of its answer."},
      {"idle_ms", millis(to.idle, 100, one_hour_ms), "An unused socket is closed after this."},
      {"body_idle_ms", millis(to.body_idle, 100, one_hour_ms),
       "How far an answer's body may lag; what arrives earns time back at `body_bytes_per_second`."},
      {"body_bytes_per_second", number(to.body_bytes_per_second, 1, gigabyte),
       "The slowest that a body may come from HubSpot, or be taken there."},
  };
}

Keys bound_keys(DoorBounds& to) {
  return {
      {"connections_per_address", number(to.connections_per_address, 0, 1'000'000),
       "Open at once from one address; 0 for no such bound."},
      {"handshakes_per_second", number(to.handshakes_per_second, 0, 1'000'000),
       "TLS handshakes that begin each second, from all together. What was not used in the last two seconds "
       "may "
       "be used at once; beyond it a handshake waits for its turn, or is refused when that is too far off. 0 "
       "for "
       "no such bound."},
      {"handshakes_per_second_per_address", number(to.handshakes_per_second_per_address, 0, 1'000'000),
       "Likewise, from one address."},
  };
}

Keys admin_bound_keys(DoorLimits& to) {
  Keys keys = bound_keys(to.admin);
  keys.insert(keys.begin(), {"connections", number(to.admin_connections, 1, 10'000),
                             "Open at once, in place of `connections` of `[limits]`."});
  return keys;
}

Keys limit_keys(Config& config) {
  DoorLimits& to = config.limits;
  return {
      {"connections", number(to.connections, 1, 1'000'000),
       "Open at once on one door. When it is full, a new connection takes the place of one that could be "
       "closed without harm (`docs/http.md`); when all are busy it is closed."},
      {"head_bytes", number(to.head_bytes, 4 * kilobyte, megabyte),
       "Request line and header fields together."},
      {"header_fields", number(to.header_fields, 10, 1000), "Header fields of one request."},
      {"target_bytes", number(to.target_bytes, kilobyte, 256 * kilobyte), "Path and query of one request."},
      {"request_body_bytes", number(to.request_body_bytes, kilobyte, 16 * gigabyte),
       "Longest body of a call; it is streamed, not kept."},
      {"handshake_ms", millis(to.handshake, 100, one_hour_ms),
       "TLS: from accept to its first byte, and from its turn to finished. A turn is not waited for longer "
       "than "
       "half of this."},
      {"head_ms", millis(to.head, 100, one_hour_ms), "From the first byte of a request's head to its end."},
      {"idle_ms", millis(to.idle, 100, one_hour_ms), "Between two requests on a kept connection."},
      {"body_idle_ms", millis(to.body_idle, 100, one_hour_ms),
       "How far a body may lag, either way; what moves earns time back at `body_bytes_per_second`."},
      {"body_bytes_per_second", number(to.body_bytes_per_second, 1, gigabyte),
       "The slowest that a request's body may come, or an answer be taken, by a caller that is waited for."},
      {"shared_addresses", ListSlot{&to.shared_addresses, rule_for_networks, "10.0.0.0/8"},
       "Addresses and blocks that many callers share: this machine, a load balancer that speaks for others. "
       "What "
       "is bounded per address does not hold for them. An IPv6 address stands for its /64."},
      {"egress", TableSlot{[&to] { return bound_keys(to.egress); }}, "Bounds of the door for your programs."},
      {"public", TableSlot{[&to] { return bound_keys(to.outside); }}, "Bounds of the door for the internet."},
      {"admin", TableSlot{[&to] { return admin_bound_keys(to); }},
       "Bounds of the door for operators. The first holds for the local socket, too."},
      {"upstream", TableSlot{[&config] { return upstream_keys(config.upstream); }},
       "Bounds of the calls to HubSpot."},
  };
}

Keys pacing_keys(PacingSettings& to) {
  return {
      {"wait_ms", millis(to.wait, 0, one_hour_ms),
       "How long a call may wait for room at HubSpot when it does not say so itself (`X-Hubward-Wait-Ms`). "
       "One "
       "that could not go in that time is refused at once."},
      {"longest_wait_ms", millis(to.longest_wait, 0, one_hour_ms), "The most that a call may ask for."},
      {"longest_line", number(to.longest_line, 0, 100'000),
       "Calls that wait for the same budget; more are refused."},
      {"searches_per_second", number(to.searches_per_second, 1, 1'000'000),
       "Searches that HubSpot lets an account do each second, whatever the app: its answers do not tell."},
      {"day_reserve_percent", number(to.day_reserve_percent, 0, 100),
       "So much of an account's day is kept from `bulk` calls, and half of it from `normal` ones."},
      {"most_repeats", number(to.most_repeats, 0, 3),
       "How often a call is sent again that HubSpot refused for a limit or, where doing it twice is the same "
       "as once, "
       "failed to answer; within the time that it may wait."},
  };
}

Keys log_keys(Log& log) {
  return {
      {"level", choice(log.level, {"debug", "info", "warning", "error"}), "The least that is written."},
      {"format", choice(log.format, {"auto", "json", "text"}),
       "How a line looks: `auto` is text on a terminal and JSON elsewhere."},
  };
}

WordsSlot durable_words(JournalSettings& journal) {
  return {[&journal](const std::vector<std::string>& words) {
            journal.durable_writes = std::ranges::count(words, "write") > 0;
            journal.durable_deletes = std::ranges::count(words, "delete") > 0;
          },
          {"write", "delete"}};
}

Keys journal_keys(JournalSettings& journal) {
  return {
      {"retention_days", days(journal.retention, 1, 3650), "How long records are kept."},
      {"durable_before_send", durable_words(journal),
       "Calls of these kinds wait until their record is on the disk before they go to HubSpot. Without it a "
       "power cut may lose the records of the last `commit_interval_ms`."},
      {"commit_interval_ms", millis(journal.commit_interval, 1, 10'000), "Records are written this often."},
      {"queue_records", number(journal.queue_records, 100, 10'000'000),
       "Records that may wait for the disk; when it is full, calls are refused rather than left out of the "
       "journal."},
  };
}

Keys webhook_journal_keys(WebhookJournalSettings& journal) {
  constexpr std::uint64_t day_minutes = 24 * 60, longest_tolerance_ms = 60'000;
  return {
      {"every_minutes", minutes(journal.every, 1, day_minutes),
       "How often the journals are read, besides at the start and with `hubward webhook repair`."},
      {"path", TextSlot{&journal.path, rule_for_paths, "/webhooks-journal/journal-local/2026-03"},
       "HubSpot's calls for it, before `/earliest`, `/latest` and `/offset/`."},
      {"scope", TextSlot{&journal.scope, rule_for_tokens, "developer.webhooks_journal.read"},
       "What is asked for with the app's client credentials."},
      {"hosts", ListSlot{&journal.hosts, rule_for_host_names, "hubspot.com"},
       "Hosts, each with all below it, at which HubSpot may keep the journal's files. Where that is, HubSpot "
       "does not document; a file at another host is not fetched, and the refusal names the host."},
      {"kinds", choice(journal.kinds, {"named", "generic"}),
       "How events from the journal are called: `named` like `contact.creation` where webhooks have such a "
       "kind, `generic` always like `object.creation`. Take what the app's webhooks have."},
      {"tolerance_ms", millis(journal.tolerance, 0, longest_tolerance_ms),
       "How far apart the times may be that a webhook and the journal give for what is otherwise the same. "
       "With more than HubSpot needs, a quick second change may be taken for the first."},
      {"file_bytes", number(journal.file_bytes, megabyte, 256 * megabyte),
       "Longest file that is read. HubSpot's have about 5 MB."},
  };
}

Keys webhook_keys(WebhookSettings& webhooks) {
  constexpr std::uint64_t five_minutes_ms = 300'000, ten_years_hours = 87'600;
  return {
      {"clock_tolerance_ms", millis(webhooks.clock_tolerance, 0, five_minutes_ms),
       "How far the timestamp of a request signed with v3 may be ahead of this machine's clock. How old it "
       "may "
       "be is HubSpot's own figure, five minutes."},
      {"oldest_event_hours", hours(webhooks.oldest_event, 25, ten_years_hours),
       "Requests signed with v1 or v2 carry no timestamp and could be sent again for ever: one with an event "
       "older than this is refused. HubSpot itself tries for 24 hours."},
      {"keep_days", days(webhooks.keep, 1, 3650),
       "How long after it came an event is kept. One that is still to be delivered, or is a dead letter, "
       "stays."},
      {"remember_days", days(webhooks.remember, 2, 3650),
       "How long an event is recognised when HubSpot sends it again."},
      {"body_bytes", number(webhooks.body_bytes, kilobyte, 16 * megabyte), "Longest body of a webhook."},
      {"buffered_bytes", number(webhooks.buffered_bytes, megabyte, 16 * gigabyte),
       "Bodies that are being received or written, all together; beyond it HubSpot is told to try later."},
      {"keep_free_bytes", number(webhooks.keep_free_bytes, 0, 1024 * gigabyte),
       "Room on the store's disk that webhooks leave to the journal and to grants: with less, HubSpot is "
       "told "
       "to try later."},
      {"sensitive_properties", ListSlot{&webhooks.sensitive_properties, rule_for_tokens, "date_of_birth"},
       "Properties whose values are masked wherever an event is shown, besides those that HubSpot marks."},
      {"journal", TableSlot{[&webhooks] { return webhook_journal_keys(webhooks.journal); }},
       "How HubSpot's webhook journal is read, for the apps with `webhook_journal = true`."},
  };
}

Keys app_keys(AppSettings& app) {
  return {
      {"kind", choice(app.kind, {"oauth", "private"}, Presence::Required),
       "`oauth`: many accounts, connected by install links. `private`: one account with a static token (a "
       "private app or a service key)."},
      {"client_id", TextSlot{&app.client_id, rule_for_tokens, "00000000-0000-0000-0000-000000000000"},
       "Of the app at HubSpot; for `oauth` only, and required there."},
      {"client_secret", SecretSlot{&app.client_secret},
       "Of the app at HubSpot. Required for `oauth`; for `private` it is only needed for webhooks."},
      {"previous_client_secret", SecretSlot{&app.previous_client_secret},
       "The secret before the last change at HubSpot, as long as both are in use."},
      {"scopes", ListSlot{&app.scopes, rule_for_tokens, "crm.objects.contacts.read"},
       "Scopes that an install must grant; for `oauth` only, at least one."},
      {"optional_scopes", ListSlot{&app.optional_scopes, rule_for_tokens, "tickets"},
       "Scopes that an install may leave out; for `oauth` only."},
      {"pkce", FlagSlot{&app.pkce}, "Send a code challenge when installing; for `oauth` only."},
      {"open_installs", FlagSlot{&app.open_installs},
       "Accounts may install the app without an invite, as from HubSpot's marketplace, after a confirmation; "
       "for `oauth` only (`docs/connecting.md`)."},
      {"webhook_signatures",
       WordsSlot{[&app](const std::vector<std::string>& words) { app.webhook_signatures = words; },
                 {"v1", "v2", "v3"}},
       "Which of HubSpot's signatures count for this app. Left out: `v2` and `v3` for `oauth`, all three for "
       "`private`, whose webhooks may carry `v1` alone (`docs/webhooks.md`)."},
      {"webhook_journal", FlagSlot{&app.webhook_journal},
       "Read HubSpot's webhook journal for events that no webhook brought; for `oauth` only "
       "(`docs/webhooks.md`)."},
      {"token_endpoint", choice(app.token_endpoint, {"2026-03", "2026-09", "v3", "v1"}),
       "Which form of HubSpot's OAuth endpoints is called. Introspection and revocation use a dated form "
       "whatever stands here."},
      {"simulator", FlagSlot{&app.simulator},
       "This app talks to a simulator instead of HubSpot. Shown by `hubward check` and `/readyz`."},
      {"simulator_api", TextSlot{&app.simulator_api, rule_for_origins, "https://localhost:4443"},
       "Where the simulator's API is; needs `simulator = true`."},
      {"simulator_authorize", TextSlot{&app.simulator_authorize, rule_for_origins, "https://localhost:4443"},
       "Where the simulator shows its consent page, `/oauth/authorize`; needs `simulator = true`."},
      {"simulator_ca", TextSlot{&app.simulator_ca, rule_for_paths, "/etc/hubward/simulator-ca.crt"},
       "The only authority, PEM, trusted for this app; needs `simulator = true`."},
  };
}

Keys destination_keys(DestinationSettings& to) {
  constexpr std::uint64_t longest_timeout_ms = 120'000, most_at_once = 1000;
  return {
      {"url", TextSlot{&to.url, rule_for_webhook_urls, "https://erp.example.com/hubspot", Presence::Required},
       "Where every event is posted, alone. Redirects are not followed. `http://` only with "
       "`allow_networks`."},
      {"secret", SecretSlot{&to.secret, Presence::Required},
       "Deliveries are signed with it in the Standard Webhooks form: `whsec_` and base64 of 24 to 64 bytes, "
       "as "
       "`echo whsec_$(openssl rand -base64 32)` makes one."},
      {"previous_secret", SecretSlot{&to.previous_secret},
       "The secret before the last change: deliveries are signed with both as long as this stands here."},
      {"bearer", SecretSlot{&to.bearer}, "Sent as `Authorization: Bearer` besides."},
      {"apps", ListSlot{&to.apps, rule_for_names, "crm"}, "Only events of these apps. Left out: of all."},
      {"accounts", ListSlot{&to.accounts, rule_for_numbers, "8801234"}, "Only of these HubSpot accounts."},
      {"kinds", ListSlot{&to.kinds, rule_for_tokens, "contact.*"},
       "Only of these kinds (`contact.propertyChange`); a `*` at the end stands for the rest."},
      {"objects", ListSlot{&to.objects, rule_for_tokens, "contacts"},
       "Only of these types of objects, in any of HubSpot's spellings (`contacts`, `0-1`, `2-1234567`)."},
      {"properties", ListSlot{&to.properties, rule_for_tokens, "lifecyclestage"},
       "Only changes of these properties."},
      {"allow_networks", ListSlot{&to.allow_networks, rule_for_networks, "10.1.0.0/16"},
       "Private, local and reserved addresses that the host of `url` may have; without it only addresses of "
       "the public internet are called, whatever a name leads to."},
      {"ca", TextSlot{&to.ca, rule_for_paths, "/etc/hubward/erp-ca.crt"},
       "The only authority, PEM, trusted for this destination. Left out: those that the machine trusts."},
      {"certificate", TextSlot{&to.certificate, rule_for_paths, "/etc/hubward/erp-client.crt"},
       "PEM, shown to the destination when it asks for a certificate (mutual TLS); needs `key`."},
      {"key", TextSlot{&to.key, rule_for_paths, "/etc/hubward/erp-client.key"},
       "PEM, the key of `certificate`. Nobody else may read the file."},
      {"concurrency", number(to.concurrency, 1, most_at_once), "Deliveries under way at once."},
      {"timeout_ms", millis(to.timeout, 100, longest_timeout_ms), "How long one attempt may take."},
  };
}

Keys rule_keys(RuleSettings& rule) {
  return {
      {"name", TextSlot{&rule.name, rule_for_rule_names, "read contacts", Presence::Required},
       "Shown in every decision of this rule."},
      {"objects", ListSlot{&rule.objects, rule_for_tokens, "contacts"},
       "Objects it is about (`contacts`, `deals`, a type id …); `*` for all. Left out, the rule must name "
       "operations."},
      {"actions",
       WordsSlot{[&rule](const std::vector<std::string>& words) { rule.actions = words; },
                 {"view", "create", "edit", "delete", "export"}},
       "What is done with them; nothing for all but export."},
      {"operations", ListSlot{&rule.operations, rule_for_tokens, "crm.contacts.search"},
       "Names of operations of the catalogue, for what no object and action describes."},
      {"effect", choice(rule.effect, {"allow", "deny"}),
       "A rule that denies wins over every one that allows."},
  };
}

Keys role_keys(RoleSettings& role) {
  return {
      {"mode", choice(role.mode, {"enforce", "shadow"}),
       "`shadow` decides and records, but lets every call through that is in the catalogue."},
      {"priority", choice(role.priority, {"interactive", "normal", "bulk"}),
       "Who goes first when calls wait for room at HubSpot: the three share it 16 : 4 : 1. A call may ask "
       "for less "
       "(`X-Hubward-Priority`)."},
      {"weight", number(role.weight, 1, 100),
       "Share of each of its clients beside others of the same priority."},
      {"rules", RepeatedTablesSlot{[&role] { return rule_keys(role.rules.emplace_back()); }},
       "What clients in this role may do. Without a rule that allows it, nothing."},
  };
}

}  // namespace

Keys keys_of(Config& config) {
  return {
      {"store_dir", TextSlot{&config.store_dir, rule_for_paths, "/var/lib/hubward"},
       "Folder of the store. Belongs to the gateway's user, mode 0700."},
      {"root_key", SecretSlot{&config.root_key, Presence::Required},
       "The key that all others are wrapped with: 32 bytes, as 64 hex digits or base64. Keep it, and a copy "
       "of "
       "it, away from the store: without it nothing in the store can be opened."},
      {"other_root_key", SecretSlot{&config.other_root_key},
       "Only around a rotation of the root key: the new one beforehand, or the old one until "
       "`hubward keys status` calls it retired. The store knows which of the two is in use."},
      {"public_url",
       TextSlot{&config.public_url, rule_for_public_urls, "https://hooks.example.com", Presence::Required},
       "How browsers and HubSpot reach the public door. The redirect address to register at HubSpot is this, "
       "followed by `/oauth/APP/callback`."},
      {"stop_grace_ms", millis(config.stop_grace, 0, one_hour_ms),
       "How long requests in flight may take to finish when the gateway stops."},
      {"listen", TableSlot{[&config] { return listen_keys(config); }}, "The three doors."},
      {"limits", TableSlot{[&config] { return limit_keys(config); }},
       "Bounds of what callers may cost; the same for every door."},
      {"log", TableSlot{[&config] { return log_keys(config.log); }}, "What is written to standard error."},
      {"journal", TableSlot{[&config] { return journal_keys(config.journal); }}, "The record of every call."},
      {"pacing", TableSlot{[&config] { return pacing_keys(config.pacing); }},
       "How calls wait for room at HubSpot (`docs/limits.md`)."},
      {"webhooks", TableSlot{[&config] { return webhook_keys(config.webhooks); }},
       "How requests that say they come from HubSpot are checked, and how long what they bring is kept."},
      {"apps", NamedTablesSlot{[&config](const std::string& name) { return app_keys(config.apps[name]); }},
       "Registrations at HubSpot that the gateway acts for."},
      {"roles", NamedTablesSlot{[&config](const std::string& name) { return role_keys(config.roles[name]); }},
       "What clients may do. A client is given a role when it is created."},
      {"destinations", NamedTablesSlot{[&config](const std::string& name) {
         return destination_keys(config.destinations[name]);
       }},
       "Where events of webhooks are delivered (`docs/webhooks.md`). Each gets those that fit all that it "
       "lists."},
  };
}

}  // namespace hubward::app
