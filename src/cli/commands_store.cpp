// SPDX-License-Identifier: Apache-2.0
// store: the files as a whole. These commands work on the files themselves; check and backup may do so beside
// a running gateway, restore takes the store's lock.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"
#include "store/maintenance.hpp"

namespace hubward::cli {
namespace {

Json to_json(const std::vector<store::FileReport>& reports) {
  Json files = Json::array();
  for (const store::FileReport& report : reports) {
    Json wrong = Json::array();
    for (const std::string& sentence : report.wrong) wrong.push(sentence);
    files.push(Json::object({{"file", report.file},
                             {"present", report.present},
                             {"bytes", report.bytes},
                             {"wrong", std::move(wrong)}}));
  }
  return Json::object({{"files", std::move(files)}});
}

std::string reports_text(const Json& answer) {
  std::string text;
  for (const Json& file : answer["files"].items()) {
    bool present = file["present"].boolean().value_or(false);
    const Json::Items& wrong = file["wrong"].items();
    text += shown(file["file"]) + ": " +
            (!present        ? "not there"
             : wrong.empty() ? "good, " + shown(file["bytes"]) + " bytes"
                             : "DAMAGED") +
            "\n";
    for (const Json& sentence : wrong) text += "  " + shown(sentence) + "\n";
  }
  return text;
}

int show(const Session& session, const Result<std::vector<store::FileReport>>& reports) {
  if (!reports) return session.complain(reports.error());
  session.print(to_json(*reports), reports_text);
  bool good = std::ranges::all_of(*reports, [](const store::FileReport& file) { return file.wrong.empty(); });
  return good ? Done : Failed;
}

int restore(const Session& session) {
  Result<StorePlace> place = session.house.store(session.config_file);
  if (!place) return session.complain(place.error());
  auto overwrite = session.words.overwrite ? store::Overwrite::Allow : store::Overwrite::Refuse;
  auto reports = store::restore_store(session.words.path, place->directory, overwrite);
  if (reports) {
    Result<void> recorded = place->record_restore(session.words.path);
    if (!recorded) return session.complain(recorded.error());
  }
  return show(session, reports);
}

}  // namespace

void add_store_commands(CLI::App& root, Session& session) {
  CLI::App* all = group(root, "store", "The files in which everything is kept");
  command(*all, session, "check", "Check every file; may run beside a gateway", "hubward store check")
      ->callback([&session] {
        session.chosen = [&session] {
          Result<StorePlace> place = session.house.store(session.config_file);
          if (!place) return session.complain(place.error());
          return show(session, store::check_store(place->directory, std::move(place->checks)));
        };
      });
  CLI::App* backup =
      command(*all, session, "backup", "Copy every file, each as of one moment, to a new folder",
              "hubward store backup /var/backups/hubward-monday");
  backup->add_option("folder", session.words.path, "A folder that is new or empty")->required();
  backup->callback([&session] {
    session.chosen = [&session] {
      Result<StorePlace> place = session.house.store(session.config_file);
      if (!place) return session.complain(place.error());
      return show(session, store::backup_store(place->directory, session.words.path));
    };
  });
  CLI::App* restoring =
      command(*all, session, "restore", "Put the files of a backup in place; no gateway may run",
              "hubward store restore /var/backups/hubward-monday");
  restoring->add_option("folder", session.words.path, "The backup's folder")->required();
  restoring->add_flag("--overwrite", session.words.overwrite, "Replace a store that is there already");
  restoring->callback([&session] { session.chosen = [&session] { return restore(session); }; });
}

}  // namespace hubward::cli
