// SPDX-License-Identifier: Apache-2.0
// What the commands find behind them: the gateway itself, or the way to it (cli/house.hpp).
#pragma once

#include "cli/house.hpp"

namespace hubward::app {

class Program final : public cli::House {
 public:
  int serve(const std::string& config_file) override;
  Explanation check(const std::string& config_file, cli::Form form) override;
  std::string configuration_reference() override;
  std::string version() override;
  // The running gateway's socket, or else a gate that opens the store itself, when a call first needs it.
  Result<std::unique_ptr<cli::Gate>> gate(const std::string& config_file) override;
  Result<cli::StorePlace> store(const std::string& config_file) override;
  Result<cli::WebhookKeys> webhook_keys(const std::string& config_file, const std::string& app) override;
  Result<std::vector<Result<int>>> post(std::vector<cli::Post> posts,
                                        const std::string& authority_file) override;
};

}  // namespace hubward::app
