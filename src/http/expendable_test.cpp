// SPDX-License-Identifier: Apache-2.0
#include "http/expendable.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

using As = Expendable::As;
using Grace = Expendable::Grace;

const SteadyPoint start{1000s};

// Connections with names, which say who went.
class Line {
 public:
  Expendable::Seat& come(const std::string& name) {
    seats_.push_back(nullptr);
    std::size_t at = seats_.size() - 1;
    auto give_way = [this, name, at] {
      went_ = name;
      seats_[at]->leave();
    };
    seats_[at] = std::make_unique<Expendable::Seat>(all_, give_way);
    return *seats_[at];
  }
  // Who went to make room; "" for nobody.
  std::string make_room(Grace grace, std::chrono::milliseconds at) {
    went_.clear();
    CHECK(all_.make_room(grace, start + at) == !went_.empty());
    return went_;
  }

 private:
  Expendable all_;
  std::string went_;
  std::vector<std::unique_ptr<Expendable::Seat>> seats_;
};

}  // namespace

TEST_CASE("who gives way first") {
  struct Standing {
    const char* name;
    As as;
    std::chrono::milliseconds since;
  };
  struct Case {
    const char* what;
    std::vector<Standing> standing;  // at 10 s
    const char* kept;
    const char* bent;
  };
  const Case cases[] = {
      {"nobody is there", {}, "", ""},
      {"a newcomer whose grace is over goes before those that were served, though it came later",
       {{"idle", As::Idle, 1s}, {"new", As::Newcomer, 8'500ms}},
       "new",
       "new"},
      {"one within its grace does not",
       {{"new", As::Newcomer, 8'501ms}, {"idle", As::Idle, 9s}},
       "idle",
       "idle"},
      {"of many that were served, who has paused longest",
       {{"long", As::Idle, 1s}, {"short", As::Idle, 2s}, {"new", As::Newcomer, 9s}},
       "long",
       "long"},
      {"newcomers that are more than the served give way to each other",
       {{"idle", As::Idle, 1s}, {"first", As::Newcomer, 9s}, {"second", As::Newcomer, 9'100ms}},
       "idle",
       "first"},
      {"newcomers alone", {{"new", As::Newcomer, 9s}}, "", "new"},
      {"whoever was only ever refused has no grace",
       {{"idle", As::Idle, 1s}, {"refused", As::Unproven, 10s}},
       "refused",
       "refused"},
      {"of those that had their chance, who has stood longest",
       {{"new", As::Newcomer, 5s}, {"refused", As::Unproven, 6s}},
       "new",
       "new"},
      {"likewise", {{"refused", As::Unproven, 5s}, {"new", As::Newcomer, 6s}}, "refused", "refused"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    for (Grace grace : {Grace::Kept, Grace::Bent}) {
      Line line;
      for (const Standing& stands : one.standing)
        line.come(stands.name).stand(stands.as, start + stands.since);
      CHECK(line.make_room(grace, 10s) == (grace == Grace::Kept ? one.kept : one.bent));
    }
  }
}

TEST_CASE("a door full of strangers that were served once still takes newcomers in") {
  Line line;
  for (int i = 0; i < 100; ++i) line.come("stranger " + std::to_string(i)).stand(As::Idle, start);
  line.come("good").stand(As::Newcomer, start + 1s);
  for (int i = 0; i < 50; ++i) {
    line.come("late").stand(As::Newcomer, start + 1s);
    CHECK(line.make_room(Grace::Bent, 1s).starts_with("stranger"));
  }
}

TEST_CASE("whoever stands in a line keeps its place and its grace, and whoever leaves has none") {
  Line line;
  Expendable::Seat& first = line.come("first");
  Expendable::Seat& second = line.come("second");
  first.stand(As::Idle, start);
  second.stand(As::Idle, start);
  first.stand(As::Idle, start + 1s);
  CHECK(line.make_room(Grace::Kept, 2s) == "first");
  second.leave();
  CHECK(line.make_room(Grace::Kept, 2s).empty());
}
