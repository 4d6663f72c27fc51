// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "hubspot/limits.hpp"
#include "pacing/line.hpp"

namespace hubward::simulation {
namespace {

using namespace std::chrono_literals;
using pacing::Line;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Verdict = Line::Asked::Verdict;

constexpr milliseconds window = 10s;

// What a schedule is like.
struct Weather {
  std::uint32_t limit = 100;       // HubSpot's
  std::uint32_t documented = 100;  // what we begin with; never more
  bool tells = true;               // answers say what remains
  std::uint32_t clients = 1;
  double load = 1;  // offered, in parts of the limit
  milliseconds latency{50};
  double long_tail = 0;  // share of calls that take up to forty times as long
  double lost = 0;       // share of calls that are never answered
  double hang_ups = 0;   // share of waiting calls whose caller leaves
  double others = 0;     // used by others, in parts of the limit
  std::size_t longest = 1000;
  milliseconds patience{20'000};
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  double part() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  bool chance(double of) { return part() < of; }

 private:
  std::mt19937_64 engine_;
};

Weather weather(Dice& dice) {
  Weather is;
  constexpr std::uint32_t limits[] = {5, 20, 30, 40, 60};
  is.limit = limits[dice.below(5)];
  is.documented = dice.chance(0.5) ? is.limit : std::max(is.limit / 2, 1U);
  is.tells = dice.chance(0.8);
  is.clients = 1 + static_cast<std::uint32_t>(dice.below(8));
  constexpr double loads[] = {0.5, 0.9, 1.2, 3, 8};
  is.load = loads[dice.below(5)];
  constexpr int latencies[] = {1, 20, 120, 700, 3000};
  is.latency = milliseconds(latencies[dice.below(5)]);
  is.long_tail = dice.chance(0.3) ? 0.02 : 0;
  is.lost = dice.chance(0.3) ? 0.03 : 0;
  is.hang_ups = dice.chance(0.3) ? 0.2 : 0;
  is.others = dice.chance(0.3) ? dice.part() : 0;
  is.longest = dice.chance(0.2) ? 1 + dice.below(20) : 1000;
  constexpr int patiences[] = {0, 300, 5000, 20000, 60000};
  is.patience = milliseconds(patiences[dice.below(5)]);
  return is;
}

// HubSpot's window, exact.
class CountingWindow {
 public:
  explicit CountingWindow(std::uint32_t limit) : limit_(limit) {}
  bool count(SteadyPoint at) {
    while (!counted_.empty() && counted_.front() + window <= at) counted_.pop_front();
    if (counted_.size() >= limit_) return false;
    counted_.push_back(at);
    return true;
  }
  std::uint32_t remaining() const { return limit_ - static_cast<std::uint32_t>(counted_.size()); }

 private:
  std::uint32_t limit_;
  std::deque<SteadyPoint> counted_;
};

std::string_view word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::Go: return "goes at once";
    case Verdict::Wait: return "waits";
    case Verdict::TooLate: return "too late";
    case Verdict::Full: break;
  }
  return "full";
}

class Schedule {
 public:
  Schedule(std::uint64_t seed, bool trace)
      : dice_(seed),
        is_(weather(dice_)),
        hubspot_(is_.limit),
        line_({is_.documented, window}, is_.longest,
              is_.tells && is_.documented != is_.limit ? pacing::Budget::Answers::TellTheLimit
                                                       : pacing::Budget::Answers::SayNothing),
        trace_(trace) {
    for (std::uint32_t i = 0; i < is_.clients; ++i) {
      clients_.push_back({.name = fmt::format("c{}", i),
                          .priority = static_cast<pacing::Priority>(dice_.below(pacing::priorities)),
                          .weight = 1 + static_cast<std::uint32_t>(dice_.below(4))});
    }
  }

  PacingVerdict run() {
    if (is_.others > 0) counts_.probed_others = 1;
    plan_arrivals();
    while (broken_.empty() && (!events_.empty() || line_.waiting() > 0)) {
      // The line's own time comes first; what happens at the same moment comes after.
      if (wakes_ && (events_.empty() || *wakes_ <= events_.begin()->first)) {
        now_ = *wakes_;
        serve();
        continue;
      }
      if (events_.empty()) {
        fail("calls wait for ever");
        break;
      }
      auto event = events_.extract(events_.begin());
      now_ = event.key();
      check_nobody_slept();
      if (!broken_.empty()) break;
      event.mapped()();
      serve();
    }
    if (broken_.empty() && !waits_.empty()) fail("a call was forgotten");
    // All answers have come or are given up.
    if (broken_.empty() && line_.budget().view(now_ + 2 * window).ours > 0) fail("a call is held for ever");
    return {broken_, counts_};
  }

  const Weather& is() const { return is_; }

