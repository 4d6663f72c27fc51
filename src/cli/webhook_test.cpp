// SPDX-License-Identifier: Apache-2.0
// hubward webhook verify, and the requests it reads.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "cli/captured_request.hpp"
#include "cli/fake_house.hpp"
#include "cli/run.hpp"
#include "hubspot/signature.hpp"
#include "hubspot/verification.hpp"
#include "hubspot/webhook_events.hpp"

namespace hubward::cli {
namespace {

constexpr std::string_view stamp = "1790000000000";
const std::string body = R"([{"eventId":1,"portalId":62515,"propertyValue":"PRIVATE"}])";

struct Outcome {
  int exit = 0;
  std::string out, err;
  Json json() const { return Json::parse(out).value(); }
  // "right" or whatever the part is called there.
  std::string state(std::string_view part) const {
    const Json answer = json();
    for (const Json& one : answer["parts"].items())
      if (one["part"].text() == part) return one["state"].text_or("");
    return "";
  }
};

Outcome run_command(std::vector<std::string> arguments) {
  FakeHouse house;
  Outcome outcome;
  Streams streams{[&](std::string_view text) { outcome.out += text; },
                  [&](std::string_view text) { outcome.err += text; },
                  {}};
  arguments.insert(arguments.begin(), {"webhook", "verify"});
  outcome.exit = run(std::move(arguments), house, streams);
  CHECK(house.asked.empty());  // no gateway
  return outcome;
}

// A file that is there while this lives, readable by its owner only.
class File {
 public:
  File(std::string_view name, std::string_view text)
      : path_((std::filesystem::temp_directory_path() / name).string()) {
    std::ofstream(path_, std::ios::binary) << text;
    std::filesystem::permissions(path_,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string v3_of(std::string_view secret, std::string_view url) {
  return hubspot::signature_of(hubspot::SignatureVersion::V3, Secret(secret), {"POST", url, body}, stamp);
}

std::string captured_from(std::string_view secret, std::string_view url) {
  return "POST /hooks/crm?a=%3A HTTP/1.1\r\nHost: inner:8080\r\nX-HubSpot-Signature-v3: " +
         v3_of(secret, url) + "\r\nX-HubSpot-Request-Timestamp: " + std::string(stamp) + "\r\n\r\n" + body;
}

constexpr std::string_view seen_url = "https://gw.example.com/hooks/crm?a=%3A";

TEST_CASE("a captured request of HubSpot's is genuine, at the time at which it came") {
  File file("hubward-webhook-genuine.txt", captured_from("crm secret", seen_url));
  Outcome outcome = run_command({file.path(), "--app", "crm", "--at", std::string(stamp), "--json"});
  CHECK(outcome.exit == Done);
  CHECK(outcome.err.empty());
  CHECK(outcome.json()["genuine"].boolean() == true);
  CHECK(outcome.json()["version"].text() == "v3");
  CHECK(outcome.json()["secret"].text() == "current");
  CHECK(outcome.json()["url"].text() == seen_url);

  Outcome later = run_command({file.path(), "--app", "crm", "--json"});
  CHECK(later.exit == Failed);
  CHECK((later.json()["reason"].text() == "too_old" || later.json()["reason"].text() == "too_new"));
  CHECK(later.state("clock") == "wrong");
  for (std::string_view part : {"fields", "version", "secret", "method", "url", "body"})
    CHECK(later.state(part) == "right");
}

TEST_CASE("what is wrong is named, in words for people, without secret and body") {
  struct Row {
    std::string_view secret, url, sentence;
  };
  const Row rows[] = {
      {"billing secret", seen_url, "it was signed with another secret, client_secret of [apps.billing]"},
      {"crm secret", "http://gw.example.com/hooks/crm?a=%3A",
       "HubSpot called it with http: http://gw.example.com/hooks/crm?a=:"},
      {"crm secret", "https://inner:8080/hooks/crm?a=%3A",
       "HubSpot called another address, the one that Host names"},
      {"unknown", seen_url, "Hint: nothing that was tried fits"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sentence);
    File file("hubward-webhook-wrong.txt", captured_from(row.secret, row.url));
    Outcome outcome = run_command({file.path(), "--app", "crm", "--at", std::string(stamp)});
    CHECK(outcome.exit == Failed);
    CHECK_MESSAGE(outcome.out.contains(row.sentence), outcome.out);
    CHECK(outcome.out.starts_with("Refused (mismatch): "));
    for (std::string_view never : {"crm secret", "billing secret", "PRIVATE"})
      CHECK_FALSE(outcome.out.contains(never));
  }
}

TEST_CASE("a request may be given in parts, with a secret from a file and no configuration") {
  File secret("hubward-webhook-secret.txt", "own secret\n"), text("hubward-webhook-body.txt", body);
  std::vector<std::string> words = {"--secret-from",
                                    "file:" + secret.path(),
                                    "--url",
                                    std::string(seen_url),
                                    "--body",
                                    text.path(),
                                    "--at",
                                    std::string(stamp),
                                    "--json",
                                    "--header",
                                    "X-HubSpot-Signature-v3: " + v3_of("own secret", seen_url),
                                    "--header",
                                    "X-HubSpot-Request-Timestamp: " + std::string(stamp)};
  CHECK(run_command(words).exit == Done);
  words.insert(words.end(), {"--method", "PUT"});
  Outcome outcome = run_command(words);
  CHECK(outcome.exit == Failed);
  CHECK(outcome.state("method") == "wrong");
  CHECK(outcome.state("url") == "right");
}

TEST_CASE("a version that the app does not accept is refused by the name of the setting") {
  std::string v1 = hubspot::signature_of(hubspot::SignatureVersion::V1,
                                         Secret(std::string_view("crm secret")), {"POST", "", "[]"}, "");
  File file("hubward-webhook-v1.txt", "POST /hooks/crm HTTP/1.1\nX-HubSpot-Signature: " + v1 +
                                          "\nX-HubSpot-Signature-Version: v1\n\n[]");
  Outcome outcome = run_command({file.path(), "--app", "crm"});
  CHECK(outcome.exit == Failed);
  CHECK(outcome.out.contains("webhook_signatures accepts v2, v3"));
}

TEST_CASE("wrong use and what cannot be read are told apart") {
  File file("hubward-webhook-plain.txt", captured_from("crm secret", seen_url));
  struct Row {
    std::vector<std::string> words;
    int exit;
    std::string_view part;
  };
  const Row rows[] = {
      {{file.path()}, WrongUse, "--app"},
      {{"--app", "crm"}, WrongUse, "--url"},
      {{file.path(), "--app", "crm", "--at", "yesterday"}, WrongUse, "--at"},
      {{file.path(), "--secret-from", "file:/nonexistent"}, Failed, "--secret-from"},
      {{file.path(), "--secret-from", "PRIVATE"}, Failed, "--secret-from"},
      {{file.path(), "--app", "nothing"}, Failed, "[apps.nothing]"},
      {{"/nonexistent/request", "--app", "crm"}, Failed, "/nonexistent/request cannot be read"},
      {{file.path(), "--app", "crm", "--header", "nonsense"}, Failed, "--header"},
      {{"src/README.md", "--app", "crm"}, Failed, "first line"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.part);
    Outcome outcome = run_command(row.words);
    CHECK(outcome.exit == row.exit);
    CHECK_MESSAGE(outcome.err.contains(row.part), outcome.err);
    CHECK_FALSE(outcome.err.contains("PRIVATE"));
    CHECK(outcome.out.empty());
  }
  File secret("hubward-webhook-secret2.txt", "own secret");
  File relative("hubward-webhook-relative.txt", captured_from("own secret", seen_url));
  CHECK(run_command({relative.path(), "--secret-from", "file:" + secret.path()}).exit == WrongUse);
}

TEST_CASE("a captured request is read as it was written down") {
  struct Row {
    std::string_view text, target, field, body;
    std::size_t notes;
  };
  const Row rows[] = {
      {"POST /a HTTP/1.1\r\nA: b\r\n\r\nxyz", "/a", "b", "xyz", 0},
      {"POST /a HTTP/1.1\nA:b \n\nx\r\ny\n", "/a", "b", "x\r\ny\n", 0},
      {"POST https://h/a HTTP/2\nA: b\n\n", "https://h/a", "b", "", 0},
      {"POST /a\nA: b\ncontent-length: 2\n\nxyz", "/a", "b", "xy", 1},
      {"POST /a\nA: b\nContent-Length: 9\n\nxyz", "/a", "b", "xyz", 1},
      {"POST /a\nA: b\nTransfer-Encoding: chunked\n\n3\r\nxyz\r\n1\r\n!\r\n0\r\n\r\n", "/a", "b", "xyz!", 0},
      {"POST /a\nA: b\nTransfer-Encoding: chunked\n\n{}", "/a", "b", "{}", 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    auto request = read_captured(row.text);
    REQUIRE(request);
    CHECK(request->method == "POST");
    CHECK(request->target == row.target);
    CHECK(request->field("a") == row.field);
    CHECK(request->body == row.body);
    CHECK(request->notes.size() == row.notes);
  }
  for (std::string_view text : {"", "POST", "POST /a b c\n\n", "POST /a HTTP/1.1\nA: b\n", "POST /a\nA b\n\n",
                                "POST /a\n A: b\n\n"}) {
    CAPTURE(text);
    CHECK_FALSE(read_captured(text));
  }
}

Outcome send(FakeHouse& house, std::vector<std::string> arguments) {
  Outcome outcome;
  Streams streams{[&](std::string_view text) { outcome.out += text; },
                  [&](std::string_view text) { outcome.err += text; },
                  {}};
  arguments.insert(arguments.begin(), {"webhook", "send"});
  outcome.exit = run(std::move(arguments), house, streams);
  return outcome;
}

TEST_CASE("what `webhook send` posts is genuine, one of every kind if asked") {
  FakeHouse house;
  Outcome sent = send(house, {"--app", "crm", "--all", "--count", "2", "--ca", "/ca.pem", "--json"});
  CHECK(sent.exit == Done);
  CHECK(sent.json()["accepted"].integer() == 96);
  CHECK(house.authority == "/ca.pem");
  REQUIRE(house.posted.size() == 96);
  std::set<crypto::Digest> identities;
  for (const Post& post : house.posted) {
    CHECK(post.url == "https://gw.example.com/hooks/crm");
    hubspot::SignatureFields fields;
    for (const auto& [name, value] : post.fields) fields.add(name, value);
    Secret secret(std::string_view("crm secret"));
    CHECK(hubspot::verify({"POST", post.url, post.body}, fields, {&secret, nullptr},
                          {.accepted = hubspot::for_oauth_apps}, SystemClock().now()));
    identities.insert(hubspot::read_events(post.body).value().front().identity);
  }
  CHECK(identities.size() == 96);
}

TEST_CASE("`webhook send` says what was refused, and what makes no sense") {
  FakeHouse house;
  house.refused = 1;
  Outcome sent = send(house, {"--app", "crm", "--to", "https://other.example.com/in?x=1", "--version", "v1"});
  CHECK(sent.exit == Failed);
  CHECK(sent.out.contains("401"));
  CHECK(sent.out.contains("0 of 1 accepted by https://other.example.com/in?x=1"));
  REQUIRE(house.posted.size() == 1);
  CHECK(house.posted[0].fields[2].second == "v1");
  CHECK(send(house, {"--app", "crm", "--kind", "boat.sank"}).exit == WrongUse);
  CHECK(send(house, {"--app", "crm", "--version", "v4"}).exit == WrongUse);
  CHECK(send(house, {"--app", "other"}).exit == Failed);
  CHECK(send(house, {}).exit == WrongUse);
}

Outcome webhook(FakeHouse& house, std::vector<std::string> arguments) {
  Outcome outcome;
  Streams streams{[&](std::string_view text) { outcome.out += text; },
                  [&](std::string_view text) { outcome.err += text; },
                  {}};
  arguments.insert(arguments.begin(), "webhook");
  outcome.exit = run(std::move(arguments), house, streams);
  return outcome;
}

TEST_CASE("`webhook forward` posts what comes to a program on this machine, and nowhere else") {
  FakeHouse house;
  house.answers = {Answer{200, R"({"events":[{"id":7}]})"},
                   Answer{200, R"({"events":[{"id":8,"kind":"deal.creation","object":"5"},{"id":9}]})"},
                   Answer{200, R"({"id":8,"payload":{"eventId":1}})"},
                   Answer{200, R"({"id":9,"payload":{"eventId":2}})"}};
  Outcome forwarded =
      webhook(house, {"forward", "--to", "http://localhost:3000/in", "--app", "crm", "--count", "2"});
  CHECK(forwarded.exit == Done);
  CHECK(forwarded.out.starts_with("event 8  deal.creation  5  204\n"));
  REQUIRE(house.asked.size() == 4);
  CHECK(house.asked[1].target == "/api/v1/webhooks/events?count=100&after=7&app=crm");
  REQUIRE(house.posted.size() == 1);
  CHECK(house.posted[0].body == R"({"eventId":2})");
  for (const char* to : {"http://example.com/", "https://10.0.0.1/", "localhost:3000"})
    CHECK(webhook(house, {"forward", "--to", to}).exit == WrongUse);
}

TEST_CASE("`webhook capture` writes a request that `webhook verify` reads, to a new file only") {
  FakeHouse house;
  std::string path = (std::filesystem::temp_directory_path() / "hubward-captured-request").string();
  std::filesystem::remove(path);
  house.answers = {
      Answer{200, R"({"request":null})"},
      Answer{200, R"({"request":"POST /hooks/crm HTTP/1.1\r\nX-HubSpot-Signature-v3: x\r\n\r\n[]"})"}};
  Outcome captured = webhook(house, {"capture", "--app", "crm", "--out", path});
  CHECK(captured.exit == Done);
  CHECK(captured.out.contains("hubward webhook verify " + path));
  CHECK(house.asked[0].body == R"({"app":"crm","seconds":20})");
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::others_all) ==
        std::filesystem::perms::none);
  CHECK(webhook(house, {"verify", path, "--app", "crm"}).exit == Failed);
  Outcome again = webhook(house, {"capture", "--app", "crm", "--out", path});
  CHECK(again.exit == Failed);
  CHECK(again.err.contains("File exists"));
  std::filesystem::remove(path);
  house.answers = {Answer{200, R"({"request":null})"}};
  CHECK(webhook(house, {"capture", "--app", "crm", "--out", path, "--seconds", "1"}).exit == Failed);
}

}  // namespace
}  // namespace hubward::cli
