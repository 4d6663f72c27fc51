// SPDX-License-Identifier: Apache-2.0
#include "bench/plan.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <charconv>
#include <functional>
#include <map>

#include "core/ascii.hpp"

namespace hubward::bench {
namespace {

std::unexpected<Error> misuse(std::string message) {
  return invalid("USAGE", std::move(message) + "; see hubward-load --help");
}

Result<double> number_within(std::string_view flag, std::string_view text, double least, double most) {
  double number = 0;
  auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc() || end != text.data() + text.size() || !(number >= least && number <= most))
    return misuse(fmt::format("{} takes a number from {} to {}, not {}", flag, least, most, text));
  return number;
}

bool is_loopback(const std::string& address) {
  in_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1 && (ntohl(parsed.s_addr) >> 24) == 127;
}

Result<void> set_target(Plan& plan, std::string_view text) {
  std::size_t colon = text.rfind(':');
  auto port = colon == std::string_view::npos ? std::nullopt : to_number(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65'535)
    return misuse(fmt::format("--to takes ADDRESS:PORT, like 127.0.0.1:8443, not {}", text));
  plan.address = text.substr(0, colon);
  plan.port = static_cast<std::uint16_t>(*port);
  if (!is_loopback(plan.address))
    return misuse(fmt::format("--to takes a loopback address (127.x.x.x) only, not {}", plan.address));
  return {};
}

Result<void> set_mode(Plan& plan, std::string_view text) {
  if (text == "closed") {
    plan.mode = Plan::Mode::Closed;
  } else if (text == "open") {
    plan.mode = Plan::Mode::Open;
  } else if (text == "handshake") {
    plan.mode = Plan::Mode::Handshake;
  } else if (text == "hold") {
    plan.mode = Plan::Mode::Hold;
  } else {
    return misuse(fmt::format("--mode is closed, open, handshake or hold, not {}", text));
  }
  return {};
}

Result<void> add_field(Plan& plan, std::string_view text) {
  if (!text.contains(": ")) return misuse(fmt::format("--field takes 'Name: value', not {}", text));
  plan.fields.emplace_back(text);
  return {};
}

template <class Set>
auto number_flag(double least, double most, Set set) {
  return [=](Plan& plan, std::string_view flag, std::string_view text) -> Result<void> {
    Result<double> number = number_within(flag, text, least, most);
    if (!number) return std::unexpected(number.error());
    set(plan, *number);
    return {};
  };
}

auto text_flag(std::string Plan::* member) {
  return [=](Plan& plan, std::string_view, std::string_view text) -> Result<void> {
    plan.*member = text;
    return {};
  };
}

using Setter = std::function<Result<void>(Plan&, std::string_view flag, std::string_view value)>;

const std::map<std::string_view, Setter>& setters() {
  static const std::map<std::string_view, Setter> all = {
      {"--to", [](Plan& plan, auto, auto text) { return set_target(plan, text); }},
      {"--mode", [](Plan& plan, auto, auto text) { return set_mode(plan, text); }},
      {"--field", [](Plan& plan, auto, auto text) { return add_field(plan, text); }},
      {"--server-name", text_flag(&Plan::server_name)},
      {"--ca", text_flag(&Plan::ca_file)},
      {"--method", text_flag(&Plan::method)},
      {"--requests-from", text_flag(&Plan::requests_file)},
      {"--path", text_flag(&Plan::path)},
      {"--first", number_flag(0, 1e9, [](Plan& p, double n) { p.first = static_cast<unsigned>(n); })},
      {"--numbers", number_flag(1, 1e9, [](Plan& p, double n) { p.numbers = static_cast<unsigned>(n); })},
      {"--connections",
       number_flag(1, most_connections, [](Plan& p, double n) { p.connections = static_cast<unsigned>(n); })},
      {"--rate", number_flag(1, highest_rate, [](Plan& p, double n) { p.rate = n; })},
      {"--status", number_flag(100, 599, [](Plan& p, double n) { p.status = static_cast<int>(n); })},
      {"--aborts", number_flag(0, 0.9, [](Plan& p, double n) { p.abort_share = n; })},
      {"--drip-ms", number_flag(1, 60'000,
                                [](Plan& p, double n) {
                                  p.drip = std::chrono::milliseconds(static_cast<std::int64_t>(n));
                                })},
      {"--warmup",
       number_flag(0, most_seconds, [](Plan& p, double n) { p.warmup = std::chrono::duration<double>(n); })},
      {"--seconds",
       number_flag(0.01, most_seconds, [](Plan& p, double n) { p.time = std::chrono::duration<double>(n); })},
      {"--requests",
       number_flag(1, most_requests, [](Plan& p, double n) { p.requests = static_cast<std::uint64_t>(n); })},
      {"--watch", number_flag(1, 1e9, [](Plan& p, double n) { p.watched.push_back(static_cast<int>(n)); })},
  };
  return all;
}

Result<Plan> checked(Plan plan) {
  if (plan.help) return plan;
  if (plan.port == 0) return misuse("--to ADDRESS:PORT is missing");
  if (plan.ca_file.empty()) return misuse("--ca FILE is missing");
  if (!plan.path.starts_with('/')) return misuse("--path begins with a slash, not " + plan.path);
  if (plan.path.contains("{n}") != (plan.numbers > 0))
    return misuse("--numbers and {n} in --path belong together");
  bool once = plan.mode == Plan::Mode::Closed || plan.mode == Plan::Mode::Open;
  if (!plan.requests_file.empty() && (!once || plan.numbers > 0 || plan.abort_share > 0))
    return misuse("--requests-from belongs to --mode closed or open, without --numbers and --aborts");
  if ((plan.mode == Plan::Mode::Open) != (plan.rate > 0))
    return misuse("--rate and --mode open belong together");
  if (plan.abort_share > 0 && plan.mode != Plan::Mode::Closed)
    return misuse("--aborts belongs to --mode closed");
  if (plan.drip.count() > 0 && plan.mode != Plan::Mode::Hold)
    return misuse("--drip-ms belongs to --mode hold");
  if (plan.resume && plan.mode != Plan::Mode::Handshake)
    return misuse("--resume belongs to --mode handshake");
  return plan;
}

}  // namespace

const char* const usage_text = R"(hubward-load: puts load on a gateway of this machine, and measures

