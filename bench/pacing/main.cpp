// SPDX-License-Identifier: Apache-2.0
// hubward-pacing [--seconds N] [--others PERCENT] [--latency-ms N] [--seed N]
// hubward-pacing --cost CALLS
//
// The lines of the gateway against the sandbox's limits in virtual time: twenty clients of mixed class and
// weight, three accounts, three times as many calls as HubSpot allows. Prints one JSON object. For
// `./dev bench pacing`. With --cost: CPU time of the way through the Pacer for calls that need not wait.
#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "async/await.hpp"
#include "async/loop.hpp"
#include "core/clock.hpp"
#include "crypto/random.hpp"
#include "hubspot/catalogue.hpp"
#include "pacing/line.hpp"
#include "pacing/pacer.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/world.hpp"
#include "telemetry/metrics.hpp"

namespace {

using namespace hubward;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

struct Order {
  std::uint64_t seconds = 120, others = 0, latency_ms = 50, seed = 1, cost = 0;
};

std::optional<Order> order_from(int count, char** words) {
  Order order;
  std::map<std::string_view, std::uint64_t*> flags = {{"--seconds", &order.seconds},
                                                      {"--others", &order.others},
                                                      {"--latency-ms", &order.latency_ms},
                                                      {"--seed", &order.seed},
                                                      {"--cost", &order.cost}};
  for (int i = 1; i < count; i += 2) {
    auto flag = flags.find(words[i]);
    if (flag == flags.end() || i + 1 == count) return std::nullopt;
    std::string_view text = words[i + 1];
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *flag->second);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  return order.seconds >= 20 && order.seconds <= 100'000 && order.others <= 100 ? std::optional(order)
                                                                                : std::nullopt;
}

class VirtualClock final : public Clock {
 public:
  TimePoint now() const override {
    return from_millis(1'800'000'000'000) +
           std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch());
  }
  SteadyPoint steady() const override { return at; }
  SteadyPoint at{1000s};
};

struct Client {
  std::string name;
  pacing::Priority priority;
  std::uint32_t weight;
  std::uint64_t went = 0;

  double share() const { return pacing::class_shares[static_cast<std::size_t>(priority)] * weight; }
};

std::vector<Client> twenty_clients() {
  std::vector<Client> clients;
  for (std::uint32_t i = 0; i < 20; ++i)
    clients.push_back({fmt::format("c{:02}", i), static_cast<pacing::Priority>(i % 3), 1 + i % 4});
  return clients;
}

// Jain's index of what each got for its weight: 1 when all got the same.
double fairness(const std::vector<Client>& clients, pacing::Priority priority) {
  double sum = 0, squares = 0, count = 0;
  for (const Client& client : clients) {
    if (client.priority != priority) continue;
    double got = static_cast<double>(client.went) / client.weight;
    sum += got, squares += got * got, ++count;
  }
  return squares > 0 ? sum * sum / (count * squares) : 0;
}

class Run {
 public:
  explicit Run(const Order& order) : order_(order), dice_(order.seed), world_(clock_, random_) {}

  std::string go() {
    for (const auto& [app, account] :
         {std::pair{"private", 9'100'001}, {"service", 9'100'002}, {"free", 9'100'003}})
      accounts_.push_back(std::make_unique<Account>(*this, app, static_cast<std::uint64_t>(account)));
    SteadyPoint end = clock_.at + std::chrono::seconds(order_.seconds);
    double all = 0;
    for (const Client& client : clients_) all += client.share();
    for (auto& account : accounts_)
      for (std::size_t i = 0; i < clients_.size(); ++i)
        plan(*account, i, 3 * account->limit / 10 * clients_[i].share() / all, end);
    while (!events_.empty() && events_.begin()->first <= end) {
      auto event = events_.extract(events_.begin());
      clock_.at = event.key();
      event.mapped()();
    }
    return report();
  }

