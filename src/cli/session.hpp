// SPDX-License-Identifier: Apache-2.0
// Inside cli: one run of the program, from the words to the exit code. The declarations of commands fill
// `chosen`; run() calls it once the words have been read without error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/house.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hubward::cli {

class Session {
 public:
  Session(House& house, const Streams& streams) : house(house), streams(streams) {}

  House& house;
  const Streams& streams;
  std::string config_file;
  bool json = false;
  std::function<int()> chosen;
  // What options are read into; one command runs, so commands share the words.
  struct Words {
    std::string confirm, created;
    std::string name, app, role, account, token_file, method, target, to, path, shell, certificate,
        certificate_sha256;
    std::string overlap = "24h";
    std::string secret_source, url, body_file, at, version;  // of webhooks
    std::string kind = "contact.propertyChange";
    std::string from = "last";
    std::vector<std::string> connections, networks, fields;
    std::vector<std::pair<std::string, std::string>> filter;  // query names and values
    std::uint64_t count = 20;
    std::uint64_t expires_hours = 1, times = 1, seconds = 60, most = 0;
    bool uninstall = false, overwrite = false, csv = false, reference = false, require_both = false,
         all = false;
  } words;

  Form form() const { return json ? Form::Json : Form::ForPeople; }
  int complain(const Error& error) const;
  int complain(std::string_view sentence) const;

  // The JSON of a good answer, or an error with the gateway's own sentence.
  Result<Json> ask(Gate& gate, Call call) const;
  Result<Json> ask(Call call) const;
  // Asks and prints: as it came with --json, else by `for_people`.
  int show(Call call, const std::function<std::string(const Json&)>& for_people) const;
  int print(const Json& answer, const std::function<std::string(const Json&)>& for_people) const;
};

// A command, with what every command has: --config, --json, an example under its help.
CLI::App* command(CLI::App& parent, Session& session, std::string name, std::string what,
                  std::string example);
// An option that narrows a question: its value is kept under `name`, as the question calls it.
CLI::Option* filter_option(CLI::App& command, Session& session, const char* flag, const char* name,
                           const char* what, const char* type);
constexpr const char* filter_group = "Filter: every one that is given must hold";
// "&name=value" for each of them.
std::string filter_query(const Session& session);
// A question that changes nothing.
Call get(std::string target);

// A word like `connection`, which only groups commands.
CLI::App* group(CLI::App& parent, std::string name, std::string what);

// All of them. The session outlives what is answered.
std::unique_ptr<CLI::App> declare(Session& session);

void add_gateway_commands(CLI::App& root, Session& session);        // serve, check, status, limits
void add_configuration_commands(CLI::App& root, Session& session);  // app, role
void add_connection_commands(CLI::App& root, Session& session);
void add_shred_command(CLI::App& connections, Session& session);
void add_client_commands(CLI::App& root, Session& session);
void add_key_commands(CLI::App& root, Session& session);
void add_store_commands(CLI::App& root, Session& session);
void add_journal_commands(CLI::App& root, Session& session);
void add_webhook_commands(CLI::App& root, Session& session);
void add_inbox_commands(CLI::App& webhooks, Session& session);
void add_delivery_commands(CLI::App& webhooks, Session& session);
void add_send_command(CLI::App& webhooks, Session& session);
void add_local_commands(CLI::App& webhooks, Session& session);
void add_completion_command(CLI::App& root, Session& session);

}  // namespace hubward::cli
