// SPDX-License-Identifier: Apache-2.0
// The program's command line. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/result.hpp"
#include "http/listener.hpp"

namespace hubward::sandbox {

struct Flags {
  http::Endpoint listen{.address = "127.0.0.1", .port = 6443, .socket_path = {}};
  http::Endpoint control{.address = "127.0.0.1", .port = 6444, .socket_path = {}};
  std::optional<http::TlsServer> tls;
  std::string public_base;  // empty: the address that is listened on
  std::string state_file;
  std::string webhook_ca;  // trusted for webhooks besides the machine's authorities
  bool help = false;
};

// Refuses plain HTTP elsewhere than on loopback, and a control port that is not on loopback.
Result<Flags> parse_flags(std::span<const char* const> words);
extern const char* const usage_text;

}  // namespace hubward::sandbox
