// SPDX-License-Identifier: Apache-2.0
#include "http/name_lookup.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "async/await.hpp"

namespace hubward::http {

namespace {

using Found = Result<std::vector<SocketAddress>>;

std::unexpected<Error> no_address(const std::string& host, const std::string& why) {
  return failure("UPSTREAM_CONNECT", Fault::Network, Retry::Later, "no address for " + host + ": " + why);
}

Found ask_resolver(const std::string& host, std::uint16_t port, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  int trouble = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &list);
  if (trouble != 0) return no_address(host, ::gai_strerror(trouble));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
  }
  if (addresses.empty()) return no_address(host, "the resolver gave none");
  return addresses;
}

struct Question {
  explicit Question(Loop& loop) : answered(loop) {}
  Signal answered;
  std::optional<Found> found;
};

}  // namespace

std::string to_text(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.storage.ss_family == AF_INET)
    bytes = &reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr;
  if (address.storage.ss_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
  if (bytes == nullptr) return {};
  ::inet_ntop(address.storage.ss_family, bytes, text.data(), text.size());
  return text.data();
}

// Outlives the NameLookup while threads of it are under way; they may use the loop only while `loop` is set.
struct NameLookup::Mailbox {
  explicit Mailbox(Loop* of) : loop(of) {}
  std::mutex mutex;
  Loop* loop;
  int under_way = 0;
};

NameLookup::NameLookup(Loop& loop) : loop_(loop), mailbox_(std::make_shared<Mailbox>(&loop)) {}

NameLookup::~NameLookup() {
  stop();
}

void NameLookup::stop() {
  std::scoped_lock lock(mailbox_->mutex);
  mailbox_->loop = nullptr;
}

Async<Found> NameLookup::find(std::string host, std::uint16_t port, Deadline deadline) {
  Found literal = ask_resolver(host, port, AI_NUMERICHOST);
  if (literal) co_return literal;
  {
    std::scoped_lock lock(mailbox_->mutex);
    if (mailbox_->under_way >= most_at_once) co_return no_address(host, "too many look-ups are under way");
    ++mailbox_->under_way;
  }
  auto question = std::make_shared<Question>(loop_);
  auto ask = [mailbox = mailbox_, question, host, port]() mutable {
    Found found = ask_resolver(host, port, AI_ADDRCONFIG);
    std::scoped_lock lock(mailbox->mutex);
    --mailbox->under_way;
    if (mailbox->loop == nullptr) return;
    mailbox->loop->post([question = std::move(question), found = std::move(found)]() mutable {
      question->found = std::move(found);
      question->answered.notify();
    });
  };
  try {
    std::thread(std::move(ask)).detach();
  } catch (const std::system_error&) {
    std::scoped_lock lock(mailbox_->mutex);
    --mailbox_->under_way;
    co_return no_address(host, "the machine has no thread left for the look-up");
  }
  if (!question->found) co_await question->answered.wait(deadline);
  if (!question->found) co_return no_address(host, "the resolver did not answer in time");
  co_return std::move(*question->found);
}

}  // namespace hubward::http
