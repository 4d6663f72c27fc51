// SPDX-License-Identifier: Apache-2.0
// What comes from outside around a delivery: the Retry-After of a receiver, an address from a resolver, a
// signing secret from a file, and any status in any place of the schedule.
//
// aims at: src/webhooks/delivery_plan.cpp
// aims at: src/webhooks/address_guard.cpp
// aims at: src/webhooks/standard_webhooks.cpp
#include <cstdint>
#include <string>
#include <string_view>

#include "core/invariant.hpp"
#include "webhooks/address_guard.hpp"
#include "webhooks/delivery_plan.hpp"
#include "webhooks/standard_webhooks.hpp"

using namespace hubward;
using namespace hubward::webhooks;

namespace {

const TimePoint now = from_millis(1'800'000'000'000);

void plan(std::uint64_t bits, std::optional<std::chrono::seconds> retry_after) {
  AttemptOutcome outcome{
      .status = static_cast<int>(bits % 700), .retry_after = retry_after, .trouble = "broke off"};
  DeliveryProgress progress{static_cast<std::uint32_t>(bits >> 10), now - std::chrono::seconds(bits >> 44)};
  DeliveryDecision decision = decide(outcome, progress, static_cast<double>(bits % 7) / 6, now);
  bool good = outcome.status >= 200 && outcome.status <= 299;
  invariant((decision.what == DeliveryDecision::What::Delivered) == good,
            "a 2xx and nothing else is success");
  invariant(good != blames_destination(outcome) || (outcome.status >= 400 && outcome.status <= 499),
            "only answers of the 4xx may blame the event");
  if (decision.what != DeliveryDecision::What::Again) return;
  invariant(decision.at > now && decision.at <= now + longest_retry_after, "it is tried again within a day");
  invariant(decision.at <= progress.first + tried_for, "and within three days of the first attempt");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto retry_after = read_retry_after(text, now);
  invariant(!retry_after || retry_after->count() >= 0, "nothing is to be tried before now");
  std::uint64_t bits = 0;
  for (char c : text.substr(0, 8)) bits = bits << 8 | static_cast<unsigned char>(c);
  plan(bits, retry_after);

  if (is_public_address(text)) {
    const http::Network all[] = {*http::Network::parse("0.0.0.0/0"), *http::Network::parse("::/0")};
    invariant(all[0].contains(text) || all[1].contains(text), "what is public is an address");
    invariant(may_be_called(text, {}), "and may be called");
  }
  auto key = signing_key(Secret(text));
  if (!key) {
    invariant(key.error().code == "SECRET_MALFORMED", "a refusal has one name");
    return 0;
  }
  const crypto::HmacKey keys[] = {std::move(*key)};
  invariant(signature_header(keys, "msg_1", "1", text).starts_with("v1,"), "a good secret signs");
  return 0;
}
