// SPDX-License-Identifier: Apache-2.0
// Which addresses a destination may have. A destination is named by an operator, but its name is resolved by
// somebody else: one that leads to this machine, its network or a cloud's metadata is refused unless the
// destination's own list names that network. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/network.hpp"

namespace hubward::webhooks {

// Whether everybody on the internet reaches the same host under it: not private, loopback, link-local,
// shared, multicast, reserved or for documentation (the IANA special-purpose registries, RFC 6890), nor an
// IPv6 address that carries such an IPv4 one (mapped, NAT64, 6to4, Teredo).
bool is_public_address(std::string_view address);

bool may_be_called(std::string_view address, std::span<const http::Network> allowed);

}  // namespace hubward::webhooks
