// SPDX-License-Identifier: Apache-2.0
// Which OpenSSL this process runs with; it may be newer than the one that the program was built with.
#pragma once

#include <string_view>

namespace hubward::crypto {

std::string_view library_version();  // "OpenSSL 3.0.17 1 Jul 2025"

}  // namespace hubward::crypto
