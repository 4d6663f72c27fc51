// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <deque>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "gateway/replay_buffer.hpp"
#include "gateway/settling_body.hpp"

using namespace hubward;
using namespace hubward::gateway;

namespace {

// A body in the pieces given; ends with an error when told so.
class PiecesBody final : public http::Body {
 public:
  explicit PiecesBody(std::deque<std::string> pieces, bool breaks = false)
      : pieces_(std::move(pieces)), breaks_(breaks) {}
  Async<Result<std::string_view>> next() override {
    if (pieces_.empty()) {
      if (breaks_) co_return failure("UPSTREAM_ANSWER", Fault::Network, Retry::Later, "broke off");
      co_return std::string_view();
    }
    current_ = std::move(pieces_.front());
    pieces_.pop_front();
    co_return std::string_view(current_);
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  std::deque<std::string> pieces_;
  std::string current_;
  bool breaks_;
};

Async<void> drain(http::Body& body, std::string& into, bool& failed) {
  for (;;) {
    Result<std::string_view> piece = co_await body.next();
    failed = !piece;
    if (!piece || piece->empty()) co_return;
    into.append(*piece);
  }
}

std::string drained(http::Body& body, bool* broke = nullptr) {
  Loop loop;
  std::string text;
  bool failed = false;
  loop.run_task(drain(body, text, failed));
  if (broke != nullptr) *broke = failed;
  return text;
}

Async<void> pull_once(http::Body& body) {
  Result<std::string_view> piece = co_await body.next();
  CHECK(piece);
}

}  // namespace

TEST_CASE("a small body is read again from the first byte, however far the first reading came") {
  ReplayBuffer buffer(std::make_unique<PiecesBody>(std::deque<std::string>{"one ", "two ", "three"}), 64);
  auto first = buffer.reader();
  Loop loop;
  loop.run_task(pull_once(*first));
  REQUIRE(buffer.can_replay());
  auto second = buffer.reader();
  CHECK(drained(*second) == "one two three");
  REQUIRE(buffer.can_replay());
  CHECK(drained(*buffer.reader()) == "one two three");
  CHECK(buffer.bytes_read() == 13);
}

TEST_CASE("a body beyond the limit streams once and cannot be replayed") {
  constexpr std::size_t limit = 1000;
  std::string large(limit, 'x');
  ReplayBuffer buffer(std::make_unique<PiecesBody>(std::deque<std::string>{large, "y"}), limit);
  CHECK(drained(*buffer.reader()) == large + "y");
  CHECK_FALSE(buffer.can_replay());
}

TEST_CASE("no body stays no body") {
  ReplayBuffer buffer(nullptr, 64);
  CHECK(buffer.can_replay());
  CHECK(buffer.reader() == nullptr);
}

TEST_CASE("an answer says once how it ended") {
  std::vector<Settlement> ends;
  auto settle = [&ends](Settlement end) { ends.push_back(end); };

  SUBCASE("whole") {
    SettlingBody body(std::make_unique<PiecesBody>(std::deque<std::string>{"ab", "c"}), std::nullopt, 64,
                      settle);
    CHECK(drained(body) == "abc");
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].end == Settlement::End::Whole);
    CHECK(ends[0].bytes == 3);
  }
  SUBCASE("broken") {
    bool broke = false;
    SettlingBody body(std::make_unique<PiecesBody>(std::deque<std::string>{"ab"}, true), std::nullopt, 64,
                      settle);
    drained(body, &broke);
    CHECK(broke);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].end == Settlement::End::Broken);
  }
  SUBCASE("too long") {
    bool broke = false;
    SettlingBody body(std::make_unique<PiecesBody>(std::deque<std::string>{"abc", "d"}), std::nullopt, 3,
                      settle);
    CHECK(drained(body, &broke) == "abc");
    CHECK(broke);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].end == Settlement::End::Broken);
  }
  SUBCASE("abandoned") {
    {
      SettlingBody body(std::make_unique<PiecesBody>(std::deque<std::string>{"ab"}), std::nullopt, 64,
                        settle);
    }
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].end == Settlement::End::Abandoned);
  }
}

TEST_CASE("paging links lead back to the gateway") {
  std::string ends;
  hubspot::LinkRewriter rewriter(
      [] { return hubspot::LinkRewriter::Way{"https://localhost:8443/c/acme", ""}; });
  SettlingBody body(std::make_unique<PiecesBody>(std::deque<std::string>{
                        R"({"results":[],"paging":{"next":{"after":"5","link":"https://api.hub)",
                        R"(api.com/crm/v3/objects/contacts?after=5"}}})"}),
                    std::move(rewriter), 1000, [&](Settlement) { ends += "."; });
  CHECK_FALSE(body.length());
  CHECK(
      drained(body) ==
      R"({"results":[],"paging":{"next":{"after":"5","link":"https://localhost:8443/c/acme/crm/v3/objects/contacts?after=5"}}})");
  CHECK(ends == ".");
}
