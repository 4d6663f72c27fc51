// SPDX-License-Identifier: Apache-2.0
// Any bytes as HubSpot's answer to any OAuth question: no reader may fall over, what the reader of secrets
// takes the general reader must take too, and nothing but HTTP 400 may be a verdict about a refresh token.
// The first byte chooses the status.
//
// aims at: src/hubspot/oauth_answers.cpp
#include <cstdint>
#include <string_view>

#include "core/invariant.hpp"
#include "core/json.hpp"
#include "hubspot/oauth.hpp"
#include "hubspot/secret_json.hpp"

using namespace hubward;
using namespace hubward::hubspot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr int statuses[] = {200, 400, 401, 403, 404, 429, 500, 204};
  if (size == 0 || size > oauth_answer_limit) return 0;
  OauthAnswer answer;
  answer.status = statuses[data[0] % std::size(statuses)];
  std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  answer.body = Secret(body);

  auto granted = read_token_answer(answer);
  if (auto* grant = std::get_if<Granted>(&granted)) {
    invariant(answer.status == 200 && looks_like_token(grant->access_token.reveal_text()),
              "a grant is whole");
    invariant(!grant->refresh_token || looks_like_token(grant->refresh_token->reveal_text()),
              "so is its other half");
  }
  if (auto* refusal = std::get_if<OauthRefusal>(&granted)) {
    invariant(!refusal->refresh_token_is_dead() || answer.status == 400,
              "only HubSpot's documented verdict kills");
    invariant(!refusal->shown().empty(), "a refusal has a name");
  }
  (void)read_introspection(answer);
  (void)read_static_token_info(answer);
  (void)read_account_details(answer);
  (void)read_acknowledgement(answer);
  if (SecretJson::read(body)) {
    Result<Json> general = Json::parse(body);
    invariant(general && general->is_object(), "the strict reader is the stricter one");
  }
  return 0;
}
