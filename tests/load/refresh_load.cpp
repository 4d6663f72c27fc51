// SPDX-License-Identifier: Apache-2.0
// refresh_load [--connections N] [--callers N] [--median-ms N]
//
// What many callers and many connections do to the renewal of grants, with the real store, vault and journal
// and a HubSpot in memory (docs/refresh.md has figures):
//   stampede  so many callers want one expired token while HubSpot takes three seconds to renew it
//   spread    so many connections, made at once, are renewed through virtual hours
//   memory    what a connection takes when a gateway starts with so many
// Prints what it measured; exit code 1 when a bound does not hold.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/locked_memory.hpp"
#include "grants/grants_house.hpp"

namespace {

using namespace hubward;
using namespace hubward::grants;
using namespace std::chrono_literals;

constexpr double most_of_mean = 1.5;
constexpr std::size_t most_bytes = 4096;
constexpr std::size_t token_bytes = 300;  // as HubSpot's

bool judge(bool holds, const std::string& what) {
  fmt::print("{} {}\n", holds ? "holds " : "BROKEN", what);
  return holds;
}

// What the heap and the locked memory hold; not what the process has ever had, which does not shrink.
std::size_t bytes_in_use() {
  struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd + locked_bytes_in_use();
}

// --- Stampede ---

struct Answers {
  std::vector<std::chrono::steady_clock::time_point> times;
  std::size_t with_token = 0;

  static Async<void> ask(House& house, Answers& answers) {
    Result<Token> token = co_await house.grants->token_for(house.loop, prod, soon());
    answers.times.push_back(std::chrono::steady_clock::now());
    if (token && house.hubspot.accepts(token->bearer.reveal_text())) ++answers.with_token;
  }
};

bool stampede(std::size_t callers, std::chrono::milliseconds most_latency) {
  House house;
  Browser(house).connect(house.invite(), acme);
  house.clock.advance(house.hubspot.life + 1s);
  house.hubspot.hold();
  Answers answers;
  for (std::size_t i = 0; i < callers; ++i) house.loop.spawn(Answers::ask(house, answers));
  auto later = [](House& there) -> Async<void> {
    co_await sleep_until(after(3s));
    there.hubspot.release();
  };
  auto begin = std::chrono::steady_clock::now();
  house.loop.run_task(later(house));
  auto answered = std::chrono::steady_clock::now();
  house.run_until([&] { return answers.times.size() == callers; });
  std::ranges::sort(answers.times);
  std::chrono::duration<double, std::milli> median = answers.times[callers / 2] - answered;
  std::chrono::duration<double, std::milli> last = answers.times.back() - answered;
  std::chrono::duration<double> waited = answered - begin;
  return judge(
      house.hubspot.refreshes == 1 && answers.with_token == callers && median < most_latency,
      fmt::format(
          "stampede: {} callers, {:.1f} s until HubSpot's answer: {} token call; all answered, median "
          "{:.1f} ms after it, last {:.1f} ms",
          callers, waited.count(), house.hubspot.refreshes, median.count(), last.count()));
}

// --- Spread and memory ---

Async<void> connect(House& house, std::size_t number, std::size_t& left) {
  Installs installs(*house.grants);
  ConnectionName name{fmt::format("customer-{}", number)};
  Result<Invite> invite = co_await installs.invite({name, crm, std::nullopt, std::nullopt}, operator_);
  Browser browser(house);
  Browser::Shown page = co_await browser.visit(must(std::move(invite)).address);
  Browser::Shown done = co_await browser.visit(browser.consent(page, HubId{1000 + number}));
  invariant(done.status == 200, done.text);
  --left;
}

void connect_all(House& house, std::size_t connections) {
  constexpr std::size_t at_once = 64;
  std::size_t left = connections, begun = 0;
  while (left > 0) {
    std::size_t target = left - std::min(left, at_once);
    for (; begun < connections - target; ++begun) house.loop.spawn(connect(house, begun, left));
    house.run_until([&] { return left <= target; });
  }
}

struct Spread {
  std::vector<int> per_slot;
  static Async<void> drain(House& house) {
    bool done = co_await house.grants->drain(after(60s));
    invariant(done, "the renewals that are due take longer than a minute");
  }
  void run(House& house, std::chrono::seconds length) {
    constexpr auto slot = 10s, step = 1s;
    for (auto passed = 0s; passed < length; passed += slot) {
      int before = house.hubspot.refreshes;
      for (auto part = 0s; part < slot; part += step) {
        house.clock.advance(step);
        house.grants->wake();
        house.loop.run_task(drain(house));
      }
      per_slot.push_back(house.hubspot.refreshes - before);
    }
  }
};

bool spread_and_memory(std::size_t connections) {
  House house;
  house.hubspot.token_bytes = token_bytes;
  connect_all(house, connections);

  Spread spread;
  spread.run(house, 2h);
  // Until the first is due nothing is: the mean is that of what follows.
  auto first = std::ranges::find_if(spread.per_slot, [](int count) { return count > 0; });
  int all = 0, most = 0;
  for (auto slot = first; slot != spread.per_slot.end(); ++slot) all += *slot, most = std::max(most, *slot);
  double mean = static_cast<double>(all) / static_cast<double>(spread.per_slot.end() - first);
  bool even = judge(
      most <= most_of_mean * mean,
      fmt::format("spread: {} connections made at once, two hours of 30-minute tokens: {} renewals, {:.1f} "
                  "in ten seconds on average, most {} ({:.2f} of it)",
                  connections, all, mean, most, most / mean));

  house.close();
  std::size_t before = bytes_in_use();
  house.open();
  std::size_t each = (bytes_in_use() - before) / connections;
  return judge(each < most_bytes,
               fmt::format("memory: {} connections with access tokens of {} bytes: {} bytes each",
                           connections, token_bytes, each)) &&
         even;
}

}  // namespace

int main(int count, char** words) {
  // The bound of a quiet machine and a release build.
  std::size_t connections = 10'000, callers = 1'000, median_ms = 50;
  for (int i = 1; i < count; i += 2) {
    std::string_view word = words[i], value = i + 1 < count ? words[i + 1] : "";
    std::size_t* chosen = word == "--connections" ? &connections
                          : word == "--callers"   ? &callers
                          : word == "--median-ms" ? &median_ms
                                                  : nullptr;
    if (!chosen || std::from_chars(value.data(), value.data() + value.size(), *chosen).ec != std::errc() ||
        *chosen == 0) {
      std::fputs("usage: refresh_load [--connections N] [--callers N] [--median-ms N]\n", stderr);
      return 2;
    }
  }
  bool good = stampede(callers, std::chrono::milliseconds(median_ms));
  good = spread_and_memory(connections) && good;
  return good ? 0 : 1;
}
