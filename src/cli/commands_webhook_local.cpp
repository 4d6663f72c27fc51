// SPDX-License-Identifier: Apache-2.0
// webhook capture, forward: for those who build a receiver on their own machine.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace hubward::cli {
namespace {

constexpr std::chrono::milliseconds between_looks{500};
constexpr std::uint64_t seconds_of_a_question = 20;

// New, and for its owner only: it holds customers' data.
Result<void> write_new(const std::string& path, std::string_view text) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return invalid("FILE_UNWRITABLE", path + " cannot be made: " + std::strerror(errno));
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  bool whole = ::close(fd) == 0 && text.empty();
  if (!whole) return invalid("FILE_UNWRITABLE", path + " could not be written whole");
  return {};
}

int capture(const Session& session) {
  const Session::Words& words = session.words;
  if (!session.json) session.streams.err("Waiting for the next request to /hooks/" + words.app + " …\n");
  for (std::uint64_t waited = 0; waited < words.seconds; waited += seconds_of_a_question) {
    std::uint64_t seconds = std::min(seconds_of_a_question, words.seconds - waited);
    Result<Json> answer = session.ask({.method = "POST",
                                       .target = "/api/v1/webhooks/capture",
                                       .body = Json::object({{"app", words.app}, {"seconds", seconds}}),
                                       .secret = {}});
    if (!answer) return session.complain(answer.error());
    auto request = (*answer)["request"].text();
    if (!request) continue;
    Result<void> written = write_new(words.to, *request);
    if (!written) return session.complain(written.error());
    return session.print(Json::object({{"file", words.to}, {"bytes", request->size()}}), [&](const Json&) {
      return fmt::format("Written to {}. Next: hubward webhook verify {} --app {}\n", words.to, words.to,
                         words.app);
    });
  }
  return session.complain(fmt::format("no request came for {} in {} seconds", words.app, words.seconds));
}

bool is_this_machine(std::string_view url) {
  for (std::string_view begin : {"http://localhost", "http://127.", "http://[::1]", "https://localhost",
                                 "https://127.", "https://[::1]"})
    if (url.starts_with(begin)) return true;
  return false;
}

// Posts one event, and says how that went on a line.
Result<void> forward_one(const Session& session, const Json& facts) {
  Result<Json> event = session.ask(
      {.method = "GET", .target = "/api/v1/webhooks/events/" + shown(facts["id"]), .body = {}, .secret = {}});
  if (!event) return std::unexpected(event.error());
  Post post{.url = session.words.to, .body = (*event)["payload"].dump()};
  post.fields.emplace_back("Content-Type", "application/json");
  std::vector<Post> posts;
  posts.push_back(std::move(post));
  Result<std::vector<Result<int>>> statuses = session.house.post(std::move(posts), "");
  if (!statuses) return std::unexpected(statuses.error());
  const Result<int>& status = statuses->front();
  Json line = Json::object({{"event", facts["id"]},
                            {"kind", facts["kind"]},
                            {"object", facts["object"]},
                            {"status", status ? Json(*status) : Json()},
                            {"trouble", status ? Json() : Json(status.error().message)}});
  if (session.json) {
    session.streams.out(line.dump() + "\n");
  } else {
    session.streams.out(fmt::format("event {}  {}  {}  {}\n", shown(line["event"]), shown(line["kind"]),
                                    shown(line["object"]),
                                    status ? std::to_string(*status) : status.error().message));
  }
  return {};
}

Result<std::string> newest_event(const Session& session) {
  Result<Json> page = session.ask(get("/api/v1/webhooks/events?count=1"));
  if (!page) return std::unexpected(page.error());
  const Json::Items& events = (*page)["events"].items();
  return events.empty() ? "0" : shown(events.front()["id"]);
}

int forward(const Session& session) {
  const Session::Words& words = session.words;
  if (!is_this_machine(words.to)) {
    session.complain(
        "--to must be an address of this machine, like http://localhost:3000/hooks; for others there is "
        "[destinations.NAME] in the configuration");
    return WrongUse;
  }
  Result<std::string> after = newest_event(session);
  if (!after) return session.complain(after.error());
  std::string filter;
  if (!words.app.empty()) filter = "&app=" + encoded(words.app);
  for (std::uint64_t forwarded = 0; words.most == 0 || forwarded < words.most;) {
    Result<Json> page = session.ask(get("/api/v1/webhooks/events?count=100&after=" + *after + filter));
    if (!page) return session.complain(page.error());
    for (const Json& event : (*page)["events"].items()) {
      Result<void> sent = forward_one(session, event);
      if (!sent) return session.complain(sent.error());
      *after = shown(event["id"]);
      if (++forwarded == words.most) return Done;
    }
    if ((*page)["events"].items().empty()) std::this_thread::sleep_for(between_looks);
  }
  return Done;
}

}  // namespace

void add_local_commands(CLI::App& webhooks, Session& session) {
  Session::Words& words = session.words;
  constexpr std::uint64_t most_seconds = 3600, most_events = 1'000'000;
  CLI::App* capturing =
      command(webhooks, session, "capture",
              "Write the next request for an app to a file, whatever becomes of it, to look at it with "
              "`webhook verify`",
              "hubward webhook capture --app crm --out request.txt");
  capturing->add_option("--app", words.app, "Whose")->required();
  capturing->add_option("--out", words.to, "A new file; it will hold customers' data")
      ->required()
      ->type_name("FILE");
  capturing->add_option("--seconds", words.seconds, "How long to wait")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, most_seconds));
  capturing->callback([&session] { session.chosen = [&session] { return capture(session); }; });

  CLI::App* forwarding = command(webhooks, session, "forward",
                                 "Post events to a program on this machine as they come, until Ctrl-C",
                                 "hubward webhook forward --to http://localhost:3000/hooks");
  forwarding->add_option("--to", words.to, "Where to, on this machine")->required()->type_name("URL");
  forwarding->add_option("--app", words.app, "Only those of this app");
  forwarding->add_option("--count", words.most, "End after so many")
      ->check(CLI::Range(std::uint64_t{1}, most_events));
  forwarding->callback([&session] { session.chosen = [&session] { return forward(session); }; });
}

}  // namespace hubward::cli
