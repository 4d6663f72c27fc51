// SPDX-License-Identifier: Apache-2.0
#include "webhooks/gap_repair.hpp"

#include <doctest/doctest.h>

#include <map>

#include "webhooks/fake_house.hpp"

using namespace hubward;
using namespace hubward::webhooks;
using namespace std::chrono_literals;

namespace {

const AppName crm{"crm"};
constexpr std::string_view base = "/webhooks-journal/journal/2026-03";

std::string offset(int number) {
  return fmt::format("018cc251-f400-7000-8000-{:012}", number);
}

// What the journal says of a change that `to_json` tells as a webhook.
std::string journalled(const Sample& sample) {
  return fmt::format(R"({{"type":"crmObject","portalId":{},"occurredAt":"{}","action":"UPDATE",)"
                     R"("objectTypeId":"0-1","objectId":{},"propertyChanges":{{"{}":"{}"}}}})",
                     sample.account, to_iso8601(from_millis(sample.occurred)), sample.object, sample.property,
                     sample.value);
}

// HubSpot's side: tokens, entries one behind the other, and their files.
class FakeJournal final : public grants::TokenEndpoint, public JournalFiles {
 public:
  void add(const std::vector<Sample>& samples) {
    std::string events;
    for (const Sample& sample : samples) events += (events.empty() ? "" : ",") + journalled(sample);
    files.push_back(R"({"journalEvents":[)" + events + "]}");
  }

  Async<Result<hubspot::OauthAnswer>> ask(grants::AppSnapshot, hubspot::OauthCall call, Deadline) override {
    asked.push_back(call.target);
    if (auto problem = statuses.find(asked.size()); problem != statuses.end())
      co_return answer(problem->second, R"({"status":"error","category":"MISSING_SCOPES"})");
    if (call.target.ends_with("/token")) {
      ++tokens;
      co_return answer(200, fmt::format(R"({{"access_token":"CP{}","expires_in":1800}})", tokens));
    }
    if (call.bearer->reveal_text() != fmt::format("CP{}", tokens)) co_return answer(401, "{}");
    if (++calls_with_token == token_lasts) {
      ++tokens;  // from now on only a newer one is good
      calls_with_token = 0;
    }
    std::size_t wanted = first;
    if (call.target.ends_with("/latest")) wanted = files.empty() ? 0 : files.size() - 1;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (call.target.contains(offset(static_cast<int>(i)))) wanted = follows_itself ? i : i + 1;
    if (wanted >= files.size()) co_return answer(204, "");
    co_return answer(
        200, fmt::format(R"({{"currentOffset":"{}","url":"https://files.example.com/{}?sig=c4nary"}})",
                         offset(static_cast<int>(wanted)), wanted));
  }

  Async<Result<std::string>> fetch(grants::AppSnapshot, Secret address, Deadline) override {
    std::string_view text = address.reveal_text();
    std::size_t number = static_cast<std::size_t>(text.at(text.rfind('/') + 1) - '0');
    fetched.push_back(number);
    if (number == broken)
      co_return failure("JOURNAL_FILE", Fault::HubSpot, Retry::Later, "the file could not be had");
    co_return files.at(number);
  }

  std::vector<std::string> files;
  std::size_t first = 0;                // what is before it HubSpot does not have any more
  std::map<std::size_t, int> statuses;  // of the n-th call
  std::size_t broken = 99;
  bool follows_itself = false;
  int tokens = 0, calls_with_token = 0, token_lasts = 1000;
  std::vector<std::string> asked;
  std::vector<std::size_t> fetched;

 private:
  static hubspot::OauthAnswer answer(int status, std::string_view body) {
    hubspot::OauthAnswer answer;
    answer.status = status;
    answer.body = Secret(body);
    return answer;
  }
};

struct Repairing : House {
  Repairing() { make(); }

  void make(std::chrono::milliseconds tolerance = 0ms) {
    auto app = std::make_shared<grants::App>();
    app->name = crm;
    app->client_id = "id";
    app->client_secret = Secret("s3cret");
    auto settings = std::make_shared<RepairSettings>();
    settings->apps[crm] = app;
    settings->tolerance = tolerance;
    push_tolerance = tolerance;
    repairs.emplace(
        GapRepair::Parts{loop, clock, *inbox, journal, journal, pool, metrics, log, [this] { return free; }},
        settings);
    wanted = settings;
  }

