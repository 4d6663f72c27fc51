// SPDX-License-Identifier: Apache-2.0
// A House for tests: answers calls from a list and remembers what it was asked.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "cli/house.hpp"

namespace hubward::cli {

class FakeHouse final : public House {
 public:
  struct Asked {
    std::string method, target, body, secret;
  };
  std::vector<Asked> asked;
  std::deque<Result<Answer>> answers;  // in order; the last one stays
  std::string config_file;
  bool fine = true;

  int serve(const std::string& file) override {
    config_file = file;
    return Done;
  }
  Explanation check(const std::string& file, Form form) override {
    config_file = file;
    return {form == Form::Json ? "{}\n" : "explained\n", fine};
  }
  std::string configuration_reference() override { return "reference\n"; }
  std::string version() override { return "hubward 1.2.3"; }
  Result<std::unique_ptr<Gate>> gate(const std::string& file) override {
    config_file = file;
    return std::make_unique<FakeGate>(*this);
  }
  Result<StorePlace> store(const std::string&) override {
    return failure("NO_STORE", Fault::Store, Retry::Never, "there is no store here");
  }
  Result<WebhookKeys> webhook_keys(const std::string& file, const std::string& app) override {
    config_file = file;
    if (app != "crm") return invalid("NO_APP", "there is no [apps." + app + "]");
    WebhookKeys keys;
    keys.public_url = "https://gw.example.com";
    keys.policy.accepted = hubspot::for_oauth_apps;
    keys.current = Secret(std::string_view("crm secret"));
    keys.others.push_back({"client_secret of [apps.billing]", Secret(std::string_view("billing secret"))});
    return keys;
  }
  Result<std::vector<Result<int>>> post(std::vector<Post> posts, const std::string& authority_file) override {
    authority = authority_file;
    posted = std::move(posts);
    std::vector<Result<int>> statuses;
    for (std::size_t i = 0; i < posted.size(); ++i) statuses.emplace_back(i < refused ? 401 : 204);
    return statuses;
  }

  std::vector<Post> posted;
  std::size_t refused = 0;  // the first so many posts
  std::string authority;

 private:
  class FakeGate final : public Gate {
   public:
    explicit FakeGate(FakeHouse& house) : house_(house) {}
    Result<Answer> ask(Call call) override {
      house_.asked.push_back({call.method, call.target, call.body.is_null() ? "" : call.body.dump(),
                              call.secret ? std::string(call.secret->reveal_text()) : ""});
      Result<Answer> answer = house_.answers.front();
      if (house_.answers.size() > 1) house_.answers.pop_front();
      return answer;
    }

   private:
    FakeHouse& house_;
  };
};

}  // namespace hubward::cli
