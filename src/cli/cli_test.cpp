// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command_tree.hpp"
#include "cli/completion.hpp"
#include "cli/fake_house.hpp"
#include "cli/manual.hpp"
#include "cli/run.hpp"
#include "cli/text.hpp"
#include "core/ascii.hpp"
#include "store/temporary_directory.hpp"

namespace hubward::cli {
namespace {

struct Outcome {
  int exit;
  std::string out, err;
};

Outcome run_words(FakeHouse& house, std::string_view words, std::string_view input = "") {
  Outcome outcome{};
  Streams streams{[&](std::string_view text) { outcome.out += text; },
                  [&](std::string_view text) { outcome.err += text; },
                  [&](std::string_view) -> Result<Secret> {
                    if (input.empty()) return invalid("SECRET_MISSING", "standard input holds no token");
                    return Secret(input);
                  }};
  std::vector<std::string> arguments;
  for (std::string_view word : split(words, ' '))
    if (!word.empty()) arguments.emplace_back(word);
  outcome.exit = run(std::move(arguments), house, streams);
  return outcome;
}

FakeHouse answering(int status, std::string body) {
  FakeHouse house;
  house.answers.push_back(Answer{status, std::move(body)});
  return house;
}

const std::string_view every_command[] = {"",
                                          "serve",
                                          "check",
                                          "status",
                                          "app",
                                          "app list",
                                          "app show",
                                          "role",
                                          "role list",
                                          "role show",
                                          "role explain",
                                          "connection",
                                          "connection invite",
                                          "connection add",
                                          "connection list",
                                          "connection show",
                                          "connection rotate",
                                          "connection finish",
                                          "connection refresh",
                                          "connection disconnect",
                                          "connection shred",
                                          "client",
                                          "client create",
                                          "client list",
                                          "client show",
                                          "client rotate",
                                          "client revoke",
                                          "keys",
                                          "keys status",
                                          "keys rotate",
                                          "store",
                                          "store check",
                                          "store backup",
                                          "store restore",
                                          "journal",
                                          "journal tail",
                                          "journal find",
                                          "journal export",
                                          "webhook",
                                          "webhook status",
                                          "webhook events",
                                          "webhook event",
                                          "webhook destinations",
                                          "webhook dead",
                                          "webhook redrive",
                                          "webhook discard",
                                          "webhook replay",
                                          "webhook enable",
                                          "webhook disable",
                                          "webhook verify",
                                          "webhook send",
                                          "webhook capture",
                                          "webhook forward",
                                          "completion"};

// A difference is a decision. To take it over: HUBWARD_WRITE_GOLDEN=1 build/dev/cli_test
TEST_CASE("the help of every command is what docs/cli-help.txt says") {
  FakeHouse house;
  std::string all;
  for (std::string_view words : every_command) {
    Outcome outcome = run_words(house, std::string(words) + " --help");
    CHECK(outcome.exit == Done);
    CHECK(outcome.err.empty());
    all += "$ hubward " + std::string(words) + (words.empty() ? "" : " ") + "--help\n" + outcome.out + "\n";
  }
  constexpr const char* golden = "docs/cli-help.txt";
  if (std::getenv("HUBWARD_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << all;
  std::stringstream kept;
  kept << std::ifstream(golden).rdbuf();
  bool same = kept.str() == all;
  CHECK_MESSAGE(same, "the help has changed; look at it and write docs/cli-help.txt anew");
}

TEST_CASE("a command becomes one call of the operators' API") {
  struct Row {
    std::string_view words;
    std::string method, target, body;
  };
  const Row rows[] = {
      {"status", "GET", "/api/v1/status", ""},
      {"app show crm", "GET", "/api/v1/apps/crm", ""},
      {"role list", "GET", "/api/v1/roles", ""},
      {"role explain reader GET /crm/v3/objects/contacts?limit=1", "POST", "/api/v1/roles/reader/explain",
       R"({"method":"GET","target":"/crm/v3/objects/contacts?limit=1"})"},
      {"connection invite acme --app crm --account 88 --hours 2", "POST", "/api/v1/invites",
       R"({"connection":"acme","app":"crm","expires_seconds":7200,"account":88})"},
      {"connection show a/b", "GET", "/api/v1/connections/a%2Fb", ""},
      {"connection refresh acme", "POST", "/api/v1/connections/acme/refresh", ""},
      {"connection disconnect acme --uninstall", "POST", "/api/v1/connections/acme/disconnect",
       R"({"uninstall":true})"},
      {"connection finish acme", "POST", "/api/v1/connections/acme/finish", ""},
      {"connection shred acme --confirm acme", "POST", "/api/v1/connections/acme/shred",
       R"({"confirm":"acme"})"},
      {"client create billing --role reader --connection a --connection b --network 10.0.0.0/8", "POST",
       "/api/v1/clients",
       R"({"name":"billing","role":"reader","connections":["a","b"],"networks":["10.0.0.0/8"]})"},
      {"webhook events -n 5 --app crm --from 24h", "GET", "/api/v1/webhooks/events?count=5&app=crm&from=24h",
       ""},
      {"webhook event 7", "GET", "/api/v1/webhooks/events/7", ""},
      {"webhook destinations", "GET", "/api/v1/webhooks/destinations", ""},
      {"webhook dead --destination erp", "GET", "/api/v1/webhooks/dead?count=20&destination=erp", ""},
      {"webhook redrive --id 12", "POST", "/api/v1/webhooks/dead/redrive", R"({"id":"12"})"},
      {"webhook discard --destination erp", "POST", "/api/v1/webhooks/dead/discard",
       R"({"destination":"erp"})"},
      {"webhook replay erp --account 88 --from 2h", "POST", "/api/v1/webhooks/destinations/erp/replay",
       R"({"account":"88","from":"2h"})"},
      {"webhook enable erp", "POST", "/api/v1/webhooks/destinations/erp/enable", ""},
      {"webhook disable erp --cause moving", "POST", "/api/v1/webhooks/destinations/erp/disable",
       R"({"cause":"moving"})"},
      {"client rotate billing", "POST", "/api/v1/clients/billing/rotate", R"({"overlap_seconds":86400})"},
      {"client rotate billing --overlap 0", "POST", "/api/v1/clients/billing/rotate",
       R"({"overlap_seconds":0})"},
      {"client create billing --role reader --connection a --certificate-key-sha256 ab --require-both",
       "POST", "/api/v1/clients",
       R"({"name":"billing","role":"reader","connections":["a"],"networks":[],"certificate_key_sha256":"ab","credential":"both"})"},
      {"client rotate billing --certificate-key-sha256 ab", "POST", "/api/v1/clients/billing/rotate",
       R"({"overlap_seconds":86400,"certificate_key_sha256":"ab"})"},
      {"client revoke billing", "POST", "/api/v1/clients/billing/revoke", ""},
      {"keys rotate --to env:NEW", "POST", "/api/v1/keys/rotate", R"({"to":"env:NEW"})"},
      {"journal tail -n 5", "GET", "/api/v1/journal/tail?count=5&format=text", ""},
      {"journal find --client a&b --from 24h", "GET", "/api/v1/journal?format=text&from=24h&client=a%26b",
       ""},
      {"journal export --csv", "GET", "/api/v1/journal?format=csv", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    FakeHouse house = answering(200, R"({"lines":["x\n"],"allowed":true,"state":"ready","proved":true})");
    Outcome outcome = run_words(house, row.words);
    CHECK(outcome.exit == Done);
    CHECK(outcome.err == "");
    REQUIRE(house.asked.size() == 1);
    CHECK(house.asked[0].method == row.method);
    CHECK(house.asked[0].target == row.target);
    CHECK(house.asked[0].body == row.body);
  }
}

TEST_CASE("wrong words exit 2, say what is wrong and where help is") {
  struct Row {
    std::string_view words, part;
  };
  const Row rows[] = {
      {"", "subcommand"},
      {"conection list", "there is no command \"conection\" here, only serve, check"},
      {"client lst", "there is no command \"lst\" here, only create, list"},
      {"client create x", "--role"},
      {"connection invite acme --app crm --account 12x", "--account"},
      {"connection invite acme --app crm --hours 0", "--hours"},
      {"client rotate x --overlap soon", "--overlap"},
      {"connection shred acme", "--confirm"},
      {"connection shred acme --confirm acne", "--confirm acme"},
      {"client rotate x --certificate a --certificate-key-sha256 b", "--certificate"},
      {"journal tail -n 0", "--count"},
      {"connection add office --app office secret-token", "secret-token"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    FakeHouse house = answering(200, "{}");
    Outcome outcome = run_words(house, row.words);
    CHECK(outcome.exit == WrongUse);
    CHECK(outcome.out == "");
    CHECK(outcome.err.starts_with("hubward: "));
    CHECK_MESSAGE(outcome.err.find(row.part) != std::string::npos, outcome.err);
    CHECK(house.asked.empty());
  }
}

TEST_CASE("a token comes from standard input and is handed on alone") {
  FakeHouse house = answering(200, R"({"name":"office"})");

  Outcome outcome = run_words(house, "connection add office --app office", "pat-na1-x");

  CHECK(outcome.exit == Done);
  CHECK(house.asked[0].target == "/api/v1/connections/office/token?app=office");
  CHECK(house.asked[0].secret == "pat-na1-x");
  CHECK(house.asked[0].body == "");
  CHECK(outcome.out.find("pat-") == std::string::npos);
  run_words(house, "connection rotate office --created 2026-06-01", "pat-na1-x");
  CHECK(house.asked[1].target == "/api/v1/connections/office/token?created=2026-06-01");
  run_words(house, "connection add office --app office --created 100d", "pat-na1-x");
  CHECK(house.asked[2].target == "/api/v1/connections/office/token?app=office&created=100d");
}

TEST_CASE("of a PEM file only the certificate leaves this process") {
  std::string path = (std::filesystem::temp_directory_path() / "hubward-cli-test.pem").string();
  std::string certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  std::ofstream(path) << "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n" << certificate;
  FakeHouse house = answering(200, R"({"client":"billing"})");

  Outcome outcome =
      run_words(house, "client create billing --role reader --connection a --certificate " + path);

  std::filesystem::remove(path);
  CHECK(outcome.exit == Done);
  CHECK(Json::parse(house.asked[0].body).value()["certificate"].text_or("") == certificate);
  CHECK(house.asked[0].body.find("BBBB") == std::string::npos);
  CHECK(outcome.out.find("known by its certificate") != std::string::npos);
}

TEST_CASE("a file without a certificate is refused before anything is asked") {
  FakeHouse house = answering(200, "{}");
  Outcome outcome =
      run_words(house, "client create billing --role reader --connection a --certificate docs/cli-help.txt");
  CHECK(outcome.exit == Failed);
  CHECK(outcome.err.find("no certificate in PEM form") != std::string::npos);
  CHECK(house.asked.empty());
}

TEST_CASE("without a token nothing is asked") {
  FakeHouse house = answering(200, "{}");

  Outcome outcome = run_words(house, "connection rotate office");

  CHECK(outcome.exit == Failed);
  CHECK(outcome.err == "hubward: standard input holds no token\n");
  CHECK(house.asked.empty());
}

TEST_CASE("a refusal is shown as the gateway's own sentence and exits 1") {
  FakeHouse house =
      answering(404, R"({"category":"HUBWARD_CLIENT_UNKNOWN","message":"there is no client x"})");

  Outcome outcome = run_words(house, "client show x");

  CHECK(outcome.exit == Failed);
  CHECK(outcome.err == "hubward: there is no client x\n");
}

TEST_CASE("with --json the answer is printed as it came") {
  FakeHouse house = answering(200, R"({"clients":[{"name":"a"}]})");

  CHECK(run_words(house, "client list --json").out == "{\"clients\":[{\"name\":\"a\"}]}\n");
}

TEST_CASE("a connection is shown in one sentence first, then fact by fact") {
  FakeHouse house = answering(
      200,
      R"({"name":"acme","state":"failing","sentence":"acme is failing: HubSpot answered 503; nothing to do.",)"
      R"("cause":"HubSpot answered 503","next_step":"Nothing to do.","account":88,"region":"eu1",)"
      R"("notes":["role reader lacks a scope"]})");

  CHECK(run_words(house, "connection show acme").out ==
        "acme is failing: HubSpot answered 503; nothing to do.\n\n"
        "connection    acme\n"
        "account       88\n"
        "region        eu1\n"
        "state         failing\n"
        "cause         HubSpot answered 503\n"
        "next step     Nothing to do.\n"
        "\nnote: role reader lacks a scope\n");
}

TEST_CASE("what was found is the exit code") {
  FakeHouse denied = answering(200, R"({"allowed":false,"explanation":"no rule allows it"})");
  CHECK(run_words(denied, "role explain r GET /x").exit == Failed);
  FakeHouse nothing = answering(200, R"({"lines":[]})");
  CHECK(run_words(nothing, "journal find").exit == Failed);
  FakeHouse wrong;
  wrong.fine = false;
  CHECK(run_words(wrong, "check").exit == Failed);
  FakeHouse not_done = answering(200, R"({"done":[],"not_done":["HubSpot was not reached"],"remains":[]})");
  Outcome outcome = run_words(not_done, "connection disconnect x");
  CHECK(outcome.exit == Failed);
  CHECK(outcome.out == "  NOT DONE  HubSpot was not reached\n");
}

constexpr const char* certificate =
    R"({"certificate":"hubward shredding 1","sentence":"It is gone.","proved":true,
"connection":"acme","data_keys":["k1"],"checks":[{"what":"files","holds":true,"detail":"nothing"}],
"files":[{"file":"vault.db","bytes":7,"found":0}],"journal":{"record":"grant.shredded","block":9,"hash":"ab"},
"hubspot":{"done":["revoked"],"not_done":[],"remains":[]},"out_of_reach":["backups"]})";

std::string read_file(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("a certificate is written for machines and for people, into files that are new") {
  store::TemporaryDirectory folder;
  std::string path = folder.file("acme");
  FakeHouse house = answering(200, certificate);
  Outcome outcome = run_words(house, "connection shred acme --confirm acme --certificate " + path);
  CHECK(outcome.exit == Done);
  CHECK(Json::parse(read_file(path + ".json")).value() == Json::parse(certificate).value());
  CHECK(read_file(path + ".txt") == outcome.out);
  for (const char* part : {"It is gone.", "holds     files: nothing", "vault.db, 7 bytes: nothing",
                           "block 9, hash ab", "done      revoked", "backups"})
    CHECK_MESSAGE(outcome.out.contains(part), part);

  FakeHouse again = answering(200, certificate);
  outcome = run_words(again, "connection shred acme --confirm acme --certificate " + path);
  CHECK(outcome.exit == Failed);
  CHECK(outcome.err.contains("nothing was shredded"));
  CHECK(again.asked.empty());
}

TEST_CASE("a shredding that was refused leaves no certificate, and one that is not proved fails") {
  store::TemporaryDirectory folder;
  FakeHouse refused =
      answering(404, R"({"category":"HUBWARD_CONNECTION_UNKNOWN","message":"there is none"})");
  CHECK(run_words(refused, "connection shred acme --confirm acme --certificate " + folder.file("x")).exit ==
        Failed);
  CHECK(std::filesystem::is_empty(folder.path()));
  for (const char* flaw :
       {R"({"proved":false})", R"({"proved":true,"journal":{"trouble":"the disk is full"}})"}) {
    FakeHouse house = answering(200, flaw);
    CHECK(run_words(house, "connection shred acme --confirm acme").exit == Failed);
  }
}

TEST_CASE("a search goes through all its pages") {
  FakeHouse house;
  house.answers.push_back(Answer{200, R"({"header":"a,b\r\n","lines":["1\r\n"],"next":"7.2"})"});
  house.answers.push_back(Answer{200, R"({"header":"a,b\r\n","lines":[],"next":"9.0"})"});
  house.answers.push_back(Answer{200, R"({"header":"a,b\r\n","lines":["2\r\n"]})"});

  Outcome outcome = run_words(house, "journal export --csv");

  CHECK(outcome.out == "a,b\r\n1\r\n2\r\n");
  CHECK(house.asked[1].target == "/api/v1/journal?format=csv&after=7.2");
  CHECK(house.asked[2].target == "/api/v1/journal?format=csv&after=9.0");
}

TEST_CASE("the configuration file comes from the flag, the environment, or its usual place") {
  FakeHouse house;
  unsetenv("HUBWARD_CONFIG");
  run_words(house, "serve");
  CHECK(house.config_file == "/etc/hubward/hubward.toml");
  setenv("HUBWARD_CONFIG", "/from/environment", 1);
  run_words(house, "serve");
  CHECK(house.config_file == "/from/environment");
  run_words(house, "serve --config /from/flag");
  CHECK(house.config_file == "/from/flag");
  unsetenv("HUBWARD_CONFIG");
}

TEST_CASE("the version comes from the program, without a command") {
  FakeHouse house;
  Outcome outcome = run_words(house, "--version");
  CHECK(outcome.exit == Done);
  CHECK(outcome.out == "hubward 1.2.3\n");
}

TEST_CASE("every shell's completion knows every command and every option") {
  FakeHouse house;
  CommandFacts tree = command_tree(house);
  for (std::string_view shell : completed_shells) {
    CAPTURE(shell);
    Outcome outcome = run_words(house, "completion " + std::string(shell));
    CHECK(outcome.exit == Done);
    for (const CommandFacts* command : all_below(tree)) {
      CHECK_MESSAGE(outcome.out.contains("' " + command->path + "'"), command->path);
      for (const OptionFacts& option : command->options) {
        std::string name = option.names.back();
        CHECK_MESSAGE(outcome.out.contains(shell == "fish" ? "-l " + name.substr(2) : name), name);
      }
    }
  }
  CHECK(run_words(house, "completion csh").exit == WrongUse);
}

TEST_CASE("options are read with what they take, their bounds and their defaults") {
  FakeHouse house;
  CommandFacts tree = command_tree(house);
  auto option = [&](std::string_view path, std::string_view name) {
    for (const CommandFacts* command : all_below(tree))
      if (command->path == path)
        for (const OptionFacts& found : command->options)
          if (found.names.back() == name) return found;
    FAIL("no such option");
    return OptionFacts{};
  };
  OptionFacts hours = option("connection invite", "--hours");
  CHECK(hours.value == "NUMBER");
  CHECK(hours.range == "1 to 168");
  CHECK(hours.otherwise == "1");
  CHECK_FALSE(hours.required);
  CHECK(option("connection invite", "--app").required);
  CHECK(option("client create", "--connection").repeats);
  CHECK(option("store restore", "--overwrite").value == "");
  CHECK(option("journal tail", "--count").names == std::vector<std::string>{"-n", "--count"});
}

TEST_CASE("nothing in a manual page's text is taken for a macro, and a sentence begins a line") {
  CHECK(mdoc_text(".TH is one. `code` is not \\ at all.") ==
        "\\&.TH is one.\n\\fBcode\\fP is not \\e at all.\n");
  CHECK(mdoc_word("Ar") == "\\&Ar");
  CHECK(mdoc_word("two words") == "\"two words\"");
  CHECK(mdoc_literal("'quoted") == "\\&'quoted\n");
}

TEST_CASE("tables are aligned and hold no control bytes") {
  Json items = Json::array({Json::object({{"name", "a\x1b[2J"}, {"list", Json::array({"x", "y"})}}),
                            Json::object({{"name", "longer"}, {"list", true}})});

  CHECK(table(items, {{"NAME", "name"}, {"LIST", "list"}}, "none") ==
        "NAME    LIST\n"
        "a?[2J   x, y\n"
        "longer  yes\n");
  CHECK(table(Json::array(), {}, "none") == "none\n");
}

}  // namespace
}  // namespace hubward::cli