  Result<Repaired> repair(GapRepair::From from = GapRepair::From::WhereItWasRead) {
    return run(repairs->repair(crm, from));
  }
  // As the door does.
  void push(const std::vector<Sample>& samples) {
    std::string body = batch(samples);
    auto events = hubspot::read_events(body);
    REQUIRE(events);
    Telling telling{tables::Teller::Webhook, push_tolerance};
    REQUIRE(run(inbox->accept(crm, *events, std::nullopt, telling)));
  }
  std::vector<std::string> kept() {
    std::vector<std::string> objects;
    for (const EventFacts& event : run(inbox->list({})).value())
      objects.insert(objects.begin(), event.object);
    return objects;
  }

  FakeJournal journal;
  BlockingPool pool{1};
  std::uint64_t free = 1ULL << 40;
  std::chrono::milliseconds push_tolerance{0};
  std::shared_ptr<const RepairSettings> wanted;
  std::optional<GapRepair> repairs;
};

using Objects = std::vector<std::string>;

}  // namespace

TEST_CASE("the first time the place is remembered, and what came before is not read") {
  Repairing house;
  house.journal.add({{.object = 1}});
  house.journal.add({{.object = 2}});
  Result<Repaired> first = house.repair();
  REQUIRE(first);
  CHECK(first->began);
  CHECK(first->files == 0);
  CHECK(house.kept().empty());
  house.journal.add({{.object = 3}});
  Result<Repaired> second = house.repair();
  REQUIRE(second);
  CHECK_FALSE(second->began);
  CHECK(second->files == 1);
  CHECK(second->missing == 1);
  CHECK(house.kept() == Objects{"3"});
}

TEST_CASE("a journal that held nothing at first is read from its beginning") {
  Repairing house;
  REQUIRE(house.repair());
  house.journal.add({{.object = 1}});
  CHECK(house.repair()->missing == 1);
  CHECK(house.kept() == Objects{"1"});
}

TEST_CASE("what a webhook brought is left out, what none brought is delivered, once") {
  Repairing house;
  REQUIRE(house.repair());
  house.push({{.object = 1}, {.object = 2}});
  house.journal.add({{.object = 1}, {.object = 2}, {.object = 3}});
  house.journal.add({{.object = 4}});
  Result<Repaired> repaired = house.repair();
  REQUIRE(repaired);
  CHECK(repaired->files == 2);
  CHECK(repaired->events == 4);
  CHECK(repaired->missing == 2);
  CHECK(house.kept() == Objects{"1", "2", "3", "4"});
  // Read again, whole: all is known.
  Result<Repaired> again = house.repair(GapRepair::From::Earliest);
  REQUIRE(again);
  CHECK(again->files == 2);
  CHECK(again->missing == 0);
  CHECK(house.kept().size() == 4);
  CHECK(house.repairs->facts(crm).missing == 2);
}

TEST_CASE("a webhook that comes after the journal told of it is known") {
  Repairing house;
  REQUIRE(house.repair());
  house.journal.add({{.object = 1}});
  REQUIRE(house.repair());
  house.push({{.event = 7, .object = 1, .attempt = 3}, {.event = 8, .object = 1, .value = "customer"}});
  // The same moment of the same property of the same object: the same happening.
  CHECK(house.kept() == Objects{"1"});
  house.push({{.event = 9, .object = 1, .occurred = 1'799'999'990'001}});
  CHECK(house.kept() == Objects{"1", "1"});
  CHECK(house.run(house.inbox->count())->duplicates == 2);
}

TEST_CASE("two webhooks that tell of one happening are both kept: two subscriptions may") {
  Repairing house;
  house.push({{.event = 1, .object = 1}, {.event = 2, .object = 1}});
  CHECK(house.kept().size() == 2);
}

TEST_CASE("moments that lie within the tolerance are one") {
  struct Row {
    std::chrono::milliseconds tolerance;
    std::int64_t apart;
    bool same;
  };
  for (const Row& row : {Row{0ms, 0, true}, Row{0ms, 1, false}, Row{1000ms, 1000, true},
                         Row{1000ms, -1000, true}, Row{1000ms, 1001, false}}) {
    for (bool journal_first : {false, true}) {
      Repairing house;
      house.make(row.tolerance);
      REQUIRE(house.repair());
      Sample pushed, told{.occurred = pushed.occurred + row.apart};
      house.journal.add({told});
      if (!journal_first) house.push({pushed});
      REQUIRE(house.repair());
      if (journal_first) house.push({pushed});
      CHECK_MESSAGE(house.kept().size() == (row.same ? 1 : 2), row.apart, journal_first);
    }
  }
}