  --to ADDRESS:PORT    where; loopback only
  --ca FILE            the authority that the certificate must come from
  --server-name NAME   whom the certificate must be for (localhost)
  --mode MODE          closed: each connection sends its next request when the last one is answered
                       open: at --rate, latency counted from when a request was due
                       handshake: each request on a new connection; with --resume on a resumed session
                       hold: opens the connections and holds them
  --connections N      (32)
  --rate N             requests a second, for open
  --resume             for handshake
  --drip-ms N          for hold: send a request byte by byte, one each N ms, instead of whole
  --aborts SHARE       for closed: cut this share of the requests by closing their connection mid-way
  --method WORD        (GET)
  --path PATH          may hold {n}: one of --numbers N numbers from --first N (0) on, another for each request
  --status NUMBER      the answer that is good, instead of every 2xx
  --field 'NAME: VALUE'  a header field; may be repeated
  --requests-from FILE whole requests instead, each sent once: its length in decimal, a line feed, its bytes, and so on
  --warmup SECONDS     load before measuring begins (0)
  --seconds SECONDS    how long measuring takes (1)
  --requests N         end when so many are answered
  --watch PID          read the CPU time of this process when measuring begins and ends; may be repeated

Prints one line of JSON. Ends with 1 when any request failed or was answered with something else than 2xx.

Example: hubward-load --to 127.0.0.1:8443 --ca ca.pem --path /crm/v3/objects/contacts/1 --seconds 3
)";

Result<Plan> parse_plan(std::span<const char* const> words) {
  Plan plan;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view flag = words[i];
    if (flag == "--help" || flag == "-h") {
      plan.help = true;
      continue;
    }
    if (flag == "--resume") {
      plan.resume = true;
      continue;
    }
    auto setter = setters().find(flag);
    if (setter == setters().end()) return misuse(fmt::format("there is no flag {}", flag));
    if (i + 1 == words.size()) return misuse(fmt::format("the value of {} is missing", flag));
    if (Result<void> set = setter->second(plan, flag, words[++i]); !set) return std::unexpected(set.error());
  }
  return checked(std::move(plan));
}

}  // namespace hubward::bench
