// SPDX-License-Identifier: Apache-2.0
// hubspot-sandbox: the simulated HubSpot as a program (docs/sandbox.md).
#include <fmt/core.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "async/await.hpp"
#include "sandbox/control.hpp"
#include "sandbox/flags.hpp"
#include "sandbox/shell.hpp"
#include "sandbox/webhook_sender.hpp"

namespace hubward::sandbox {
namespace {

constexpr int wrong_use = 2, failed = 1;

int complain(const Error& error) {
  fmt::print(stderr, "hubspot-sandbox: {}\n", error.message);
  return error.code == "USAGE" ? wrong_use : failed;
}

Result<void> load(World& world, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return invalid("SANDBOX_STATE", "cannot read the state file " + file);
  Result<Json> state = Json::parse(text.view());
  if (!state) return while_doing(file, state.error());
  return load_state(world, *state);
}

std::string address_of(std::string_view scheme, const http::Endpoint& at, std::uint16_t port) {
  bool six = at.address.contains(':');
  return fmt::format("{}://{}{}{}:{}", scheme, six ? "[" : "", at.address, six ? "]" : "", port);
}

int run(const Flags& flags) {
  SystemClock clock;
  crypto::SystemRandom random;
  World world(clock, random);
  if (!flags.state_file.empty())
    if (Result<void> loaded = load(world, flags.state_file); !loaded) return complain(loaded.error());

  Loop loop;
  http::Limits limits;
  limits.body_bytes = largest_body;
  http::Limits control_limits;
  control_limits.body_bytes = largest_state;
  auto api = http::Listener::open(loop, flags.listen, flags.tls, limits, [&](http::Request request) {
    return serve_api(world, std::move(request));
  });
  if (!api) return complain(api.error());
  auto control =
      http::Listener::open(loop, flags.control, std::nullopt, control_limits,
                           [&](http::Request request) { return serve_control(world, std::move(request)); });
  if (!control) return complain(control.error());

  http::ClientOptions to_targets;
  if (!flags.webhook_ca.empty()) to_targets.authority_files.push_back(flags.webhook_ca);
  auto client = http::Client::make(loop, std::move(to_targets));
  if (!client) return complain(client.error());
  loop.spawn(send_webhooks(world, loop, **client));

  std::string listen = address_of(flags.tls ? "https" : "http", flags.listen, (*api)->port());
  world.settings.public_base = flags.public_base.empty() ? listen : flags.public_base;
  Json ready =
      Json::object({{"listen", listen}, {"control", address_of("http", flags.control, (*control)->port())}});
  for (const auto& [name, value] : describe(world).members()) ready.set(name, value);
  fmt::print("{}\n", ready.dump());
  std::fflush(stdout);
  loop.run();
  return 0;
}

}  // namespace
}  // namespace hubward::sandbox

int main(int count, char** words) {
  auto flags = hubward::sandbox::parse_flags({words + 1, static_cast<std::size_t>(count - 1)});
  if (!flags) return hubward::sandbox::complain(flags.error());
  if (flags->help) {
    fmt::print("{}", hubward::sandbox::usage_text);
    return 0;
  }
  return hubward::sandbox::run(*flags);
}
