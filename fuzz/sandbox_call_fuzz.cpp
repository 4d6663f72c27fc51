// SPDX-License-Identifier: Apache-2.0
// The simulated HubSpot must answer whatever it is sent: first line "METHOD target", the rest the body.
//
// aims at: sandbox/router.cpp but use_credential_fault
// aims at: sandbox/message.cpp but percent_encoded list
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/invariant.hpp"
#include "crypto/fake_random.hpp"
#include "sandbox/control.hpp"
#include "sandbox/router.hpp"

using namespace hubward;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ManualClock clock;
  static crypto::SeededRandom random(1);
  static sandbox::World world(clock, random);
  static std::size_t calls = 0;
  constexpr std::size_t calls_per_world = 500;
  if (++calls % calls_per_world == 0) world.reset();

  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view line = text.substr(0, text.find('\n'));
  sandbox::Call call;
  call.method = line.substr(0, line.find(' '));
  std::string_view target = line.substr(std::min(line.size(), call.method.size() + 1));
  call.path = target.substr(0, target.find('?'));
  if (std::size_t mark = target.find('?'); mark != std::string_view::npos)
    call.query = target.substr(mark + 1);
  call.body = text.substr(std::min(text.size(), line.size() + 1));
  bool form = call.path.starts_with("/oauth/") && !call.body.starts_with('{');
  call.fields = {{"Authorization", "Bearer pat-na1-00000000-0000-4000-8000-000000000001"},
                 {"Content-Type", form ? "application/x-www-form-urlencoded" : "application/json"}};
  world.settings = {};
  world.settings.burst_limit = world.settings.search_limit = false;
  world.faults.clear();

  sandbox::Answer answer = sandbox::handle(world, call);
  invariant(answer.status >= 200 && answer.status < 600, "an answer has a status");
  sandbox::Answer control = sandbox::handle_control(world, call);
  invariant(control.status >= 200 && control.status < 600, "an answer has a status");
  return 0;
}
