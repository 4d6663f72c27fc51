// SPDX-License-Identifier: Apache-2.0
// What the commands need of the rest of the program. Most commands are one call of the operators' API
// (admin/api.hpp), sent to the running gateway over its local socket or, where none runs, answered in this
// process under the store's lock: the command does not know which. The room app implements House; tests have
// fake_house.hpp. One thread; blocking.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "hubspot/verification.hpp"
#include "store/maintenance.hpp"

namespace hubward::cli {

// The program's exit codes (docs/cli.md).
enum Exit : int { Done = 0, Failed = 1, WrongUse = 2 };

// One call of the operators' API. `target` begins with "/api/v1/"; the body is JSON or, where the call hands
// over a token, that token alone.
struct Call {
  std::string method = "GET";
  std::string target;
  Json body;                     // null: none
  std::optional<Secret> secret;  // instead of `body`
};

struct Answer {
  int status = 0;
  std::string body;  // JSON
};

// The way to the operators' API, for as many calls as a command makes.
class Gate {
 public:
  virtual ~Gate() = default;
  virtual Result<Answer> ask(Call call) = 0;
};

enum class Form { ForPeople, Json };

// Where the store is and how to look at it, for the commands that work on its files.
struct StorePlace {
  std::string directory;
  std::vector<store::FileCheck> checks;
  // Writes into the restored journal that, and from where, it was restored.
  std::function<Result<void>(const std::string& backup)> record_restore;
};

// What signatures of an app's webhooks are checked with.
struct WebhookKeys {
  std::string public_url;
  hubspot::SignaturePolicy policy;
  std::optional<Secret> current, previous;
  // Of the other apps: a request that was signed for one of them is a common mistake.
  struct Other {
    std::string name;  // "client_secret of [apps.billing]"
    Secret secret;
  };
  std::vector<Other> others;
  std::vector<std::string> unread;  // those of them that cannot be read here, each with its reason
};

// A POST to somewhere outside.
struct Post {
  std::string url;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
};

class House {
 public:
  virtual ~House() = default;
  // Runs the gateway until it is told to stop. Answers the exit code.
  virtual int serve(const std::string& config_file) = 0;
  // What the configuration means, as text or as JSON; `fine` is false when something is wrong.
  struct Explanation {
    std::string text;
    bool fine = true;
  };
  virtual Explanation check(const std::string& config_file, Form form) = 0;
  virtual std::string configuration_reference() = 0;
  // "hubward 0.1.0" and, line by line, what a report of a bug should say.
  virtual std::string version() = 0;
  // The running gateway, or this process under the store's lock.
  virtual Result<std::unique_ptr<Gate>> gate(const std::string& config_file) = 0;
  virtual Result<StorePlace> store(const std::string& config_file) = 0;
  virtual Result<WebhookKeys> webhook_keys(const std::string& config_file, const std::string& app) = 0;
  // One after the other, over verified TLS; `authority_file` is trusted besides the machine's authorities.
  // The status of each, or why there was none; an error before any was sent.
  virtual Result<std::vector<Result<int>>> post(std::vector<Post> posts,
                                                const std::string& authority_file) = 0;
};

// The command's surroundings.
struct Streams {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  // A secret from standard input, without its line end; typed unseen when that is a terminal.
  std::function<Result<Secret>(std::string_view prompt)> read_secret;
};
Streams standard_streams();

}  // namespace hubward::cli
