// SPDX-License-Identifier: Apache-2.0
#include "admin/door_certificates.hpp"

#include <fmt/format.h>

#include <chrono>

namespace hubward::admin {
namespace {

constexpr std::chrono::days warned_before{14};

}  // namespace

std::int64_t days_left(const http::CertificateFacts& facts, TimePoint now) {
  return std::chrono::floor<std::chrono::days>(facts.not_after - now).count();
}

std::optional<std::string> warning_of(const DoorCertificate& certificate, TimePoint now) {
  const http::CertificateFacts& facts = certificate.facts;
  if (now > facts.not_after)
    return fmt::format("the certificate of the {} door ended on {}: clients refuse it; renew it and reload",
                       certificate.door, to_iso8601(facts.not_after));
  if (now < facts.not_before)
    return fmt::format("the certificate of the {} door is not good before {}: clients refuse it",
                       certificate.door, to_iso8601(facts.not_before));
  bool soon = facts.not_after - now < warned_before;
  bool late = facts.not_after - now < (facts.not_after - facts.not_before) / 3;
  if (!soon || !late) return std::nullopt;
  return fmt::format("the certificate of the {} door ends on {}, in {} days; renew it and reload",
                     certificate.door, to_iso8601(facts.not_after), days_left(facts, now));
}

}  // namespace hubward::admin
