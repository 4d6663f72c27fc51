// SPDX-License-Identifier: Apache-2.0
#include "webhooks/journal_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/await.hpp"
#include "core/ascii.hpp"
#include "webhooks/address_guard.hpp"

namespace hubward::webhooks {
namespace {

constexpr std::string_view scheme = "https://";
constexpr std::uint16_t https_port = 443;

std::unexpected<Error> refuse(std::string what) {
  return failure("JOURNAL_ADDRESS", Fault::HubSpot, Retry::Never,
                 "the address of the webhook journal's file " + std::move(what));
}

std::unexpected<Error> no_file(std::string what) {
  return failure("JOURNAL_FILE", Fault::HubSpot, Retry::Later,
                 "the webhook journal's file could not be had: " + std::move(what));
}

bool is_within(std::string_view host, std::string_view allowed) {
  if (host == allowed) return true;
  return host.size() > allowed.size() && host.ends_with(allowed) &&
         host[host.size() - allowed.size() - 1] == '.';
}

Async<Result<std::string>> read_whole(std::unique_ptr<http::Body> body, std::size_t most) {
  std::string whole;
  while (body) {
    Result<std::string_view> piece = co_await body->next();
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (piece->empty()) break;
    if (piece->size() > most - whole.size())
      co_return no_file(fmt::format("it is longer than {} bytes ([webhooks.journal] file_bytes)", most));
    whole.append(*piece);
  }
  co_return whole;
}

}  // namespace

Result<JournalAddress> check_journal_address(std::string_view address, const std::vector<std::string>& hosts,
                                             const grants::App& app) {
  if (!address.starts_with(scheme)) return refuse("is not https");
  bool plain = std::ranges::all_of(address, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!plain) return refuse("has bytes that no address has");
  std::size_t path = std::min(address.find_first_of("/?", scheme.size()), address.size());
  Result<http::Origin> origin = http::parse_origin(address.substr(0, path));
  // The parser's sentence repeats what it was given.
  if (!origin) return refuse("does not begin with a host");
  JournalAddress checked{std::move(*origin), std::string(address.substr(path))};
  if (!checked.target.starts_with('/')) checked.target.insert(0, "/");
  if (app.simulator && checked.origin == app.api_origin) return checked;
  if (checked.origin.port != https_port) return refuse(fmt::format("names port {}", checked.origin.port));
  bool allowed =
      std::ranges::any_of(hosts, [&](const auto& host) { return is_within(checked.origin.host, host); });
  if (!allowed)
    return refuse(fmt::format("is at {}, which [webhooks.journal] hosts does not name", checked.origin.host));
  return checked;
}

Result<http::Client*> HttpJournalFiles::client_for(const grants::App& app) {
  const std::string authority = app.simulator ? app.authority_file : std::string();
  if (auto found = clients_.find(authority); found != clients_.end()) return found->second.get();
  http::ClientOptions options;
  if (authority.empty()) {
    options.may_connect = is_public_address;
  } else {
    options.system_authorities = false;
    options.authority_files = {authority};
  }
  auto client = http::Client::make(loop_, std::move(options));
  if (!client) return std::unexpected(client.error());
  return (clients_[authority] = std::move(*client)).get();
}

Async<Result<std::string>> HttpJournalFiles::fetch(grants::AppSnapshot app, Secret address,
                                                   Deadline deadline) {
  Result<JournalAddress> checked = check_journal_address(address.reveal_text(), settings_.hosts, *app);
  if (!checked) co_return std::unexpected(checked.error());
  Result<http::Client*> client = client_for(*app);
  if (!client) co_return std::unexpected(client.error());
  const std::string host = checked->origin.host;
  http::Outgoing outgoing;
  outgoing.origin = std::move(checked->origin);
  outgoing.pool = "webhook journal";
  outgoing.target = std::move(checked->target);
  outgoing.fields.add("Accept", "application/json");
  outgoing.fields.add("Accept-Encoding", "identity");
  outgoing.fields.add("User-Agent", "hubward");
  outgoing.answer_end = deadline;
  Result<http::Response> response = co_await (*client)->send(outgoing, deadline);
  if (!response) co_return std::unexpected(response.error());
  if (response->status != 200)
    co_return no_file(fmt::format("{} answered {}; its signature may have expired", host, response->status));
  std::string_view encoding = trimmed(response->fields.find("Content-Encoding").value_or(""));
  if (!encoding.empty() && !same_ignoring_case(encoding, "identity"))
    co_return no_file(fmt::format("{} sent it compressed, which was not asked for", host));
  co_return co_await read_whole(std::move(response->body), settings_.file_bytes);
}

}  // namespace hubward::webhooks
