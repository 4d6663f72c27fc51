// SPDX-License-Identifier: Apache-2.0
// How deliveries are signed: the form that Standard Webhooks (standardwebhooks.com, specification 1.0.0)
// describes and its libraries verify. Pure; any thread.
//
//   webhook-id         the delivery's; the same for every attempt
//   webhook-timestamp  seconds since 1970, of this attempt
//   webhook-signature  "v1," and base64 of HMAC-SHA256 over "id.timestamp.body"; one for each secret, with
//   spaces
//                      between them, so that a receiver may know either while a secret is being changed
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "crypto/hmac_key.hpp"

namespace hubward::webhooks {

// Of "whsec_" and base64 of 24 to 64 bytes. SECRET_MALFORMED says what is wrong, never what stood there.
Result<crypto::HmacKey> signing_key(const Secret& text);

std::string signature_header(std::span<const crypto::HmacKey> keys, std::string_view id,
                             std::string_view timestamp, std::string_view body);

}  // namespace hubward::webhooks