 private:
  struct Waiting {
    std::size_t client;
    SteadyPoint since;
    nanoseconds bound;
  };
  struct Account {
    Account(Run& run, const std::string& app_name, std::uint64_t hub)
        : app(run.world_.apps.at(app_name)),
          account(run.world_.accounts.at(hub)),
          limit(static_cast<double>(sandbox::allowance_of(account, app).ten_seconds)),
          line(hubspot::least_static_limit, 10'000) {
      run.world_.usage[sandbox::grant_key(app_name, hub)].others =
          static_cast<std::int64_t>(limit) * static_cast<std::int64_t>(run.order_.others) / 100;
    }
    sandbox::App& app;
    sandbox::Account& account;
    const double limit;
    pacing::Line line;
    std::map<pacing::Line::Number, Waiting> waiting;
    std::optional<SteadyPoint> wakes;
  };

  double part() { return std::uniform_real_distribution<double>(0, 1)(dice_); }
  void at(SteadyPoint when, std::function<void()> happens) { events_.emplace(when, std::move(happens)); }

  void plan(Account& account, std::size_t client, double rate, SteadyPoint end) {
    SteadyPoint next = clock_.at + std::chrono::duration_cast<nanoseconds>(Seconds(part() / rate));
    while (next < end) {
      at(next, [this, &account, client] { arrive(account, client); });
      next += std::chrono::duration_cast<nanoseconds>(Seconds(2 * part() / rate)) + 1ns;
    }
  }

  void arrive(Account& account, std::size_t index) {
    Client& client = clients_[index];
    ++asked_;
    auto asked =
        account.line.ask({client.name, client.priority, client.weight}, clock_.at, clock_.at + patience);
    using Verdict = pacing::Line::Asked::Verdict;
    if (asked.verdict == Verdict::Go) send(account, index, asked.place);
    if (asked.verdict == Verdict::Wait)
      account.waiting.emplace(asked.number, Waiting{index, clock_.at, asked.bound});
    if (asked.verdict == Verdict::TooLate || asked.verdict == Verdict::Full) ++told_at_once_;
    serve(account);
  }

  void serve(Account& account) {
    while (auto turn = account.line.next_turn(clock_.at)) {
      auto waited = account.waiting.extract(turn->number).mapped();
      if (!turn->place) {
        ++expired_;
        continue;
      }
      auto ratio = Seconds(clock_.at - waited.since) / Seconds(waited.bound);
      if (clock_.at > SteadyPoint(1000s) + 20s) ratios_.push_back(ratio);
      send(account, waited.client, *turn->place);
    }
    std::optional<SteadyPoint> wakes = account.line.wakes_at(clock_.at);
    if (wakes == account.wakes) return;
    account.wakes = wakes;
    if (wakes)
      at(*wakes, [this, &account, wakes] {
        if (account.wakes == wakes) account.wakes.reset(), serve(account);
      });
  }

  // Counted somewhere on the way, answered after it.
  void send(Account& account, std::size_t index, pacing::Budget::Place place) {
    auto whole = std::chrono::duration_cast<nanoseconds>(
        Seconds(static_cast<double>(order_.latency_ms) / 1000 * (0.5 + part())));
    auto counted = std::chrono::duration_cast<nanoseconds>(whole * part());
    at(clock_.at + counted, [this, &account, index, place, rest = whole - counted] {
      bool good = sandbox::spend(world_, account.account, account.app, sandbox::Pace::Normal).has_value();
      hubspot::LimitFields told;
      for (const auto& [name, value] :
           sandbox::limit_fields(world_, account.account, account.app, sandbox::Pace::Normal))
        told.note(name, value);
      good ? ++answered_ : ++refused_;
      if (good) ++clients_[index].went;
      at(clock_.at + rest, [this, &account, place, good, told] {
        if (good)
          account.line.budget().answered(place, clock_.at, told);
        else
          account.line.budget().refused(place, clock_.at, told);
        serve(account);
      });
    });
  }

