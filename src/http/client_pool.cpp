// SPDX-License-Identifier: Apache-2.0
#include "http/client_pool.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "async/await.hpp"

namespace hubward::http {

namespace {

std::unexpected<Error> cannot_connect(const Origin& origin, const std::string& why) {
  return failure("UPSTREAM_CONNECT", Fault::Network, Retry::Later,
                 "cannot connect to " + to_string(origin) + ": " + why);
}

std::string words_for(Stream::State state, const Stream& stream) {
  switch (state) {
    case Stream::State::TimedOut: return "TLS was not set up in time";
    case Stream::State::Closed:
    case Stream::State::Cancelled: return "the connection was closed while TLS was set up";
    case Stream::State::Ok:
    case Stream::State::Broken: break;
  }
  return "TLS failed (" + stream.trouble() + ")";
}

}  // namespace

ClientPools::Lease::Lease(std::shared_ptr<ClientPools> pools, std::shared_ptr<Pool> pool,
                          std::unique_ptr<ClientConnection> connection)
    : pools_(std::move(pools)), pool_(std::move(pool)), connection_(std::move(connection)) {}

ClientPools::Lease::~Lease() {
  if (!pools_) return;
  connection_.reset();
  pools_->gone(*pool_);
}

void ClientPools::Lease::keep() {
  std::shared_ptr<ClientPools> pools = std::move(pools_);
  pools->keep(std::move(pool_), std::move(connection_));
}

ClientPools::ClientPools(Loop& loop, ClientOptions options, std::shared_ptr<const TlsContext> tls)
    : loop_(loop), options_(std::move(options)), tls_(std::move(tls)), names_(loop), stop_sweeping_(loop) {}

void ClientPools::gone(Pool& pool) {
  --pool.open;
  --open_;
  pool.freed.notify_one();
}

void ClientPools::close_idle(Pool& pool) {
  std::size_t count = pool.idle.size();
  pool.idle.clear();
  for (std::size_t i = 0; i < count; ++i) gone(pool);
}

std::unique_ptr<ClientConnection> ClientPools::take_idle(Pool& pool) {
  while (!pool.idle.empty()) {
    std::unique_ptr<ClientConnection> connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    bool stale = connection->idle_until <= std::chrono::steady_clock::now() || connection->stream.has_news();
    if (!stale) return connection;
    connection.reset();
    gone(pool);
  }
  return nullptr;
}

void ClientPools::keep(std::shared_ptr<Pool> pool, std::unique_ptr<ClientConnection> connection) {
  if (closed_ || pool->forgotten || pool->idle.size() >= options_.idle_per_pool) {
    connection.reset();
    gone(*pool);
    return;
  }
  connection->intake.settle();
  connection->used_before = true;
  connection->idle_until = after(options_.idle);
  pool->idle.push_back(std::move(connection));
  pool->freed.notify_one();
  if (std::exchange(sweeping_, true)) return;
  loop_.spawn(sweep(shared_from_this()));
}

Async<Result<ClientPools::Lease>> ClientPools::acquire(std::string pool_name, Origin origin,
                                                       Freshness freshness, Deadline deadline) {
  std::shared_ptr<Pool>& listed = pools_[{std::move(pool_name), to_string(origin)}];
  if (!listed) listed = std::make_shared<Pool>(loop_);
  std::shared_ptr<Pool> pool = listed;
  for (;;) {
    if (freshness == Freshness::New) {
      close_idle(*pool);  // one of them was stale: so are, most likely, the others
    } else if (std::unique_ptr<ClientConnection> kept = take_idle(*pool)) {
      co_return Lease(shared_from_this(), pool, std::move(kept));
    }
    if (pool->open < options_.connections_per_pool) break;
    bool freed = co_await pool->freed.wait(deadline);
    if (!freed) co_return cannot_connect(origin, "all connections of the pool were busy until the deadline");
  }
  ++pool->open;
  ++open_;
  Lease lease(shared_from_this(), pool, nullptr);  // gives the place back if connecting fails
  Deadline end = std::min(deadline, after(options_.connect));
  Result<std::unique_ptr<ClientConnection>> connection = co_await connect(std::move(origin), end);
  if (!connection) co_return std::unexpected(connection.error());
  lease.connection_ = std::move(*connection);
  co_return std::move(lease);
}

Async<Result<std::unique_ptr<ClientConnection>>> ClientPools::connect(Origin origin, Deadline deadline) {
  Result<std::vector<SocketAddress>> addresses = co_await names_.find(origin.host, origin.port, deadline);
  if (!addresses) co_return std::unexpected(addresses.error());
  Result<int> fd = 0;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // An address that does not answer must leave time for those after it.
    Deadline now = std::chrono::steady_clock::now();
    auto share = std::max(deadline - now, Deadline::duration::zero()) / (addresses->size() - i);
    fd = co_await connect_socket((*addresses)[i], now + share);
    if (fd) break;
  }
  if (!fd) co_return cannot_connect(origin, fd.error().message);
  auto connection = std::make_unique<ClientConnection>(loop_, *fd);
  if (origin.scheme == Origin::Scheme::Http) co_return connection;

