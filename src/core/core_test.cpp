// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include <vector>

#include "core/ascii.hpp"
#include "core/clock.hpp"
#include "core/encoding.hpp"
#include "core/locked_memory.hpp"
#include "core/secret.hpp"

using namespace hubward;

TEST_CASE("encodings have one spelling for each value (RFC 4648 section 10)") {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (auto [plain, base64] : vectors) {
    CHECK(to_base64(bytes_of(plain)) == base64);
    CHECK(text_of(from_base64(base64).value()) == plain);
    CHECK(text_of(from_base64url(to_base64url(bytes_of(plain))).value()) == plain);
    CHECK(text_of(from_hex(to_hex(bytes_of(plain))).value()) == plain);
  }
  for (std::string_view wrong : {"Z", "Zg=", "Zg", "Zh==", "Zg==Zg==", "Z g=", "Zm9v=", "===="})
    CHECK_FALSE_MESSAGE(from_base64(wrong), wrong);
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}

TEST_CASE("a secret is wiped and its memory comes back") {
  REQUIRE(lock_memory());
  std::size_t before = locked_bytes_in_use();
  const std::byte* where = nullptr;
  {
    Secret secret("pat-na1-canary");
    where = secret.reveal().data();
    CHECK(secret.same_as(Secret("pat-na1-canary")));
    CHECK_FALSE(secret.same_as(Secret("pat-na1-canarz")));
    CHECK_FALSE(secret.same_as(Secret("pat")));
    Secret moved = std::move(secret);
    CHECK(moved.reveal_text() == "pat-na1-canary");
    CHECK(secret.empty());  // NOLINT(bugprone-use-after-move): what a move leaves behind is the point
    moved.shrink(3);
    CHECK(moved.reveal_text() == "pat");
  }
  CHECK(locked_bytes_in_use() == before);
  CHECK(where[0] == std::byte{0});  // the page stays mapped: the arena never returns chunks
}

namespace {

// Whether a process that does it dies of a broken invariant.
bool aborts(const std::function<void()>& act) {
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::close(STDERR_FILENO);
    act();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

TEST_CASE("freeing locked memory twice, in part, or what is none, ends the process") {
  REQUIRE(lock_memory());
  // Of the sizes that are kept at hand, of others, and with neighbours that are free.
  for (std::size_t size : {1U, 32U, 100U, 1024U, 1025U, 40'000U}) {
    CAPTURE(size);
    auto free_once = [size] { locked_free(locked_allocate(size)); };
    auto free_twice = [size] {
      std::span<std::byte> block = locked_allocate(size);
      locked_free(block);
      locked_free(block);
    };
    auto free_again_later = [size] {
      std::span<std::byte> block = locked_allocate(size), other = locked_allocate(size);
      locked_free(block);
      locked_free(other);
      locked_free(block);
    };
    auto free_in_part = [size] { locked_free(locked_allocate(size + 64).first(size)); };
    CHECK_FALSE(aborts(free_once));
    CHECK(aborts(free_twice));
    CHECK(aborts(free_again_later));
    CHECK(aborts(free_in_part));
  }
  std::byte elsewhere{};
  CHECK(aborts([&] { locked_free({&elsewhere, 1}); }));
}

TEST_CASE("numbers are digits and nothing else") {
  CHECK(to_number("0") == 0U);
  CHECK(to_number("18446744073709551615") == 18446744073709551615U);
  for (std::string_view wrong : {"", "+1", "-1", " 1", "1 ", "18446744073709551616", "0x1", "1e3"})
    CHECK_FALSE_MESSAGE(to_number(wrong), wrong);
}

TEST_CASE("time is written as HubSpot writes it") {
  CHECK(to_iso8601(from_millis(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_iso8601(from_millis(1'789'999'990'123)) == "2026-09-21T14:13:10.123Z");
  CHECK(to_iso8601(from_millis(INT64_MAX)) == "9999-12-31T23:59:59.999Z");
  CHECK(to_iso8601(from_millis(INT64_MIN)) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("time is read as HubSpot writes it") {
  const std::pair<std::string_view, std::string_view> times[] = {
      {"2026-09-21T14:13:10.123Z", "2026-09-21T14:13:10.123Z"},
      {"2026-09-21T14:13:10Z", "2026-09-21T14:13:10.000Z"},
      {"2026-09-21T14:13:10.1Z", "2026-09-21T14:13:10.100Z"},
      {"2026-09-21T14:13:10.123999999Z", "2026-09-21T14:13:10.123Z"},
      {"2026-09-21", "2026-09-21T00:00:00.000Z"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
  };
  for (auto [text, means] : times) {
    REQUIRE_MESSAGE(from_iso8601(text), text);
    CHECK(to_iso8601(*from_iso8601(text)) == means);
  }
  for (std::string_view wrong :
       {"", "2026", "2026-9-21", "2026-13-01", "2026-02-30", "2026-09-21T", "2026-09-21 14:13:10Z",
        "2026-09-21T14:13:10", "2026-09-21T24:00:00Z", "2026-09-21T14:60:10Z", "2026-09-21T14:13:60Z",
        "2026-09-21T14:13:10.Z", "2026-09-21T14:13:10,1Z", "2026-09-21T14:13:10.1234567890Z",
        "2026-09-21T14:13:10+00:00", "2026-09-21T1:13:10Z", "-026-09-21", "2026-09-21T14:13:10.12 Z"})
    CHECK_FALSE_MESSAGE(from_iso8601(wrong), wrong);
}

TEST_CASE("locked memory is short before it is gone, and no longer when secrets have died") {
  REQUIRE(lock_memory());
  constexpr std::size_t piece = 64 * 1024;
  std::vector<Secret> secrets;
  while (!locked_memory_is_short()) secrets.push_back(Secret::of_size(piece));
  CHECK(locked_bytes_in_use() <= locked_memory_limit - locked_memory_reserve + piece);
  Secret still_fits = Secret::of_size(2 * piece);
  secrets.clear();
  CHECK_FALSE(locked_memory_is_short());
}
