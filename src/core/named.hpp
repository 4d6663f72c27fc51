// SPDX-License-Identifier: Apache-2.0
// Strings and numbers that cannot be mistaken for another kind of string or number. Values.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace hubward {

template <class Tag>
struct Named {
  std::string text;
  auto operator<=>(const Named&) const = default;
};

template <class Tag>
struct Numbered {
  std::uint64_t number = 0;
  auto operator<=>(const Numbered&) const = default;
};

// The plan's words (docs/architecture.md).
using AppName = Named<struct AppNameTag>;  // a registration at HubSpot, as the configuration names it
using ConnectionName = Named<struct ConnectionNameTag>;  // our record of one app in one account
using ClientName = Named<struct ClientNameTag>;          // a program that calls through the gateway
using RoleName = Named<struct RoleNameTag>;              // what clients may do
using HubId = Numbered<struct HubIdTag>;                 // a HubSpot account

}  // namespace hubward

template <class Tag>
struct std::hash<hubward::Named<Tag>> {
  std::size_t operator()(const hubward::Named<Tag>& named) const noexcept {
    return std::hash<std::string>{}(named.text);
  }
};
