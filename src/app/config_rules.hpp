// SPDX-License-Identifier: Apache-2.0
// What a single text in the configuration must look like. Each rule answers with the rest of the sentence
// "KEY must …", or nothing when the text is fine; none repeats the text. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hubward::app {

std::optional<std::string> rule_for_addresses(std::string_view text);     // numeric IPv4 or IPv6
std::optional<std::string> rule_for_networks(std::string_view text);      // an address or a CIDR block
std::optional<std::string> rule_for_webhook_urls(std::string_view text);  // http(s), path and query
std::optional<std::string> rule_for_numbers(std::string_view text);       // digits
std::optional<std::string> rule_for_paths(std::string_view text);         // absolute
std::optional<std::string> rule_for_host_names(std::string_view text);    // no port, no scheme
std::optional<std::string> rule_for_origins(std::string_view text);       // https, host, port; no path
std::optional<std::string> rule_for_public_urls(std::string_view text);
std::optional<std::string> rule_for_tokens(std::string_view text);      // printable, no spaces
std::optional<std::string> rule_for_rule_names(std::string_view text);  // printable, spaces allowed
std::optional<std::string> rule_for_secret_refs(std::string_view text);

}  // namespace hubward::app