 private:
  struct Client {
    std::string name;
    pacing::Priority priority;
    std::uint32_t weight;
  };
  struct Waits {
    std::size_t client;
    SteadyPoint since, deadline;
    nanoseconds bound;
    std::uint64_t newcomers;  // so many had come when it began to wait
  };

  void fail(std::string what) {
    if (broken_.empty()) broken_ = fmt::format("at {} ms: {}", millis(now_), what);
  }
  static std::int64_t millis(SteadyPoint at) {
    return duration_cast<milliseconds>(at.time_since_epoch()).count();
  }
  void say(const std::string& what) {
    if (trace_) fmt::print("{:>9.1f} {}\n", static_cast<double>(now_.time_since_epoch().count()) / 1e6, what);
  }
  void at(SteadyPoint when, std::function<void()> happens) { events_.emplace(when, std::move(happens)); }

  void plan_arrivals() {
    SteadyPoint end = SteadyPoint() + 25s;
    double per_client = is_.load * is_.limit / static_cast<double>(is_.clients);  // in a window
    auto mean = static_cast<double>(nanoseconds(window).count()) / per_client;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      bool in_bursts = dice_.chance(0.3);
      SteadyPoint next = SteadyPoint() + nanoseconds(static_cast<std::int64_t>(mean * dice_.part()));
      while (next < end) {
        std::uint64_t together = in_bursts ? 1 + dice_.below(20) : 1;
        for (std::uint64_t n = 0; n < together; ++n) at(next, [this, i] { arrive(i); });
        next +=
            nanoseconds(static_cast<std::int64_t>(2 * mean * dice_.part() * static_cast<double>(together))) +
            1ns;
      }
    }
    if (is_.others <= 0) return;
    double gap = static_cast<double>(nanoseconds(window).count()) / (is_.others * is_.limit);
    for (SteadyPoint next = SteadyPoint(); next < end;
         next += nanoseconds(static_cast<std::int64_t>(2 * gap * dice_.part())) + 1ns)
      at(next, [this] { hubspot_.count(now_); });
  }

  void arrive(std::size_t client) {
    const Client& who = clients_[client];
    ++counts_.asked;
    if (is_.others > 0) ++counts_.calls_of_those;
    SteadyPoint deadline = now_ + is_.patience;
    pacing::Claim claim{who.name, who.priority, who.weight};
    bool is_newcomer = waiting_of(client) == 0;
    Line::Asked asked = line_.ask(claim, now_, deadline);
    say(fmt::format("{} ({}, weight {}) asks: {}, bound {} ms", who.name, to_text(who.priority), who.weight,
                    word_for(asked.verdict), duration_cast<milliseconds>(asked.bound).count()));
    switch (asked.verdict) {
      case Verdict::Go: go(asked.place); break;
      case Verdict::Wait:
        if (is_newcomer) ++newcomers_;
        if (asked.bound > is_.patience) fail("a call waits although its bound is beyond its deadline");
        waits_.emplace(asked.number, Waits{client, now_, deadline, asked.bound, newcomers_});
        ++counts_.waited;
        if (dice_.chance(is_.hang_ups)) {
          auto leaves =
              now_ +
              nanoseconds(dice_.below(static_cast<std::uint64_t>(nanoseconds(is_.patience).count()) + 1));
          at(leaves, [this, number = asked.number] {
            if (waits_.erase(number) == 0) return;
            line_.leave(number);
            ++counts_.left;
          });
        }
        break;
      case Verdict::TooLate: ++counts_.too_late; break;
      case Verdict::Full: ++counts_.full; break;
    }
  }

