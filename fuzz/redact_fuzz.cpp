// SPDX-License-Identifier: Apache-2.0
// Whatever stands around a token in a text that is logged, the token is not seen, and the line stays one
// line.
//
// aims at: src/telemetry/redact.cpp
// aims at: src/telemetry/escape.cpp
#include <cstdint>
#include <string>

#include "core/encoding.hpp"
#include "core/invariant.hpp"
#include "telemetry/escape.hpp"
#include "telemetry/redact.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hubward;
  std::string_view input = text_of(std::as_bytes(std::span(data, size)));
  const std::string secret = "c4a4c4a4-c4a4-c4a4-c4a4-c4a4c4a4c4a4";
  std::string_view before = input.substr(0, size / 2);
  std::string_view behind = input.substr(size / 2);
  if (input.find("c4a4") != std::string_view::npos) return 0;
  for (const char* kind : {"pat-na1-", "client_secret=", "\"access_token\":\"", "hwk_0123456789abcdef_"}) {
    std::string text = std::string(before) + " " + kind + secret + std::string(behind);
    std::string safe = telemetry::redacted(text);
    invariant(safe.find("c4a4c4a4-c4a4") == std::string::npos, "a token is masked wherever it stands");
    for (char c : telemetry::quoted(safe))
      invariant(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control byte is logged");
    std::string line = telemetry::one_line(safe);
    invariant(telemetry::one_line(line) == line && line.size() <= safe.size(), "one line is one line");
  }
  return 0;
}
