// SPDX-License-Identifier: Apache-2.0
// Names to addresses, through the machine's resolver, on threads of their own: it blocks, and cannot be told
// to stop. A look-up that nobody waits for any more ends by itself and is forgotten. A resource of one loop;
// for http/ only.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/async.hpp"
#include "async/deadline.hpp"
#include "async/loop.hpp"
#include "core/result.hpp"

namespace hubward::http {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// "192.0.2.7", "2001:db8::1"; without a port. Empty for what is neither IPv4 nor IPv6.
std::string to_text(const SocketAddress& address);

class NameLookup {
 public:
  // Look-ups under way at once; more are refused.
  static constexpr int most_at_once = 32;

  explicit NameLookup(Loop& loop);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // In the order to try them; never empty. An address is its own answer and takes no thread.
  Async<Result<std::vector<SocketAddress>>> find(std::string host, std::uint16_t port, Deadline deadline);
  // Look-ups under way touch the loop no more; whoever waits for one is told at its deadline.
  void stop();

 private:
  struct Mailbox;
  Loop& loop_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace hubward::http
