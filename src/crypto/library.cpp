// SPDX-License-Identifier: Apache-2.0
#include "crypto/library.hpp"

#include <openssl/crypto.h>

namespace hubward::crypto {

std::string_view library_version() {
  return OpenSSL_version(OPENSSL_VERSION);
}

}  // namespace hubward::crypto
