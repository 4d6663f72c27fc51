// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: a World with a clock that stands still, and calls in one line.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "crypto/fake_random.hpp"
#include "sandbox/control.hpp"
#include "sandbox/router.hpp"

namespace hubward::sandbox {

class Lab {
 public:
  static constexpr std::string_view private_token = "pat-na1-00000000-0000-4000-8000-000000000001";
  static constexpr std::string_view readonly_token = "pat-na1-00000000-0000-4000-8000-000000000002";
  static constexpr std::string_view client = "client_id=11111111-0000-4000-8000-000000000001";
  static constexpr std::string_view credentials =
      "client_id=11111111-0000-4000-8000-000000000001&client_secret=11111111-0000-4000-8000-000000000002";
  static constexpr std::string_view redirect = "http%3A%2F%2Flocalhost%3A3000%2Foauth-callback";

  ManualClock clock;
  crypto::SeededRandom random{1};
  World world{clock, random};
  std::string token{private_token};

  Answer call(std::string_view method, std::string_view target, std::string_view body = "") {
    return handle(world, made(method, target, body, "application/json"));
  }
  Answer form(std::string_view target, std::string_view body) {
    return handle(world, made("POST", target, body, "application/x-www-form-urlencoded"));
  }
  Answer control(std::string_view method, std::string_view target, std::string_view body = "") {
    return handle_control(world, made(method, target, body, "application/json"));
  }
  static Json json(const Answer& answer) { return Json::parse(answer.body).value_or(Json()); }

  // A contact's id.
  std::string contact(std::string_view email) {
    const Json made_contact = json(call("POST", "/crm/v3/objects/contacts",
                                        R"({"properties":{"email":")" + std::string(email) + "\"}}"));
    return made_contact["id"].text_or("");
  }
  // A code of the app "demo" for account 9100001.
  std::string code(std::string_view more = "") {
    Answer answer =
        call("GET", "/oauth/authorize?" + std::string(client) + "&redirect_uri=" + std::string(redirect) +
                        "&scope=oauth%20crm.objects.contacts.read&state=s1"
                        "&sandbox_auto_consent=9100001" +
                        std::string(more));
    std::string place(answer.field("Location"));
    std::size_t start = place.find("code=") + 5;
    return answer.status == 302 ? place.substr(start, place.find('&', start) - start) : "";
  }
  Json exchanged(std::string_view version = "2026-03") {
    return json(form("/oauth/" + std::string(version) + "/token",
                     "grant_type=authorization_code&code=" + code() +
                         "&redirect_uri=" + std::string(redirect) + "&" + std::string(credentials)));
  }

 private:
  Call made(std::string_view method, std::string_view target, std::string_view body, const char* type) {
    Call made_call;
    made_call.method = method;
    made_call.path = target.substr(0, target.find('?'));
    if (std::size_t mark = target.find('?'); mark != std::string_view::npos)
      made_call.query = target.substr(mark + 1);
    made_call.body = body;
    if (!token.empty()) made_call.fields.emplace_back("Authorization", "Bearer " + token);
    if (!body.empty()) made_call.fields.emplace_back("Content-Type", type);
    return made_call;
  }
};

}  // namespace hubward::sandbox
