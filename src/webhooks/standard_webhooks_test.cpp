// SPDX-License-Identifier: Apache-2.0
#include "webhooks/standard_webhooks.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "core/encoding.hpp"

using namespace hubward;
using namespace hubward::webhooks;

TEST_CASE("a delivery is signed as the specification's own example is") {
  // Standard Webhooks 1.0.0, "Signature scheme": the values of its test vectors.
  std::vector<crypto::HmacKey> keys;
  keys.push_back(signing_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).value());
  const std::string_view id = "msg_p5jXN8AQM9LWM0D4loKWxJek", body = R"({"test": 2432232314})";
  CHECK(signature_header(keys, id, "1614265330", body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  keys.push_back(signing_key(Secret("whsec_" + std::string(44, 'A'))).value());
  std::string both = signature_header(keys, id, "1614265330", body);
  CHECK(both.starts_with("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,"));
  CHECK(both.size() == 2 * 47 + 1);
  CHECK(signature_header(keys, id, "1614265331", body) != both);
  CHECK(signature_header({}, id, "1614265330", body).empty());
}

TEST_CASE("a signing secret has one form, and a wrong one is not repeated") {
  for (std::string_view wrong : {"", "whsec_", "whsec_short", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_QUFBQUFBQUFBQUFBQUFBQQ=="}) {
    CAPTURE(wrong);
    auto key = signing_key(Secret(wrong));
    REQUIRE_FALSE(key);
    CHECK(key.error().code == "SECRET_MALFORMED");
    CHECK((wrong.empty() || !key.error().message.contains(wrong.substr(0, 12)) || wrong.size() < 12));
  }
  std::string longest = "whsec_" + to_base64(Bytes(64));
  CHECK(signing_key(Secret(longest)));
  CHECK_FALSE(signing_key(Secret("whsec_" + to_base64(Bytes(65)))));
}
