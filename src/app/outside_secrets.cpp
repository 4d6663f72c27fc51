// SPDX-License-Identifier: Apache-2.0
#include "app/outside_secrets.hpp"

#include <utility>

#include "keys/secret_source.hpp"

namespace hubward::app {

Result<Secret> OutsideSecrets::read(const SecretRef& reference, const std::string& what) {
  if (auto kept = from_environment_.find(reference.text); kept != from_environment_.end())
    return kept->second.clone();
  Result<keys::SecretSource> source = keys::SecretSource::parse(reference.text);
  if (!source) return while_doing(what, source.error());
  Result<Secret> secret = keys::read_secret(*source);
  if (!secret) return while_doing(what, secret.error());
  if (source->kind == keys::SecretSource::Kind::Environment)
    from_environment_.emplace(reference.text, secret->clone());
  return secret;
}

}  // namespace hubward::app
