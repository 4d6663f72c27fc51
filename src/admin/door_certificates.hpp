// SPDX-License-Identifier: Apache-2.0
// The TLS certificates of the doors, and when somebody should be told that one ends. Values; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/certificate.hpp"

namespace hubward::admin {

struct DoorCertificate {
  std::string door;  // "egress", "public", "admin"
  http::CertificateFacts facts;
};

// Whole days; below zero when it has ended.
std::int64_t days_left(const http::CertificateFacts& facts, TimePoint now);

// A sentence when the certificate is not valid now, or ends within 14 days and within the last third of its
// life (so that one that is made for six days and renewed in time is no trouble).
std::optional<std::string> warning_of(const DoorCertificate& certificate, TimePoint now);

}  // namespace hubward::admin