TEST_CASE("a reading that breaks off goes on where it was, and stores nothing twice") {
  Repairing house;
  REQUIRE(house.repair());
  for (std::uint64_t object : {1, 2, 3}) house.journal.add({{.object = object}});
  house.journal.broken = 1;
  Result<Repaired> broken = house.repair();
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == "JOURNAL_FILE");
  CHECK(house.repairs->facts(crm).trouble == broken.error().message);
  CHECK(house.kept() == Objects{"1"});
  house.reopen();
  house.make();
  house.journal.broken = 99;
  house.journal.fetched.clear();
  Result<Repaired> repaired = house.repair();
  REQUIRE(repaired);
  CHECK(house.journal.fetched == std::vector<std::size_t>{1, 2});
  CHECK(house.kept() == Objects{"1", "2", "3"});
  CHECK_FALSE(house.repairs->facts(crm).trouble_at);
}

TEST_CASE("after longer than HubSpot keeps the journal it is read from its beginning, and that is said") {
  Repairing house;
  REQUIRE(house.repair());
  house.journal.add({{.object = 1}});
  REQUIRE(house.repair());
  house.journal.add({{.object = 2}});
  house.journal.add({{.object = 3}});
  house.journal.first = 2;
  house.clock.advance(GapRepair::journal_life + 1h);
  Result<Repaired> late = house.repair();
  REQUIRE(late);
  CHECK(late->came_too_late);
  CHECK(house.journal.asked.back().ends_with(offset(2) + "/next"));
  CHECK(house.kept() == Objects{"1", "3"});
  CHECK(house.logged.contains("longer than HubSpot keeps it"));
  // Told for as long as the program runs, not only until the next reading.
  const TimePoint told = house.clock.now();
  house.clock.advance(15min);
  REQUIRE(house.repair());
  CHECK(house.repairs->facts(crm).late_at == told);
}

TEST_CASE("a journal in which nothing happens is no gap, and its old entry is not asked for") {
  Repairing house;
  house.journal.add({{.object = 1}});
  REQUIRE(house.repair());
  house.journal.first = 1;
  for (int day = 0; day < 5; ++day) {
    house.clock.advance(24h);
    Result<Repaired> read = house.repair();
    REQUIRE(read);
    CHECK_FALSE(read->came_too_late);
  }
  CHECK(house.journal.asked.back() == std::string(base) + "/earliest");
  house.journal.add({{.object = 2}});
  CHECK(house.repair()->missing == 1);
}

TEST_CASE("a token that ends on the way is renewed once; one that is never taken is trouble") {
  Repairing house;
  REQUIRE(house.repair());
  for (std::uint64_t object : {1, 2, 3, 4, 5}) house.journal.add({{.object = object}});
  house.journal.token_lasts = 2;
  house.journal.calls_with_token = 0;
  REQUIRE(house.repair());
  CHECK(house.kept().size() == 5);

  Repairing other;
  other.journal.statuses[2] = 401;
  Result<Repaired> refused = other.repair();
  REQUIRE_FALSE(refused);
  CHECK(other.journal.tokens == 1);
}

TEST_CASE("what HubSpot refuses is said in one sentence, with no address and no token in it") {
  struct Row {
    std::size_t call;
    int status;
    std::string_view code;
  };
  for (const Row& row :
       {Row{1, 400, "HUBSPOT_REFUSED"}, Row{1, 503, "HUBSPOT_UNAVAILABLE"}, Row{2, 403, "HUBSPOT_REFUSED"},
        Row{2, 429, "HUBSPOT_UNAVAILABLE"}, Row{2, 404, "HUBSPOT_REFUSED"}}) {
    Repairing house;
    house.journal.statuses[row.call] = row.status;
    Result<Repaired> refused = house.repair();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == row.code);
    for (std::string_view secret : {"c4nary", "CP1", "s3cret"}) CHECK_FALSE(house.logged.contains(secret));
  }
}

TEST_CASE("a file that is none, an entry that follows itself and a full disk end a reading") {
  Repairing house;
  REQUIRE(house.repair());
  house.journal.files.emplace_back("{c4nary");
  Result<Repaired> garbled = house.repair();
  REQUIRE_FALSE(garbled);
  CHECK(garbled.error().code == "JOURNAL_INVALID");
  CHECK_FALSE(house.logged.contains("c4nary"));

  house.journal.files.clear();
  house.journal.add({{.object = 1}});
  house.journal.follows_itself = true;
  Result<Repaired> turning = house.repair();
  REQUIRE(turning);
  CHECK(turning->files == 1);

  house.journal.follows_itself = false;
  house.journal.add({{.object = 2}});
  house.free = 1;
  CHECK(house.repair().error().code == "INBOX_FULL");
  house.free = 1ULL << 40;
  REQUIRE(house.repair());
  CHECK(house.kept() == Objects{"1", "2"});
}

