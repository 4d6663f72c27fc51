// SPDX-License-Identifier: Apache-2.0
// The files of HubSpot's webhook journal (hubspot.md section 4.5), each under an address that is signed for a
// short time. The address comes from HubSpot and leads to somebody who keeps files for it: it must be https
// at a host that the configuration names, on the port for https, and that host may have public addresses
// only. No token goes along.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/secret.hpp"
#include "grants/app.hpp"
#include "http/client.hpp"

namespace hubward::webhooks {

// Two implementations: over HTTPS, and one in memory in the tests.
class JournalFiles {
 public:
  virtual ~JournalFiles() = default;
  // The file, whole. JOURNAL_ADDRESS: it may not be called, and why; no more of it than the host is repeated.
  // JOURNAL_FILE, and those of http::Client: it could not be had.
  virtual Async<Result<std::string>> fetch(grants::AppSnapshot app, Secret address, Deadline deadline) = 0;
};

struct JournalAddress {
  http::Origin origin;
  std::string target;  // path and query, with the signature
};
// `hosts`: each stands for itself and for what is below it. An app of a simulator may have its files there.
Result<JournalAddress> check_journal_address(std::string_view address, const std::vector<std::string>& hosts,
                                             const grants::App& app);

// A resource of one loop.
class HttpJournalFiles final : public JournalFiles {
 public:
  struct Settings {
    std::vector<std::string> hosts;
    std::size_t file_bytes = 16 * 1024 * 1024;
  };
  HttpJournalFiles(Loop& loop, Settings settings) : loop_(loop), settings_(std::move(settings)) {}
  void set(Settings settings) { settings_ = std::move(settings); }

  Async<Result<std::string>> fetch(grants::AppSnapshot app, Secret address, Deadline deadline) override;

 private:
  // Whom to trust and what to call differs between HubSpot and each simulator.
  Result<http::Client*> client_for(const grants::App& app);

  Loop& loop_;
  Settings settings_;
  std::map<std::string, std::unique_ptr<http::Client>> clients_;  // by the simulator's authority
};

}  // namespace hubward::webhooks
