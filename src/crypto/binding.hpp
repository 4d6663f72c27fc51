// SPDX-License-Identifier: Apache-2.0
// Names as associated data: what a sealed value is bound to. Every field is written with its length, so that
// no two lists of fields give the same bytes ("ab","c" and "a","bc" differ). Pure; any thread.
//
//   for each field: 4 bytes length, big-endian, then its bytes
//
// The first field names the format ("hubward place 1"), so that a value of one kind never opens as another.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/encoding.hpp"

namespace hubward::crypto {

Bytes binding(std::initializer_list<std::string_view> fields);

}  // namespace hubward::crypto
