// SPDX-License-Identifier: Apache-2.0
#include "app/scheduling.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace hubward::app {
namespace {

// The kernel's struct sched_attr, which no library header has; its first version.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

constexpr std::uint32_t ordinary = 0;  // SCHED_OTHER
constexpr pid_t this_thread = 0;

}  // namespace

bool prefer_short_turns(std::chrono::nanoseconds turn) {
  SchedulingAttributes attributes;
  if (syscall(SYS_sched_getattr, this_thread, &attributes, sizeof attributes, 0) != 0) return false;
  if (attributes.policy != ordinary) return false;  // an operator chose otherwise
  attributes.size = sizeof attributes;
  attributes.runtime = static_cast<std::uint64_t>(turn.count());
  return syscall(SYS_sched_setattr, this_thread, &attributes, 0) == 0;
}

}  // namespace hubward::app
