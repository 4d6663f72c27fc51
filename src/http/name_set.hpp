// SPDX-License-Identifier: Apache-2.0
// A fixed set of field names, which compare without case (RFC 9110 section 5.1). Most names that are asked
// for are in none: one look at their length and first letter tells. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "core/ascii.hpp"

namespace hubward::http {

template <std::size_t count>
class NameSet {
 public:
  // The names in lower case.
  template <class... Names>
  consteval explicit NameSet(Names... names) : names_{names...} {
    for (std::string_view name : names_) marks_ |= mark_of(name);
  }

  constexpr bool has(std::string_view name) const {
    return (marks_ & mark_of(name)) != 0 &&
           std::ranges::any_of(names_, [&](std::string_view one) { return same_ignoring_case(one, name); });
  }

 private:
  static constexpr std::uint64_t mark_of(std::string_view name) {
    std::size_t first = name.empty() ? 0 : static_cast<unsigned char>(to_lower(name.front()));
    return std::uint64_t{1} << ((5 * name.size() + first) % 64);
  }

  std::array<std::string_view, count> names_;
  std::uint64_t marks_ = 0;
};

template <class... Names>
NameSet(Names...) -> NameSet<sizeof...(Names)>;

}  // namespace hubward::http
