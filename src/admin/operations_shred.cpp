// SPDX-License-Identifier: Apache-2.0
// Shredding, and its certificate (docs/formats/shredding.md).
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "admin/operations.hpp"
#include "async/await.hpp"
#include "grants/shredded.hpp"

namespace hubward::admin {
namespace {

// What no program that runs beside the store can destroy; docs/keys.md says what an operator can.
const std::vector<std::string> out_of_reach = {
    "backups and snapshots of the store made before: they hold the wrapped key, which their root key opens; "
    "destroy them, or "
    "rotate the root key and destroy the old one",
    "blocks that the file system or the disk has set aside (copy-on-write, an SSD's spare blocks): the same "
    "holds",
    "what HubSpot itself keeps"};

std::string sentence(const grants::Shredded& shredded) {
  const grants::ConnectionView& connection = shredded.connection;
  std::string what = fmt::format("the data key of connection {} (account {})", connection.name.text,
                                 connection.hub_id.number);
  if (shredded.proof.holds())
    return fmt::format("On {}, {} was destroyed; nothing that it sealed can be opened any more.",
                       to_iso8601(shredded.at), what);
  return fmt::format(
      "On {}, {} was deleted, but it is NOT PROVED that nothing of it is left: see the checks.",
      to_iso8601(shredded.at), what);
}

Json checks_of(const vault::ShredProof& proof) {
  Json checks = Json::array();
  for (const vault::ShredCheck& check : proof.checks)
    checks.push(Json::object({{"what", check.what}, {"holds", check.holds}, {"detail", check.detail}}));
  return checks;
}

Json files_of(const vault::ShredProof& proof) {
  Json files = Json::array();
  for (const store::SearchedFile& file : proof.files)
    files.push(Json::object({{"file", file.file}, {"bytes", file.bytes}, {"found", file.found}}));
  return files;
}

Json journal_of(const Result<journal::Journal::Position>& position) {
  if (!position) return Json::object({{"record", "grant.shredded"}, {"trouble", position.error().message}});
  return Json::object({{"record", "grant.shredded"}, {"block", position->block}, {"hash", position->hash}});
}

Json certificate(const grants::Shredded& shredded, const Result<journal::Journal::Position>& position,
                 const grants::Actor& actor, const std::string& version) {
  const grants::ConnectionView& connection = shredded.connection;
  return Json::object({{"certificate", "hubward shredding 1"},
                       {"sentence", sentence(shredded)},
                       {"proved", shredded.proof.holds()},
                       {"connection", connection.name.text},
                       {"app", connection.app.text},
                       {"kind", grants::to_text(connection.kind)},
                       {"account", connection.hub_id.number},
                       {"generation", connection.generation},
                       {"shredded_at", to_iso8601(shredded.at)},
                       {"by", actor.text},
                       {"version", version},
                       {"data_keys", texts(shredded.data_keys)},
                       {"root_keys", texts(shredded.root_keys)},
                       {"checks", checks_of(shredded.proof)},
                       {"files", files_of(shredded.proof)},
                       {"rewritten", shredded.proof.rewritten},
                       {"journal", journal_of(position)},
                       {"hubspot", Json::object({{"done", texts(shredded.at_hubspot.done)},
                                                 {"not_done", texts(shredded.at_hubspot.not_done)},
                                                 {"remains", texts(shredded.at_hubspot.remains)}})},
                       {"out_of_reach", texts(out_of_reach)}});
}

}  // namespace

Async<Result<Json>> Operations::shred(ConnectionName name, std::string confirmed, grants::Actor actor) {
  if (confirmed != name.text)
    co_return invalid("CONFIRMATION_REQUIRED",
                      "shredding cannot be undone: confirm it by giving the connection's name once more");
  if (!parts_.grants.show(name))
    co_return invalid(
        "CONNECTION_UNKNOWN",
        fmt::format("there is no connection \"{}\"; hubward connection list shows those there are",
                    name.text));
  Result<grants::Shredded> shredded = co_await parts_.grants.shred(name, actor);
  if (!shredded) co_return std::unexpected(shredded.error());
  if (parts_.forget_connection) parts_.forget_connection(name);

  using Position = journal::Journal::Position;
  Result<Position> position = std::unexpected(shredded->recorded ? Error{} : shredded->recorded.error());
  if (shredded->recorded) {
    auto read = std::make_shared<Result<Position>>();  // outlives a task that is dropped meanwhile
    Result<void> ran =
        co_await parts_.pool.run([&journal = parts_.journal, read] { *read = journal.position(); });
    position = ran ? std::move(*read) : Result<Position>(std::unexpected(ran.error()));
  }
  co_return certificate(*shredded, position, actor, parts_.version);
}

}  // namespace hubward::admin
