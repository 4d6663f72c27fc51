// SPDX-License-Identifier: Apache-2.0
// The way of a call, from where identity is known: connection → operation → decision → token → HubSpot → the
// answer streamed back → recorded. Every step is one function with one result; a call that stops early leaves
// by the same door: explained, recorded, counted. Other doors than HTTP/1 enter at call(), too.
//
// A resource of one loop. Settings are an immutable snapshot, swapped whole by a reload; a call keeps the one
// that it began with.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/loop.hpp"
#include "core/clock.hpp"
#include "core/named.hpp"
#include "crypto/hmac_key.hpp"
#include "crypto/random.hpp"
#include "gateway/call_metrics.hpp"
#include "gateway/clients.hpp"
#include "gateway/upstreams.hpp"
#include "grants/grants.hpp"
#include "http/message.hpp"
#include "hubspot/catalogue.hpp"
#include "journal/journal.hpp"
#include "pacing/pacer.hpp"
#include "pacing/retry.hpp"
#include "policy/role.hpp"
#include "telemetry/log.hpp"

namespace hubward::gateway {

// How calls of a role stand in line for room at HubSpot.
struct Standing {
  pacing::Priority priority = pacing::Priority::Normal;
  std::uint32_t weight = 1;  // of each of its clients beside others of the same priority
};

struct Settings {
  std::map<RoleName, policy::Role> roles;
  std::map<RoleName, Standing> standings;  // of the same roles
  // From sending a call to the head of HubSpot's answer; HubSpot itself gives up after 100 s (hubspot.md
  // section 5.6).
  std::chrono::milliseconds answer_wait{110'000};
  // Before it is sent, a call that changes (or deletes) records is on the journal's disk.
  bool durable_writes = false;
  bool durable_deletes = false;
  int most_repeats = pacing::most_repeats;         // of a call that HubSpot refused or failed
  std::size_t repeatable_body_bytes = 256 * 1024;  // kept of a request, to send it again with a new token
  std::uint64_t answer_body_bytes = 512ULL * 1024 * 1024;  // of one answer of HubSpot's
};

// Who calls, and how it came in.
struct Caller {
  std::shared_ptr<const Client> client;
  std::string address;
  std::string correlation_id;  // ours, a UUID; HubSpot's own is in its answer
  // Where the caller reached us, as it wrote it: "https://localhost:8443". Paging links lead back there.
  std::string base;
  std::optional<ConnectionName> connection;  // named by the caller, else the client's only one
};

class Gateway {
 public:
  // Everything outlives the Gateway.
  struct Parts {
    Loop& loop;
    const Clock& clock;
    crypto::Random& random;
    grants::Grants& grants;
    journal::Journal& journal;
    const Secret& journal_key;
    const hubspot::Catalogue& catalogue;
    Upstreams& upstreams;
    pacing::Pacer& pacer;
    CallMetrics& metrics;
    telemetry::Log& log;
  };

  Gateway(Parts parts, std::shared_ptr<const Settings> settings);
  // Records the calls that are still under way as GATEWAY_STOPPED. What is left of them (answers that nobody
  // pulls any more, tasks that the loop drops later) does not touch the Gateway again.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  void set(std::shared_ptr<const Settings> settings) { settings_ = std::move(settings); }

  // `request.target` is what HubSpot is asked for, without our prefix.
  Async<http::Response> call(Caller caller, http::Request request);

 private:
  struct Passage;
  Result<ConnectionName> choose_connection(const Caller& caller) const;
  Result<void> read_target(Passage& passage, const http::Request& request) const;
  void note_parameters(Passage& passage) const;
  Result<void> decide(Passage& passage, const std::string& method) const;
  Result<void> take_standing(Passage& passage, const http::Request& request) const;
  bool is_recorded_first(const Passage& passage) const;
  Async<Result<http::Response>> forward(std::shared_ptr<Passage> passage, http::Request request);
  Async<bool> may_go_again(std::shared_ptr<Passage> passage, std::optional<pacing::Failed> failed,
                           int repeats);
  enum class Wanted { AToken, ANewerToken };
  Async<Result<http::Response>> send(std::shared_ptr<Passage> passage, Wanted wanted);
  Async<Result<http::Response>> renew_and_repeat(std::shared_ptr<Passage> passage, http::Response refused);
  Async<Result<http::Response>> hear_refusal(std::shared_ptr<Passage> passage, pacing::Permit permit,
                                             hubspot::LimitFields told, http::Response answer);
  http::Response hand_back(std::shared_ptr<Passage> passage, http::Response answer);
  std::optional<std::chrono::milliseconds> wait_after(const Passage& passage, const Error& error) const;
  void watch_owner(const std::shared_ptr<Passage>& passage, http::Response& answer);
  static void note_patience(Passage& passage, http::Response& response);
  http::Response refuse(Passage& passage, const Error& error);
  void settle(Passage& passage, int status, std::uint64_t bytes, std::string_view end);

  Parts parts_;
  const crypto::HmacKey journal_key_;
  std::shared_ptr<const Settings> settings_;
  // Calls that are not settled yet, each linked to the next; as many as the doors have connections, at most.
  Passage* under_way_ = nullptr;
  std::unordered_map<const http::Client*, pacing::RepeatBudget> repeat_budgets_;
};

}  // namespace hubward::gateway