  std::size_t waiting_of(std::size_t client) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(waits_, [&](const auto& one) { return one.second.client == client; }));
  }

  // Sent now, counted at some time, answered at some later one, or never.
  void go(pacing::Budget::Place place) {
    ++counts_.went;
    auto latency = nanoseconds(is_.latency) * (dice_.chance(is_.long_tail) ? 1 + dice_.below(40) : 1);
    auto whole =
        nanoseconds(1 + static_cast<std::int64_t>(dice_.part() * static_cast<double>(latency.count()) * 2));
    auto until_counted =
        nanoseconds(static_cast<std::int64_t>(dice_.part() * static_cast<double>(whole.count())));
    bool is_lost = dice_.chance(is_.lost);
    at(now_ + until_counted, [this, place, is_lost, rest = whole - until_counted] {
      bool counted = hubspot_.count(now_);
      std::uint32_t remaining = hubspot_.remaining();
      if (!counted && is_.others <= 0) return fail("HubSpot refused a call although nobody else spends");
      if (!counted) ++counts_.refused;
      at(now_ + rest, [this, place, is_lost, counted, remaining] {
        hubspot::LimitFields told;
        if (is_.tells) {
          told.max = is_.limit;
          told.remaining = remaining;
        }
        if (is_lost)
          line_.budget().lost(now_);
        else if (counted)
          line_.budget().answered(place, now_, told);
        else
          line_.budget().refused(place, now_, told);
      });
    });
  }

  // Before anything happens, nobody may have been able to go earlier than the line said.
  void check_nobody_slept() {
    if (line_.waiting() == 0) return;
    if ((!wakes_ || *wakes_ > now_) && line_.next_turn(now_))
      fail("a call could have gone before the line said to look again");
  }

  void serve() {
    while (auto turn = line_.next_turn(now_)) {
      auto found = waits_.find(turn->number);
      if (found == waits_.end()) return fail("a turn for a call that does not wait");
      Waits waited = found->second;
      waits_.erase(found);
      if (!turn->place) {
        if (now_ <= waited.deadline) fail("a call was given up before its deadline");
        ++counts_.expired;
        continue;
      }
      if (now_ > waited.deadline) fail("a call went after its deadline");
      say(fmt::format("{} goes", clients_[waited.client].name));
      check_bound(waited);
      check_shares(waited.client);
      go(*turn->place);
    }
    wakes_ = line_.wakes_at(now_);
    if (trace_ && line_.waiting() > 0) {
      auto view = line_.budget().view(now_);
      say(fmt::format("  {} wait, next look {} ms; ours {}, others {}, margin {}", line_.waiting(),
                      wakes_ ? millis(*wakes_) : -1, view.ours, view.foreign, view.margin));
    }
    if (wakes_ && *wakes_ <= now_) fail("the line wants to be asked again at once, and says nothing new");
  }

  // As long as nobody joins those who wait, and nobody else spends, nobody waits longer than was said:
  // answers that come late, or tell a new limit, move it by as much.
  void check_bound(const Waits& waited) {
    if (waited.newcomers != newcomers_ || is_.others > 0 || is_.documented != is_.limit) return;
    nanoseconds wait = now_ - waited.since;
    auto longest_answer =
        nanoseconds(is_.latency) * 2 * (is_.long_tail > 0 ? 41 : 1) + (is_.lost > 0 ? 2s : 0s);
    auto windows = waited.bound / nanoseconds(window) + 2;
    if (wait > waited.bound + waited.bound / 10 + longest_answer * windows)
      fail(fmt::format("{} waited {} ms, and was told {} ms", clients_[waited.client].name,
                       duration_cast<milliseconds>(wait).count(),
                       duration_cast<milliseconds>(waited.bound).count()));
  }

  // A class that has calls waiting goes at least once in as many calls as its share says.
  void check_shares(std::size_t gone) {
    auto went = static_cast<std::size_t>(clients_[gone].priority);
    std::array<bool, pacing::priorities> waits{};
    for (const auto& [number, one] : waits_)
      waits[static_cast<std::size_t>(clients_[one.client].priority)] = true;
    std::uint32_t all = 0;
    for (std::uint32_t share : pacing::class_shares) all += share;
    for (std::size_t i = 0; i < pacing::priorities; ++i) {
      passed_over_[i] = waits[i] && i != went ? passed_over_[i] + 1 : 0;
      if (passed_over_[i] > all / pacing::class_shares[i] + 1)
        fail(fmt::format("the class {} starves", to_text(static_cast<pacing::Priority>(i))));
    }
  }

  Dice dice_;
  Weather is_;
  CountingWindow hubspot_;
  Line line_;
  const bool trace_;
  std::vector<Client> clients_;
  SteadyPoint now_{};
  std::multimap<SteadyPoint, std::function<void()>> events_;
  std::optional<SteadyPoint> wakes_;
  std::map<Line::Number, Waits> waits_;
  std::uint64_t newcomers_ = 0;
  std::array<std::uint32_t, pacing::priorities> passed_over_{};
  std::string broken_;
  PacingCounts counts_;
};

}  // namespace

PacingCounts& PacingCounts::operator+=(const PacingCounts& other) {
  asked += other.asked;
  went += other.went;
  waited += other.waited;
  too_late += other.too_late;
  expired += other.expired;
  left += other.left;
  full += other.full;
  refused += other.refused;
  probed_others += other.probed_others;
  calls_of_those += other.calls_of_those;
  return *this;
}

PacingVerdict run_pacing_schedule(std::uint64_t seed, bool trace) {
  return Schedule(seed, trace).run();
}

std::string describe_pacing(std::uint64_t seed) {
  Schedule schedule(seed, false);
  const Weather& is = schedule.is();
  return fmt::format(
      "limit {} (begins with {}), {}, {} clients, load {}, latency {} ms (tail {}), lost {}, hang-ups {}, "
      "others {:.2f}, queue {}, patience {} ms",
      is.limit, is.documented, is.tells ? "tells" : "silent", is.clients, is.load, is.latency.count(),
      is.long_tail, is.lost, is.hang_ups, is.others, is.longest, is.patience.count());
}

}  // namespace hubward::simulation
