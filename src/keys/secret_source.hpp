// SPDX-License-Identifier: Apache-2.0
// Where a secret comes from that is not in the store: the root key, an app's client secret. The configuration
// names the place and never holds the secret. Three forms:
//
//   file:PATH         a regular file, owned by us or by root, that nobody else can read
//   env:NAME          an environment variable; its bytes are overwritten once read, so it is read once
//   credential:NAME   a systemd credential: $CREDENTIALS_DIRECTORY/NAME
//
// Reading goes through read(2) straight into locked memory. env: changes the environment, so it belongs to
// the start of the program, before there are threads. Values; reading blocks on the disk.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace hubward::keys {

// A client secret has 36 characters, a PEM key under four kilobytes.
constexpr std::size_t largest_outside_secret = 16 * 1024;

struct SecretSource {
  enum class Kind { File, Environment, Credential };
  Kind kind = Kind::File;
  std::string name;  // the path, the variable's or the credential's name

  // SECRET_SOURCE_INVALID names the three forms and never repeats `text`: somebody may have put the secret
  // itself there.
  static Result<SecretSource> parse(std::string_view text);
  std::string to_text() const;  // "file:/etc/hubward/root.key"
  bool operator==(const SecretSource&) const = default;
};

// The secret, without the line end that an editor or `echo` leaves (one "\n" or "\r\n").
// SECRET_UNREADABLE says which file, variable or credential, why, and what to do; so does SECRET_EXPOSED for
// a file that others can read. An empty secret is refused.
Result<Secret> read_secret(const SecretSource& source);
// Likewise, every byte as it is: for keys that may be raw bytes.
Result<Secret> read_secret_bytes(const SecretSource& source);

}  // namespace hubward::keys
