// SPDX-License-Identifier: Apache-2.0
// What follows from one attempt to deliver: done, again at a stated time, a dead letter, or the destination
// wants no more. Pure: the outcome, the attempts so far and chance in, a decision out. Any thread.
//
// The schedule: after the n-th failure 5 s times 2^(n-1), at most 4 hours, each 20 % more or less by chance;
// some thirty attempts in the three days that follow the first. A Retry-After that is longer is kept to, up
// to a day. Only a 2xx is success: a redirect is never followed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace hubward::webhooks {

constexpr std::chrono::seconds first_wait{5};
constexpr std::chrono::hours longest_wait{4};
constexpr std::chrono::hours longest_retry_after{24};
constexpr std::chrono::hours tried_for{72};  // from the first attempt

struct AttemptOutcome {
  int status = 0;  // 0: there was no answer
  std::optional<std::chrono::seconds> retry_after = {};
  std::string trouble = {};  // why there was no answer, a sentence without a secret
};

struct DeliveryProgress {
  std::uint32_t attempts = 0;  // with this one
  TimePoint first{};           // when the first one began
};

struct DeliveryDecision {
  enum class What : unsigned char {
    Delivered,
    Again,  // at `at`
    Dead,   // a dead letter
    Gone,   // 410: the destination is disabled, the delivery stays for when it is enabled again
  };
  What what = What::Delivered;
  TimePoint at{};
  std::string cause = {};  // "503", or the trouble; of all but Delivered
  bool operator==(const DeliveryDecision&) const = default;
};

// `chance` is anything from 0 to 1.
DeliveryDecision decide(const AttemptOutcome& outcome, const DeliveryProgress& progress, double chance,
                        TimePoint now);

bool is_success(int status);  // 2xx

// Whether a failure says something about the destination, or only about this event (400, 422 …).
bool blames_destination(const AttemptOutcome& outcome);

// Seconds, or an HTTP date (RFC 9110 section 10.2.3), from `now`; nothing for what is neither, zero for what
// is over.
std::optional<std::chrono::seconds> read_retry_after(std::string_view value, TimePoint now);

}  // namespace hubward::webhooks