  std::string report() {
    double allowed = 0;
    for (auto& account : accounts_) allowed += account->limit * static_cast<double>(order_.seconds) / 10;
    std::ranges::sort(ratios_);
    auto quantile = [&](double q) {
      return ratios_.empty() ? 0
                             : ratios_[static_cast<std::size_t>(q * static_cast<double>(ratios_.size() - 1))];
    };
    auto kept = std::ranges::upper_bound(ratios_, 1.1) - ratios_.begin();
    return fmt::format(
        R"({{"seconds":{},"asked":{},"answered":{},"refused_by_hubspot":{},"told_at_once":{},"expired":{},)"
        R"("used":{:.4f},"fairness":{{"interactive":{:.4f},"normal":{:.4f},"bulk":{:.4f}}},)"
        R"("wait_to_bound":{{"p50":{:.3f},"p99":{:.3f},"max":{:.3f},"within_a_tenth":{:.4f}}}}})",
        order_.seconds, asked_, answered_, refused_, told_at_once_, expired_,
        static_cast<double>(answered_) / allowed, fairness(clients_, pacing::Priority::Interactive),
        fairness(clients_, pacing::Priority::Normal), fairness(clients_, pacing::Priority::Bulk),
        quantile(0.5), quantile(0.99), quantile(1),
        static_cast<double>(kept) / static_cast<double>(std::max<std::size_t>(ratios_.size(), 1)));
  }

  static constexpr auto patience = 10s;
  const Order order_;
  std::mt19937_64 dice_;
  VirtualClock clock_;
  crypto::SystemRandom random_;
  sandbox::World world_;
  std::vector<Client> clients_ = twenty_clients();
  std::vector<std::unique_ptr<Account>> accounts_;
  std::multimap<SteadyPoint, std::function<void()>> events_;
  std::uint64_t asked_ = 0, answered_ = 0, refused_ = 0, told_at_once_ = 0, expired_ = 0;
  std::vector<double> ratios_;
};

double cpu_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Sixty-four connections, as a gateway has them: what is asked is made anew for each call.
Async<void> pass(pacing::Pacer& pacer, const Clock& clock, const hubspot::Operation& operation,
                 std::uint64_t calls) {
  constexpr std::uint64_t accounts = 64, first = 9'100'001;
  hubspot::LimitFields told{.max = 1'000'000'000, .remaining = 999'999'000, .interval = 10s};
  for (std::uint64_t i = 0; i < calls; ++i) {
    pacing::Ask ask;
    ask.app = {"crm"};
    ask.account = {first + i % accounts};
    ask.operation = &operation;
    ask.client = {"order-sync"};
    ask.deadline = clock.steady() + 10s;
    auto permit = co_await pacer.admit(std::move(ask));
    permit->answered(told);
  }
}

double cost_of(std::uint64_t calls) {
  Loop loop;
  SystemClock clock;
  telemetry::Metrics metrics;
  pacing::Pacer pacer(loop, clock, metrics, {});
  hubspot::Catalogue catalogue = hubspot::Catalogue::built_in();
  const hubspot::Operation& operation = *catalogue.named("crm.objects.read");
  loop.run_task(pass(pacer, clock, operation, 10'000));
  double begin = cpu_nanoseconds();
  loop.run_task(pass(pacer, clock, operation, calls));
  return (cpu_nanoseconds() - begin) / static_cast<double>(calls);
}

}  // namespace

int main(int count, char** words) {
  std::optional<Order> order = order_from(count, words);
  if (!order) {
    fmt::print(stderr,
               "usage: hubward-pacing [--seconds 20-100000] [--others 0-100] [--latency-ms N] [--seed N]\n   "
               "    hubward-pacing --cost CALLS\n");
    return 2;
  }
  if (order->cost > 0)
    fmt::print("{{\"ns_per_call\":{:.0f}}}\n", cost_of(order->cost));
  else
    fmt::print("{}\n", Run(*order).go());
  return 0;
}