  std::shared_ptr<TlsSession>& session = sessions_[to_string(origin)];
  if (!session) session = std::make_shared<TlsSession>();
  connection->session = session;
  Result<SslPtr> ssl = tls_->connect_on(connection->stream.tls_socket(), origin.host, connection->session);
  if (!ssl) co_return std::unexpected(ssl.error());
  Stream::State state = co_await connection->stream.start_tls(std::move(*ssl), deadline);
  if (state != Stream::State::Ok) {
    sessions_.erase(to_string(origin));
    co_return cannot_connect(origin, words_for(state, connection->stream));
  }
  co_return connection;
}

// The error's message says why only; the caller knows where.
Async<Result<int>> ClientPools::connect_socket(SocketAddress address, Deadline deadline) {
  auto refused = [](int trouble) {
    return failure("UPSTREAM_CONNECT", Fault::Network, Retry::Later,
                   std::generic_category().message(trouble));
  };
  int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) co_return refused(errno);
  int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  int started = ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  int trouble = started == 0 || errno == EINPROGRESS ? 0 : errno;
  Descriptor socket(loop_, fd);
  if (trouble != 0) co_return refused(trouble);
  if (started != 0) {
    Descriptor::Wait waited = co_await socket.writable(deadline);
    if (waited != Descriptor::Wait::Ready) co_return refused(ETIMEDOUT);
    socklen_t size = sizeof trouble;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &trouble, &size);
    if (trouble != 0) co_return refused(trouble);
  }
  co_return socket.release();
}

void ClientPools::forget(std::string_view pool_name) {
  auto is_of = [&](const auto& entry) { return entry.first.first == pool_name; };
  for (auto& [key, pool] : pools_) {
    if (key.first != pool_name) continue;
    pool->forgotten = true;  // what is lent out is closed when it comes back
    close_idle(*pool);
  }
  std::erase_if(pools_, is_of);
}

void ClientPools::close() {
  closed_ = true;
  for (auto& [key, pool] : pools_) close_idle(*pool);
  stop_sweeping_.notify();
  // An exchange that the loop drops only when it goes keeps these pools until then.
  names_.stop();
}

// Closes what has been idle too long; when to look again.
Deadline ClientPools::close_expired() {
  Deadline now = std::chrono::steady_clock::now();
  Deadline next = Deadline::max();
  for (auto& [key, pool] : pools_) {
    auto fresh = std::ranges::find_if(pool->idle, [&](const auto& one) { return one->idle_until > now; });
    auto expired = fresh - pool->idle.begin();
    pool->idle.erase(pool->idle.begin(), fresh);
    for (auto i = expired; i > 0; --i) gone(*pool);
    if (!pool->idle.empty()) next = std::min(next, pool->idle.front()->idle_until);
  }
  std::erase_if(pools_,
                [](const auto& entry) { return entry.second->open == 0 && entry.second.use_count() == 1; });
  return next;
}

Async<void> ClientPools::sweep(std::shared_ptr<ClientPools> self) {
  Deadline next = self->close_expired();
  while (!self->closed_ && next != Deadline::max()) {
    co_await self->stop_sweeping_.wait(next);
    next = self->close_expired();
  }
  self->sweeping_ = false;
}

}  // namespace hubward::http
