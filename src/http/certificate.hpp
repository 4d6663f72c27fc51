// SPDX-License-Identifier: Apache-2.0
// What the gateway looks at in an X.509 certificate (RFC 5280): whose key it holds and how long it is good. A
// key is known by the SHA-256 of its SubjectPublicKeyInfo, so a certificate that is renewed with the same key
// stays known. Values; pure but for reading a file; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "crypto/digest.hpp"

struct x509_st;

namespace hubward::http {

// A certificate and its chain have a few kilobytes.
constexpr std::size_t max_certificate_pem = 64 * 1024;
// The least strength of a key that counts (NIST SP 800-57: RSA with 2048 bits, or 224-bit curves).
constexpr int least_key_strength = 112;

struct CertificateFacts {
  crypto::Digest key_hash{};
  TimePoint not_before;
  TimePoint not_after;
  std::string subject;   // "CN=billing": printable ASCII, shortened; for people, never for a decision
  int key_strength = 0;  // in bits of a symmetric key

  bool valid_at(TimePoint now) const { return not_before <= now && now <= not_after; }
};

// The first certificate of a PEM text. Error: CERTIFICATE_INVALID.
Result<CertificateFacts> read_certificate(std::string_view pem);
Result<CertificateFacts> read_certificate_file(const std::string& path);

// For http/ only.
Result<CertificateFacts> facts_of(const x509_st& certificate);

}  // namespace hubward::http
