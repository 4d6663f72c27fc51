// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "core/json.hpp"

using namespace hubward;
using namespace hubward::telemetry;
using namespace std::chrono_literals;

namespace {

struct Lines {
  std::string text;
  Log::Sink sink() {
    return [this](std::string_view line) {
      text += line;
      return true;
    };
  }
};

}  // namespace

TEST_CASE("a JSON line has time, level, event and the fields in their kinds") {
  ManualClock clock;
  Lines lines;
  Log log(clock, lines.sink());
  ConnectionName connection{"acme-prod"};
  log.info("call.done", {{"connection", connection},
                         {"status", 200},
                         {"cached", false},
                         {"took", 1500us},
                         {"bytes", std::uint64_t{18'000'000'000'000'000'000U}},
                         {"offset", -1}});
  CHECK(lines.text ==
        R"({"time":"2027-01-15T08:00:00.000Z","level":"info","event":"call.done","connection":"acme-prod",)"
        R"("status":200,"cached":false,"took_ms":1.500,"bytes":18000000000000000000,"offset":-1})"
        "\n");
}

TEST_CASE("a readable line quotes only what needs it") {
  ManualClock clock;
  Lines lines;
  Log log(clock, lines.sink(), Log::Form::Readable);
  log.warning("store.slow", {{"file", "vault.db"}, {"why", "disk is busy"}, {"took", 20ms}, {"none", ""}});
  CHECK(lines.text ==
        "2027-01-15T08:00:00.000Z warning store.slow file=vault.db why=\"disk is busy\" took=20.000ms "
        "none=\"\"\n");
}

TEST_CASE("what is below the level is not written, and the level can be changed") {
  ManualClock clock;
  Lines lines;
  Log log(clock, lines.sink(), Log::Form::Readable, Level::Warning);
  log.info("quiet");
  log.debug("quiet");
  CHECK(lines.text.empty());
  log.set_level(Level::Debug);
  log.debug("loud");
  CHECK(lines.text.ends_with("debug   loud\n"));
}

TEST_CASE("no value can begin a line, break the JSON or reach the terminal") {
  ManualClock clock;
  const std::string_view hostile[] = {"a\nb",
                                      "a\r\n{\"level\":\"error\"}",
                                      "\x1b[2J",
                                      "\xc2\x9b"
                                      "2J",
                                      "\x7f",
                                      "\"}",
                                      "\\",
                                      "\xff\xfe",
                                      "\xe2\x80\xa8",
                                      "\xe2\x80\xae"
                                      "txt.exe",
                                      std::string_view("\0", 1),
                                      "\xed\xa0\x80",
                                      "\xc0\xaf",
                                      "\xe2\x82",
                                      "grüße"};
  for (Log::Form form : {Log::Form::Json, Log::Form::Readable}) {
    for (std::string_view text : hostile) {
      Lines lines;
      Log log(clock, lines.sink(), form);
      log.error("outside", {{"text", text}});
      std::string_view line = lines.text;
      REQUIRE(line.ends_with('\n'));
      line.remove_suffix(1);
      for (char c : line) {
        CHECK(static_cast<unsigned char>(c) >= 0x20);
        CHECK(c != 0x7f);
      }
      CHECK(line.find("\xc2\x9b") == std::string_view::npos);
      if (form == Log::Form::Json) CHECK(Json::parse(line));
    }
  }
}

TEST_CASE("long texts and long lines are cut and say so") {
  ManualClock clock;
  Lines lines;
  Log log(clock, lines.sink());
  std::string text(max_log_text - 1, 'x');
  text += "\xc3\xbc and more";
  log.info("long", {{"text", text}});
  CHECK(lines.text.find("xxx... (11 bytes left out)\"") != std::string::npos);
  CHECK(Json::parse(std::string_view(lines.text).substr(0, lines.text.size() - 1)));

  lines.text.clear();
  std::vector<LogField> many(100, LogField{"text", text});
  log.write(Level::Info, "many", many);
  CHECK(lines.text.size() <= max_log_line);
  CHECK(lines.text.ends_with("\"fields_left_out\":true}\n"));
}

TEST_CASE("tokens are masked wherever they stand in a value") {
  ManualClock clock;
  Lines lines;
  Log log(clock, lines.sink());
  log.error("upstream", {{"said", "no such token: pat-na1-12345678-1234-1234-1234-123456789abc, sorry"}});
  CHECK(lines.text.find("\"no such token: [redacted], sorry\"") != std::string::npos);
  lines.text.clear();
  // A token across the place where a long text is cut.
  log.error("upstream",
            {{"said", std::string(max_log_text - 20, ' ') + "eu1-0000-1111-2222-3333-444455556666"}});
  CHECK(lines.text.find("eu1-") == std::string::npos);
}

TEST_CASE("an error is logged with its code, fault and sentence") {
  ManualClock clock;
  Lines lines;
  Log log(clock, lines.sink());
  log.failed(Level::Warning, "store.failed",
             {"STORE_UNAVAILABLE", Fault::Store, Retry::Later, "the disk is full"}, {{"file", "vault.db"}});
  CHECK(lines.text.ends_with(
      R"("level":"warning","event":"store.failed","file":"vault.db","code":"STORE_UNAVAILABLE",)"
      R"("fault":"store","retry":true,"message":"the disk is full"})"
      "\n"));
}

TEST_CASE("a descriptor gets whole lines, and a line it does not take is counted") {
  ManualClock clock;
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  Log log(clock, descriptor_sink(ends[1]), form_for(ends[1]));
  log.info("one");
  std::array<char, 200> buffer{};
  ssize_t size = read(ends[0], buffer.data(), buffer.size());
  CHECK(std::string_view(buffer.data(), static_cast<std::size_t>(size)) ==
        "{\"time\":\"2027-01-15T08:00:00.000Z\",\"level\":\"info\",\"event\":\"one\"}\n");
  REQUIRE(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  for (int i = 0; i < 2000; ++i) log.info("until the pipe is full");
  CHECK(log.lines_lost() > 0);
  close(ends[0]);
  close(ends[1]);
}
