// SPDX-License-Identifier: Apache-2.0
#include "app/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace hubward::app {
namespace {

// What POSIX promises at least; only when the machine would not even say.
constexpr std::size_t fewest = 256;
// Beyond this nobody gains; some machines have no limit at all.
constexpr rlim_t most = 1'048'576;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return fewest;
  rlimit wanted = limit;
  wanted.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, most));
  if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  return static_cast<std::size_t>(std::min(limit.rlim_cur, most));
}

DoorShares door_shares(std::size_t wanted, std::size_t descriptors) {
  auto part = [&](std::size_t of) { return std::max<std::size_t>(1, std::min(wanted, descriptors / of)); };
  return {.egress = part(2), .outside = part(4)};
}

}  // namespace hubward::app