TEST_CASE("an app whose journal nobody wants is not asked for") {
  Repairing house;
  Result<Repaired> unknown =
      house.run(house.repairs->repair(AppName{"other"}, GapRepair::From::WhereItWasRead));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == "JOURNAL_NOT_READ");
  CHECK(unknown.error().message.contains("webhook_journal = true"));
  CHECK(house.journal.asked.empty());
}

TEST_CASE("journals are read at the start, when the settings change, and not after stop") {
  Repairing house;
  auto read_again = [&] {
    house.clock.advance(1s);
    const TimePoint since = house.clock.now();
    return [&house, since] { return house.repairs->facts(crm).read_at >= since; };
  };
  auto wait_for = [&](const auto& done) {
    for (int turns = 0; turns < 10'000 && !done(); ++turns) house.run(house.repairs->drain(after(10s)));
    return done();
  };
  auto first = read_again();
  house.loop.spawn(house.repairs->run());
  CHECK(wait_for(first));
  auto second = read_again();
  house.repairs->set(std::make_shared<RepairSettings>(*house.wanted));
  CHECK(wait_for(second));
  house.repairs->stop();
  CHECK(house.run(house.repairs->drain(after(10s))));
  CHECK(house.repair().error().code == "STOPPING");
}

TEST_CASE("a reading whose time is over ends behind a file, and the next one goes on there") {
  Repairing house;
  REQUIRE(house.repair());
  for (std::uint64_t object : {1, 2}) house.journal.add({{.object = object}});
  auto some = [&] {
    return house.run(house.repairs->repair(crm, GapRepair::From::WhereItWasRead, after(0s)));
  };
  Result<Repaired> part = some();
  REQUIRE(part);
  CHECK(part->more);
  CHECK(part->files == 1);
  CHECK(house.kept() == Objects{"1"});
  REQUIRE(some());
  Result<Repaired> last = some();
  REQUIRE(last);
  CHECK_FALSE(last->more);
  CHECK(house.kept() == Objects{"1", "2"});
}

TEST_CASE("a file's address must be https at a host that is named, and says no more than that host") {
  grants::App hubspot;
  grants::App simulated;
  simulated.simulator = true;
  simulated.api_origin = {.host = "localhost", .port = 4443};
  const std::vector<std::string> hosts = {"hubspot.com", "files.example.com"};
  struct Row {
    std::string_view address;
    bool real, simulator;
  };
  const Row rows[] = {
      {"https://files.example.com/a?sig=c4nary", true, true},
      {"https://a.b.hubspot.com/x", true, true},
      {"https://HubSpot.com:443/x", true, true},
      {"https://hubspot.com?c4nary", true, true},
      {"https://localhost:4443/x", false, true},
      {"http://files.example.com/a", false, false},
      {"https://files.example.com:8443/c4nary", false, false},
      {"https://evilhubspot.com/c4nary", false, false},
      {"https://hubspot.com.evil.example/c4nary", false, false},
      {"https://hubspot.com@evil.example/c4nary", false, false},
      {"https://c4nary:x@hubspot.com/", false, false},
      {"https://10.0.0.1/c4nary", false, false},
      {"https://[::1]/c4nary", false, false},
      {"https:///c4nary", false, false},
      {"https://hubspot.com/c4nary#x", false, false},
      {"https://hubspot.com/c4\r\nnary: x", false, false},
      {"https://hubspot.com\\@evil.example/", false, false},
      {"ftp://hubspot.com/c4nary", false, false},
      {"", false, false},
  };
  for (const Row& row : rows) {
    for (const grants::App* app : {&hubspot, &simulated}) {
      auto checked = check_journal_address(row.address, hosts, *app);
      CHECK_MESSAGE(checked.has_value() == (app == &hubspot ? row.real : row.simulator), row.address);
      if (!checked) {
        CHECK(checked.error().code == "JOURNAL_ADDRESS");
        CHECK_FALSE(checked.error().message.contains("c4nary"));
      }
    }
  }
  CHECK(check_journal_address("https://hubspot.com?a=b", hosts, hubspot)->target == "/?a=b");
}
